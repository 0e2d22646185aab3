"""What counts as content, attribute by attribute, and what may be kept of it.

Content is what people and models wrote: prompts, replies, tool arguments and output, commands,
file paths of single tool calls. Pure rules over plain values; they know no wire format. Sources:
the monitoring pages of Claude Code, Codex CLI and Gemini CLI, and recordings of all three.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

MAX_TEXT = 1000  # an unknown attribute with more characters than this is taken for content
MAX_SPAN_TEXT = 120  # spans are where clients put whole conversations
MAX_ERROR_TEXT = 200
REDACTED = ("<REDACTED>", "[REDACTED]")

_PROMPTS_AND_REPLIES = """
    prompt prompt_text user_prompt request_text response response_text response.model_output
    completion new_context text content message_content suggestion reasoning routing.reasoning
    summary input output body body_ref input.value output.value
"""
_TOOLS = """
    tool_input tool_output tool_parameters tool_result tools function_args arguments args
    full_command bash_command bash_argv0 file_path stdout stderr hook_input hook_output
"""
_COMMAND_LINES = "process.command_args process.command_line"  # one-shot prompts stand there
_ERROR_TEXTS = """
    error.message error.stack error_message exception.message exception.stacktrace
"""
_GEN_AI = """
    gen_ai.system_instructions gen_ai.input.messages gen_ai.output.messages gen_ai.prompt
    gen_ai.completion gen_ai.tool.definitions gen_ai.tool.description gen_ai.agent.description
    gen_ai.tool.call.arguments gen_ai.tool.call.result gen_ai.event.content
    gen_ai.request.stop_sequences gen_ai.retrieval.query.text
"""
_ALL = " ".join((_PROMPTS_AND_REPLIES, _TOOLS, _COMMAND_LINES, _ERROR_TEXTS, _GEN_AI))
CONTENT_KEYS = frozenset(_ALL.split())
CONTENT_PREFIXES = ("system_prompt",)
_FIGURES = ("_length", "_chars", "_tokens", "_count", "_bytes", "_hash")

# Long values on spans that say where code ran or who ran it.
SPAN_TEXT = ("code.file.path", "code.module.name", "target", "vcs.repository.url.full")
# Where `length` is said under another name.
LENGTHS = {"prompt_text": "prompt_length", "user_prompt": "user_prompt_length"}

_CODE = re.compile(r"[\w.:/-]{1,64}")  # a status or class name, not a sentence
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_TICKET = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,6}\b")
_NO_TICKETS = ("UTF-", "SHA-", "ISO-", "RFC-", "AES-", "HTTP-", "CVE-", "GPT-", "TLS-")

Pairs = list[tuple[str, int | str]]


@dataclass(frozen=True)
class Place:
    """Where an attribute was found; `event` is the record's event name without its prefix."""

    kind: str  # resource | scope | log | point | span
    event: str = ""


def replacement(key: str, value: Any, place: Place) -> Pairs | None:
    """None: the attribute stays. Otherwise what takes its place, possibly nothing.

    `value` is a plain value: text, bytes, number, list or dictionary.
    """
    if value is None or isinstance(value, int | float):
        return None
    if rule := _RULES.get(key):
        return rule(key, value, place)
    size = text_size(value)
    if is_content(key):
        return None if size == 0 or value in REDACTED else [(length_key(key), size)]
    if size > (MAX_SPAN_TEXT if place.kind == "span" and key not in SPAN_TEXT else MAX_TEXT):
        return [(length_key(key), size)]
    if isinstance(value, dict | list) and any(map(is_content, nested_keys(value))):
        return [(length_key(key), size)]
    return None


def is_content(key: str) -> bool:
    if key.startswith(CONTENT_PREFIXES):
        return not key.endswith(_FIGURES)
    return key in CONTENT_KEYS


