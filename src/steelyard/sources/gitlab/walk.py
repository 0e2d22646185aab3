"""Goes through projects, and in each through what changed since, oldest change first.

Only the first page after a moment is asked for, and the next from the last change on: no offset
grows, and what changes meanwhile moves to the end, where it is met again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from steelyard.model import Record
from steelyard.sources import shapes
from steelyard.sources.contract import Page
from steelyard.sources.gitlab.answers import Project

OVERLAP = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Batch:
    """A page of one project's rows: when each changed last, and what was made of them."""

    changed: Sequence[dt.datetime] = ()
    records: Sequence[Record] = ()
    more: bool = False
    notes: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a pass stands. Projects before `project` are done with."""

    marks: dict[str, dt.datetime] = {}  # project → from which change on the next pass reads it
    project: int = 0
    since: dt.datetime | None = None
    page: int = 1
    newest: dt.datetime | None = None  # the latest change seen in this project

    def cursor(self) -> str:
        return msgspec.json.encode(self).decode()

    def entering(self, project: int, first: dt.datetime) -> Place:
        """At a project's beginning, or within it where the last run stopped."""
        if self.project == project and self.since:
            return self
        since = self.marks.get(str(project), first)
        return replace(self, project=project, since=since, page=1, newest=None)

    def after(self, batch: Batch) -> Place:
        """The next page of the project, or the next project."""
        assert self.since is not None
        changed = [shapes.utc(moment) for moment in batch.changed]
        newest = max([*changed, *([self.newest] if self.newest else [])], default=None)
        if not batch.more or not changed:
            known = self.marks.get(str(self.project), self.since)
            marks = {**self.marks, str(self.project): newest - OVERLAP if newest else known}
            return Place(marks=marks, project=self.project + 1)
        if changed[-1] > self.since:
            return replace(self, since=changed[-1], page=1, newest=newest)
        return replace(self, page=self.page + 1, newest=newest)  # all changed at one moment


# From a project, a moment and a page to what changed since that moment.
Fetch = Callable[[Project, dt.datetime, int], Batch]


def walk(
    cursor: str | None, projects: Sequence[Project], first: dt.datetime, fetch: Fetch
) -> Iterator[Page]:
    """Pages of all projects; new ones from `first` on, archived ones once."""
    place = msgspec.json.decode(cursor, type=Place) if cursor else Place()
    for project in sorted(projects, key=lambda project: project.id):
        done = project.archived and str(project.id) in place.marks
        if project.id < place.project or done:
            continue
        place = place.entering(project.id, first)
        while place.project == project.id:
            assert place.since is not None
            batch = fetch(project, place.since, place.page)
            place = place.after(batch)
            if batch.records or batch.notes:
                yield Page(batch.records, place.cursor(), notes=batch.notes)
    yield Page((), Place(marks=place.marks).cursor())
