"""Reads a repository's list from its newest end to where the last pass began.

A first pass goes by creation, an order that no edit moves; later ones go by change. In both, what
happens while reading lands in front of the place that is read, and after the moment the next pass
goes back to. So nothing is missed, whenever it is broken off.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from steelyard.model import Record
from steelyard.sources.github.api import BadCursor
from steelyard.sources.github.repositories import Repository
from steelyard.sources.github.rounds import Mark, Place, Step

CREATED, UPDATED = "CREATED_AT", "UPDATED_AT"
_QUIET = dt.timedelta(hours=1)  # after which GitHub's lists agree with each other


@dataclass(frozen=True)
class Item:
    """The records of one thing, with its times."""

    created_at: dt.datetime
    updated_at: dt.datetime
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Batch:
    """One answer: things, and where the next one begins; None for the last."""

    items: tuple[Item, ...]
    after: str | None
    notes: tuple[str, ...] = ()


# From the order and the place to a batch.
Fetch = Callable[[str, str | None], Batch]


@dataclass(frozen=True)
class Reach:
    """How far back a pass goes: to `since` at first, then `overlap` before the last one's begin.

    `by_change`: the list can be had in the order of changes. `quiet`: how long after the newest
    thing nothing more is expected to happen.
    """

    since: dt.datetime | None
    overlap: dt.timedelta = dt.timedelta(minutes=10)
    by_change: bool = True
    quiet: dt.timedelta = _QUIET


def steps(
    repository: Repository, mark: Mark, place: Place, now: dt.datetime, reach: Reach, fetch: Fetch
) -> Iterator[Step]:
    """The steps of one repository; none when there is nothing new since its mark."""
    if not place:
        if _nothing_new(repository, mark, now, reach):
            return
        place = _begin(repository, mark, reach)
    floor = dt.datetime.fromisoformat(place["floor"]) if place["floor"] else None
    while True:
        batch = _fetched(fetch, place)
        times = [_time(item, place["order"]) for item in batch.items]
        records = _once(
            record
            for item, time in zip(batch.items, times, strict=True)
            if floor is None or time >= floor
            for record in item.records
        )
        if batch.after is None or (floor and any(time < floor for time in times)):
            yield Step(records, mark={"to": place["to"]}, notes=batch.notes)
            return
        place = {**place, "after": batch.after}
        yield Step(records, place=place, notes=batch.notes)


def _once(records: Iterable[Record]) -> list[Record]:
    """The same people are met again and again on a page."""
    return list({(record.kind, record.key): record for record in records}.values())


def _nothing_new(repository: Repository, mark: Mark, now: dt.datetime, reach: Reach) -> bool:
    if repository.newest is None:
        return True
    same = bool(mark) and _text(repository.newest) == mark["to"]
    return same and now - repository.newest > reach.quiet


def _begin(repository: Repository, mark: Mark, reach: Reach) -> Place:
    known = mark.get("to", "")
    floor = dt.datetime.fromisoformat(known) - reach.overlap if known else reach.since
    order = UPDATED if known and reach.by_change else CREATED
    return {"order": order, "floor": _text(floor), "to": _text(repository.newest)}


def _fetched(fetch: Fetch, place: Place) -> Batch:
    try:
        return fetch(place["order"], place.get("after"))
    except BadCursor:
        return fetch(place["order"], None)


def _time(item: Item, order: str) -> dt.datetime:
    return item.updated_at if order == UPDATED else item.created_at


def _text(time: dt.datetime | None) -> str:
    return time.isoformat() if time else ""
