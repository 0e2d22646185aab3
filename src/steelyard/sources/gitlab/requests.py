"""Merge requests with their commits, reviews and sizes.

Titles, descriptions, messages and comments are read for the marks in them and go no further.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from steelyard.errors import SourceError
from steelyard.model import ChangedFile, PullRequest, Record, Review
from steelyard.sources import marks
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import CommitRow, Note, Project, RequestRow, Size, who
from steelyard.sources.gitlab.api import Api
from steelyard.sources.gitlab.commits import marks_of
from steelyard.sources.gitlab.walk import Batch
from steelyard.sources.shapes import utc

PAGE = 20
MOST_FILES = 3000  # of one merge request, as other hosts say no more
_STATES = {"opened": "open", "locked": "open", "merged": "merged", "closed": "closed"}
# GitLab's own notes of what happened; they are in English on every server.
_REVIEWS = {
    "approved this merge request": "approved",
    "unapproved this merge request": "dismissed",
    "requested changes": "changes_requested",
}
_READY = ("marked this merge request as **ready**", "unmarked as a **work in progress**")


def fetch(api: Api, project: Project, since: dt.datetime, page: int) -> Batch:
    """Merge requests of a project that changed since."""
    path = f"projects/{project.id}/merge_requests"
    found, more = api.changed(path, since, page, PAGE, state="all", scope="all")
    rows = [answers.read("merge request", RequestRow, row) for row in found]
    sizes, notes = _sizes(api, project, rows)
    records = [
        record
        for row in rows
        for record in _records(api, project, row, sizes.get(row.iid, Size(iid=row.iid)))
    ]
    return Batch([row.updated_at for row in rows], records, more, notes)


def _sizes(
    api: Api, project: Project, rows: Sequence[RequestRow]
) -> tuple[dict[int, Size], tuple[str, ...]]:
    if not rows:
        return {}, ()
    try:
        return api.sizes(project, [row.iid for row in rows]), ()
    except SourceError as error:
        # Some servers close GraphQL; sizes are worth less than the rest.
        return {}, (f"Sizes of merge requests are unknown: {error.message}",)


def _records(api: Api, project: Project, row: RequestRow, size: Size) -> Iterator[Record]:
    path = f"projects/{project.id}/merge_requests/{row.iid}"
    commits = [answers.read("commit", CommitRow, commit) for commit in api.all(f"{path}/commits")]
    listed = api.all(f"{path}/notes", sort="asc", order_by="created_at")
    notes = [answers.read("note", Note, note) for note in listed]
    request = _request(project, row, size, commits, notes)
    yield request
    yield from _files(request, size)
    yield from _reviews(request, notes)
    users = [row.author, row.merge_user or row.merged_by, *(note.author for note in notes)]
    yield from {user.username: answers.account(user) for user in users if user}.values()


def _request(
    project: Project,
    row: RequestRow,
    size: Size,
    commits: Sequence[CommitRow],
    notes: Sequence[Note],
) -> PullRequest:
    repo, total = project.repo, size.diff_stats_summary
    found = [marks_of(commit, repo) for commit in commits]
    said = marks.combined([_own_marks(row, repo), *found])
    authored = [utc(c.authored_date) for c in commits if c.authored_date]
    return PullRequest(
        key=f"{repo}#{row.iid}",
        repo=repo,
        number=row.iid,
        author=who(row.author),
        state=_STATES.get(row.state, row.state),
        draft=_is_draft(row),
        created_at=utc(row.created_at),
        ready_at=_ready(row, notes),
        first_commit_at=min(authored, default=None),
        merged_at=utc(row.merged_at),
        closed_at=utc(row.closed_at or row.merged_at),
        updated_at=utc(row.updated_at),
        merged_by=who(row.merge_user or row.merged_by),
        base=row.target_branch or "",
        merge_sha=_merge_sha(row),
        head_sha=row.sha or "",
        additions=total.additions if total else None,
        deletions=total.deletions if total else None,
        files=total.file_count if total else None,
        commits=len(commits),
        human_commits_after_open=_human_after_open(row, commits, found),
        commit_shas=tuple(commit.id for commit in commits),
        labels=tuple(row.labels or ()),
        assistants=said.assistants,
        evidence=said.evidence,
        issues=said.issues,
        reverts=said.reverts if "#" in said.reverts else "",
    )


def _own_marks(row: RequestRow, repo: str) -> marks.Marks:
    text = "\n".join(filter(None, (row.title, row.source_branch, row.description)))
    author = row.author.username if row.author else ""
    return marks.of_request(text, labels=row.labels or (), author=author, repo=repo)


def _human_after_open(
    row: RequestRow, commits: Sequence[CommitRow], found: Sequence[marks.Marks]
) -> int | None:
    """By when they were written, as a rebase commits all of them anew."""
    if row.created_at is None:
        return None
    opened = utc(row.created_at)
    return sum(
        1
        for commit, mark in zip(commits, found, strict=True)
        if commit.authored_date and utc(commit.authored_date) > opened and not mark.assistants
    )


def _is_draft(row: RequestRow) -> bool:
    return bool(row.draft or row.work_in_progress)


def _ready(row: RequestRow, notes: Sequence[Note]) -> dt.datetime | None:
    """When it last left draft; from the beginning, if it never was one; None while it is one."""
    if _is_draft(row):
        return None
    times = [n.created_at for n in notes if n.system and _said(n).startswith(_READY)]
    return utc(max(times, default=row.created_at))


def _merge_sha(row: RequestRow) -> str:
    """What came onto the target branch; after a fast-forward that is the head itself."""
    if row.state != "merged":
        return ""
    return row.merge_commit_sha or row.squash_commit_sha or row.sha or ""


def _files(request: PullRequest, size: Size) -> Iterator[ChangedFile]:
    for file in (size.diff_stats or ())[:MOST_FILES]:
        yield ChangedFile(
            key=f"{request.key}:{file.path}",
            repo=request.repo,
            pull_request=request.key,
            path=file.path,
            additions=file.additions,
            deletions=file.deletions,
        )


def _reviews(request: PullRequest, notes: Sequence[Note]) -> Iterator[Review]:
    """Approvals and requests for changes, and comments of others than the author."""
    for note in notes:
        state = _REVIEWS.get(_said(note), "") if note.system else "commented"
        reviewer = who(note.author)
        if state and reviewer and (reviewer != request.author or state != "commented"):
            yield Review(
                key=f"{request.key}:{note.id}",
                repo=request.repo,
                pull_request=request.key,
                reviewer=reviewer,
                state=state,
                submitted_at=utc(note.created_at),
            )


def _said(note: Note) -> str:
    return (note.body or "").strip().lower()
