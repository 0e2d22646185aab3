"""Pull requests with their commits, reviews, labels and files: one query for a page of them.

Texts are read for marks here and go no further.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from steelyard.errors import SourceDenied
from steelyard.model import ChangedFile, PullRequest, Record, Review
from steelyard.sources import marks
from steelyard.sources.github.answers import (
    CommitNode,
    Connection,
    FileNode,
    Named,
    PullRequestCommit,
    PullRequestNode,
    Raw,
    ReviewNode,
)
from steelyard.sources.github.api import VENDOR, Api, Refusal, Size
from steelyard.sources.github.newest_first import Batch, Item
from steelyard.sources.github.references import (
    accounts,
    author_accounts,
    author_login,
    login_of,
    person,
)
from steelyard.sources.github.repositories import SIGN_ON, Repository
from steelyard.sources.github.rounds import Skipped
from steelyard.sources.marks import Marks
from steelyard.sources.shapes import read, utc

_LISTS: dict[str, type[Any]] = {
    "labels": Connection[Named],
    "reviews": Connection[ReviewNode],
    "commits": Connection[PullRequestCommit],
    "files": Connection[FileNode],
}
# A merge by what git writes: to ask for a commit's parents would cost twenty times as much.
_MERGE = re.compile(r"Merge (branch|remote-tracking branch|pull request|commit|tag) ")
_PENDING = "PENDING"  # a review that is being written, shown to its author only


def fetch(api: Api, repository: Repository, size: Size, order: str, after: str | None) -> Batch:
    """A page of pull requests, whole."""
    variables = {**repository.variables, "order": order, "after": after}
    data, refusals = api.query("pull_requests", variables, size)
    page, notes = listed(data, refusals, repository, "pullRequests", "Pull requests: read")
    items = []
    for row in page.found:
        node, more = _whole(api, row, repository)
        items.append(Item(utc(node.created_at), utc(node.updated_at), _records(node, repository)))
        notes += more
    return Batch(tuple(items), page.after, tuple(notes))


def listed(
    data: dict[str, Any],
    refusals: list[Refusal],
    repository: Repository,
    what: str,
    permission: str,
) -> tuple[Raw, list[str]]:
    """A repository's list, and notes on what of it may not be seen.

    Raises Skipped when the repository may not be seen, SourceDenied when only the list may not.
    """
    said = "; ".join(dict.fromkeys(refusal.message for refusal in refusals)) or "it is not there"
    if any(refusal.sign_on for refusal in refusals):
        raise SourceDenied(f"{VENDOR} does not show {repository.path}: {said}.", SIGN_ON)
    found = data.get("repository")
    refused = {refusal.path[1] for refusal in refusals if 1 < len(refusal.path) <= 2}
    if what in refused or (found and found.get(what) is None):
        raise SourceDenied(
            f"{VENDOR} does not allow {permission.split(':')[0].lower()} of {repository.path}:"
            f" {said}.",
            f"Give the token the permission {permission}.",
            permission,
        )
    if not found:
        raise Skipped(said)
    page = read(VENDOR, f"list of {what} of {repository.path}", Raw, found[what])
    return page, [f"Something of {repository.path} may not be seen: {said}."] if refusals else []


def _whole(
    api: Api, row: dict[str, Any], repository: Repository
) -> tuple[PullRequestNode, list[str]]:
    """A pull request with the further pages of its lists."""
    node = read(VENDOR, f"pull request {row.get('number')}", PullRequestNode, row)
    size = Size(1)
    while rest := {name: after for name in _LISTS if (after := _after(node, name))}:
        variables: dict[str, Any] = {"id": node.id, **rest}
        variables |= {f"with{name.title()}": name in rest for name in _LISTS}
        data, _ = api.query("pull_request_more", variables, size)
        more = data.get("node") or {}
        if not more:
            break
        for name in rest:
            found = read(VENDOR, f"pull request {node.number}", _LISTS[name], more.get(name))
            node = replace(node, **{name: _joined(getattr(node, name), found)})
    return node, _short(node, repository)


def _after(node: PullRequestNode, name: str) -> str | None:
    found = getattr(node, name)
    return found.after if found else None


def _joined(first: Connection[Any], more: Connection[Any]) -> Connection[Any]:
    return replace(more, nodes=[*(first.nodes or ()), *(more.nodes or ())])


def _short(node: PullRequestNode, repository: Repository) -> list[str]:
    """GitHub lists no more than 250 commits and 3,000 files of a pull request."""
    lists = {"commits": node.commits, "files": node.files}
    return [
        f"{VENDOR} lists {len(found.found):,} of {found.total_count:,} {name} of"
        f" {repository.path}#{node.number}."
        for name, found in lists.items()
        if found and _is_short(found)
    ]


def _is_short(found: Connection[Any]) -> bool:
    return found.total_count is not None and len(found.nodes or ()) < found.total_count


def _records(node: PullRequestNode, repository: Repository) -> tuple[Record, ...]:
    key = f"{repository.key}#{node.number}"
    commits = [one.commit for one in node.commits.found] if node.commits else []
    reviews = [one for one in node.reviews.found if one.state != _PENDING] if node.reviews else []
    logins = [login_of(node.author), login_of(node.merged_by)]
    logins += [login_of(review.author) for review in reviews]
    return (
        _pull_request(node, key, repository, commits),
        *(_review(review, key, repository) for review in reviews),
        *_files(node, key, repository),
        *accounts(logins),
        *author_accounts(commit.author for commit in commits),
    )


def _pull_request(
    node: PullRequestNode, key: str, repository: Repository, commits: list[CommitNode]
) -> PullRequest:
    labels = tuple(label.name for label in node.labels.found) if node.labels else ()
    text = "\n".join(filter(None, (node.title, node.head_ref_name, node.body)))
    login = login_of(node.author)
    own = marks.of_request(text, labels=labels, author=login, repo=repository.key)
    theirs = [_commit_marks(commit, repository) for commit in commits]
    every = marks.combined([own, *theirs])
    return PullRequest(
        key=key,
        repo=repository.key,
        number=node.number,
        author=person(node.author),
        author_email=_email(login, commits),
        state=node.state.lower(),
        draft=node.is_draft,
        created_at=utc(node.created_at),
        ready_at=_ready(node),
        first_commit_at=_first(commits),
        merged_at=utc(node.merged_at),
        closed_at=utc(node.closed_at),
        updated_at=utc(node.updated_at),
        merged_by=person(node.merged_by),
        base=node.base_ref_name or "",
        merge_sha=node.merge_commit.oid if node.merge_commit else "",
        head_sha=node.head_ref_oid or "",
        additions=node.additions,
        deletions=node.deletions,
        files=node.changed_files,
        commits=node.commits.total_count if node.commits else None,
        human_commits_after_open=_human_after_open(node, commits, theirs),
        commit_shas=tuple(commit.oid for commit in commits),
        labels=labels,
        assistants=every.assistants,
        evidence=every.evidence,
        issues=every.issues,
        reverts=own.reverts,
    )


def _commit_marks(commit: CommitNode, repository: Repository) -> Marks:
    author = commit.author
    return marks.of_commit(
        commit.message or "",
        author_email=(author.email or "") if author else "",
        author_name=(author.name or "") if author else "",
        repo=repository.key,
    )


def _email(login: str, commits: list[CommitNode]) -> str:
    """The author's address is not shown, but that of the commits which GitHub says are theirs."""
    for commit in commits:
        if login and author_login(commit.author).lower() == login.lower():
            return (commit.author.email or "").lower() if commit.author else ""
    return ""


