"""The warehouse's facts as metrics see them: which table, which rows, which dimensions.

A fact here is a table or a named part of one (`lines` is the part of `counters` whose counter is
lines). Columns are those of the warehouse's migration m002; a test compares the two. No SQL here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIME_DIMENSIONS = ("day", "week", "month")  # weeks begin on Monday
PEOPLE_COLUMNS = ("team", "department", "role", "level", "manager", "rollup", "office", "country")
PEOPLE_DIMENSIONS = (*PEOPLE_COLUMNS, "tenure")
SESSION_DIMENSIONS = ("session_size", "session_duration")

_CONTEXT = ("assistant", "provider", "session", "app_version", "terminal", "repo", "plan")
_COMMON = ("person", *_CONTEXT, "witness")
_DAYS = ("person", "assistant", "provider", "plan")
_CALL = ("model", "query_source", "effort", "speed", "agent", "skill", "plugin", "mcp_server")


@dataclass(frozen=True)
class Fact:
    """`dimensions` maps a dimension to its column; `nullable` columns may say "unknown".

    `only` keeps the part of the table this fact is about. `fallback` names a fact that holds the
    same work in finer rows, used when this one lacks a dimension.
    """

    table: str
    dimensions: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    nullable: frozenset[str] = field(default_factory=frozenset)
    only: tuple[tuple[str, str | bool], ...] = ()
    fallback: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """Every column a measure over this fact may name."""
        return frozenset({"day", *self.dimensions.values(), *self.numbers, *self.flags})

    def carries(self, dimension: str) -> bool:
        """Whether rows of this fact can be told apart by the dimension, directly or by a join."""
        if dimension in TIME_DIMENSIONS or dimension in self.dimensions:
            return True
        if dimension in SESSION_DIMENSIONS:
            return "session" in self.dimensions
        return dimension in (*PEOPLE_DIMENSIONS, "segment") and "person" in self.dimensions


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _counter(name: str, **more: str) -> Fact:
    return Fact(
        "counters", _same(*_COMMON) | more, ("amount",), ("counter",), only=(("counter", name),)
    )


_SESSION_NUMBERS: tuple[str, ...] = (
    *("first_time", "last_time", "prompts", "requests", "tool_calls", "api_errors"),
    *("person_rejections", "accepted_edits", "approved_edits", "edit_decisions"),
    *("commits", "pull_requests", "active_seconds", "tokens", "list_nanos"),
    "context_tokens_max",
)
_SESSION_FLAGS = ("worked", "by_telemetry", "by_transcript")
_MAYBE = frozenset({"list_nanos", "context_tokens_max", "first_time", "last_time"})

FACTS: Mapping[str, Fact] = {
    "usage": Fact(
        "usage_days",
        _same(*_DAYS, "model", "token_type"),
        ("tokens", "list_nanos", "input_nanos", "unpriced_tokens"),
        nullable=frozenset({"list_nanos", "input_nanos"}),
        fallback="usage_sessions",
    ),
    "usage_sessions": Fact(
        "usage",
        _same(*_COMMON, *_CALL, "model_reported", "token_type", "cache_ttl"),
        ("tokens", "list_nanos", "input_nanos", "unpriced_tokens"),
        nullable=frozenset({"list_nanos", "input_nanos"}),
    ),
    "costs": Fact(
        "cost_days", _same(*_DAYS, "model"), ("reported_nanos",), fallback="cost_sessions"
    ),
    "cost_sessions": Fact("costs", _same(*_COMMON, *_CALL, "model_reported"), ("reported_nanos",)),
    "witnesses": Fact(
        "witnesses", _same(*_COMMON, "model", "token_type"), ("tokens", "ledger_tokens")
    ),
    "requests": Fact(
        "requests",
        _same(*_COMMON, *_CALL, "status", "error"),
        ("latency_ms", "context_tokens"),
        ("ok",),
        frozenset({"latency_ms", "context_tokens"}),
    ),
    "decisions": Fact(
        "decisions",
        _same(*_COMMON, "tool", "decision", "source", "language"),
        ("decisions",),
        ("is_edit", "by_person"),
    ),
    "tool_calls": Fact(
        "tool_calls",
        _same(*_COMMON, "tool", "mcp_server", "success"),
        ("calls", "duration_ms"),
        nullable=frozenset({"duration_ms"}),
    ),
    "counters": Fact("counters", _same(*_COMMON), ("amount",), ("counter",)),
    "active_seconds": _counter("active_seconds", type="type"),
    "lines": _counter("lines", type="type", model="model", tool="tool"),
    "commits": _counter("commits"),
    "pull_requests": _counter("pull_requests"),
    "session_starts": _counter("session_starts", start_type="type"),
    "prompts": Fact(
        "prompts", _same(*_COMMON), ("prompts", "measured_prompts", "chars", "short_prompts")
    ),
    "session_days": Fact("session_days", _same(*_COMMON), _SESSION_NUMBERS, _SESSION_FLAGS, _MAYBE),
    "worked_sessions": Fact(
        "session_days",
        _same(*_COMMON),
        _SESSION_NUMBERS,
        _SESSION_FLAGS,
        _MAYBE,
        only=(("worked", True),),
    ),
    "sessions": Fact(
        "sessions",
        _same(*_COMMON, *SESSION_DIMENSIONS),
        ("minutes", "list_nanos", "tokens", "context_tokens_max", "commits"),
        ("is_large", "is_stuck"),
        frozenset({"minutes", "list_nanos", "context_tokens_max", "is_large", "is_stuck"}),
    ),
    "person_days": Fact(
        "person_days",
        _same("person", "assistant"),
        ("sessions", "commits"),
        ("by_telemetry", "by_transcript"),
        fallback="worked_sessions",
    ),
}

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


def resolve(name: str, dimensions: tuple[str, ...]) -> str | None:
    """The fact, or its fallback, that carries all the dimensions; None if neither does."""
    fact = FACTS[name]
    if all(map(fact.carries, dimensions)):
        return name
    return resolve(fact.fallback, dimensions) if fact.fallback else None


def carried(name: str) -> tuple[str, ...]:
    """Every dimension the fact or its fallback carries, in the catalogue's order."""
    return tuple(d for d in DIMENSIONS if resolve(name, (d,)) is not None)
