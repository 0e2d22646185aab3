"""Gemini CLI 0.61. Source: its docs/cli/telemetry.md, and recordings of the client.

Metrics are cumulative; input includes cache, thoughts stand beside output. Each model call comes
three times: api_response is the one that counts. No cost, commits or pull requests.
"""

from __future__ import annotations

from steelyard.receiver.dialects.codex import split
from steelyard.receiver.dialects.dialect import (
    SHARED,
    Dialect,
    E,
    Extras,
    P,
    Place,
    Row,
    lower,
    number,
    text,
    whole,
)

_COMMON: dict[str, Place] = {
    **SHARED,
    "installation.id": ("install_id", text),
    "service.version": ("", text),  # that of Node, not of the client
    "function_name": ("tool", text),
}

_EVENTS: dict[str, Place] = {
    **_COMMON,
    "prompt_id": ("prompt_id", text),
    "success": ("success", lower),
    "status_code": ("status", text),
    "http.status_code": ("", text),
    "duration_ms": ("duration_ms", number),
    "decision": ("decision", lower),
    "tool_name": ("tool", text),
    "mcp_server_name": ("mcp_server", text),
    "prompt_length": ("chars", whole),
    "input_token_count": ("input_tokens", whole),
    "output_token_count": ("output_tokens", whole),
    "cached_content_token_count": ("cache_read_tokens", whole),
    "error_message": ("error", text),
    "error.message": ("error", text),
}


def _finish_event(row: Row, extras: Extras) -> None:
    name = row[E.name]
    if name == "api_response":
        _finish_answer(row, extras)
    elif name == "api_request":
        row[E.name] = "api_attempt"  # sent, not yet answered
    elif name == "tool_call":
        _finish_tool_call(row, extras)


def _finish_answer(row: Row, extras: Extras) -> None:
    row[E.name] = "api_request"
    cached = row[E.cache_read_tokens] or 0
    tool = whole(extras.pop("tool_token_count", None)) or 0
    thoughts = whole(extras.get("thoughts_token_count")) or 0
    if row[E.input_tokens] is not None:
        row[E.input_tokens] = max(row[E.input_tokens] - cached, 0) + tool
    if row[E.output_tokens] is not None:
        row[E.output_tokens] += thoughts
    row[E.status] = ""


def _finish_tool_call(row: Row, extras: Extras) -> None:
    """One event holds both the decision and the result of a call."""
    row[E.name] = "tool_result"
    decision = row[E.decision]
    asked = decision != "auto_accept" and lower(extras.get("interactive")) != "false"
    row[E.decision] = "accept" if decision in ("accept", "auto_accept", "modify") else decision
    if not asked:
        row[E.source] = "config"
    elif decision:
        row[E.source] = "user_reject" if decision == "reject" else "user_temporary"
    if decision == "modify":
        extras["modified_by_user"] = True


def _finish_point(row: Row, extras: Extras) -> list[Row]:
    if row[P.name] != "tokens":
        return [row]
    parts = {
        "input": (("input", 1),),
        "tool": (("input", 1),),
        "output": (("output", 1),),
        "thought": (("output", 1),),
        "cache": (("cacheRead", 1), ("input", -1)),
    }.get(row[P.type], ())
    return [split(row, token_type, sign) for token_type, sign in parts] or [row]


GEMINI_CLI = Dialect(
    assistant="gemini-cli",
    services=frozenset({"gemini-cli"}),
    prefix="gemini_cli.",
    provider="google",
    events=_EVENTS,
    points={**_COMMON, "type": ("type", text), "decision": ("decision", text)},
    measures={
        "gemini_cli.token.usage": "tokens",
        "gemini_cli.lines.changed": "lines",
        "gemini_cli.session.count": "session_starts",
    },
    finish_event=_finish_event,
    finish_point=_finish_point,
)
