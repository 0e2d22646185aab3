"""What an answer rests on: people matched, sessions, silent people, first and last day."""

from __future__ import annotations

import datetime as dt

from sqlglot import exp

from steelyard.metrics.answer import Coverage
from steelyard.metrics.cohorts import HEADCOUNT_DIMENSIONS, employed
from steelyard.metrics.compile import aggregate_query
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import CountDistinct, Matched, Not
from steelyard.metrics.shape import Scope, accepts, between, column, date, person_dimension
from steelyard.metrics.store import Store

# Facts that can count sessions and people, the cheapest first; the first that carries the
# question's filters is taken, so that coverage speaks of the same scope as the numbers.
_CARRIERS: tuple[str, ...] = (
    *("worked_sessions", "sessions", "usage", "requests", "tool_calls", "decisions", "costs"),
    *("lines", "session_starts", "active_seconds", "witnesses"),
)


def coverage(store: Store, scope: Scope, has_people: bool) -> Coverage:
    """Coverage of the question's scope, whatever its breakdown."""
    bare = Scope(scope.start, scope.end, (), scope.where)
    carrier = next((f for f in _CARRIERS if all(map(FACTS[f].carries, bare.dimensions))), None)
    silent = _silent(store, bare) if has_people else None
    if carrier is None:
        return Coverage(silent_people=silent)
    sessions, people, matched = _counted(store, carrier, bare)
    first, last = _days(store, carrier, bare)
    share = matched / people if people and has_people else None
    return Coverage(share, sessions, silent, first, last)


def _counted(store: Store, fact: str, scope: Scope) -> tuple[int, int, int]:
    named = Not("person", "")
    measures = (
        CountDistinct(fact, ("session",), (Not("session", ""),)),
        CountDistinct(fact, ("person",), (named,)),
        CountDistinct(fact, ("person",), (named, Matched())),
    )
    query = aggregate_query(measures, (fact,), scope, store.dialect)
    row = store.query(render(query, store.dialect))[0]
    return row[1] or 0, row[3] or 0, row[5] or 0


def _days(store: Store, fact: str, scope: Scope) -> tuple[dt.date | None, dt.date | None]:
    """First and last day with a row in scope; two measures of the vocabulary would not do."""
    query = aggregate_query((), (fact,), scope, store.dialect)
    ends = [exp.Min(this=column("day")), exp.Max(this=column("day"))]
    rows = store.query(render(query.select(*ends), store.dialect))
    return (rows[0][1], rows[0][2]) if rows[0][0] else (None, None)


def _silent(store: Store, scope: Scope) -> int:
    """Employed on the last day, chosen by the filters on people, without any work in the period."""
    last = date(scope.end)
    worked = exp.select(column("person")).from_("person_days AS f")
    worked = worked.where(between(column("day"), scope.start, scope.end))
    persons = exp.Count(this=exp.Distinct(expressions=[column("person", "p")]))
    query = exp.select(persons).from_("people AS p").where(*employed(last))
    query = query.where(exp.not_(exp.In(this=column("person", "p"), query=worked.subquery())))
    for name, values in scope.where:
        if name in HEADCOUNT_DIMENSIONS:
            query = query.where(accepts(person_dimension(name, last.copy()), values))
    return int(store.query(render(query, store.dialect))[0][0] or 0)
