"""The parts every statement shares: dimensions as expressions, the joins they need, the filters.

Dimensions of people come from the person's row valid on that day, segments from the person's
week, session classes from the session's roll-up; each join finds at most one row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from steelyard.metrics.dialects import add_months, bucket
from steelyard.metrics.facts import (
    FACTS,
    PEOPLE_COLUMNS,
    PEOPLE_DIMENSIONS,
    SESSION_DIMENSIONS,
    TIME_DIMENSIONS,
)
from steelyard.people.shown import LONGEST, MERGED, SMALL, TENURES


@dataclass(frozen=True)
class Scope:
    """The part of the facts a question looks at; both days included and known."""

    start: dt.date
    end: dt.date
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.by, *(name for name, _ in self.where))))


def column(name: str, table: str = "f") -> exp.Expr:
    return exp.column(name, table=table)


def date(day: dt.date) -> exp.Expr:
    return exp.cast(exp.Literal.string(day.isoformat()), "date")


def literal(value: str | bool) -> exp.Expr:
    return exp.convert(value)


def dimension(name: str, fact: str, day: exp.Expr) -> exp.Expr:
    """The dimension of one row of a fact aliased `f`; '' where nothing is known."""
    if name in TIME_DIMENSIONS:
        return bucket(day, name)
    if name in FACTS[fact].dimensions:
        return column(FACTS[fact].dimensions[name])
    if name == "tenure":
        return tenure(day)
    source = "p" if name in PEOPLE_DIMENSIONS else "z" if name in SESSION_DIMENSIONS else "g"
    return known(column(name, source))


def known(value: exp.Expr) -> exp.Expr:
    return exp.func("coalesce", value, exp.Literal.string(""))


def tenure(day: exp.Expr) -> exp.Expr:
    """Class of the time since the person's start, on that day; '' without a start date."""
    started = column("start_date", "p")
    case = exp.Case().when(started.is_(exp.null()), literal(""))
    case = case.when(started.copy().eq(date(MERGED)), literal(SMALL))
    for months, label in TENURES:
        later = add_months(started.copy(), months)
        case = case.when(exp.LT(this=day.copy(), expression=later), literal(label))
    return case.else_(literal(LONGEST))


def join(query: exp.Select, fact: str, names: Iterable[str], day: exp.Expr) -> exp.Select:
    """Add the joins that the dimensions need."""
    needed = set(names) - set(FACTS[fact].dimensions)
    if needed & set(PEOPLE_DIMENSIONS):
        valid = exp.Between(
            this=day.copy(), low=column("valid_from", "p"), high=column("valid_to", "p")
        )
        query = query.join(
            "people AS p", on=exp.and_(_same("person", "p"), valid), join_type="left"
        )
    if "segment" in needed:
        week = column("week", "g").eq(bucket(day.copy(), "week"))
        query = query.join(
            "segments AS g", on=exp.and_(_same("person", "g"), week), join_type="left"
        )
    if needed & set(SESSION_DIMENSIONS):
        on = exp.and_(_same("session", "z"), _same("assistant", "z"))
        query = query.join(_session_classes(), on=on, join_type="left")
    return query


def _same(name: str, other: str) -> exp.Expr:
    return column(name).eq(column(name, other))


def _session_classes() -> exp.Expr:
    """One row a session, whatever the roll-up holds, so that the join cannot multiply."""
    classes = [exp.Max(this=column(name, "s")).as_(name) for name in SESSION_DIMENSIONS]
    keys = [column("session", "s"), column("assistant", "s")]
    return exp.select(*keys, *classes).from_("sessions AS s").group_by(*keys).subquery("z")


def filters(scope: Scope, fact: str, day: exp.Expr) -> list[exp.Expr]:
    """The scope's filters on one row of the fact."""
    return [accepts(dimension(n, fact, day.copy()), values) for n, values in scope.where]


def accepts(value: exp.Expr, values: tuple[str, ...]) -> exp.Expr:
    return value.isin(*map(literal, values))


def between(day: exp.Expr, start: dt.date, end: dt.date) -> exp.Expr:
    return exp.Between(this=day, low=date(start), high=date(end))


def person_dimension(name: str, day: exp.Expr) -> exp.Expr:
    """A people or time dimension of one row of the people table, aliased `p`."""
    if name in TIME_DIMENSIONS:
        return bucket(day, name)
    if name == "tenure":
        return tenure(day)
    if name in PEOPLE_COLUMNS or name == "person":
        return column(name, "p")
    raise ValueError(f"people have no dimension {name!r}")
