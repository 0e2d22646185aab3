"""Measures to statements: one SELECT per fact table, aggregated at the scope's dimensions.

Only what `measures` declares can be compiled. Facts are never joined with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp

from steelyard.metrics.dialects import bucket, quantile, render
from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import (
    Aggregate,
    Count,
    CountDistinct,
    Filter,
    FirstSeen,
    Is,
    Known,
    Logged,
    Matched,
    Max,
    Min,
    Not,
    OneOf,
    Quantile,
    Sum,
)
from steelyard.metrics.period import finest
from steelyard.metrics.shape import Scope, between, column, date, dimension, filters, join, literal
from steelyard.people.shown import STRANGER


@lru_cache(maxsize=1024)
def aggregate_sql(
    measures: tuple[Aggregate, ...], facts: tuple[str, ...], scope: Scope, dialect: str
) -> str:
    """`aggregate_query` as text; building a tree costs more than many a query."""
    return render(aggregate_query(measures, facts, scope, dialect), dialect)


def aggregate_query(
    measures: Sequence[Aggregate], facts: Sequence[str], scope: Scope, dialect: str
) -> exp.Select:
    """Columns: the dimensions of `scope.by`, rows present of each fact, then per measure its
    value and the number of rows it looked at. All facts lie in one table with equal dimensions.
    """
    day = column("day")
    dims = [dimension(name, facts[0], day.copy()) for name in scope.by]
    present = [_count(_and(only(name))) for name in facts]
    values: list[exp.Expr] = []
    for measure in measures:
        chosen = [*only(measure.fact), *(condition(f, scope) for f in measure.filters)]
        values += [_value(measure, _and(chosen), dialect), _count(_and(chosen))]
    query = exp.select(*_named([*dims, *present, *values]))
    query = query.from_(f"{FACTS[facts[0]].table} AS f")
    query = join(query, facts[0], scope.dimensions, day)
    query = _join_people(query, measures, scope)
    query = query.where(between(day, scope.start, scope.end), *filters(scope, facts[0], day))
    query = query.where(*_pruned(facts))
    return query.group_by(*(exp.Literal.number(i + 1) for i in range(len(dims))))


def _named(values: list[exp.Expr]) -> list[exp.Expr]:
    return [exp.alias_(value, f"c{index}") for index, value in enumerate(values)]


def only(name: str) -> list[exp.Expr]:
    """Which rows of the table belong to the fact."""
    return [column(c).eq(literal(value)) for c, value in FACTS[name].only]


def _pruned(facts: Sequence[str]) -> list[exp.Expr]:
    """Leave out rows that belong to none of the facts, when each is a part of its table."""
    parts = [_and(only(name)) for name in facts]
    if any(part is None for part in parts):
        return []
    return [exp.or_(*(part for part in parts if part is not None))]


def _and(conditions: Sequence[exp.Expr]) -> exp.Expr | None:
    return exp.and_(*(c.copy() for c in conditions)) if conditions else None


def _chosen(value: exp.Expr, condition: exp.Expr | None) -> exp.Expr:
    return value if condition is None else exp.Case().when(condition.copy(), value)


def _count(condition: exp.Expr | None) -> exp.Expr:
    return exp.Count(this=_chosen(exp.Literal.number(1), condition))


def _value(measure: Aggregate, condition: exp.Expr | None, dialect: str) -> exp.Expr:
    if isinstance(measure, Count):
        return _count(condition)
    if isinstance(measure, CountDistinct):
        distinct = exp.Distinct(expressions=[_chosen(_together(measure.columns), condition)])
        return exp.Count(this=distinct)
    value: exp.Expr = column(measure.column)
    if isinstance(measure, Sum):
        if measure.minus:
            value = exp.Sub(this=value, expression=column(measure.minus))
        return exp.Sum(this=_chosen(value, condition))
    if isinstance(measure, Min):
        return exp.Min(this=_chosen(value, condition))
    if isinstance(measure, Max):
        return exp.Max(this=_chosen(value, condition))
    if isinstance(measure, Quantile):
        return quantile(exp.cast(_chosen(value, condition), "double"), measure.share, dialect)
    raise TypeError(f"{measure!r} is not in the vocabulary of metrics")


def _together(columns: Sequence[str]) -> exp.Expr:
    """Columns as one value. `day` comes first and is ten characters, so no two pairs collide."""
    if len(columns) == 1:
        return column(columns[0])
    if sorted(columns)[0] != "day" or len(columns) != 2:
        raise TypeError("distinct pairs are of a day and one other column")
    return exp.Concat(expressions=[exp.cast(column("day"), "text"), column(sorted(columns)[1])])


def condition(condition: Filter, scope: Scope) -> exp.Expr:
    """A measure's filter on one row of its fact."""
    if isinstance(condition, Is):
        return column(condition.column).eq(literal(condition.value))
    if isinstance(condition, OneOf):
        return column(condition.column).isin(*map(literal, condition.values))
    if isinstance(condition, Not):
        return column(condition.column).neq(literal(condition.value))
    if isinstance(condition, Known):
        return exp.not_(column(condition.column).is_(exp.null()))
    if isinstance(condition, Matched):
        return exp.not_(column("person", "k").is_(exp.null()))
    if isinstance(condition, Logged):
        return exp.not_(column("person", "w").is_(exp.null()))
    return _first_seen(condition, scope)


def _first_seen(condition: FirstSeen, scope: Scope) -> exp.Expr:
    """New: the first day lies in the row's bucket and in the period; else it is returning."""
    first = column("first_day", "n")
    unit = finest(scope.by)
    new = [exp.GTE(this=first, expression=date(scope.start))]
    if unit is not None:
        new.append(exp.GTE(this=first.copy(), expression=bucket(column("day"), unit)))
    return exp.and_(*new) if condition.new else exp.not_(exp.and_(*new))


def _join_people(query: exp.Select, measures: Sequence[Aggregate], scope: Scope) -> exp.Select:
    """Since when a person is known, whether the people table knows them, whether they log time."""
    used = {type(f) for measure in measures for f in measure.filters}
    if FirstSeen in used:
        on = column("person").eq(column("person", "n"))
        query = query.join(_once("people_seen", "n", "first_day"), on=on, join_type="left")
    if Matched in used:
        on = column("person").eq(column("person", "k"))
        ended = column("end_date", "t")
        known = exp.or_(ended.is_(exp.null()), ended.copy().neq(date(STRANGER)))
        query = query.join(_once("people", "k", where=known), on=on, join_type="left")
    if Logged in used:
        on = column("person").eq(column("person", "w"))
        period = between(column("day", "t"), scope.start, scope.end)
        logged = _once("work_worklogs", "w", where=period)
        query = query.join(logged, on=on, join_type="left")
    return query


def _once(table: str, alias: str, earliest: str = "", where: exp.Expr | None = None) -> exp.Expr:
    """The table with one row a person, so that the join cannot multiply."""
    person = column("person", "t")
    columns = [person, *([exp.Min(this=column(earliest, "t")).as_(earliest)] if earliest else [])]
    query = exp.select(*columns).from_(f"{table} AS t").group_by(person.copy())
    return (query if where is None else query.where(where)).subquery(alias)
