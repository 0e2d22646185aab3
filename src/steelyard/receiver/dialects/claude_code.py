"""Claude Code, versions 2.1.197 to 2.1.330.

Source: code.claude.com/docs/en/monitoring-usage, and recordings of the client itself.
"""

from __future__ import annotations

from steelyard.receiver.dialects.dialect import (
    SHARED,
    Dialect,
    E,
    Extras,
    Place,
    Row,
    lower,
    number,
    text,
    usd,
    whole,
)

_PROVIDERS = {"firstParty": "anthropic"}
_MAIN = ("sdk", "repl_main_thread")


def _provider(value: object) -> str:
    return _PROVIDERS.get(text(value), text(value))


def _speed(value: object) -> str:
    """Events say "normal" where metrics say nothing."""
    return "" if value == "normal" else text(value)


def query_source(value: object) -> str:
    """The fine names on events, in the three classes that metrics use."""
    name = text(value)
    if name in ("", "main", "subagent", "auxiliary"):
        return name
    if name.startswith(_MAIN):
        return "main"
    return "subagent" if name.startswith("agent:") else "auxiliary"


_COMMON: dict[str, Place] = {
    **SHARED,
    "user.id": ("install_id", text),
    "service.version": ("app_version", text),
    "anthropic.provider": ("provider", _provider),
    "anthropic.plan": ("plan", text),
    "query_source": ("query_source", query_source),
    "effort": ("effort", lower),
    "speed": ("speed", _speed),
    "agent.name": ("agent", text),
    "skill.name": ("skill", text),
    "plugin.name": ("plugin", text),
    "mcp_server.name": ("mcp_server", text),
    "tool_name": ("tool", text),
    "decision": ("decision", text),
    "source": ("source", text),
}

_EVENTS: dict[str, Place] = {
    **_COMMON,
    "event.sequence": ("sequence", whole),
    "prompt.id": ("prompt_id", text),
    "request_id": ("request_id", text),
    "tool_use_id": ("tool_use_id", text),
    "success": ("success", lower),
    "status_code": ("status", text),
    "error": ("error", text),
    "input_tokens": ("input_tokens", whole),
    "output_tokens": ("output_tokens", whole),
    "cache_read_tokens": ("cache_read_tokens", whole),
    "cache_creation_tokens": ("cache_creation_tokens", whole),
    "cache_creation_1h_tokens": ("cache_creation_1h_tokens", whole),
    "cost_usd": ("cost_nanos", usd),
    "duration_ms": ("duration_ms", number),
    "prompt_length": ("chars", whole),
    "response_length": ("chars", whole),
}


def _finish_event(row: Row, extras: Extras) -> None:
    name = row[E.name]
    if name == "api_request":
        micros = whole(extras.pop("cost_usd_micros", None))
        extras.pop("cache_creation_5m_tokens", None)  # the rest of cache_creation_tokens
        if row[E.cost_nanos] is None and micros is not None:
            row[E.cost_nanos] = micros * 1_000
    elif name == "tool_result" and not row[E.source]:
        row[E.source] = text(extras.pop("decision_source", ""))


CLAUDE_CODE = Dialect(
    assistant="claude-code",
    services=frozenset({"claude-code", "claude-code-desktop"}),
    prefix="claude_code.",
    events=_EVENTS,
    points={
        **_COMMON,
        "type": ("type", text),
        "start_type": ("type", text),
        "language": ("language", text),
    },
    measures={
        "claude_code.token.usage": "tokens",
        "claude_code.cost.usage": "cost",
        "claude_code.active_time.total": "active_seconds",
        "claude_code.lines_of_code.count": "lines",
        "claude_code.commit.count": "commits",
        "claude_code.pull_request.count": "pull_requests",
        "claude_code.session.count": "session_starts",
        "claude_code.code_edit_tool.decision": "edit_decisions",
    },
    finish_event=_finish_event,
    sequenced=True,
)
