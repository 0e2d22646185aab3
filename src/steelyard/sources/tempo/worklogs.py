"""Worklogs: by what changed, and once a day the last weeks whole, because Tempo is silent about
deletions.

Tempo counts from an offset, so a deletion moves what follows. Pages overlap; when the worklog that
ended the last page is not in the next, the list has moved and is read from its start.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from steelyard.errors import SourceChanged, SourceError
from steelyard.model import Account, Record, Worklog, reference
from steelyard.sources.contract import Page
from steelyard.sources.known_ids import pack, too_many, unpack
from steelyard.sources.network import Http
from steelyard.sources.shapes import read
from steelyard.sources.tempo import shapes

_PAGE = 1000  # smaller answers are what Tempo asks for
_MOST = 5000  # allowed, and once a day few calls are better
_OVERLAP = 50
_RESTARTS = 5
# `updatedFrom` is a day, so a pass begins with the day before; a later zone than ours may be meant.
_BACK = dt.timedelta(days=2)
_FIRST = dt.date(2000, 1, 1)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cursor: from which day this pass asks, where it is, and from which the next will."""

    since: dt.date
    until: dt.date | None = None
    offset: int = 0
    last: int = 0

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cursor of the daily look: its day, the first day it looked at, and what was there."""

    day: dt.date
    first: dt.date
    ids: str = ""

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class Moved(Exception):
    """The list is not where it was when its last page was read."""


def changed(
    http: Http, since: dt.date | None, cursor: str | None, now: dt.datetime
) -> Iterator[Page]:
    """Worklogs by what changed. `updatedFrom` stands alone: Tempo does not join it to others."""
    place = msgspec.json.decode(cursor, type=Place) if cursor else Place(since or _FIRST)
    if place.until is None:
        # Tempo's clock tells; it is known once it has answered, and one call does no harm.
        fetch(http, {"updatedFrom": str(place.since), "limit": 1}, 0)
        place = Place(place.since, (now + http.network.skew - _BACK).date())
    asked = {"updatedFrom": str(place.since), "orderBy": "ID", "limit": _PAGE}
    until = place.until or place.since
    for found, offset, last in _all(http, asked, place.offset, place.last):
        after = Place(place.since, until, offset, last) if offset else Place(until)
        yield Page(_records(found), after.text)


def recent(http: Http, days: int, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
    """Worklogs of the last days, whole. What was there the day before and is not now is gone."""
    before = msgspec.json.decode(cursor, type=Window) if cursor else None
    today = now.date()
    if before and before.day == today:
        yield Page((), before.text)
        return
    first = today - dt.timedelta(days=days)
    known = unpack(before.ids) if before else set[int]()
    # From where the last look began, so that what has merely grown old is not missed.
    asked = {"from": str(min(before.first, first) if before else first), **_ahead(today)}
    there, kept, late = set[int](), set[int](), dict[int, shapes.Worklog]()
    for found, _, _ in _all(http, asked, 0, 0):
        there |= {worklog.tempo_worklog_id for worklog in found}
        kept |= {worklog.tempo_worklog_id for worklog in found if worklog.start_date >= first}
        if before:
            late |= {w.tempo_worklog_id: w for w in found if w.tempo_worklog_id not in known}
    records, notes = _records(list(late.values())), tuple[str, ...]()
    gone = known - there
    if too_many(len(gone), len(known)):
        notes, gone = (_doubt(len(gone), len(known)),), set()
    for worklog in sorted(gone):
        records += _of_one(http, worklog, today)
    yield Page(records, Window(today, first, pack(kept)).text, notes=notes)


def _ahead(today: dt.date) -> dict[str, Any]:
    """People log leave in advance."""
    return {"to": str(today + dt.timedelta(days=366)), "orderBy": "ID", "limit": _MOST}


def _doubt(gone: int, known: int) -> str:
    return (
        f"{gone} of {known} worklogs are not shown any more, too many at once to be deletions."
        " They stay in the figures. Check the permissions of the token's owner."
    )


def _of_one(http: Http, worklog: int, today: dt.date) -> list[Record]:
    """A worklog that left the window: as it is now, or with 0 seconds when it is deleted."""
    try:
        data = http.get(f"worklogs/{worklog}").data
    except SourceError as error:
        if getattr(error, "status", 0) == 404:
            return [Worklog(key=str(worklog), day=today, seconds=0, billable_seconds=0)]
        raise
    return _records([read("Tempo", f"worklog {worklog}", shapes.Worklog, data)])


Found = tuple[list[shapes.Worklog], int, int]  # worklogs, the next offset (0 at the end), the last


def _all(http: Http, asked: Mapping[str, Any], offset: int, last: int) -> Iterator[Found]:
    restarts = 0
    while True:
        try:
            found, offset, last = _next(http, asked, offset, last)
        except Moved:
            restarts += 1
            if restarts > _RESTARTS:
                raise SourceChanged(
                    "Tempo's worklogs change faster than they can be listed.", "Try again later."
                ) from None
            offset = last = 0
            continue
        yield found, offset, last
        if not offset:
            return


def _next(http: Http, asked: Mapping[str, Any], offset: int, last: int) -> Found:
    start = max(0, offset - _OVERLAP)
    page = fetch(http, asked, start)
    found = page.results
    if last:
        ids = [worklog.tempo_worklog_id for worklog in found]
        if last not in ids:
            raise Moved
        found = found[ids.index(last) + 1 :]
    more = page.metadata.next is not None and bool(page.results)
    if more and not found:
        raise SourceChanged(
            f"Tempo gives no more than {len(page.results)} worklogs a page.", "Try again later."
        )
    if not more:
        return found, 0, 0
    return found, start + len(page.results), page.results[-1].tempo_worklog_id


def fetch(http: Http, asked: Mapping[str, Any], offset: int) -> shapes.Worklogs:
    data = http.get("worklogs", {**asked, "offset": offset}).data
    return read("Tempo", "page of worklogs", shapes.Worklogs, data)


def _records(found: list[shapes.Worklog]) -> list[Record]:
    workers = sorted({worker for worklog in found if (worker := reference_of(worklog.author))})
    accounts = [Account(key=worker, account=worker) for worker in workers]
    return [*accounts, *map(_worklog, found)]


def _worklog(found: shapes.Worklog) -> Worklog:
    return Worklog(
        key=str(found.tempo_worklog_id),
        issue=str(found.issue.id or "") if found.issue else "",
        worker=reference_of(found.author),
        day=found.start_date,
        seconds=found.time_spent_seconds,
        billable_seconds=found.billable_seconds,
    )


def reference_of(user: shapes.User | None) -> str:
    return reference("jira", (user.account_id or "") if user else "")
