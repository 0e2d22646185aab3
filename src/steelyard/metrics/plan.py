"""Group measures into statements: one per fact table and mapping of dimensions to its columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from steelyard.metrics.facts import FACTS, WORK_FACTS, resolve
from steelyard.metrics.measures import Aggregate

# Facts whose rows show that the first fact's telemetry was on: no row of it then means 0.
EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "usage": ("requests", "counters"),
    "usage_sessions": ("requests", "counters"),
    "costs": (),
    "cost_sessions": (),
    "witnesses": (),
    "requests": (),
    "decisions": ("requests", "counters"),
    "tool_calls": ("requests", "prompts"),
    "active_seconds": ("counters",),
    "lines": ("counters",),
    "commits": ("counters",),
    "pull_requests": ("counters",),
    "session_starts": ("counters",),
    "prompts": ("requests", "tool_calls"),
    "worked_sessions": ("session_days",),
    "session_days": (),
    "sessions": (),
    "person_days": ("session_days",),
    "counters": (),
    # What shipped shows itself: see Values.recorded.
    **dict.fromkeys(WORK_FACTS, ()),
}


@dataclass(frozen=True)
class Statement:
    """Measures over facts of one table whose dimensions lie in the same columns.

    `measures` name the fact that answers at these dimensions, `asked` the one they declare.
    """

    facts: tuple[str, ...]
    measures: tuple[Aggregate, ...] = ()
    asked: tuple[Aggregate, ...] = ()


def statements(measures: Iterable[Aggregate], dimensions: tuple[str, ...]) -> list[Statement]:
    """The statements that answer the measures at the dimensions."""
    groups: dict[tuple[Any, ...], list[Aggregate]] = defaultdict(list)
    for measure in dict.fromkeys(measures):
        groups[_place(fact_of(measure.fact, dimensions), dimensions)].append(measure)
    return [_statement(group, dimensions) for group in groups.values()]


def _statement(asked: Sequence[Aggregate], dimensions: tuple[str, ...]) -> Statement:
    answering = [replace(m, fact=fact_of(m.fact, dimensions)) for m in asked]
    return Statement(
        tuple(dict.fromkeys(m.fact for m in answering)), tuple(answering), tuple(asked)
    )


def presence(facts: Iterable[str], dimensions: tuple[str, ...]) -> list[Statement]:
    """Statements that only count the rows of facts; those that lack a dimension are left out."""
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for fact in dict.fromkeys(facts):
        if all(map(FACTS[fact].carries, dimensions)):
            groups[_place(fact, dimensions)].append(fact)
    return [Statement(tuple(group)) for group in groups.values()]


def _place(fact: str, dimensions: tuple[str, ...]) -> tuple[Any, ...]:
    found = FACTS[fact]
    return found.table, tuple(found.dimensions.get(name) for name in dimensions)


def fact_of(name: str, dimensions: tuple[str, ...]) -> str:
    """The fact, or its fallback, that carries the dimensions."""
    found = resolve(name, dimensions)
    if found is None:
        raise ValueError(f"{name} does not carry {', '.join(dimensions)}")
    return found
