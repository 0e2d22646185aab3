"""Commits of default branches: by range from the head known last to the head of now.

Asking for commits since a day would miss those written earlier and merged later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from steelyard.errors import SourceError
from steelyard.model import Commit
from steelyard.sources import marks
from steelyard.sources.contract import Page
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import CommitRow, Project
from steelyard.sources.gitlab.api import Api, is_closed_to_us
from steelyard.sources.shapes import utc

PAGE = 100


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a pass stands. Projects before `project` are done with."""

    heads: dict[str, str] = {}  # project → the head of its default branch when last read
    project: int = 0
    head: str = ""  # the head up to which this project is being read
    page: int = 1
    whole: bool = False  # the head known last is not there any more: all is read again

    def cursor(self) -> str:
        return msgspec.json.encode(self).decode()

    def done(self) -> Place:
        known = {str(self.project): self.head} if self.head else {}
        return Place(heads={**self.heads, **known}, project=self.project + 1)


def pages(
    api: Api, projects: Sequence[Project], cursor: str | None, first: dt.datetime
) -> Iterator[Page]:
    """Commits that came onto default branches; of a project read first, those since `first`."""
    place = msgspec.json.decode(cursor, type=Place) if cursor else Place()
    for project in sorted(projects, key=lambda project: project.id):
        if project.id < place.project:
            continue
        if place.project != project.id:
            place = Place(heads=place.heads, project=project.id)
        try:
            for page, reached in _project(api, project, place, first):
                yield page
                place = reached
        except SourceError as error:
            if not is_closed_to_us(error):
                raise
            note = f"{project.path_with_namespace} shows no commits: {error.message}"
            yield Page((), place.cursor(), notes=(note,))
        if place.project == project.id:
            place = replace(place, head="").done()
    yield Page((), Place(heads=place.heads).cursor())


def _project(
    api: Api, project: Project, place: Place, first: dt.datetime
) -> Iterator[tuple[Page, Place]]:
    known = place.heads.get(str(project.id), "")
    head = place.head or _head(api, project)
    if not head or head == known:
        return
    place = replace(place, head=head)
    while place.project == project.id:
        rows, more = _listed(api, project, place, known, first)
        if rows is None:  # rewritten history: the head known last is gone
            place = replace(place, whole=True, page=1)
            continue
        records = [_commit(answers.read("commit", CommitRow, row), project.repo) for row in rows]
        place = replace(place, page=place.page + 1) if more else place.done()
        yield Page(records, place.cursor()), place


def _listed(
    api: Api, project: Project, place: Place, known: str, first: dt.datetime
) -> tuple[list[object] | None, bool]:
    """A page of commits; None where the range cannot be followed."""
    path = f"projects/{project.id}/repository/commits"
    paging = {"per_page": PAGE, "page": place.page, "with_stats": "true"}
    if not known or place.whole:
        return api.rows(path, ref_name=place.head, since=first.isoformat(), **paging)
    try:
        rows, more = api.rows(path, ref_name=f"{known}..{place.head}", **paging)
    except SourceError as error:
        if getattr(error, "status", 0) in (400, 404):
            return None, False
        raise
    # A head that moved, and no commit since: it went back, or servers do not know the old one.
    return (rows or None if place.page == 1 else rows), more


def _head(api: Api, project: Project) -> str:
    """The newest commit of the default branch; '' for an empty repository."""
    if not project.default_branch:
        return ""
    branch = quote(project.default_branch, safe="")
    path = f"projects/{project.id}/repository/branches/{branch}"
    try:
        data = api.get(path).data
    except SourceError as error:
        if getattr(error, "status", 0) == 404:
            return ""
        raise
    return answers.read("commit", CommitRow, (data or {}).get("commit")).id


def marks_of(row: CommitRow, repo: str) -> marks.Marks:
    """What a commit's message and author say of assistants, issues and reverts."""
    email, name = row.author_email or "", row.author_name or ""
    return marks.of_commit(row.message or "", author_email=email, author_name=name, repo=repo)


def _commit(row: CommitRow, repo: str) -> Commit:
    said = marks_of(row, repo)
    return Commit(
        key=row.id,
        repo=repo,
        sha=row.id,
        author_email=row.author_email or "",
        author_name=row.author_name or "",
        authored_at=utc(row.authored_date),
        committed_at=utc(row.committed_date),
        is_merge=len(row.parent_ids or ()) > 1,
        additions=row.stats.additions if row.stats else None,
        deletions=row.stats.deletions if row.stats else None,
        assistants=said.assistants,
        evidence=said.evidence,
        issues=said.issues,
        reverts=said.reverts if "#" not in said.reverts else "",
    )
