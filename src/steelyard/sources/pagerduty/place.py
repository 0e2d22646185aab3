"""Where a pass over incidents stands: what its cursor holds.

PagerDuty finds incidents by the time they were created, so those that were open when last read are
remembered by name until they have been read resolved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from steelyard.errors import SourceChanged
from steelyard.sources import shapes
from steelyard.sources.pagerduty.answers import IncidentRow

REACH = 10_000  # offset and limit together, at most
LIMIT = 100
OVERLAP = dt.timedelta(hours=1)
# PagerDuty's clock may be so far ahead of ours.
AHEAD = dt.timedelta(days=1)
TICK = dt.timedelta(seconds=1)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The next incidents to ask for: created since `at`, the first `offset` of them left out."""

    at: dt.datetime
    offset: int = 0
    newest: dt.datetime | None = None  # creation of the newest incident read so far
    open: dict[str, str] = {}  # id → stamp of those whose last reading was not resolved
    ended: bool = False  # the pass is over; the next begins with what was open

    def cursor(self) -> str:
        return msgspec.json.encode(self).decode()

    def after(self, now: dt.datetime) -> Place:
        """Where the next pass begins: a little before the newest, by PagerDuty's own clock."""
        at = min(self.newest, now) - OVERLAP if self.newest else min(self.at, now - AHEAD)
        return replace(self, at=at, offset=0, ended=True)

    def page_on(self, last: dt.datetime, read: int) -> Place:
        """The next page; before offsets reach their limit, a new slice from the last row on."""
        if self.offset + read + LIMIT <= REACH:
            return replace(self, offset=self.offset + read)
        if last - TICK <= self.at:
            raise SourceChanged(
                f"PagerDuty has more than {REACH:,} incidents at {last.isoformat()}.",
                "Its API cannot list them.",
            )
        return self.slice_on(last)

    def slice_on(self, at: dt.datetime) -> Place:
        """A slice from a moment on, with it: PagerDuty does not say whether bounds belong to it."""
        return replace(self, at=at - TICK, offset=0)

    def noting(self, rows: Sequence[IncidentRow]) -> Place:
        """The place, with what was read of these incidents remembered."""
        read = {row.id for row in rows}
        still = {key: stamp for key, stamp in self.open.items() if key not in read}
        still |= {row.id: row.stamp for row in rows if row.is_open}
        times = [shapes.utc(row.created_at) for row in rows]
        times += [self.newest] if self.newest else []
        return replace(self, open=still, newest=max(times, default=None))

    def forgetting(self, key: str) -> Place:
        return replace(self, open={k: stamp for k, stamp in self.open.items() if k != key})


def place_of(cursor: str | None, first: dt.datetime) -> Place:
    return msgspec.json.decode(cursor, type=Place) if cursor else Place(at=first)
