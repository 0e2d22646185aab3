"""How much of what was counted belongs to somebody a directory knows, and who the rest is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.people.options import Options
from steelyard.people.resolve import resolve
from steelyard.people.told import read_told, script
from steelyard.people.unmatched import Unmatched, unmatched
from steelyard.state.identities import Identities

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Share:
    """What is matched of a whole; `share` is None where there is nothing."""

    what: str
    matched: int
    total: int

    @property
    def share(self) -> float | None:
        return self.matched / self.total if self.total else None


@dataclass(frozen=True)
class Coverage:
    """Shares of everything recorded, the people of directories, and the largest unmatched."""

    shares: tuple[Share, ...]  # spend (nano-dollars), sessions, commits, people
    staff: int  # employed on the day
    silent: int  # of them, without any work of an assistant so far
    unmatched: tuple[Unmatched, ...]


def coverage(
    warehouse: Warehouse, identities: Identities, options: Options, day: dt.date, limit: int = 20
) -> Coverage:
    """Coverage of all that is recorded, with the headcount of a day."""
    told = read_told(warehouse.query)
    resolution = resolve(told, identities.decisions(), options)
    row = warehouse.query(script("coverage").replace("{day}", day.isoformat()))[0]
    shares = (
        Share(what, int(row[2 * n] or 0), int(row[2 * n + 1] or 0))
        for n, what in enumerate(("spend", "sessions", "commits", "people"))
    )
    rest = unmatched(warehouse, told, resolution)[:limit]
    return Coverage(tuple(shares), int(row[8]), int(row[9]), tuple(rest))
