"""Changes of status, and when the work on an issue began and ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.errors import SourceError
from steelyard.model import Transition, reference
from steelyard.sources.jira.shapes import BulkHistories, Histories, History, Status, User
from steelyard.sources.jira.times import moment_needed
from steelyard.sources.network import Http
from steelyard.sources.shapes import read

_CATEGORIES = {"new": "todo", "indeterminate": "doing", "done": "done"}
_AT_ONCE = 1000
_PER_ISSUE = 100


def category_of(status: Status | None) -> str:
    """todo, doing, done, or '' where Jira does not say."""
    key = status.status_category.key if status and status.status_category else None
    return _CATEGORIES.get(key or "", "")


@dataclass
class Categories:
    """Category by id of a status; names repeat between projects, ids do not."""

    by_id: dict[str, str] = field(default_factory=dict)

    def learn(self, status: Status | None) -> None:
        if status and status.id:
            self.by_id[status.id] = category_of(status)


@dataclass(frozen=True)
class Step:
    """A change of status with the ids that its record does not keep."""

    record: Transition
    from_id: str
    to_id: str
    at: dt.datetime


def steps_of(issue: str, histories: Sequence[History]) -> list[Step]:
    """The changes of status of an issue, oldest first. The key is Jira's id of the change."""
    found = [
        _step(issue, history, place)
        for history in histories
        for place, item in enumerate(history.items)
        if "status" in (item.field_id, item.field)
    ]
    return sorted(found, key=lambda step: (step.at, step.record.key))


def _step(issue: str, history: History, place: int) -> Step:
    item, at = history.items[place], moment_needed(history.created, f"change {history.id}")
    record = Transition(
        key=f"{history.id}.{place}" if place else str(history.id),
        issue=issue,
        from_status=item.from_string or "",
        to_status=item.to_string or "",
        happened_at=at,
        actor=reference("jira", history.author.id if history.author else ""),
    )
    return Step(record, item.from_ or "", item.to or "", at)


def started_at(
    created: dt.datetime, status: Status | None, steps: Sequence[Step], categories: Categories
) -> dt.datetime | None:
    """When it first was in a status of the category "in progress"; None if it never was."""
    first = steps[0].from_id if steps else (status.id if status else None)
    if categories.by_id.get(first or "") == "doing":
        return created
    return next((step.at for step in steps if categories.by_id.get(step.to_id) == "doing"), None)


def done_at(steps: Sequence[Step], categories: Categories) -> dt.datetime | None:
    """When it last came from elsewhere into a status of the category "done"."""
    into = (
        step.at
        for step in reversed(steps)
        if categories.by_id.get(step.to_id) == "done"
        and categories.by_id.get(step.from_id) != "done"
    )
    return next(into, None)


class CloudHistories:
    """Changelogs of many issues in one call, and where a site does not know that, one by one."""

    def __init__(self, http: Http) -> None:
        self.http, self.in_bulk = http, True

    def of(self, issues: Sequence[Mapping[str, Any]]) -> dict[str, list[History]]:
        ids = [str(issue.get("id", "")) for issue in issues]
        if self.in_bulk:
            try:
                return self._bulk(ids)
            except SourceError as error:
                if getattr(error, "status", 0) not in (404, 405, 410):
                    raise
                self.in_bulk = False
        return {issue: list(self._one(issue)) for issue in ids}

    def _bulk(self, ids: Sequence[str]) -> dict[str, list[History]]:
        found: dict[str, list[History]] = {issue: [] for issue in ids}
        token: str | None = ""
        while token is not None:
            asked = {"issueIdsOrKeys": ids, "fieldIds": ["status"], "maxResults": _AT_ONCE}
            asked |= {"nextPageToken": token} if token else {}
            data = self.http.post("/rest/api/3/changelog/bulkfetch", asked).data
            page = read("Jira", "page of changelogs", BulkHistories, data)
            for log in page.issue_change_logs:
                found.setdefault(str(log.issue_id), []).extend(log.change_histories)
            token = page.next_page_token or None
        return found

    def _one(self, issue: str) -> Iterator[History]:
        start = 0
        while True:
            asked = {"startAt": start, "maxResults": _PER_ISSUE}
            data = self.http.get(f"/rest/api/3/issue/{issue}/changelog", asked).data
            page = read("Jira", f"changelog of issue {issue}", Histories, data)
            yield from page.values
            start += len(page.values)
            if not page.values or start >= page.total:
                return


class ServerHistories:
    """Changelogs that came with the issues; asked for again alone where they were cut short."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def of(self, issues: Sequence[Mapping[str, Any]]) -> dict[str, list[History]]:
        return {str(issue.get("id", "")): self._histories(issue) for issue in issues}

    def _histories(self, issue: Mapping[str, Any]) -> list[History]:
        id_ = str(issue.get("id", ""))
        log = read("Jira", f"changelog of issue {id_}", Histories, issue.get("changelog") or {})
        if log.total > len(log.histories):
            asked = {"expand": "changelog", "fields": "created"}
            data = self.http.get(f"/rest/api/2/issue/{id_}", asked).data
            log = read("Jira", f"changelog of issue {id_}", Histories, data.get("changelog") or {})
        return log.histories


def authors(histories: Sequence[History]) -> list[User]:
    return [history.author for history in histories if history.author]
