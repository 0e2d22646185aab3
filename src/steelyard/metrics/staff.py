"""Who was employed in which weeks, and what was so of them on the day a study begins.

Everybody keeps the team of that day: who moves later takes no work along.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from steelyard.metrics.dialects import render
from steelyard.metrics.facts import PEOPLE_COLUMNS
from steelyard.metrics.period import ONE_DAY
from steelyard.metrics.shape import column, date
from steelyard.metrics.store import Store

FRIDAY = 4 * ONE_DAY
Time = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class Member:
    """Somebody, or a team: `traits` by name on the day asked for, `since` the first day of
    employment where it is known."""

    name: str
    traits: Mapping[str, str]
    since: dt.date | None = None


@dataclass(frozen=True)
class Employed:
    """A member and the times, both days included, in which they were employed."""

    member: Member
    times: tuple[Time, ...]

    def all_of(self, monday: dt.date) -> bool:
        """Whether they were employed from that Monday to its Friday."""
        day, friday = monday, monday + FRIDAY
        for first, last in self.times:
            if first <= day <= last:
                day = min(last, friday) + ONE_DAY
        return day > friday


def staff(store: Store, start: dt.date, end: dt.date, on: dt.date) -> tuple[Employed, ...]:
    """Everybody employed at some time between two days, with traits of the day `on`; of those who
    came later, or had left before, the traits of the nearest day on which they were employed."""
    found: dict[str, list[tuple[Time, Mapping[str, str], dt.date | None]]] = {}
    for person, *texts, since, until, valid_from, valid_to in store.query(_sql(store, start, end)):
        time = max(valid_from, since or valid_from), min(valid_to, until or valid_to)
        if person and time[0] <= time[1]:
            traits = dict(zip(PEOPLE_COLUMNS, texts, strict=True))
            found.setdefault(person, []).append((time, traits, since))
    return tuple(_employed(person, rows, on) for person, rows in sorted(found.items()))


def _employed(person: str, rows: Sequence[Any], on: dt.date) -> Employed:
    rows = sorted(rows, key=lambda row: row[0])
    near = min(rows, key=lambda row: (_distance(row[0], on), row[0]))
    member = Member(person, near[1], near[2])
    return Employed(member, tuple(time for time, _, _ in rows))


def _distance(time: Time, day: dt.date) -> dt.timedelta:
    return max(time[0] - day, day - time[1], dt.timedelta(0))


def _sql(store: Store, start: dt.date, end: dt.date) -> str:
    names = ("person", *PEOPLE_COLUMNS, "start_date", "end_date", "valid_from", "valid_to")
    query = exp.select(*(column(name, "p") for name in names)).from_("people AS p")
    query = query.where(
        exp.LTE(this=column("valid_from", "p"), expression=date(end)),
        exp.GTE(this=column("valid_to", "p"), expression=date(start)),
    )
    return render(query, store.dialect)