def _ready(node: PullRequestNode) -> dt.datetime | None:
    """When it was first marked ready; from its creation on where it never was a draft."""
    if events := node.timeline_items.found:
        return utc(events[0].created_at)
    return None if node.is_draft else utc(node.created_at)


def _first(commits: list[CommitNode]) -> dt.datetime | None:
    """By the day of writing, which a rebase leaves alone; merges of the base are no work here."""
    own = [commit.authored_date for commit in commits if not _is_merge(commit)]
    return utc(min((time for time in own if time), default=None))


def _human_after_open(
    node: PullRequestNode, commits: list[CommitNode], found: list[Marks]
) -> int | None:
    """Commits written after opening, by nobody's assistant. Unknown where not all are listed."""
    if node.commits is None or _is_short(node.commits):
        return None
    return sum(_is_late_and_human(node, *pair) for pair in zip(commits, found, strict=True))


def _is_late_and_human(node: PullRequestNode, commit: CommitNode, found: Marks) -> bool:
    late = commit.authored_date is not None and commit.authored_date > node.created_at
    email = (commit.author.email or "") if commit.author else ""
    human = not found.assistants and not marks.is_bot(email)
    return late and human and not _is_merge(commit)


def _is_merge(commit: CommitNode) -> bool:
    return bool(_MERGE.match(commit.message or ""))


def _review(node: ReviewNode, key: str, repository: Repository) -> Review:
    return Review(
        key=node.id,
        repo=repository.key,
        pull_request=key,
        reviewer=person(node.author),
        state=node.state.lower(),
        submitted_at=utc(node.submitted_at),
    )


def _files(node: PullRequestNode, key: str, repository: Repository) -> Iterator[ChangedFile]:
    for file in node.files.found if node.files else ():
        yield ChangedFile(
            key=f"{key}:{file.path}",
            repo=repository.key,
            pull_request=key,
            path=file.path,
            status=(file.change_type or "").lower(),
            additions=file.additions,
            deletions=file.deletions,
        )
