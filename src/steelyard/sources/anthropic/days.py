"""Days and passes over them: which to read, and the cursor from which nothing is missed.

A cursor is a day. A pass reads windows of days up to today; what may still move is read again each
time, so no cursor is ever later than the oldest such day, not even in the middle of a pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from steelyard.model import Record
from steelyard.sources.contract import Page

DAY = dt.timedelta(1)
USUAL_PAST = dt.timedelta(90)


@dataclass(frozen=True)
class Part:
    """Records of a window; `more` of them follow. `known_until`: days from then on are not known.

    `stop` ends the pass before this window: the vendor does not have it yet.
    """

    records: Sequence[Record]
    more: bool = False
    known_until: dt.date | None = None
    notes: tuple[str, ...] = ()
    stop: bool = False


Reading = Callable[[dt.date, dt.date], Iterator[Part]]


@dataclass(frozen=True)
class Pass:
    """Windows of `span` days from the cursor, or else `first`, through `last`.

    Days from `moving` on are read again by the next pass; nothing before `floor` is ever read.
    """

    first: dt.date
    last: dt.date
    moving: dt.date
    span: int = 1
    floor: dt.date = dt.date.min

    def pages(self, cursor: str | None, read: Reading) -> Iterator[Page]:
        start = max(self.floor, dt.date.fromisoformat(cursor) if cursor else self.first)
        windows = list(split(start, self.last + DAY, self.span))
        highest = self.moving
        for done, (begin, end) in enumerate(windows):
            for part in read(begin, end):
                highest = min(highest, part.known_until or highest)
                whole = not part.more and not part.stop
                place = max(self.floor, min(end if whole else begin, highest))
                yield Page(part.records, place.isoformat(), done + whole, len(windows), part.notes)
                if part.stop:
                    return


def split(start: dt.date, end: dt.date, span: int) -> Iterator[tuple[dt.date, dt.date]]:
    """Windows of at most `span` days; their ends are not in them."""
    while start < end:
        until = min(start + span * DAY, end)
        yield start, until
        start = until


def first_day(since: dt.date | None, now: dt.datetime) -> dt.date:
    """Where a first pass begins: the option, else 90 days ago."""
    return since or (now - USUAL_PAST).astimezone(dt.UTC).date()


def today(now: dt.datetime) -> dt.date:
    return now.astimezone(dt.UTC).date()


def moment(day: dt.date) -> str:
    """The midnight at which a day begins, as the APIs write it."""
    return f"{day.isoformat()}T00:00:00Z"
