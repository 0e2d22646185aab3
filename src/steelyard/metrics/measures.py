"""The closed vocabulary metrics are written in: measures over one fact, and formulas over measures.

Measures are compiled to SQL (see `compile`), formulas are computed here in exact numbers, after
each fact has been aggregated by itself. Facts are never joined raw with each other. Whatever is
not in this vocabulary is refused when the catalogue loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from steelyard.metrics.facts import DIMENSIONS, FACTS, PEOPLE_DIMENSIONS, TIME_DIMENSIONS, carried

Number = int | float | Fraction


@dataclass(frozen=True)
class Is:
    """The column equals the value."""

    column: str
    value: str | bool


@dataclass(frozen=True)
class OneOf:
    """The column is one of the values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Not:
    """The column is anything but the value."""

    column: str
    value: str


@dataclass(frozen=True)
class Known:
    """The column is not null."""

    column: str


@dataclass(frozen=True)
class FirstSeen:
    """The person's first work ever falls into the row's time bucket (`new`) or lies before it."""

    new: bool


@dataclass(frozen=True)
class Matched:
    """The person is in the people table."""


@dataclass(frozen=True)
class Logged:
    """The person logged time in the question's period, whatever its filters."""


Filter = Is | OneOf | Not | Known | FirstSeen | Matched | Logged


@dataclass(frozen=True)
class Sum:
    """Sum of a column, or of the difference of two; unknown only where every row is unknown."""

    fact: str
    column: str
    minus: str = ""
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Count:
    fact: str
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class CountDistinct:
    """Distinct values of the columns together; one of them may be `day`."""

    fact: str
    columns: tuple[str, ...]
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Max:
    fact: str
    column: str
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Min:
    fact: str
    column: str
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Quantile:
    """Linear interpolation between the two nearest values, both ends included."""

    fact: str
    column: str
    share: float
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Lapsed:
    """People with work in the previous bucket and none in this one."""

    fact: str = "person_days"


@dataclass(frozen=True)
class Headcount:
    """People employed on the bucket's last day. Has people and time dimensions only."""


@dataclass(frozen=True)
class EmployedDays:
    """Days of people employed: each counts on each day of the bucket, in that day's team.

    Has people and time dimensions only.
    """


@dataclass(frozen=True)
class Days:
    """Days of the bucket that lie in the period, whatever the filters."""


OfPeople = Headcount | EmployedDays
Aggregate = Sum | Count | CountDistinct | Max | Min | Quantile
Measure = Aggregate | Lapsed | OfPeople | Days


@dataclass(frozen=True)
class Ratio:
    """Undefined (None) when the denominator is 0 or unknown, never 0 and never infinite."""

    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Scaled:
    """A change of unit: the formula divided by a constant, or times one."""

    of: Formula
    divide: int = 1
    times: int = 1


Formula = Measure | Ratio | Scaled
At = TypeVar("At")
Read = Callable[[At], Number | None]  # a value at some place, such as a combination of dimensions

MEASURES = (Sum, Count, CountDistinct, Max, Min, Quantile, Lapsed, Headcount, EmployedDays, Days)
_FILTERS = (Is, OneOf, Not, Known, FirstSeen, Matched, Logged)
ZERO_WHEN_EMPTY = (Sum, Count, CountDistinct, Lapsed, Headcount, EmployedDays)


def measures(formula: Formula) -> Iterator[Measure]:
    """The measures a formula rests on, numerator first."""
    if isinstance(formula, Ratio):
        yield from measures(formula.top)
        yield from measures(formula.bottom)
    elif isinstance(formula, Scaled):
        yield from measures(formula.of)
    else:
        yield formula


def computed(formula: Formula, read: Callable[[Measure], Read[At]]) -> Read[At]:
    """How the formula's value is computed of what its measures read; whole numbers stay exact
    fractions until they are printed."""
    if isinstance(formula, Ratio):
        top, bottom = computed(formula.top, read), computed(formula.bottom, read)
        return lambda at: divide(top(at), bottom(at))
    if isinstance(formula, Scaled):
        of, times, by = computed(formula.of, read), formula.times, formula.divide
        return lambda at: divide(None if (n := of(at)) is None else n * times, by)
    return read(formula)


def divide(top: Number | None, bottom: Number | None) -> Number | None:
    """Exact where both are whole or fractions; None when undefined."""
    if top is None or not bottom:
        return None
    if isinstance(top, float) or isinstance(bottom, float):
        return float(top) / float(bottom)
    return Fraction(top, bottom)


def dimensions_of(measure: Measure) -> tuple[str, ...]:
    """Dimensions the measure can be broken down by."""
    if isinstance(measure, Days):
        return DIMENSIONS
    if isinstance(measure, OfPeople):
        own = (*TIME_DIMENSIONS, "person", *PEOPLE_DIMENSIONS)
        return tuple(d for d in DIMENSIONS if d in own)
    return carried(measure.fact)


def check(formula: object) -> None:
    """Raise TypeError or ValueError when a formula steps outside the vocabulary."""
    if isinstance(formula, Ratio):
        check(formula.top)
        check(formula.bottom)
    elif isinstance(formula, Scaled):
        check(formula.of)
    elif isinstance(formula, MEASURES):
        _check_measure(formula)
    else:
        raise TypeError(f"{formula!r} is not in the vocabulary of metrics")


def _check_measure(measure: Measure) -> None:
    if isinstance(measure, OfPeople | Days):
        return
    if measure.fact not in FACTS:
        raise ValueError(f"no fact called {measure.fact!r}")
    for column in columns_of(measure):
        if column not in FACTS[measure.fact].columns:
            raise ValueError(f"fact {measure.fact!r} has no column {column!r}")
    if isinstance(measure, Quantile) and not 0 <= measure.share <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, not at {measure.share}")


def columns_of(measure: Aggregate | Lapsed) -> Iterator[str]:
    """Every column the measure reads, those of its filters included."""
    if isinstance(measure, Lapsed):
        return
    if isinstance(measure, CountDistinct):
        yield from measure.columns
    elif not isinstance(measure, Count):
        yield measure.column
    if isinstance(measure, Sum) and measure.minus:
        yield measure.minus
    for condition in measure.filters:
        if not isinstance(condition, _FILTERS):
            raise TypeError(f"{condition!r} is not in the vocabulary of metrics")
        if isinstance(condition, Is | OneOf | Not | Known):
            yield condition.column
