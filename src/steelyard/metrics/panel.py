"""A metric as units by weeks, for studies of cause.

A count is 0 only in a week in which the person was employed and the metric's sources told of
work; else it is None, unknown. Weeks that are not over are left out, and nobody changes team.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlglot import exp

from steelyard.errors import UsageError
from steelyard.metrics.answer import Note
from steelyard.metrics.catalogue import metric
from steelyard.metrics.compile import condition, only
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS, PEOPLE_COLUMNS, TELEMETRY_FACTS
from steelyard.metrics.measures import Quantile
from steelyard.metrics.outcome import Outcome, OutcomeKind, outcome
from steelyard.metrics.period import ONE_DAY, bucket_of, next_bucket
from steelyard.metrics.shape import Scope, between, column, dimension, filters, join
from steelyard.metrics.staff import FRIDAY, Employed, Member, staff
from steelyard.metrics.store import Store, recorded_days
from steelyard.metrics.values import Values

Unit = Literal["person", "team"]
Key = tuple[str, dt.date]
_BY = ("person", "week")
_WEEK = 7 * ONE_DAY
_LATE_WEEKS, _LATE_PEOPLE = 4, 3  # a team without any work for so long is told, if so large


@dataclass(frozen=True)
class PanelQuestion:
    """Which metric, of whom, over which whole weeks.

    `start` or `end` None means as far as sources tell. Teams and traits are those of the day `on`,
    by default the first. `where` narrows by people's dimensions on that day, or the work's own.
    """

    metric: str
    unit: Unit = "person"
    start: dt.date | None = None
    end: dt.date | None = None
    on: dt.date | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class UnitWeeks:
    """`values` and `items` have a row a member and a column a week (its Monday).

    A share is from 0 to 1, a duration the geometric mean; `items` are what such a cell is made
    of, None for counts and amounts. `known_share` is the part of what was counted in these weeks
    that is in the panel.
    """

    question: PanelQuestion
    kind: OutcomeKind
    weeks: tuple[dt.date, ...]
    members: tuple[Member, ...]
    values: tuple[tuple[float | None, ...], ...]
    items: tuple[tuple[int, ...], ...] | None
    known_share: float | None
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Cell:
    """What a unit did in a week: a total over `items` (1 for counts and amounts)."""

    total: float
    items: float = 1.0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.total + other.total, self.items + other.items)


def unit_weeks(store: Store, question: PanelQuestion, now: dt.datetime) -> UnitWeeks:
    """The panel. Raises UsageError where the metric cannot be an outcome, nothing tells of it, or
    nobody is known to be employed."""
    found = outcome(metric(question.metric))
    weeks = _weeks(store, question, found, now.astimezone(dt.UTC).date())
    end = weeks[-1] + _WEEK - ONE_DAY
    people = _chosen(staff(store, weeks[0], end, question.on or weeks[0]), question)
    scope = Scope(weeks[0], end, _BY, _work_filters(question))
    told = _told(store, found, scope)
    seen = _seen(store) if _by_telemetry(found) else None
    cells = {each.member.name: _cells(each, weeks, found, told, seen) for each in people}
    kept, whole = _sum(cells.values()), sum(cell.items for cell in told.values())
    if found.bottom is None and found.kind != "duration":
        kept, whole = _total(cells.values()), sum(cell.total for cell in told.values())
    share = kept / whole if whole else None
    members = [each.member for each in people]
    notes = (*_notes(question, share, seen), *_late_teams(question, people, cells, weeks))
    if question.unit == "team":
        members, cells = _teams(members, cells)
    rows = [cells[member.name] for member in members]
    return UnitWeeks(
        question,
        found.kind,
        weeks,
        tuple(members),
        tuple(tuple(_value(cell, found.kind) for cell in row) for row in rows),
        _items(rows) if found.kind in ("share", "duration") else None,
        share,
        notes,
    )


def _weeks(
    store: Store, question: PanelQuestion, found: Outcome, today: dt.date
) -> tuple[dt.date, ...]:
    """Mondays of the weeks that are over and that every source of the metric covers.

    A last row on a Friday covers its week; a first row after Monday does not.
    """
    tables = [table for table in found.metric.facts if table != "people"]
    days = recorded_days(store, tables)
    if len(days) < len(set(tables)):
        raise UsageError(
            f"Nothing is recorded that {question.metric} could be counted from.",
            "Connect a source that tells of it: `steelyard source kinds` lists them.",
        )
    first = max([day for _, day, _ in days] + ([question.start] if question.start else []))
    last = min(day for _, _, day in days)
    end = min(today - ONE_DAY, question.end or today)
    monday = bucket_of(first + _WEEK - ONE_DAY, "week")
    weeks = []
    while monday + FRIDAY <= last and monday + _WEEK - ONE_DAY <= end:
        weeks.append(monday)
        monday = next_bucket(monday, "week")
    if not weeks:
        raise UsageError(
            f"No whole week of {question.metric} is recorded from {first} to {min(last, end)}.",
            "Choose other dates, or read more history from the source.",
        )
    return tuple(weeks)


def _chosen(people: Sequence[Employed], question: PanelQuestion) -> list[Employed]:
    if not people:
        raise UsageError(
            "Nobody is known to be employed in these weeks.",
            "`steelyard import csv people FILE`, or add a directory: a week without work counts"
            " as 0 only for somebody who was there.",
        )
    own = ("person", *PEOPLE_COLUMNS)
    wanted = {name: set(values) for name, values in question.where.items() if name in own}
    found = [each for each in people if _fits(each.member, wanted)]
    if not found:
        told = ", ".join(f"{name}={'|'.join(sorted(v))}" for name, v in wanted.items())
        raise UsageError(f"Nobody is there with {told}.", "`steelyard people list` shows who is.")
    return found


def _fits(member: Member, wanted: Mapping[str, set[str]]) -> bool:
    traits = {**member.traits, "person": member.name}
    return all(traits[name] in values for name, values in wanted.items())


def _work_filters(question: PanelQuestion) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Filters on the work itself, such as repo; those on people are on a fixed day."""
    asked = metric(question.metric)
    where = {k: v for k, v in question.where.items() if k not in (*PEOPLE_COLUMNS, "person")}
    for name in where:
        if name not in asked.dimensions:
            raise UsageError(
                f"{asked.name} cannot be filtered by {name}.",
                f"It has {', '.join(asked.dimensions)}.",
            )
    return tuple(sorted(where.items()))


