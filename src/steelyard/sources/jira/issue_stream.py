"""Issues by what changed, oldest issue first, so that edits during a pass do not move pages.

Each page's cursor holds the place in the pass and the time from which the next pass will ask. An
issue that changes behind the place is found by the next pass, since that begins before this one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from steelyard.errors import SourceChanged
from steelyard.sources.contract import Page
from steelyard.sources.jira.issues import records_of
from steelyard.sources.jira.search import Found, Search, StaleToken
from steelyard.sources.jira.site import Flavour, Scope, Site, read_site
from steelyard.sources.jira.times import OVERLAP, moment_of

_TOKEN_AGE = dt.timedelta(days=6)  # Jira keeps them for seven days
_RENEWALS = 100


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cursor. `until` is where the next pass begins; `jql` is set while one is under way."""

    scope: str = ""
    points: list[str] = []
    points_lost: bool = False
    absent: list[str] = []
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    jql: str = ""
    token: str = ""
    token_at: dt.datetime | None = None
    created: dt.datetime | None = None
    done: int = 0
    total: int | None = None
    empty: list[str] = []  # projects that gave no issue yet

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @property
    def finished(self) -> Place:
        """The watermark: only what the next pass needs."""
        return Place(
            scope=self.scope,
            points=self.points,
            points_lost=self.points_lost,
            absent=self.absent,
            until=self.until,
            empty=self.empty,
        )


@dataclass(frozen=True)
class IssueStream:
    flavour: Flavour
    scope: Scope

    def pages(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self.flavour.open() as http:
            before = _place(cursor)
            site = read_site(http, self.flavour.api, self.scope, before.points)
            search, changes = self.flavour.search(http), self.flavour.histories(http)
            start = self._start(before, site, now, http.network.skew)
            if start.since is None and start.total is None:
                start = _with(start, total=search.count(start.jql))
            notes = site.notes
            for place, found in self._read(search, site, start, now):
                records = records_of(found.issues, changes, site.custom, site.categories)
                if not found.token:
                    notes += _empty(place)
                saved = place if found.token else place.finished
                yield Page(records, saved.text, place.done, place.total, notes)
                notes = ()

    def _start(self, before: Place, site: Site, now: dt.datetime, skew: dt.timedelta) -> Place:
        """Where to go on, or the first place of a new pass; in the vendor's time, not ours."""
        everything = self._must_read_all(before, site)
        if before.jql and not everything:
            fresh = before.token_at and now - before.token_at < _TOKEN_AGE
            return before if fresh else self._renewed(before, site)
        since = None if everything else before.until
        points, keys = site.custom.points, sorted(site.shown.values())
        return Place(
            scope=self.scope.text,
            points=list(points or before.points),
            points_lost=not points,
            absent=list(site.hidden),
            since=since,
            until=now + skew - OVERLAP,
            jql=site.jql(self.scope, since),
            empty=keys if everything else [key for key in before.empty if key in keys],
        )

    def _must_read_all(self, before: Place, site: Site) -> bool:
        """Whether old issues would come out different today: other projects, another field."""
        points = list(site.custom.points)
        return (
            before.scope != self.scope.text
            or bool(points and (before.points_lost or points != before.points))
            or any(name in site.shown for name in before.absent)
        )

    def _renewed(self, place: Place, site: Site) -> Place:
        """The same pass without its token, from the minute it had come to."""
        jql = site.jql(self.scope, place.since, place.created)
        return _with(place, jql=jql, token="", token_at=None)

    def _read(
        self, search: Search, site: Site, place: Place, now: dt.datetime
    ) -> Iterator[tuple[Place, Found]]:
        renewals = 0
        while True:
            try:
                found = search.find(place.jql, place.token, site.custom.names)
            except StaleToken:
                renewals += 1
                if renewals > _RENEWALS:
                    raise SourceChanged(
                        "Jira's issues change faster than they can be listed.", "Try again later."
                    ) from None
                place = self._renewed(place, site)
                continue
            place = _after(place, found, now)
            yield place, found
            if not found.token:
                return
            if search.is_deep(found.token):
                shorter = self._renewed(place, site)
                place = shorter if shorter.jql != place.jql else place


def _after(place: Place, found: Found, now: dt.datetime) -> Place:
    fields = [issue.get("fields") or {} for issue in found.issues]
    last = moment_of(fields[-1].get("created")) if fields else None
    projects = {str((said.get("project") or {}).get("key")) for said in fields}
    done = place.done + len(found.issues)
    return _with(
        place,
        token=found.token,
        token_at=now,
        created=last or place.created,
        done=done,
        total=None if place.total is None else max(place.total, done),
        empty=[key for key in place.empty if key not in projects],
    )


def _empty(place: Place) -> tuple[str, ...]:
    return tuple(
        f"Project {key} gave no issue: it is empty, or its issues are hidden from this account by"
        " the permission Browse projects or by issue security."
        for key in place.empty
    )


def _place(cursor: str | None) -> Place:
    return msgspec.json.decode(cursor, type=Place) if cursor else Place()


def _with(place: Place, **changes: object) -> Place:
    return msgspec.structs.replace(place, **changes)