@lru_cache(maxsize=4096)
def is_judged(key: str) -> bool:
    """Whether a rule looks at the values of a key; of others only the size matters."""
    return key in _RULES or is_content(key)


def length_key(key: str) -> str:
    return LENGTHS.get(key, f"{key}_length")


def text_size(value: Any) -> int:
    """Characters of all text in a value."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(map(text_size, value.values()))
    return sum(map(text_size, value)) if isinstance(value, list) else 0


def nested_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nested_keys(inner)


def keeps_body(body: str, event: str) -> bool:
    """Whether a log record's body only repeats the event's name, with or without prefix."""
    if not event:
        return body.startswith(("claude_code.", "codex.", "gemini_cli.")) and is_code(body)
    return body == event or (body.endswith(f".{event}") and is_code(body))


def is_code(text: str) -> bool:
    """Whether a text is a name or code, one word of modest length."""
    return _CODE.fullmatch(text) is not None


def _response(key: str, value: Any, place: Place) -> Pairs | None:
    """A reply, or the answer to a survey's question: one of a few words."""
    if value in REDACTED or value == "":
        return None
    if place.event == "feedback_survey" and isinstance(value, str) and is_code(value):
        return None
    return [(length_key(key), text_size(value))]


def _error(key: str, value: Any, place: Place) -> Pairs | None:
    """Errors of the model's API say what went wrong there; others quote files and commands."""
    if not isinstance(value, str):
        return [(length_key(key), text_size(value))]
    if place.event in ("api_error", "api_retries_exhausted"):
        return None if len(value) <= MAX_ERROR_TEXT else [(key, value[:MAX_ERROR_TEXT])]
    if not value or (place.kind == "point" and is_code(value)):
        return None
    return [(length_key(key), len(value))]


def _metadata(key: str, value: Any, place: Place) -> Pairs | None:
    """Gemini CLI's counts of lines and characters, without whatever stands beside them."""
    fields = _json_object(value)
    counts = {name: count for name, count in fields.items() if isinstance(count, int | float)}
    if len(counts) == len(fields) and fields:
        return None
    length = (length_key(key), text_size(value))
    return [(key, orjson.dumps(counts).decode()), length] if counts else [length]


def _tool_parameters(key: str, value: Any, place: Place) -> Pairs | None:
    """Claude Code: who was called and which commit came of it; never the command."""
    if value in REDACTED or value == "":
        return None
    fields = _json_object(value)
    names = {
        "mcp_server.name": fields.get("mcp_server_name"),
        "mcp_tool.name": fields.get("mcp_tool_name"),
        "skill.name": fields.get("skill_name"),
        "agent.name": fields.get("subagent_type"),
        "git_commit_id": _commit(fields.get("git_commit_id")),
        "ticket_keys": _tickets(fields),
    }
    said = {name: text for name, text in names.items() if isinstance(text, str) and text}
    kept: Pairs = [(name, text[:200]) for name, text in said.items()]
    return [*kept, (length_key(key), text_size(value))]


def _commit(value: Any) -> str:
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else ""


def _tickets(fields: dict[str, Any]) -> str:
    """Ticket keys (ABC-123) in a git command or its branch, in order, comma-joined."""
    command = fields.get("full_command") or fields.get("bash_command") or ""
    texts = [command if "git" in str(command) else "", fields.get("git_branch") or ""]
    found = [key for text in texts for key in _TICKET.findall(str(text))]
    return ",".join(dict.fromkeys(key for key in found if not key.startswith(_NO_TICKETS)))


def _json_object(value: Any) -> dict[str, Any]:
    """The fields of a JSON text or a dictionary; empty when it is neither (also when cut off)."""
    if isinstance(value, dict):
        return value
    try:
        parsed = orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


_RULES: dict[str, Callable[[str, Any, Place], Pairs | None]] = {
    "response": _response,
    "error": _error,
    "metadata": _metadata,
    "tool_parameters": _tool_parameters,
}
