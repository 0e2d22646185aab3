"""Time logged in Jira itself. Where Tempo is used it holds the same hours: read one of the two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steelyard.errors import SourceChanged
from steelyard.model import Record, Worklog
from steelyard.sources.contract import Page
from steelyard.sources.jira import shapes
from steelyard.sources.jira.issues import accounts_of, reference_of
from steelyard.sources.jira.site import Flavour, Scope, myself
from steelyard.sources.jira.times import moment_needed
from steelyard.sources.network import Http
from steelyard.sources.shapes import read

_OVERLAP = 60_000  # milliseconds
Changes = Sequence[shapes.ChangedWorklog]


@dataclass(frozen=True)
class WorklogStream:
    """The cursor is a time in milliseconds of Jira's clock, which leaves the last minute out."""

    flavour: Flavour
    scope: Scope

    def changed(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self.flavour.open() as http:
            for values, following in self._pages(http, "updated", cursor):
                yield Page(self._worklogs(http, values), following)

    def deleted(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        with self.flavour.open() as http:
            for values, following in self._pages(http, "deleted", cursor):
                yield Page([_deleted(change) for change in values], following)

    def _pages(self, http: Http, which: str, cursor: str | None) -> Iterator[tuple[Changes, str]]:
        myself(http, self.flavour.api)  # says at once when the token has expired
        since = int(cursor) if cursor else _milliseconds(self.scope.since)
        while True:
            data = http.get(f"{self.flavour.api}/worklog/{which}", {"since": since}).data
            page = read("Jira", f"list of {which} worklogs", shapes.ChangedWorklogs, data)
            until = page.until if page.values and page.until is not None else since
            if page.last_page:
                yield page.values, str(max(since, until - _OVERLAP))
                return
            if until <= since:
                raise SourceChanged("Jira gives the same worklogs again and again.", "Try later.")
            yield page.values, str(until)
            since = until

    def _worklogs(self, http: Http, values: Changes) -> list[Record]:
        if not values:
            return []
        ids = sorted({change.worklog_id for change in values})
        data = http.post(f"{self.flavour.api}/worklog/list", {"ids": ids}).data
        found = read("Jira", "list of worklogs", list[shapes.Worklog], data)
        users = [worklog.author for worklog in found if worklog.author]
        return [*accounts_of(users), *map(_worklog, found)]


def _worklog(found: shapes.Worklog) -> Worklog:
    """The day is the one Jira writes, in the API user's zone."""
    moment_needed(found.started, f"worklog {found.id}")
    return Worklog(
        key=str(found.id),
        issue=str(found.issue_id or ""),
        worker=reference_of(found.author),
        day=dt.date.fromisoformat(found.started[:10]),
        seconds=found.time_spent_seconds,
    )


def _deleted(change: shapes.ChangedWorklog) -> Worklog:
    at = dt.datetime.fromtimestamp(change.updated_time / 1000, dt.UTC)
    return Worklog(key=str(change.worklog_id), day=at.date(), seconds=0)


def _milliseconds(day: dt.date | None) -> int:
    if day is None:
        return 0
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() * 1000)
