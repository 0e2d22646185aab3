"""A small GitHub: rows in the shapes of its GraphQL API, whose ids and times are always the same.

A row's author is a login (`dependabot[bot]` for a bot, None for a deleted account); commits are
known by their SHA and name their parents, so that history and comparisons are computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


def sha(*words: object) -> str:
    """A commit's name, made from words."""
    return hashlib.sha1("/".join(map(str, words)).encode()).hexdigest()


def commit(oid: str, at: str, author: str | None = "ada", **more: Any) -> Row:
    """A commit with its parents by SHA; `author` also gives name and address."""
    email = f"{author}@acme.example" if author else "gone@old.example"
    return {
        "oid": oid,
        "id": f"C_{oid}",
        "message": "Work",
        "authoredDate": at,
        "committedDate": at,
        "additions": 10,
        "deletions": 2,
        "changedFilesIfAvailable": 1,
        "parents": [],
        "author": {"name": author or "Gone", "email": email, "login": author},
        **more,
    }


def pull_request(number: int, created: str, author: str | None = "ada", **more: Any) -> Row:
    commits = more.get("commits", [])
    return {
        "number": number,
        "title": f"Change {number}",
        "body": "",
        "state": "OPEN",
        "isDraft": False,
        "createdAt": created,
        "updatedAt": created,
        "mergedAt": None,
        "closedAt": None,
        "baseRefName": "main",
        "headRefName": f"work-{number}",
        "headRefOid": commits[-1]["oid"] if commits else sha("head", number),
        "additions": 10,
        "deletions": 2,
        "changedFiles": len(more.get("files", [])),
        "author": author,
        "mergedBy": None,
        "mergeCommit": None,
        "ready": [],
        "labels": [],
        "reviews": [],
        "commits": [],
        "files": [],
        **more,
    }


def review(number: int, author: str | None, at: str, state: str = "APPROVED") -> Row:
    return {"id": f"PRR_{number}", "author": author, "submittedAt": at, "state": state}


def changed_file(path: str, **more: Any) -> Row:
    return {"path": path, "changeType": "MODIFIED", "additions": 3, "deletions": 1, **more}


def issue(number: int, created: str, author: str | None = "ada", **more: Any) -> Row:
    return {
        "number": number,
        "state": "OPEN",
        "stateReason": None,
        "createdAt": created,
        "updatedAt": created,
        "closedAt": None,
        "author": author,
        "assignees": [],
        "labels": [],
        **more,
    }


def deployment(number: int, created: str, *statuses: tuple[str, str], **more: Any) -> Row:
    """`statuses` are pairs of state and time."""
    return {
        "databaseId": number,
        "commitOid": sha("deployed", number),
        "environment": "production",
        "state": "ACTIVE",
        "createdAt": created,
        "creator": "ada",
        "ref": "main",
        "statuses": [{"state": state, "createdAt": at} for state, at in statuses],
        **more,
    }


def release(number: int, at: str, **more: Any) -> Row:
    return {
        "databaseId": number,
        "tagName": f"v{number}",
        "createdAt": at,
        "publishedAt": at,
        "isDraft": False,
        "isPrerelease": False,
        "author": "ada",
        "tagCommit": sha("release", number),
        **more,
    }


def run(number: int, created: str, conclusion: str | None = "success", **more: Any) -> Row:
    """A workflow run as REST writes it; without a conclusion it is still running."""
    return {
        "id": number,
        "name": "CI",
        "head_branch": "main",
        "head_sha": sha("run", number),
        "event": "push",
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "run_attempt": 1,
        "created_at": created,
        "run_started_at": created,
        "updated_at": created,
        "actor": "ada",
        **more,
    }


@dataclass
class Repository:
    """A repository and all that happened in it."""

    nameWithOwner: str  # noqa: N815 - GitHub's name
    createdAt: str = "2026-01-01T00:00:00Z"  # noqa: N815
    id: str = ""
    head: str = ""
    branch: str = "main"
    flags: dict[str, bool] = field(default_factory=dict)  # isFork, isArchived, isDisabled
    commits: dict[str, Row] = field(default_factory=dict)
    pullRequests: list[Row] = field(default_factory=list)  # noqa: N815
    issues: list[Row] = field(default_factory=list)
    deployments: list[Row] = field(default_factory=list)
    releases: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    former_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.id or f"R_{self.nameWithOwner}"

    def push(self, *rows: Row) -> None:
        """Commits onto the default branch, on top of each other unless they name parents."""
        for row in rows:
            if not row["parents"] and self.head:
                row["parents"] = [self.head]
            self.commits[row["oid"]] = row
            self.head = row["oid"]

    def reachable(self, head: str) -> dict[str, Row]:
        found: dict[str, Row] = {}
        waiting = [head] if head in self.commits else []
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found[oid] = self.commits[oid]
                waiting += self.commits[oid]["parents"]
        return found

    def history(self, head: str) -> list[Row]:
        """Newest first, by the committer's date."""
        rows = self.reachable(head).values()
        return sorted(rows, key=lambda row: (row["committedDate"], row["oid"]), reverse=True)

    def between(self, base: str, head: str) -> list[Row]:
        """Oldest first: what is reachable from the head and not from the base."""
        known = self.reachable(base)
        return [row for row in reversed(self.history(head)) if row["oid"] not in known]


@dataclass
class Team:
    name: str
    slug: str
    members: dict[str, str] = field(default_factory=dict)  # login → MEMBER | MAINTAINER


@dataclass
class World:
    """One organisation (or user) and its repositories. Tests and companies change it as they go."""

    organization: str = "acme"
    is_user: bool = False
    repositories: list[Repository] = field(default_factory=list)
    members: dict[str, Row] = field(default_factory=dict)  # login → name, emails
    identities: list[Row] | None = None  # nameId, login; None without single sign-on
    teams: list[Team] = field(default_factory=list)

    def add(self, name: str, **more: Any) -> Repository:
        repository = Repository(f"{self.organization}/{name}", **more)
        self.repositories.append(repository)
        return repository

    def rename(self, repository: Repository, name: str) -> None:
        repository.former_names.append(repository.nameWithOwner)
        repository.nameWithOwner = name

    def find(self, name: str) -> Repository | None:
        """By its name or a former one, which GitHub follows."""
        every: Iterable[Repository] = self.repositories
        wanted = name.lower()
        for one in every:
            if wanted in (known.lower() for known in (one.nameWithOwner, *one.former_names)):
                return one
        return None