def _told(store: Store, found: Outcome, scope: Scope) -> dict[Key, Cell]:
    """What is recorded of each person and week."""
    if isinstance(found.top, Quantile):
        rows = store.query(_logarithms(found.top, scope, store.dialect))
        return {(who, week): Cell(float(total), n) for who, week, total, n in rows if n}
    values = Values(store, scope, found.metric.measures)
    tops = values.computing(found.top)
    bottoms = None if found.bottom is None else values.computing(found.bottom)
    cells: dict[Key, Cell] = {}
    for key in values.keys:
        top, items = tops(key), 1 if bottoms is None else bottoms(key)
        who, week = key
        if top is not None and items and isinstance(week, dt.date):
            cells[str(who), week] = Cell(float(top), float(items))
    return cells


def _logarithms(measure: Quantile, scope: Scope, dialect: str) -> str:
    """Per person and week the sum of logarithms of the column, and how many; 0 has none."""
    fact, day, value = measure.fact, column("day"), column(measure.column)
    dims = [dimension(name, fact, day.copy()) for name in scope.by]
    query = exp.select(*dims, exp.Sum(this=exp.Ln(this=value)), exp.Count(this=exp.Star()))
    query = query.from_(f"{FACTS[fact].table} AS f")
    query = join(query, fact, scope.dimensions, day)
    query = query.where(
        between(day, scope.start, scope.end),
        exp.GT(this=value.copy(), expression=exp.Literal.number(0)),
        *only(fact),
        *(condition(each, scope) for each in measure.filters),
        *filters(scope, fact, day),
    )
    return render(query.group_by(*(exp.Literal.number(i + 1) for i in range(len(dims)))), dialect)


def _by_telemetry(found: Outcome) -> bool:
    facts = {getattr(measure, "fact", "") for measure in found.metric.measures}
    return bool(facts & set(TELEMETRY_FACTS))


