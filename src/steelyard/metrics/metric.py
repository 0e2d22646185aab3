"""A metric, declared once: hover text, documentation, CSV header and API schema come from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import (
    ZERO_WHEN_EMPTY,
    Aggregate,
    Count,
    CountDistinct,
    Days,
    EmployedDays,
    Filter,
    FirstSeen,
    Formula,
    Headcount,
    Is,
    Known,
    Lapsed,
    Logged,
    Max,
    Measure,
    Not,
    OfPeople,
    OneOf,
    Quantile,
    Ratio,
    Scaled,
    Sum,
    check,
    dimensions_of,
    measures,
)

Direction = Literal["up", "down", "neutral"]
Grade = Literal["high", "medium", "low", "separate"]


@dataclass(frozen=True)
class Metric:
    """One number's definition.

    `direction` says which way is better, `evidence` what the number rests on (best first),
    `not_by` dimensions its facts carry but that make no sense for it, and `needs` dimensions it
    must be broken down by or held to one value, because it does not add up across them.
    """

    name: str
    sentence: str
    unit: str
    direction: Direction
    formula: Formula
    evidence: str
    caveats: tuple[str, ...] = ()
    grade: Grade = "medium"
    not_by: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self.formula)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(dict.fromkeys(measures(self.formula)))

    @property
    def whole(self) -> bool:
        """Whether it is a whole number: a count, a sum of counts or a largest count."""
        return isinstance(self.formula, (*ZERO_WHEN_EMPTY, Max))

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The warehouse tables this metric reads."""
        read = (m for m in self.measures if not isinstance(m, Days))
        return tuple(dict.fromkeys(map(_table, read)))

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """What it can be broken down and filtered by: the dimensions all its facts share.

        People employed, below a ratio, are held to the people and time dimensions they have, so
        that they do not narrow the numerator's.
        """
        narrowing = [m for m in self.measures if not isinstance(m, OfPeople | Days)]
        shared = [dimensions_of(m) for m in narrowing or self.measures]
        return tuple(d for d in shared[0] if d not in self.not_by and all(d in s for s in shared))


def _table(measure: Measure) -> str:
    if isinstance(measure, Days):
        raise TypeError("days are no table's")
    return "people" if isinstance(measure, OfPeople) else FACTS[measure.fact].table


def formula_text(formula: Formula) -> str:
    """The formula in words a reader of the docs can follow."""
    if isinstance(formula, Ratio):
        return f"{formula_text(formula.top)} ÷ {formula_text(formula.bottom)}"
    if isinstance(formula, Scaled):
        return formula_text(formula.of)
    return " ".join(_words(formula))


def _words(measure: Measure) -> Iterator[str]:
    if isinstance(measure, Headcount):
        yield "people employed on the last day"
        return
    if isinstance(measure, EmployedDays):
        yield "days of people employed"
        return
    if isinstance(measure, Days):
        yield "days"
        return
    if isinstance(measure, Lapsed):
        yield "people who worked in the previous period and not in this one"
        return
    yield _subject(measure)
    yield f"of {measure.fact}"
    if measure.filters:
        yield "where " + " and ".join(_condition(f) for f in measure.filters)


def _subject(measure: Aggregate) -> str:
    if isinstance(measure, Sum):
        return f"sum of {measure.column}" + (f" − {measure.minus}" if measure.minus else "")
    if isinstance(measure, CountDistinct):
        return "distinct " + " × ".join(measure.columns)
    if isinstance(measure, Quantile):
        return f"{measure.share:.0%} quantile of {measure.column}"
    if isinstance(measure, Count):
        return "rows"
    return f"{'largest' if isinstance(measure, Max) else 'smallest'} {measure.column}"


def _condition(condition: Filter) -> str:
    if isinstance(condition, Is):
        value = condition.value
        return f"{condition.column} is {str(value).lower() if isinstance(value, bool) else value}"
    if isinstance(condition, OneOf):
        return f"{condition.column} is {' or '.join(condition.values)}"
    if isinstance(condition, Not):
        return f"{condition.column} is not {condition.value or 'empty'}"
    if isinstance(condition, Known):
        return f"{condition.column} is known"
    if isinstance(condition, FirstSeen):
        return "their first work ever " + ("falls in it" if condition.new else "lies before it")
    if isinstance(condition, Logged):
        return "the person logged time in the period"
    return "the person is in the people table"
