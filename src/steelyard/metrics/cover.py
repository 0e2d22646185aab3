"""What an answer rests on: people matched, sessions, silent people, first and last day."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from steelyard.metrics.answer import Coverage
from steelyard.metrics.cohorts import HEADCOUNT_DIMENSIONS, employed
from steelyard.metrics.compile import aggregate_sql
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import Aggregate, Count, CountDistinct, Matched, Max, Min, Not
from steelyard.metrics.shape import Scope, accepts, between, column, date, person_dimension
from steelyard.metrics.store import Store

# Facts that can count sessions and people, the cheapest first; the first that carries the
# question's filters is taken, so that coverage speaks of the same scope as the numbers.
_CARRIERS: tuple[str, ...] = (
    *("worked_sessions", "sessions", "usage_sessions", "requests", "tool_calls", "decisions"),
    *("cost_sessions", "lines", "session_starts", "active_seconds", "witnesses"),
)


def coverage(store: Store, scope: Scope, has_people: bool, facts: tuple[str, ...] = ()) -> Coverage:
    """Coverage of the question's scope, whatever its breakdown.

    `facts` are those of a question about work alone: what they hold is what it rests on, and
    sessions are not.
    """
    bare = Scope(scope.start, scope.end, (), scope.where)
    carriers = (f for f in facts or _CARRIERS if all(map(FACTS[f].carries, bare.dimensions)))
    carrier = next(carriers, None)
    silent = _silent(store, bare) if has_people else None
    if carrier is None:
        return Coverage(silent_people=silent)
    named = Not("person", "")
    measures: tuple[Aggregate, ...] = (
        Count(carrier) if facts else CountDistinct(carrier, ("session",), (Not("session", ""),)),
        CountDistinct(carrier, ("person",), (named,)),
        CountDistinct(carrier, ("person",), (named, Matched())),
        Min(carrier, "day"),
        Max(carrier, "day"),
    )
    row = store.query(aggregate_sql(measures, (carrier,), bare, store.dialect))[0]
    if not row[0]:
        return Coverage(None, None if facts else 0, silent)
    sessions, people, matched, first, last = row[1::2]
    share = matched / people if people and has_people else None
    return Coverage(share, None if facts else sessions, silent, first, last)


def _silent(store: Store, scope: Scope) -> int:
    """Employed on the last day, chosen by the filters on people, without any work in the period."""
    return int(store.query(_silent_sql(scope, store.dialect))[0][0] or 0)


@lru_cache(maxsize=256)
def _silent_sql(scope: Scope, dialect: str) -> str:
    last = date(scope.end)
    worked = exp.select(column("person")).from_("person_days AS f")
    worked = worked.where(between(column("day"), scope.start, scope.end))
    persons = exp.Count(this=exp.Distinct(expressions=[column("person", "p")]))
    query = exp.select(persons).from_("people AS p").where(*employed(last))
    query = query.where(exp.not_(exp.In(this=column("person", "p"), query=worked.subquery())))
    for name, values in scope.where:
        if name in HEADCOUNT_DIMENSIONS:
            query = query.where(accepts(person_dimension(name, last.copy()), values))
    return render(query, dialect)
