"""What a user pastes to switch telemetry on, for each shell and assistant.

Keys are those of the assistants' own documentation; Claude Code exports nothing without an
explicit protocol, and both exporters are off by default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from steelyard.web.services import Listener

TOKEN = "YOUR_TOKEN"  # noqa: S105  a placeholder the user replaces
HTTP, GRPC = "otlp-http", "otlp-grpc"


@dataclass(frozen=True)
class Snippet:
    """One thing to paste. `where` says into which file or window."""

    key: str
    title: str
    where: str
    code: str


@dataclass(frozen=True)
class Target:
    """Where clients send to: the first listener that is on, HTTP before gRPC."""

    url: str
    protocol: str
    needs_token: bool

    @property
    def codex_exporter(self) -> str:
        return "otlp-grpc" if self.protocol == "grpc" else "otlp-http"


def target(listeners: tuple[Listener, ...]) -> Target | None:
    """None when no port for telemetry is open."""
    by_name = {listener.name: listener for listener in listeners}
    found = by_name.get(HTTP) or by_name.get(GRPC)
    if found is None:
        return None
    protocol = "http/protobuf" if found.name == HTTP else "grpc"
    return Target(found.url.rstrip("/"), protocol, found.needs_token)


def variables(to: Target) -> dict[str, str]:
    """The environment of Claude Code."""
    env = {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": to.protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": to.url,
    }
    if to.needs_token:
        env["OTEL_EXPORTER_OTLP_HEADERS"] = f"Authorization=Bearer {TOKEN}"
    return env


def shells(to: Target) -> list[Snippet]:
    """The same variables for each shell."""
    env = {name: _quoted(value) for name, value in variables(to).items()}
    posix = "\n".join(f"export {name}={value}" for name, value in env.items())
    fish = "\n".join(f"set -gx {name} {value}" for name, value in env.items())
    power = "\n".join(f'$env:{name} = "{value}"' for name, value in variables(to).items())
    return [
        Snippet("bash", "bash", "~/.bashrc keeps it for every new shell", posix),
        Snippet("zsh", "zsh", "~/.zshrc keeps it for every new shell", posix),
        Snippet("fish", "fish", "~/.config/fish/config.fish keeps it", fish),
        Snippet("powershell", "PowerShell", "$PROFILE keeps it", power),
    ]


def files(to: Target) -> list[Snippet]:
    """Settings files: for a whole company, and for the other assistants."""
    return [
        Snippet(
            "managed",
            "Claude Code, whole company",
            "managed-settings.json: /Library/Application Support/ClaudeCode (macOS),"
            " /etc/claude-code (Linux, WSL), C:\\Program Files\\ClaudeCode (Windows);"
            " or “Managed settings” in the admin console",
            json.dumps({"env": variables(to)}, indent=2),
        ),
        Snippet("codex", "Codex", "~/.codex/config.toml", _codex(to)),
        Snippet("gemini", "Gemini CLI", "~/.gemini/settings.json", _gemini(to)),
    ]


def prompt(to: Target) -> str:
    """A task for a coding assistant: it sets its own telemetry up."""
    token = (
        " Ask me for the token and write it where it says YOUR_TOKEN; never print it."
        if to.needs_token
        else ""
    )
    lines = "\n".join(f"  {name}={value}" for name, value in variables(to).items())
    return (
        "Set up OpenTelemetry export of this coding assistant to our Steelyard server.\n"
        "Add these variables to the `env` object of my ~/.claude/settings.json, keeping"
        f" everything else in that file as it is:\n{lines}\n"
        f"{token.strip() + chr(10) if token else ''}"
        "Do not switch on OTEL_LOG_USER_PROMPTS, OTEL_LOG_TOOL_DETAILS or any other content"
        " logging: Steelyard wants metadata only.\n"
        "Then show me the difference, and tell me to start the assistant anew, because it reads"
        " these variables only when it starts."
    )


def _codex(to: Target) -> str:
    grpc = to.protocol == "grpc"
    head = f', headers = {{ "authorization" = "Bearer {TOKEN}" }}' if to.needs_token else ""

    def exporter(path: str) -> str:
        if grpc:
            return f'{{ otlp-grpc = {{ endpoint = "{to.url}"{head} }} }}'
        return f'{{ otlp-http = {{ endpoint = "{to.url}{path}", protocol = "binary"{head} }} }}'

    return "\n".join(
        [
            "[otel]",
            "log_user_prompt = false",
            f"exporter = {exporter('/v1/logs')}",
            f"metrics_exporter = {exporter('/v1/metrics')}",
        ]
    )


def _gemini(to: Target) -> str:
    telemetry: Mapping[str, object] = {
        "enabled": True,
        "target": "local",
        "otlpEndpoint": to.url,
        "otlpProtocol": "grpc" if to.protocol == "grpc" else "http",
        "logPrompts": False,
    }
    return json.dumps({"telemetry": telemetry}, indent=2)


def _quoted(value: str) -> str:
    return f"'{value}'" if " " in value else value


def port(url: str) -> str:
    """`:4318`, as the checklist names a listener."""
    number = urlsplit(url).port
    return f":{number}" if number else url
