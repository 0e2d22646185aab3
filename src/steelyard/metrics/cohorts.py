"""Measures about people that no single fact holds: who lapsed, headcount, days employed."""

from __future__ import annotations

import datetime as dt

from sqlglot import exp

from steelyard.metrics.compile import only
from steelyard.metrics.dialects import add_days, add_months, bucket
from steelyard.metrics.facts import FACTS, PEOPLE_DIMENSIONS, TIME_DIMENSIONS
from steelyard.metrics.period import ONE_DAY, bucket_of, finest, last_days, next_bucket, previous
from steelyard.metrics.shape import (
    Scope,
    accepts,
    between,
    column,
    date,
    dimension,
    filters,
    join,
    literal,
    person_dimension,
)

HEADCOUNT_DIMENSIONS = frozenset((*TIME_DIMENSIONS, "person", *PEOPLE_DIMENSIONS))


def lapsed_query(fact: str, scope: Scope) -> exp.Select:
    """Dimensions of `scope.by`, then the number of people who worked one bucket before, at these
    dimensions then, and have no work in this bucket."""
    before, now = _before(fact, scope), _now(fact, scope)
    keys = [name for name in _keys(fact, scope) if name != "person"]
    on = [column("person", "a").eq(column("person", "b"))]
    on += [column(f"k_{name}", "a").eq(column(f"k_{name}", "b")) for name in keys]
    gone = exp.Case().when(column("person", "b").is_(exp.null()), column("person", "a"))
    dims = [column(f"d_{name}", "a") for name in scope.by]
    count = exp.Count(this=exp.Distinct(expressions=[gone]))
    query = exp.select(*dims, count).from_(before.subquery("a"))
    query = query.join(now.subquery("b"), on=exp.and_(*on), join_type="left")
    return query.group_by(*(exp.Literal.number(i + 1) for i in range(len(dims))))


def _keys(fact: str, scope: Scope) -> tuple[str, ...]:
    """What work must share to count as continued: the bucket and the dimensions of the work.

    A person who changes team goes on working; a person who changes assistant has lapsed there.
    """
    unit = finest(scope.by)
    own = [n for n in scope.by if n in FACTS[fact].dimensions]
    return tuple([unit] if unit else []) + tuple(own)


def _before(fact: str, scope: Scope) -> exp.Select:
    """Distinct people one bucket before, under the bucket that follows it."""
    unit = finest(scope.by)
    if unit is None:
        start, end = previous(scope.start, scope.end)
        following = column("day")
    else:
        start = next_bucket(bucket_of(scope.start, unit), unit, -1)
        end = bucket_of(scope.end, unit) - ONE_DAY
        following = _following(unit)
    query = _people(fact, scope, following)
    query = query.where(between(column("day"), start, end))
    return query.where(*filters(scope, fact, column("day")))


def _following(unit: str) -> exp.Expr:
    first = bucket(column("day"), unit)
    return add_months(first, 1) if unit == "month" else add_days(first, 7 if unit == "week" else 1)


def _now(fact: str, scope: Scope) -> exp.Select:
    """Distinct people of each bucket, filtered by their work only: they may have changed team."""
    own = tuple((n, v) for n, v in scope.where if n in FACTS[fact].dimensions)
    bare = Scope(scope.start, scope.end, _keys(fact, scope), own)
    query = _people(fact, bare, column("day"))
    return query.where(
        between(column("day"), scope.start, scope.end), *filters(bare, fact, column("day"))
    )


def _people(fact: str, scope: Scope, following: exp.Expr) -> exp.Select:
    """Distinct persons with their dimensions; time dimensions are those of `following`."""
    chosen = [column("person").as_("person")]
    for name in scope.by:
        day = following if name in TIME_DIMENSIONS else column("day")
        chosen.append(dimension(name, fact, day.copy()).as_(f"d_{name}"))
    for name in _keys(fact, scope):
        day = following if name in TIME_DIMENSIONS else column("day")
        chosen.append(dimension(name, fact, day.copy()).as_(f"k_{name}"))
    query = exp.select(*chosen).distinct().from_(f"{FACTS[fact].table} AS f")
    query = join(query, fact, scope.dimensions, column("day"))
    return query.where(column("person").neq(literal("")), *only(fact))


def headcount_query(scope: Scope) -> exp.Select:
    """The people dimensions of `scope.by`, then who is employed on each bucket's last day.

    Filters on work (assistant, repo …) do not narrow who is employed.
    """
    days = last_days(scope.start, scope.end, finest(scope.by))
    persons = exp.Count(this=exp.Distinct(expressions=[column("person", "p")]))
    return _employed_on(scope, days, persons, employed(column("last_day", "b")))


def employed_days_query(scope: Scope) -> exp.Select:
    """The same dimensions, then the days of people employed: one for each person and day.

    Bucket by bucket, what a row of people and it have in common; day by day where the dimensions
    change within a bucket.
    """
    times = [name for name in scope.by if name in TIME_DIMENSIONS]
    unit = "day" if "tenure" in scope.dimensions or len(times) > 1 else finest(scope.by)
    last = column("last_day", "b")
    first: exp.Expr = date(scope.start)
    if unit is not None:
        first = _late(first, bucket(last.copy(), unit))
    begin = _late(first, column("valid_from", "p"), _known_or("start_date", first))
    end = _early(last, column("valid_to", "p"), _known_or("end_date", last))
    days = exp.Add(
        this=exp.DateDiff(this=end, expression=begin, unit=exp.Var(this="DAY")),
        expression=exp.Literal.number(1),
    )
    common = exp.LTE(this=begin.copy(), expression=end.copy())
    buckets = last_days(scope.start, scope.end, unit)
    return _employed_on(scope, buckets, exp.Sum(this=days), [common])


def _known_or(name: str, otherwise: exp.Expr) -> exp.Expr:
    return exp.func("coalesce", column(name, "p"), otherwise.copy())


def _late(*days: exp.Expr) -> exp.Expr:
    return exp.Greatest(this=days[0].copy(), expressions=[d.copy() for d in days[1:]])


def _early(*days: exp.Expr) -> exp.Expr:
    return exp.Least(this=days[0].copy(), expressions=[d.copy() for d in days[1:]])


def _employed_on(
    scope: Scope, days: tuple[dt.date, ...], count: exp.Expr, which: list[exp.Expr]
) -> exp.Select:
    day = column("last_day", "b")
    by = [name for name in scope.by if name in HEADCOUNT_DIMENSIONS]
    dims = [person_dimension(name, day.copy()) for name in by]
    listed = exp.Array(expressions=[date(found) for found in days])
    each = exp.select(exp.Explode(this=listed).as_("last_day"))
    query = exp.select(*dims, count).from_("people AS p")
    query = query.join(each.subquery("b"), join_type="cross")
    query = query.where(*which)
    for name, values in scope.where:
        if name in HEADCOUNT_DIMENSIONS:
            query = query.where(accepts(person_dimension(name, day.copy()), values))
    return query.group_by(*(exp.Literal.number(i + 1) for i in range(len(dims))))


def employed(day: exp.Expr) -> list[exp.Expr]:
    """Conditions on a row of people, aliased `p`: valid and employed on the day."""
    start, end = column("start_date", "p"), column("end_date", "p")
    return [
        exp.Between(this=day.copy(), low=column("valid_from", "p"), high=column("valid_to", "p")),
        exp.or_(start.is_(exp.null()), exp.LTE(this=start.copy(), expression=day.copy())),
        exp.or_(end.is_(exp.null()), exp.GTE(this=end.copy(), expression=day.copy())),
    ]
