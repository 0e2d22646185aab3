"""Sessions of Codex and of Gemini CLI, each in its own dialect."""

from __future__ import annotations

from steelyard.demo.use import Session
from steelyard.demo.wire import Attributes, Logs, Metrics, Value, at_ns

_CODEX_TOOLS = {"Edit": "apply_patch", "Write": "apply_patch"}
_GEMINI_TOOLS = {"Read": "read_file", "Edit": "replace", "Write": "write_file", "Grep": "grep"}
_SAID = {"accept": "approved", "reject": "denied"}


def _resource(made: Session, name: str, version: str) -> Attributes:
    team = made.person.on(made.day)
    return {
        "service.name": name,
        "service.version": version,
        "team.id": team.slug,
        "department": team.department.lower(),
    }


def tell_codex(made: Session, logs: Logs) -> None:
    """Events only: its metrics carry neither person nor conversation."""
    common = {
        "conversation.id": made.id,
        "user.email": made.person.email,
        "user.account_id": made.person.account_id,
        "app.version": made.version,
        "originator": "codex_tui",
        "terminal.type": made.terminal,
        "model": made.model,
        "slug": made.model,
    }
    resource = _resource(made, "codex_tui", made.version)
    logs.client(resource, "codex_otel.log_only", "", common)

    def event(name: str, at: float, **own: Value) -> None:
        about: dict[str, Value] = {key.replace("__", "."): value for key, value in own.items()}
        name = f"codex.{name}"
        logs.event(name, at_ns(made.begins, at), {"event.name": name, **about}, timed=False)

    event("conversation_starts", 0.0, provider_name="OpenAI", approval_policy="on-request")
    for at, chars in made.prompts:
        event("user_prompt", at, prompt_length=chars, prompt="[REDACTED]")
    for request in made.requests:
        about: dict[str, Value] = {
            "http__response__status_code": 200,
            "attempt": 0,
            "endpoint": "/responses",
        }
        event("api_request", request.at - 0.4, duration_ms=request.ms, **about)
        event(
            "sse_event",
            request.at,
            event__kind="response.completed",
            input_token_count=request.input + request.read + request.created,
            output_token_count=request.output,
            cached_token_count=request.read,
            cache_write_token_count=request.created,
            reasoning_token_count=request.output // 3,
            tool_token_count=request.context + request.output,
        )
    for n, use in enumerate(made.tools):
        name, call = _CODEX_TOOLS.get(use.tool, "exec_command"), f"call_{made.id[:8]}_{n}"
        source = "Config" if use.source == "config" else "User"
        called: dict[str, Value] = {"tool_name": name, "call_id": call}
        event("tool_decision", use.at, decision=_SAID[use.decision], source=source, **called)
        if use.decision == "accept":
            success = str(use.success).lower()
            event("tool_result", use.at + 0.2, success=success, duration_ms=use.ms, **called)


def tell_gemini(made: Session, logs: Logs, metrics: Metrics) -> None:
    """Events, and metrics as running totals; input includes the cache, thoughts stand beside."""
    common: dict[str, str | bool] = {
        "session.id": made.id,
        "installation.id": made.person.install_id,
        "user.email": made.person.email,
        "interactive": True,
        "auth_type": "oauth-personal",
    }
    resource = _resource(made, "gemini-cli", "v22.20.0")
    logs.client(resource, "gemini-cli", made.version, common)

    def event(name: str, at: float, **own: Value) -> None:
        name = f"gemini_cli.{name}"
        logs.event(name, at_ns(made.begins, at), {"event.name": name, **own})

    event("config", 0.0, model=made.model, approval_mode="default")
    for n, (at, chars) in enumerate(made.prompts):
        event("user_prompt", at, prompt_length=chars, prompt_id=f"{made.id}########{n}")
    for request in made.requests:
        thoughts = request.output // 4
        prompt = f"{made.id}########{request.prompt}"
        event("api_request", request.at - 0.4, model=request.model, prompt_id=prompt)
        event(
            "api_response",
            request.at,
            model=request.model,
            duration_ms=request.ms,
            status_code=200,
            input_token_count=request.input + request.read,
            output_token_count=request.output - thoughts,
            cached_content_token_count=request.read,
            thoughts_token_count=thoughts,
            tool_token_count=0,
            total_token_count=request.context + request.output,
            prompt_id=prompt,
        )
    for use in made.tools:
        decision = "auto_accept" if use.source == "config" else use.decision
        name = _GEMINI_TOOLS.get(use.tool, "run_shell_command")
        done = use.decision == "accept" and use.success
        about: dict[str, Value] = {
            "function_name": name,
            "decision": decision,
            "duration_ms": use.ms,
        }
        event("tool_call", use.at, success=done, tool_type="native", **about)
    _gemini_points(made, metrics, resource, common)


def _gemini_points(
    made: Session, metrics: Metrics, resource: Attributes, common: Attributes
) -> None:
    metrics.client(resource, "gemini-cli", made.version, common)
    start, end = (at_ns(made.begins, at) for at in (0.0, made.seconds + 30))
    calls = made.requests
    sums = {
        "input": sum(call.input + call.read for call in calls),
        "output": sum(call.output - call.output // 4 for call in calls),
        "cache": sum(call.read for call in calls),
        "thought": sum(call.output // 4 for call in calls),
    }
    for kind, count in sums.items():
        own = {"model": made.model, "type": kind}
        metrics.point("gemini_cli.token.usage", count, start, end, own)
    metrics.point("gemini_cli.session.count", 1, start, end, {})
    for kind, lines in zip(("added", "removed"), made.lines, strict=True):
        if lines:
            own = {"type": kind, "function_name": "replace"}
            metrics.point("gemini_cli.lines.changed", lines, start, end, own)
