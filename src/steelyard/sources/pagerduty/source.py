"""Reads PagerDuty's REST API v2: incidents in slices of time, their logs, and users.

Two limits shape it: a search covers at most six months and 10,000 incidents, and it finds incidents
by their creation only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

from msgspec.structs import replace
from pydantic import Field

from steelyard.errors import BadValue, SourceChanged, SourceDenied, SourceError
from steelyard.model import Account, Incident
from steelyard.sources import shapes
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.network import Http, Network
from steelyard.sources.pagerduty import answers
from steelyard.sources.pagerduty.answers import IncidentRow, LogEntry
from steelyard.sources.pagerduty.place import AHEAD, LIMIT, REACH, Place, place_of

SLICE = dt.timedelta(days=90)
_OPEN = ("triggered", "acknowledged")


class PagerDutyOptions(Options):
    token: Secret = Field(description="A read-only REST API key, or a scoped OAuth access token.")
    since: dt.date | None = Field(
        None, description="First day of the back-fill; by default a year before the first run."
    )
    repositories: str = Field(
        "",
        description="Which repository a service runs: `Checkout=github.com/acme/shop, …`.",
    )
    log: bool = Field(
        True,
        description="Read each incident's log, one call each: when it was first acknowledged, "
        "and by whom.",
    )
    base_url: str = Field(
        "https://api.pagerduty.com", description="https://api.eu.pagerduty.com for EU accounts."
    )


class PagerDuty(Source):
    kind: ClassVar[str] = "pagerduty"
    title: ClassVar[str] = "PagerDuty"
    Options: ClassVar[type[Options]] = PagerDutyOptions

    options: PagerDutyOptions

    def __init__(self, options: PagerDutyOptions, network: Network) -> None:
        super().__init__(options, network)
        self.repos = repositories(options.repositories)

    @cached_property
    def http(self) -> Http:
        token = self.options.token.get_secret_value()
        # Scoped OAuth tokens begin with their region; keys do not.
        bearer = token.startswith(("pdus+", "pdeu+"))
        headers = {
            "authorization": f"Bearer {token}" if bearer else f"Token token={token}",
            "accept": "application/vnd.pagerduty+json;version=2",
        }
        return self.network.client(self.options.base_url, headers=headers)

    def streams(self) -> Sequence[Stream]:
        return (
            Stream("users", self.users, (Account.kind,)),
            Stream("incidents", self.incidents, (Incident.kind,)),
        )

    def users(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """All users, every time: there are few, and PagerDuty cannot say which changed."""
        offset = int(cursor or 0)
        while True:
            found, more = self._list("users", offset)
            offset += len(found)
            accounts = [answers.account(answers.user(row)) for row in found]
            yield Page(accounts, str(offset) if more and found else "", offset)
            if not more or not found:
                return

    def incidents(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """Those created since, and before them what was open when last read."""
        place = place_of(cursor, self._first(now))
        if place.ended:
            for page, reached in self._reread(place):
                yield page
                place = reached
            place = replace(place, ended=False)
        while not place.ended:
            page, place = self._created(place, now)
            yield page

    def _created(self, place: Place, now: dt.datetime) -> tuple[Page, Place]:
        end = now + AHEAD
        until = min(place.at + SLICE, end)
        window = {"since": place.at.isoformat(), "until": until.isoformat()}
        found, more = self._list("incidents", place.offset, sort_by="created_at:asc", **window)
        rows = [answers.incident(row) for row in found]
        records = [self._record(row) for row in rows]
        place = place.noting(rows)
        if more and rows:
            place = place.page_on(shapes.utc(rows[-1].created_at), len(rows))
        elif until < end:
            place = place.slice_on(until)
        else:
            place = place.after(now)
        return Page(records, place.cursor()), place

    def _reread(self, place: Place) -> Iterator[tuple[Page, Place]]:
        """Those open at the last reading that have changed since, in pages."""
        records: list[Incident] = []
        notes: list[str] = []
        for key, row in self._of_open(place.open):
            if row is None:
                notes.append(f"The open incident {key} is not there any more.")
                place = place.forgetting(key)
                continue
            records.append(self._record(row))
            place = place.noting([row])
            if len(records) == LIMIT:
                yield Page(records, place.cursor(), notes=tuple(notes)), place
                records, notes = [], []
        if records or notes:
            yield Page(records, place.cursor(), notes=tuple(notes)), place

    def _of_open(self, known: dict[str, str]) -> Iterator[tuple[str, IncidentRow | None]]:
        """What became of each, left out where nothing changed."""
        if not known:
            return
        still = {row.id: row for row in self._open_ones()}
        for key, stamp in known.items():
            if key not in still:
                yield key, self._one(key)
            elif still[key].stamp != stamp:
                yield key, still[key]

    def _open_ones(self) -> Iterator[IncidentRow]:
        """As many as PagerDuty lists; any others are asked for one by one."""
        offset, more = 0, True
        while more and offset + LIMIT <= REACH:
            found, more = self._list("incidents", offset, statuses=_OPEN, date_range="all")
            yield from map(answers.incident, found)
            offset, more = offset + len(found), more and bool(found)

    def _one(self, key: str) -> IncidentRow | None:
        try:
            data = self.http.get(f"/incidents/{key}").data
        except SourceError as error:
            if getattr(error, "status", 0) == 404:
                return None
            raise
        return answers.incident(_inside(data, "incident"))

    def _record(self, row: IncidentRow) -> Incident:
        log = list(self._log(row.id)) if self.options.log else []
        return answers.record(row, log, self.repos)

    def _log(self, key: str) -> Iterator[LogEntry]:
        offset, more = 0, True
        while more:
            path = f"incidents/{key}/log_entries"
            found, more = self._list(path, offset, is_overview="true")
            yield from map(answers.log_entry, found)
            offset, more = offset + len(found), more and bool(found)

    def _list(self, path: str, offset: int, **more: Any) -> tuple[list[Any], bool]:
        """Rows from an offset on, and whether there are more of them."""
        statuses = {"statuses[]": list(found)} if (found := more.pop("statuses", None)) else {}
        params = {"limit": LIMIT, "offset": offset, **more, **statuses}
        data = self.http.get(f"/{path}", params).data
        rows = _inside(data, path.rpartition("/")[2])
        if not isinstance(rows, list):
            raise SourceChanged(f"PagerDuty's {path} are not a list.", "Upgrade Steelyard.")
        return rows, bool(data.get("more"))

    def _first(self, now: dt.datetime) -> dt.datetime:
        day = self.options.since or (now - dt.timedelta(days=365)).date()
        return dt.datetime.combine(day, dt.time(), dt.UTC)

    def check(self) -> Iterator[Check]:
        for what, scope in (("incidents", "incidents.read"), ("users", "users.read")):
            try:
                self.http.get(f"/{what}", {"limit": 1})
                yield Check(what, True)
            except SourceDenied as error:
                wrong = "does not accept" in error.message
                hint = error.hint if wrong else f"A scoped OAuth token needs {scope}."
                yield Check("token" if wrong else what, False, error.message, hint)
                if wrong:
                    return
        yield from self._check_services()

    def _check_services(self) -> Iterator[Check]:
        """Whether the services that repositories are given for exist."""
        if not self.repos:
            return
        offset, more, names = 0, True, set[str]()
        try:
            while more:
                found, more = self._list("services", offset)
                names |= {str(row.get(key, "")).lower() for row in found for key in ("id", "name")}
                offset, more = offset + len(found), more and bool(found)
        except SourceDenied as error:
            yield Check(
                "services", False, error.message, "A scoped OAuth token needs services.read."
            )
            return
        unknown = ", ".join(sorted(set(self.repos) - names))
        said = f"There is no service called {unknown}." if unknown else ""
        yield Check("repositories", not unknown, said, "Names are those PagerDuty shows.")


def repositories(text: str) -> dict[str, str]:
    """`Checkout=github.com/acme/shop, …` by service, in lower case. Raises BadValue."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    for service, equals, repo in pairs:
        if not (service.strip() and equals and repo.strip()):
            raise BadValue(
                f"{service.strip()!r} has no repository.",
                "Write service=repository, with commas between them.",
            )
    return {service.strip().lower(): repo.strip().lower() for service, _, repo in pairs}


def _inside(data: Any, name: str) -> Any:
    if isinstance(data, dict) and name in data:
        return data[name]
    raise SourceChanged(f"PagerDuty's answer has no `{name}`.", "An upgrade of Steelyard may help.")
