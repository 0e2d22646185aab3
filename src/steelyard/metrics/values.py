"""Read what the statements give and say what an absent row means: 0, or unknown.

A value is 0 only where something shows that it would have been seen: a row of its fact, or of a
fact that the same telemetry brings (`plan.EVIDENCE`). Otherwise it is None, unknown.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import count
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
    Formula,
    Lapsed,
    Measure,
    Number,
    OfPeople,
    Read,
    computed,
)
from steelyard.metrics.period import ONE_DAY, finest, next_bucket
from steelyard.metrics.plan import EVIDENCE, Statement, fact_of, presence, statements
from steelyard.metrics.shape import Scope
from steelyard.metrics.store import Store, recorded_days

Key = tuple[str | dt.date, ...]
Rows = list[tuple[Any, ...]]
_WORK = ("person_days", "worked_sessions")


class Values:
    """Every measure's value at every combination of dimensions in the scope."""

    def __init__(self, store: Store, scope: Scope, measures: Iterable[Measure]) -> None:
        self._store, self._scope = store, scope
        self._numbers: dict[Measure, dict[Key, tuple[Number | None, int]]] = defaultdict(dict)
        self._present: dict[str, dict[Key, int]] = defaultdict(dict)
        self._keys: dict[Key, None] = {} if scope.by else {(): None}
        self._people: dict[OfPeople, dict[Key, int]] = defaultdict(dict)
        self._looked_at: set[str] = set()
        self._recorded: dict[str, bool] = {}
        self._facts: dict[Measure, str] = {}
        self._read(tuple(dict.fromkeys(measures)))

    @property
    def keys(self) -> tuple[Key, ...]:
        """The combinations of dimensions that occur; without any there is always one, empty."""
        return tuple(self._keys)

    def computing(self, formula: Formula) -> Read[Key]:
        """How the formula is computed at a key; None when unknown."""
        return computed(formula, self._reading)

    def _reading(self, measure: Measure) -> Read[Key]:
        """How the measure is read at a key: what does not hang on the key is looked up once."""
        if isinstance(measure, OfPeople):
            people = self._people[measure]
            return lambda key: people.get(self._people_key(key), 0) if self.has_people else None
        if isinstance(measure, Days):
            return self._days
        numbers = self._numbers[measure]
        if isinstance(measure, Lapsed):
            return lambda key: numbers.get(key, (0, 0))[0] if self.has_work else None
        return self._aggregated(numbers, measure)

    def has_rows(self, fact: str) -> bool:
        """Whether the fact has any row in the scope; False when it cannot tell the scope apart."""
        self._look_at((fact,))
        return any(self._present[fact].values())

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

    def _aggregated(
        self, numbers: Mapping[Key, tuple[Number | None, int]], measure: Aggregate
    ) -> Read[Key]:
        fact, empties = self._facts[measure], isinstance(measure, ZERO_WHEN_EMPTY)
        present = self._present[fact]

        def read(key: Key) -> Number | None:
            value, matching = numbers.get(key, (None, 0))
            if present.get(key):
                unknown = value is None and (matching or not empties)
                return None if unknown else value or 0
            return 0 if empties and self._evident(key, fact) else None

        return read

    def _evident(self, key: Key, fact: str) -> bool:
        if (fact in _WORK and self.has_work) or (fact in WORK_FACTS and self.recorded(fact)):
            return True
        self._look_at(EVIDENCE[fact])
        return any(self._present[name].get(key) for name in EVIDENCE[fact])

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
            self._count(statement, self._rows(statement, self._scope))

    def _read(self, measures: tuple[Measure, ...]) -> None:
        aggregates = [m for m in measures if not isinstance(m, Lapsed | OfPeople | Days)]
        self._facts = {m: fact_of(m.fact, self._scope.dimensions) for m in aggregates}
        for statement in statements(aggregates, self._scope.dimensions):
            self._looked_at.update(statement.facts)
            self._take(statement, self._rows(statement, self._scope))
        for measure in measures:
            if isinstance(measure, Lapsed):
                self._take_lapsed(measure)
            elif isinstance(measure, OfPeople):
                self._take_people(measure)

    def _rows(self, statement: Statement, scope: Scope) -> Rows:
        dialect = self._store.dialect
        return self._store.query(aggregate_sql(statement.measures, statement.facts, scope, dialect))

    def _count(self, statement: Statement, rows: Rows) -> None:
        """The rows of each fact at each key: the columns after the dimensions."""
        width = len(self._scope.by)
        for at, fact in enumerate(statement.facts, width):
            self._present[fact].update((row[:width], row[at] or 0) for row in rows)

    def _take(self, statement: Statement, rows: Rows) -> None:
        """Each measure's value and how many rows it looked at: the columns after those."""
        self._count(statement, rows)
        width = len(self._scope.by)
        first = width + len(statement.facts)
        self._keys.update((row[:width], None) for row in rows)
        for at, measure in zip(count(first, 2), statement.asked, strict=False):
            numbers = self._numbers[measure]
            numbers.update((row[:width], (row[at], row[at + 1] or 0)) for row in rows)

    def _take_lapsed(self, measure: Lapsed) -> None:
        fact = fact_of(measure.fact, self._scope.dimensions)
        query = _lapsed_sql(fact, self._scope, self._store.dialect)
        for *key, people in self._store.query(query):
            if people:
                self._keys[tuple(key)] = None
                self._numbers[measure][tuple(key)] = people, people

    def _take_people(self, measure: OfPeople) -> None:
        query = _people_sql(measure, self._scope, self._store.dialect)
        for *key, people in self._store.query(query):
            self._people[measure][tuple(key)] = people or 0
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