def _seen(store: Store) -> dict[str, dt.date]:
    """Since when telemetry knows somebody: before, no row does not mean none."""
    return dict(store.query("SELECT person, min(first_day) FROM people_seen GROUP BY person"))


def _cells(
    one: Employed,
    weeks: Sequence[dt.date],
    found: Outcome,
    told: Mapping[Key, Cell],
    seen: Mapping[str, dt.date] | None,
) -> list[Cell | None]:
    name = one.member.name
    nothing = Cell(0.0) if found.kind in ("count", "amount") else None
    since = dt.date.min if seen is None else seen.get(name, dt.date.max)
    return [
        told.get((name, week), nothing if since < week + _WEEK else None)
        if one.all_of(week)
        else None
        for week in weeks
    ]


def _teams(
    members: Sequence[Member], cells: Mapping[str, list[Cell | None]]
) -> tuple[list[Member], dict[str, list[Cell | None]]]:
    """Sums over the people each team had on the day; people without a team are left out."""
    teams: dict[str, list[Member]] = {}
    for member in members:
        if member.traits["team"]:
            teams.setdefault(member.traits["team"], []).append(member)
    summed = {
        team: [_added(column) for column in zip(*(cells[m.name] for m in people), strict=True)]
        for team, people in teams.items()
    }
    return [Member(team, _shared(people)) for team, people in sorted(teams.items())], summed


def _added(cells: Sequence[Cell | None]) -> Cell | None:
    known = [cell for cell in cells if cell is not None]
    return sum(known[1:], known[0]) if known else None


def _shared(people: Sequence[Member]) -> dict[str, str]:
    """What all of a team have in common; '' where they differ."""
    said = {name: {member.traits[name] for member in people} for name in PEOPLE_COLUMNS}
    return {name: values.pop() if len(values) == 1 else "" for name, values in said.items()}


def _value(cell: Cell | None, kind: OutcomeKind) -> float | None:
    if cell is None:
        return None
    if kind == "duration":
        return math.exp(cell.total / cell.items)
    return cell.total / cell.items if kind == "share" else cell.total


def _items(rows: Sequence[Sequence[Cell | None]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(cell.items) if cell else 0 for cell in row) for row in rows)


def _sum(rows: Any) -> float:
    return float(sum(cell.items for row in rows for cell in row if cell is not None))


def _total(rows: Any) -> float:
    return float(sum(cell.total for row in rows for cell in row if cell is not None))


def _notes(
    question: PanelQuestion, share: float | None, seen: Mapping[str, Any] | None
) -> list[Note]:
    found, affects = [], (question.metric,)
    if share is not None and share < 0.97 and not question.where:
        told = f"{1 - share:.0%} of {question.metric} in these weeks belongs to nobody who is"
        said = f"{told} known to be employed then: it is not in the panel."
        found.append(Note("not_in_panel", said, affects))
    if seen is not None:
        told = f"{question.metric} is told by the assistants themselves: of people before they"
        said = f"{told} were first seen it is unknown, so it is no outcome to judge them by."
        found.append(Note("telemetry_outcome", said, affects))
    return found


def _late_teams(
    question: PanelQuestion,
    people: Sequence[Employed],
    cells: Mapping[str, Sequence[Cell | None]],
    weeks: Sequence[dt.date],
) -> list[Note]:
    """Teams of which nothing at all is told for the first weeks: perhaps not yet connected."""
    early: dict[str, list[bool]] = {}
    for each in people:
        began = cells[each.member.name][:_LATE_WEEKS]
        if any(cell is not None for cell in began) and len(weeks) > _LATE_WEEKS:
            worked = any(cell is not None and cell.total for cell in began)
            early.setdefault(each.member.traits["team"], []).append(worked)
    late = [t for t, worked in early.items() if len(worked) >= _LATE_PEOPLE and not any(worked)]
    if not late or len(late) == len(early):
        return []
    told = f"Nothing is recorded of {', '.join(sorted(filter(None, late))[:5]) or 'some people'}"
    said = f"{told} in the first {_LATE_WEEKS} weeks: 0 here may mean not yet connected."
    return [Note("late_teams", said, (question.metric,))]
