"""The warehouse's facts as metrics see them: which table, which rows, which dimensions.

A fact here is a table or a named part of one (`lines` is the part of `counters` whose counter is
lines). Columns are those of the warehouse's migrations; a test compares the two. No SQL here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from steelyard.metrics.fact import (
    PEOPLE_COLUMNS,
    PEOPLE_DIMENSIONS,
    SESSION_DIMENSIONS,
    TIME_DIMENSIONS,
    Fact,
    same,
)
from steelyard.metrics.work_facts import WORK_FACTS

__all__ = [
    "DIMENSIONS",
    "FACTS",
    "PEOPLE_COLUMNS",
    "PEOPLE_DIMENSIONS",
    "SESSION_DIMENSIONS",
    "TELEMETRY_FACTS",
    "TIME_DIMENSIONS",
    "WORK_FACTS",
    "Fact",
    "carried",
    "resolve",
]

_CONTEXT = ("assistant", "provider", "session", "app_version", "terminal", "repo", "plan")
_COMMON = ("person", *_CONTEXT, "witness")
_DAYS = ("person", "assistant", "provider", "plan")
_CALL = ("model", "query_source", "effort", "speed", "agent", "skill", "plugin", "mcp_server")


def _counter(name: str, **more: str) -> Fact:
    return Fact(
        "counters", same(*_COMMON) | more, ("amount",), ("counter",), only=(("counter", name),)
    )


_SESSION_NUMBERS: tuple[str, ...] = (
    *("first_time", "last_time", "prompts", "requests", "tool_calls", "api_errors"),
    *("person_rejections", "accepted_edits", "approved_edits", "edit_decisions"),
    *("commits", "pull_requests", "active_seconds", "tokens", "list_nanos"),
    "context_tokens_max",
)
_SESSION_FLAGS = ("worked", "by_telemetry", "by_transcript", "by_other")
_MAYBE = frozenset({"list_nanos", "context_tokens_max", "first_time", "last_time"})

TELEMETRY_FACTS: Mapping[str, Fact] = {
    "usage": Fact(
        "usage_days",
        same(*_DAYS, "model", "token_type"),
        ("tokens", "list_nanos", "input_nanos", "unpriced_tokens"),
        nullable=frozenset({"list_nanos", "input_nanos"}),
        fallback="usage_sessions",
    ),
    "usage_sessions": Fact(
        "usage",
        same(*_COMMON, *_CALL, "model_reported", "token_type", "cache_ttl"),
        ("tokens", "list_nanos", "input_nanos", "unpriced_tokens"),
        nullable=frozenset({"list_nanos", "input_nanos"}),
    ),
    "costs": Fact(
        "cost_days", same(*_DAYS, "model"), ("reported_nanos",), fallback="cost_sessions"
    ),
    "cost_sessions": Fact("costs", same(*_COMMON, *_CALL, "model_reported"), ("reported_nanos",)),
    "witnesses": Fact(
        "witnesses", same(*_COMMON, "model", "token_type"), ("tokens", "ledger_tokens")
    ),
    "requests": Fact(
        "requests",
        same(*_COMMON, *_CALL, "status", "error"),
        ("latency_ms", "context_tokens"),
        ("ok",),
        frozenset({"latency_ms", "context_tokens"}),
    ),
    "decisions": Fact(
        "decisions",
        same(*_COMMON, "tool", "decision", "source", "language"),
        ("decisions",),
        ("is_edit", "by_person"),
    ),
    "tool_calls": Fact(
        "tool_calls",
        same(*_COMMON, "tool", "mcp_server", "success"),
        ("calls", "duration_ms"),
        nullable=frozenset({"duration_ms"}),
    ),
    "counters": Fact("counters", same(*_COMMON), ("amount",), ("counter",)),
    "active_seconds": _counter("active_seconds", type="type"),
    "lines": _counter("lines", type="type", model="model", tool="tool"),
    "commits": _counter("commits"),
    "pull_requests": _counter("pull_requests"),
    "session_starts": _counter("session_starts", start_type="type"),
    "prompts": Fact(
        "prompts", same(*_COMMON), ("prompts", "measured_prompts", "chars", "short_prompts")
    ),
    "session_days": Fact("session_days", same(*_COMMON), _SESSION_NUMBERS, _SESSION_FLAGS, _MAYBE),
    "worked_sessions": Fact(
        "session_days",
        same(*_COMMON),
        _SESSION_NUMBERS,
        _SESSION_FLAGS,
        _MAYBE,
        only=(("worked", True),),
    ),
    "sessions": Fact(
        "sessions",
        same(*_COMMON, *SESSION_DIMENSIONS),
        ("minutes", "list_nanos", "tokens", "context_tokens_max", "commits"),
        ("is_large", "is_stuck"),
        frozenset({"minutes", "list_nanos", "context_tokens_max", "is_large", "is_stuck"}),
    ),
    "person_days": Fact(
        "person_days",
        same("person", "assistant"),
        ("sessions", "commits"),
        ("by_telemetry", "by_transcript", "by_other"),
        fallback="worked_sessions",
    ),
}

FACTS: Mapping[str, Fact] = {**TELEMETRY_FACTS, **WORK_FACTS}

DIMENSIONS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *TIME_DIMENSIONS,
            "person",
            *PEOPLE_DIMENSIONS,
            *(name for fact in FACTS.values() for name in fact.dimensions),
            *SESSION_DIMENSIONS,
            "segment",
        )
    )
)


@lru_cache(maxsize=4096)
def resolve(name: str, dimensions: tuple[str, ...]) -> str | None:
    """The fact, or its fallback, that carries all the dimensions; None if neither does."""
    fact = FACTS[name]
    if all(map(fact.carries, dimensions)):
        return name
    return resolve(fact.fallback, dimensions) if fact.fallback else None


@cache
def carried(name: str) -> tuple[str, ...]:
    """Every dimension the fact or its fallback carries, in the catalogue's order."""
    return tuple(d for d in DIMENSIONS if resolve(name, (d,)) is not None)
