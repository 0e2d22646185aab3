"""What the questions ask of the facts: a metric's two sides per person, its counts, its values.

Everything goes through the catalogue's formulas, so that an interval is always one of the figure
beside it. Answers come from memory while the facts stand still.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from steelyard.metrics.catalogue import metric
from steelyard.metrics.facts import DIMENSIONS
from steelyard.metrics.measures import (
    Aggregate,
    Formula,
    Measure,
    Min,
    Not,
    Quantile,
    Ratio,
    measures,
)
from steelyard.metrics.questions.panel import Terms
from steelyard.metrics.shape import Scope
from steelyard.metrics.shown import check_values, held, shown_store
from steelyard.metrics.sight import OPEN, PERSONAL, NotShown, Sight
from steelyard.metrics.singles import single_values
from steelyard.metrics.store import Store
from steelyard.metrics.values import Values

Key = tuple[str | dt.date, ...]


@dataclass(frozen=True)
class Part:
    """One person's part of a figure in one group. None is unknown, not 0."""

    group: Key
    person: str
    top: float | None
    bottom: float | None

    @property
    def pair(self) -> tuple[float, float]:
        return self.top or 0.0, self.bottom or 0.0


@dataclass(frozen=True)
class Single:
    """One value of a group, such as the hours one issue took, and whose it is."""

    group: Key
    person: str
    value: float


@dataclass(frozen=True)
class Asking:
    """A store and the terms of one question, with real days. `now` is aware.

    Under a sight that shows groups only, parts of single people are read all the same: intervals
    are made of them, and only groups come out. `beneath` is then the store below the one that
    shows the groups of these days.
    """

    store: Store
    terms: Terms
    now: dt.datetime
    sight: Sight = OPEN
    beneath: Store | None = None

    def seen_by(self, sight: Sight) -> Asking:
        """The same, over what the sight may read. Its filters are ones that the sight allows."""
        if sight.everything:
            return self
        where = dict(self.terms.where)
        if not sight.limits(where):
            names = [name for name in DIMENSIONS if name not in PERSONAL]
            store = shown_store(self.store, sight, names, *self.days)
            check_values(store, where)
            return replace(self, store=store, sight=sight, beneath=self.store)
        if sight.pseudonyms:
            raise NotShown("This question is not answered about single people.", sight.hint)
        terms = replace(self.terms, where=tuple(sorted(held(where, sight).items())))
        return replace(self, terms=terms, sight=sight)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day."""
        if self.terms.start is None or self.terms.end is None:
            raise ValueError("days must be fixed first")
        return self.terms.start, self.terms.end

    def over(self, start: dt.date, end: dt.date) -> Asking:
        """The same over other days, on which other groups may be too small to be shown."""
        terms = replace(self.terms, start=start, end=end)
        plain = replace(self, store=self.beneath or self.store, terms=terms, sight=OPEN)
        return plain.seen_by(self.sight)

    def narrowed(self, dimension: str, values: Sequence[str]) -> Asking:
        """The same, held to some values of a dimension."""
        rest = [pair for pair in self.terms.where if pair[0] != dimension]
        where = tuple(sorted([*rest, (dimension, tuple(sorted(values)))]))
        return replace(self, terms=replace(self.terms, where=where))

    @property
    def filtered(self) -> tuple[str, ...]:
        """The dimensions it is narrowed by."""
        return tuple(name for name, _ in self.terms.where)

    def carries(self, name: str, *by: str) -> bool:
        """Whether the metric can be broken down so, under the filters."""
        fits = {*by, *self.filtered} <= set(metric(name).dimensions)
        return fits and self.sight.allows_dimensions(self._told_apart(by))

    def parts(self, name: str, *by: str) -> list[Part]:
        """Both sides of a ratio metric, per group and person."""
        formula = metric(name).formula
        if not isinstance(formula, Ratio):
            raise TypeError(f"{name} is no ratio")
        rows = self.evaluated((formula.top, formula.bottom), *by, "person")
        return [Part(key[:-1], str(key[-1]), *sides) for key, sides in rows.items()]

    def amounts(self, name: str, *by: str) -> list[Part]:
        """A metric's value per group and person, over 1: for sums and means of people."""
        rows = self.evaluated((metric(name).formula,), *by, "person")
        return [Part(key[:-1], str(key[-1]), value, 1.0) for key, (value,) in rows.items()]

    def evaluated(
        self, formulas: tuple[Formula, ...], *by: str
    ) -> dict[Key, tuple[float | None, ...]]:
        """Formulas at each combination of the dimensions."""
        wanted: list[Measure] = [m for formula in formulas for m in measures(formula)]
        values = Values(self.store, self._scope(by), wanted)
        computing = [values.computing(formula) for formula in formulas]
        return {key: tuple(_number(at(key)) for at in computing) for key in values.keys}

    def singles(self, name: str, *by: str) -> list[Single]:
        """The values a median metric rests on."""
        formula = metric(name).formula
        if not isinstance(formula, Quantile):
            raise TypeError(f"{name} is no quantile")
        rows = single_values(self.store, formula, self._scope((*by, "person")))
        return [Single(tuple(row[:-2]), str(row[-2]), float(row[-1])) for row in rows]

    def value(self, name: str) -> float | None:
        """A metric over everything in scope."""
        return self.evaluated((metric(name).formula,))[()][0]

    @cached_property
    def first_days(self) -> dict[str, dt.date]:
        """The day of each person's first work ever, whatever the filters."""
        first: Aggregate = Min("person_days", "day", (Not("person", ""),))
        scope = Scope(dt.date(2000, 1, 1), self.days[1], ("person",))
        values = Values(self.store, scope, [first])
        day = values.computing(first)
        found: dict[str, object] = {str(key[0]): day(key) for key in values.keys}
        return {name: day for name, day in found.items() if isinstance(day, dt.date)}

    def _scope(self, by: Sequence[str]) -> Scope:
        self.sight.over(self._told_apart(by), dict(self.terms.where))
        return Scope(*self.days, tuple(by), self.terms.where)

    def _told_apart(self, by: Sequence[str]) -> frozenset[str]:
        """What groups that come out differ in: parts of single people stay inside."""
        return frozenset(by) - PERSONAL | frozenset(self.filtered)


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]
