"""Read what the statements give and say what an absent row means: 0, or unknown.

A value is 0 only where something shows that it would have been seen: a row of its fact, or of a
fact that the same telemetry brings (`plan.EVIDENCE`). Otherwise it is None, unknown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from steelyard.metrics.cohorts import (
    HEADCOUNT_DIMENSIONS,
    employed_days_query,
    headcount_query,
    lapsed_query,
)
from steelyard.metrics.compile import aggregate_sql
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS, WORK_FACTS
from steelyard.metrics.measures import (
    ZERO_WHEN_EMPTY,
    Aggregate,
    Days,
    EmployedDays,
    Lapsed,
    Measure,
    Number,
    OfPeople,
)
from steelyard.metrics.period import ONE_DAY, finest, next_bucket
from steelyard.metrics.plan import EVIDENCE, Statement, fact_of, presence, statements
from steelyard.metrics.shape import Scope
from steelyard.metrics.store import Store, recorded_days

Key = tuple[str | dt.date, ...]
_WORK = ("person_days", "worked_sessions")


class Values:
    """Every measure's value at every combination of dimensions in the scope."""

    def __init__(self, store: Store, scope: Scope, measures: Iterable[Measure]) -> None:
        self._store, self._scope = store, scope
        self._numbers: dict[tuple[Key, Measure], tuple[Number | None, int]] = {}
        self._present: dict[tuple[Key, str], int] = {}
        self._keys: dict[Key, None] = {} if scope.by else {(): None}
        self._people: dict[tuple[Key, OfPeople], int] = {}
        self._looked_at: set[str] = set()
        self._recorded: dict[str, bool] = {}
        self._facts: dict[Measure, str] = {}
        self._read(tuple(dict.fromkeys(measures)))

    @property
    def keys(self) -> tuple[Key, ...]:
        """The combinations of dimensions that occur; without any there is always one, empty."""
        return tuple(self._keys)

    def of(self, key: Key, measure: Measure) -> Number | None:
        """The measure at the key; None when unknown."""
        if isinstance(measure, OfPeople):
            known = self._people.get((self._people_key(key), measure), 0)
            return known if self.has_people else None
        if isinstance(measure, Days):
            return self._days(key)
        if isinstance(measure, Lapsed):
            return self._numbers.get((key, measure), (0, 0))[0] if self.has_work else None
        return self._aggregate(key, measure)

    def has_rows(self, fact: str) -> bool:
        """Whether the fact has any row in the scope; False when it cannot tell the scope apart."""
        self._look_at((fact,))
        return any(n for (_, name), n in self._present.items() if name == fact)

    @cached_property
    def has_people(self) -> bool:
        """Whether people were imported."""
        return bool(self._store.query("SELECT count(*) FROM people")[0][0])

    @cached_property
    def has_work(self) -> bool:
        """Whether any session or person-day was recorded in these days, whatever the filters."""
        bare = Scope(self._scope.start, self._scope.end)
        found = presence(("session_days", "person_days"), ())
        return any(self._rows(s, bare)[0][0] for s in found)

    def _aggregate(self, key: Key, measure: Aggregate) -> Number | None:
        fact = self._facts[measure]
        value, matching = self._numbers.get((key, measure), (None, 0))
        if self._present.get((key, fact)):
            unknown = value is None and (matching or not isinstance(measure, ZERO_WHEN_EMPTY))
            return None if unknown else value or 0
        if not isinstance(measure, ZERO_WHEN_EMPTY):
            return None
        return 0 if self._evident(key, fact) else None

    def _evident(self, key: Key, fact: str) -> bool:
        if (fact in _WORK and self.has_work) or (fact in WORK_FACTS and self.recorded(fact)):
            return True
        self._look_at(EVIDENCE[fact])
        return any(self._present.get((key, name)) for name in EVIDENCE[fact])

    def recorded(self, fact: str) -> bool:
        """Whether the period touches the days between the first and last row of the fact's table:
        there, what shipped is known whole, and no row means none."""
        if fact not in self._recorded:
            found = recorded_days(self._store, (FACTS[fact].table,))
            touched = [a <= self._scope.end and self._scope.start <= z for _, a, z in found]
            self._recorded[fact] = any(touched)
        return self._recorded[fact]

    def _days(self, key: Key) -> int:
        """Days of the key's bucket, or of the whole period without one."""
        start, end, unit = self._scope.start, self._scope.end, finest(self._scope.by)
        if unit is not None:
            first = key[self._scope.by.index(unit)]
            if not isinstance(first, dt.date):
                raise TypeError(f"{unit} is not a date: {first!r}")
            start, end = max(start, first), min(end, next_bucket(first, unit) - ONE_DAY)
        return (end - start).days + 1

    def _look_at(self, facts: Sequence[str]) -> None:
        """Count the rows of facts that were not asked for; their keys add no rows."""
        missing = [fact for fact in facts if fact not in self._looked_at]
        self._looked_at.update(missing)
        for statement in presence(missing, self._scope.dimensions):
            for row in self._rows(statement, self._scope):
                self._count(statement, row)

    def _read(self, measures: tuple[Measure, ...]) -> None:
        aggregates = [m for m in measures if not isinstance(m, Lapsed | OfPeople | Days)]
        self._facts = {m: fact_of(m.fact, self._scope.dimensions) for m in aggregates}
        for statement in statements(aggregates, self._scope.dimensions):
            self._looked_at.update(statement.facts)
            for row in self._rows(statement, self._scope):
                self._take(statement, row)
        for measure in measures:
            if isinstance(measure, Lapsed):
                self._take_lapsed(measure)
            elif isinstance(measure, OfPeople):
                self._take_people(measure)

    def _rows(self, statement: Statement, scope: Scope) -> list[tuple[Any, ...]]:
        dialect = self._store.dialect
        return self._store.query(aggregate_sql(statement.measures, statement.facts, scope, dialect))

    def _count(self, statement: Statement, row: tuple[Any, ...]) -> tuple[Key, int]:
        width = len(self._scope.by)
        key, end = tuple(row[:width]), width + len(statement.facts)
        for fact, rows in zip(statement.facts, row[width:end], strict=True):
            self._present[key, fact] = rows or 0
        return key, end

    def _take(self, statement: Statement, row: tuple[Any, ...]) -> None:
        key, end = self._count(statement, row)
        self._keys[key] = None
        pairs = zip(row[end::2], row[end + 1 :: 2], strict=True)
        for measure, (value, matching) in zip(statement.asked, pairs, strict=True):
            self._numbers[key, measure] = value, matching or 0

    def _take_lapsed(self, measure: Lapsed) -> None:
        fact = fact_of(measure.fact, self._scope.dimensions)
        query = _lapsed_sql(fact, self._scope, self._store.dialect)
        for *key, people in self._store.query(query):
            if people:
                self._keys[tuple(key)] = None
                self._numbers[tuple(key), measure] = people, people

    def _take_people(self, measure: OfPeople) -> None:
        query = _people_sql(measure, self._scope, self._store.dialect)
        for *key, people in self._store.query(query):
            self._people[tuple(key), measure] = people or 0
            if len(key) == len(self._scope.by):
                self._keys[tuple(key)] = None

    def _people_key(self, key: Key) -> Key:
        """The part of a key that the headcount can be told apart by."""
        pairs = zip(self._scope.by, key, strict=True)
        return tuple(value for name, value in pairs if name in HEADCOUNT_DIMENSIONS)


@lru_cache(maxsize=256)
def _lapsed_sql(fact: str, scope: Scope, dialect: str) -> str:
    return render(lapsed_query(fact, scope), dialect)


@lru_cache(maxsize=256)
def _people_sql(measure: OfPeople, scope: Scope, dialect: str) -> str:
    build = employed_days_query if isinstance(measure, EmployedDays) else headcount_query
    return render(build(scope), dialect)
