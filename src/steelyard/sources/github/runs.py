"""Runs of Actions workflows, in windows of creation: a search shows a thousand runs and no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.errors import SourceChanged, SourceError
from steelyard.model import CiRun, Record, reference
from steelyard.sources.github.answers import RunPage, RunRow
from steelyard.sources.github.api import VENDOR, Api
from steelyard.sources.github.references import accounts
from steelyard.sources.github.repositories import Repository
from steelyard.sources.github.rounds import Mark, Place, Step
from steelyard.sources.network import Reply
from steelyard.sources.shapes import read, utc

MOST = 1000  # runs that one search shows
_PAGE = 100
_SECOND = dt.timedelta(seconds=1)
_RERUN = dt.timedelta(days=3)  # read again: runs are begun anew under the same number
_LONGEST = dt.timedelta(days=35)  # GitHub ends a run that waits this long
_STATUS = {
    "success": "success",
    "neutral": "success",
    "failure": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
}


class Full(Exception):
    """A window holds more runs than a search shows."""


@dataclass(frozen=True)
class Window:
    """Creation from `start` to `end`, both within; without an end, to the present."""

    start: dt.datetime
    end: dt.datetime | None

    def __str__(self) -> str:
        return f"{_text(self.start)}..{_text(self.end)}" if self.end else f">={_text(self.start)}"


@dataclass
class Reading:
    """One repository in one pass; `branch` '' for all branches."""

    api: Api
    repository: Repository
    now: dt.datetime
    since: dt.datetime | None
    branch: str = ""
    width: dt.timedelta | None = None  # of a window; None reaches to the present

    def steps(self, mark: Mark, place: Place) -> Iterator[Step]:
        """A step a window; none when GitHub says that nothing changed since the mark."""
        at = {"from": mark.get("to") or _text(self._first()), "newest": "", "open": ""} | place
        known = "" if place else mark.get("etag", "")
        while True:
            window = self._window(dt.datetime.fromisoformat(at["from"]))
            try:
                rows, etag = self._rows(window, known)
            except Full:
                if not self._narrow(window):
                    raise SourceChanged(*_endless(self.repository, window)) from None
                continue
            if rows is None:
                return
            at = _noted(at, rows)
            records = _records(rows, self.repository)
            if window.end is None:
                yield Step(records, mark=self._mark(at, etag))
                return
            self._widen(len(rows))
            at = {**at, "from": _text(window.end + _SECOND)}
            yield Step(records, place=at)

    def _first(self) -> dt.datetime:
        created = self.repository.created_at
        return max(self.since, created) if self.since else created

    def _window(self, start: dt.datetime) -> Window:
        end = start + self.width if self.width is not None else None
        return Window(start, end if end and end < self._latest(start) else None)

    def _latest(self, start: dt.datetime) -> dt.datetime:
        """Later than any run, though their clock may be ahead of ours."""
        return max(self.now + dt.timedelta(days=1), start + _SECOND)

    def _narrow(self, window: Window) -> bool:
        """Half the window; False when it is a single second."""
        span = (window.end or self._latest(window.start)) - window.start
        self.width = dt.timedelta(seconds=int(span.total_seconds()) // 2)
        return bool(span)

    def _widen(self, found: int) -> None:
        if self.width is not None and found < MOST // 4:
            self.width = self.width * 2 + _SECOND

    def _rows(self, window: Window, etag: str) -> tuple[list[RunRow] | None, str]:
        """The runs of a window, None when they are as they were, with the tag for asking again.

        A tag speaks for one page, so there is none for more. Raises Full.
        """
        asked = {"created": str(window), "per_page": _PAGE, "exclude_pull_requests": "true"}
        asked |= {"branch": self.branch} if self.branch else {}
        headers = {"if-none-match": etag} if etag else {}
        url = f"/repos/{self.repository.path}/actions/runs"
        try:
            reply = self.api.rest.get(url, asked, headers=headers)
            if reply.status == 304:
                return None, etag
            rows = self._page(reply)
            tag = "" if reply.links.get("next") else str(reply.headers.get("etag", ""))
            while following := reply.links.get("next"):
                reply = self.api.rest.get(following)
                rows += self._page(reply)
        except SourceError as error:
            if getattr(error, "status", 0) == 422:
                raise Full from None
            raise
        return rows, tag

    def _page(self, reply: Reply) -> list[RunRow]:
        what = f"list of runs of {self.repository.path}"
        page = read(VENDOR, what, RunPage, reply.data)
        if page.total_count >= MOST:
            raise Full
        return [read(VENDOR, f"run {row.get('id')}", RunRow, row) for row in page.workflow_runs]

    def _mark(self, at: Place, etag: str) -> Mark:
        """The next pass begins at what may still change: the last days, and what has no end."""
        newest = dt.datetime.fromisoformat(at["newest"]) if at["newest"] else None
        recent = newest - _RERUN if newest else dt.datetime.fromisoformat(at["from"])
        if at["open"] and self.now - dt.datetime.fromisoformat(at["open"]) < _LONGEST:
            recent = min(recent, dt.datetime.fromisoformat(at["open"]))
        to = _text(recent)
        # The tag belongs to the address, and so to where the window begins.
        return {"to": to, "etag": etag} if to == at["from"] else {"to": to}


def _noted(at: Place, rows: list[RunRow]) -> Place:
    """The newest run seen, and the oldest that has not ended."""
    created = [_text(utc(row.created_at)) for row in rows]
    still = [_text(utc(row.created_at)) for row in rows if row.status != "completed"]
    opened = [*still, *([at["open"]] if at["open"] else [])]
    return {**at, "newest": max([at["newest"], *created]), "open": min(opened, default="")}


def _endless(repository: Repository, window: Window) -> tuple[str, str]:
    said = f"{repository.path} has {MOST} runs or more in one second, at {_text(window.start)}."
    return said, "Set runs=default-branch or runs=none for this source."


def _records(rows: list[RunRow], repository: Repository) -> list[Record]:
    logins = [row.actor.login for row in rows if row.actor]
    return [*(_run(row, repository) for row in rows), *accounts(logins)]


def _run(row: RunRow, repository: Repository) -> CiRun:
    ended = row.status == "completed"
    return CiRun(
        key=f"{repository.key}:run:{row.id}",
        repo=repository.key,
        sha=row.head_sha or "",
        branch=row.head_branch or "",
        workflow=row.name or "",
        event=row.event or "",
        attempt=row.run_attempt,
        status=_STATUS.get(row.conclusion or "", "cancelled") if ended else "running",
        started_at=utc(row.run_started_at or row.created_at),
        finished_at=utc(row.updated_at) if ended else None,
        actor=reference("github", row.actor.login) if row.actor else "",
    )


def _text(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
