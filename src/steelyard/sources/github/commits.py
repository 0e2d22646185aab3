"""Commits of the default branch: its whole history once, then what each new head brought.

GitHub's `since` goes by the committer's date, so work that was written long ago and merged today
would be missed. Comparing the old head with the new one misses nothing and is a list that no push
can change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from steelyard.errors import SourceError, TimedOut
from steelyard.model import Commit, Record, reference
from steelyard.sources import marks
from steelyard.sources.github.answers import CommitNode
from steelyard.sources.github.api import VENDOR, Api, Size
from steelyard.sources.github.pull_requests import listed
from steelyard.sources.github.references import accounts, author_accounts, author_login
from steelyard.sources.github.repositories import Repository
from steelyard.sources.github.rounds import Mark, Place, Skipped, Step
from steelyard.sources.shapes import read, utc

_PAGE = 100
_LOT = 50
_PERMISSION = "Contents: read"


def steps(
    api: Api, repository: Repository, mark: Mark, place: Place, since: dt.datetime | None
) -> Iterator[Step]:
    """The steps of one repository; none when its head is where it was, or when it is empty."""
    if not repository.head or (not place and repository.head == mark.get("head")):
        return
    if not place:
        place = {"head": repository.head, "from": mark.get("head", "")}
    if place["from"]:
        yield from _since_head(api, repository, place, since)
    else:
        yield from _history(api, repository, place, since)


def _since_head(
    api: Api, repository: Repository, place: Place, since: dt.datetime | None
) -> Iterator[Step]:
    """What is reachable from the new head and was not from the old one, oldest first."""
    page = place.get("page", 1)
    url = f"/repos/{repository.path}/compare/{place['from']}...{place['head']}"
    while True:
        try:
            reply = api.rest.get(url, {"per_page": _PAGE, "page": page})
        except SourceError as error:
            if getattr(error, "status", 0) != 404:
                raise
            # The old head vanished in a forced push, or the one of this pass did.
            yield from _history(api, repository, {"head": repository.head, "from": ""}, since)
            return
        ids = [str(row["node_id"]) for row in reply.data.get("commits") or ()]
        records = _records(_by_id(api, ids, repository), repository)
        if not reply.links.get("next"):
            yield Step(records, mark={"head": place["head"]})
            return
        page += 1
        yield Step(records, place={**place, "page": page})


def _by_id(api: Api, ids: list[str], repository: Repository) -> list[dict[str, Any]]:
    """In lots that GitHub manages in its ten seconds: line counts are slow to compute."""
    if not ids:
        return []
    if len(ids) > _LOT:
        return _by_id(api, ids[:_LOT], repository) + _by_id(api, ids[_LOT:], repository)
    try:
        data, refusals = api.query("commits", {"ids": ids})
    except TimedOut:
        if len(ids) == 1:
            raise
        half = len(ids) // 2
        return _by_id(api, ids[:half], repository) + _by_id(api, ids[half:], repository)
    nodes = [node for node in data.get("nodes") or () if node]
    if len(nodes) < len(ids):
        said = refusals[0].message if refusals else "it is not there"
        raise Skipped(f"a commit cannot be read ({said})")
    return nodes


def _history(
    api: Api, repository: Repository, place: Place, since: dt.datetime | None
) -> Iterator[Step]:
    """The history of one head: its pages stay as they are, whatever is pushed meanwhile."""
    size = Size(_PAGE)
    while True:
        variables = {
            **repository.variables,
            "head": place["head"],
            "since": since.isoformat() if since else None,
            "after": place.get("after"),
        }
        data, refusals = api.query("history", variables, size)
        found = data.get("repository") or {}
        if found and not found.get("object") and not refusals:
            raise Skipped("its default branch was replaced while it was read")
        inner = {"repository": found["object"]} if found.get("object") else data
        page, notes = listed(inner, refusals, repository, "history", _PERMISSION)
        records = _records(page.found, repository)
        if page.after is None:
            yield Step(records, mark={"head": place["head"]}, notes=tuple(notes))
            return
        place = {**place, "after": page.after}
        yield Step(records, place=place, notes=tuple(notes))


def _records(rows: list[dict[str, Any]], repository: Repository) -> list[Record]:
    nodes = [read(VENDOR, f"commit {row.get('oid')}", CommitNode, row) for row in rows]
    logins = (author_login(node.author) for node in nodes)
    return [
        *(_commit(node, repository) for node in nodes),
        *accounts(logins),
        *author_accounts(node.author for node in nodes),
    ]


def _commit(node: CommitNode, repository: Repository) -> Commit:
    author = node.author
    email, name = ((author.email or ""), (author.name or "")) if author else ("", "")
    found = marks.of_commit(
        node.message or "", author_email=email, author_name=name, repo=repository.key
    )
    return Commit(
        key=node.oid,
        repo=repository.key,
        sha=node.oid,
        author=reference("github", author_login(author)),
        author_email=email.lower(),
        author_name=name,
        authored_at=utc(node.authored_date),
        committed_at=utc(node.committed_date),
        is_merge=node.parents.total_count > 1,
        additions=node.additions,
        deletions=node.deletions,
        files=node.changed_files_if_available,
        assistants=found.assistants,
        evidence=found.evidence,
        issues=found.issues,
        reverts=found.reverts,
    )
