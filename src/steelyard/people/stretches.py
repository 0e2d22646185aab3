"""Times in which somebody stood in one place with the same traits: what groups are made of."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from steelyard.people.shown import LONGEST, TENURES
from steelyard.people.told import script

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

COLUMNS = ("rollup", "department", "team", "role", "level", "office", "country")
AHEAD = dt.timedelta(days=14)  # built again every week, so no day is ever reached that is not there
BACK = dt.timedelta(days=366)
ONE_DAY = dt.timedelta(days=1)
FOREVER = dt.date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Stretch:
    """`values` are those of the places, then of the traits, tenure last; all '' while no directory
    employs the person. `started` is the first day of employment where it is known."""

    person: str
    begin: dt.date
    end: dt.date
    values: tuple[str, ...]
    started: dt.date | None = None
    employed: bool = True


@dataclass(frozen=True)
class Stretches:
    """Everybody's, in no order. `segments` are ways of working by Monday and person; `known` are
    the people whom a directory has ever named."""

    places: tuple[str, ...]
    traits: tuple[str, ...]
    rows: tuple[Stretch, ...]
    segments: Mapping[dt.date, Mapping[str, str]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


def read_stretches(warehouse: Warehouse, places: tuple[str, ...], today: dt.date) -> Stretches:
    """All that concerns days with facts, and of the last year."""
    first = warehouse.query("select min(first_day) from people_seen")[0][0] or today
    seen = warehouse.query(script("shown_seen"))
    floor = min(first, today - BACK, *(row[1] for row in seen))
    traits = tuple(name for name in COLUMNS if name not in places)
    columns = ", ".join((*places, *traits))
    sql = f"select person, start_date, end_date, valid_from, valid_to, {columns} from people"
    rows: list[Stretch] = []
    for person, started, ended, begin, end, *values in warehouse.query(sql):
        begin, end = max(begin, started or begin, floor), min(end, ended or end)
        if begin <= end:
            rows += _by_tenure(person, begin, end, tuple(values), started)
    known = frozenset(row[0] for row in warehouse.query("select distinct person from people"))
    rows += _outside(rows, seen, len(places) + len(traits) + 1)
    rows = [_open(row, today + AHEAD) for row in rows if row.begin <= today + AHEAD]
    segments: dict[dt.date, dict[str, str]] = defaultdict(dict)
    for person, week, segment in warehouse.query("select person, week, segment from segments"):
        segments[week][person] = segment
    return Stretches(places, (*traits, "tenure"), tuple(rows), segments, known)


def _open(row: Stretch, horizon: dt.date) -> Stretch:
    """What is so on the last day that matters stays so: later days are built when they come."""
    return replace(row, end=FOREVER) if row.end > horizon else row


def _by_tenure(
    person: str, begin: dt.date, end: dt.date, values: tuple[str, ...], started: dt.date | None
) -> Iterator[Stretch]:
    if started is None:
        yield Stretch(person, begin, end, (*values, ""))
        return
    for months, label in TENURES:
        until = add_months(started, months)
        if begin < until:
            last = min(end, until - ONE_DAY)
            yield Stretch(person, begin, last, (*values, label), started)
            begin = until
            if begin > end:
                return
    yield Stretch(person, begin, end, (*values, LONGEST), started)


def _outside(
    rows: list[Stretch], seen: list[tuple[str, dt.date, dt.date]], width: int
) -> Iterator[Stretch]:
    """The days between somebody's first and last record on which nobody employs them."""
    employed: dict[str, list[tuple[dt.date, dt.date]]] = defaultdict(list)
    for row in rows:
        employed[row.person].append((row.begin, row.end))
    for person, first, last in seen:
        for begin, end in sorted(employed.get(person, ())):
            if first < begin and first <= last:
                yield Stretch(person, first, min(last, begin - ONE_DAY), ("",) * width, None, False)
            if end >= last:
                first = FOREVER
                break
            first = max(first, end + ONE_DAY)
        if first <= last:
            yield Stretch(person, first, last, ("",) * width, None, False)


def add_months(day: dt.date, months: int) -> dt.date:
    """A date some months later, clipped to the month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
