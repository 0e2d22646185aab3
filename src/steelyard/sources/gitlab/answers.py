"""GitLab's answers as far as they are read. Required is only what a record cannot be without."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, TypeVar

import msgspec

from steelyard.model import Account, reference, repository
from steelyard.sources import marks, shapes

VENDOR = "GitLab"
Row = TypeVar("Row")
_TOKENS_BOT = re.compile(r"(project|group)_\d+_bot(_\w+)?")


class User(msgspec.Struct):
    username: str
    name: str | None = None
    bot: bool | None = None


class Identity(msgspec.Struct):
    extern_uid: str | None = None


class Member(User):
    access_level: int | None = None
    expires_at: str | None = None
    email: str | None = None
    public_email: str | None = None
    group_saml_identity: Identity | None = None


class Group(msgspec.Struct):
    id: int
    full_path: str


class Project(msgspec.Struct):
    id: int
    path_with_namespace: str
    web_url: str
    default_branch: str | None = None
    archived: bool | None = None

    @property
    def repo(self) -> str:
        """gitlab.com/acme/app, also of an instance below a path."""
        return repository(self.web_url)


class RequestRow(msgspec.Struct):
    iid: int
    state: str
    updated_at: dt.datetime
    title: str | None = None
    description: str | None = None
    author: User | None = None
    draft: bool | None = None
    work_in_progress: bool | None = None
    created_at: dt.datetime | None = None
    merged_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    merge_user: User | None = None
    merged_by: User | None = None
    source_branch: str | None = None
    target_branch: str | None = None
    sha: str | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    labels: list[str] | None = None


class Stats(msgspec.Struct):
    additions: int | None = None
    deletions: int | None = None


class CommitRow(msgspec.Struct):
    id: str
    message: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    authored_date: dt.datetime | None = None
    committed_date: dt.datetime | None = None
    parent_ids: list[str] | None = None
    stats: Stats | None = None


class Note(msgspec.Struct):
    id: int
    created_at: dt.datetime
    body: str | None = None
    system: bool = False
    author: User | None = None


class PipelineRow(msgspec.Struct):
    id: int
    updated_at: dt.datetime
    status: str = ""
    sha: str | None = None
    ref: str | None = None
    name: str | None = None
    source: str | None = None
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    user: User | None = None


class Environment(msgspec.Struct):
    name: str = ""


class Job(msgspec.Struct):
    finished_at: dt.datetime | None = None


class DeploymentRow(msgspec.Struct):
    id: int
    updated_at: dt.datetime
    status: str = ""
    created_at: dt.datetime | None = None
    sha: str | None = None
    ref: str | None = None
    user: User | None = None
    environment: Environment | None = None
    deployable: Job | None = None


class TimeStats(msgspec.Struct):
    time_estimate: int | None = None


class IssueRow(msgspec.Struct):
    id: int
    iid: int
    state: str
    updated_at: dt.datetime
    issue_type: str | None = None
    created_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    author: User | None = None
    assignees: list[User] | None = None
    labels: list[str] | None = None
    weight: float | None = None
    severity: str | None = None
    time_stats: TimeStats | None = None


class FileStats(msgspec.Struct):
    path: str
    additions: int | None = None
    deletions: int | None = None


class Summary(msgspec.Struct, rename="camel"):
    additions: int | None = None
    deletions: int | None = None
    file_count: int | None = None


class Size(msgspec.Struct, rename="camel"):
    """How much a merge request changes: GraphQL says it, REST does not."""

    iid: int
    diff_stats_summary: Summary | None = None
    diff_stats: list[FileStats] | None = None


def read(what: str, shape: type[Row], data: Any) -> Row:
    """One answer as its shape, named by its number in an error."""
    known = data if isinstance(data, dict) else {}
    number = next((known[key] for key in ("iid", "id", "username") if known.get(key)), "")
    return shapes.read(VENDOR, f"{what} {number}".strip(), shape, data)


def who(user: User | None) -> str:
    return reference("gitlab", user.username) if user else ""


def account(user: User, email: str = "") -> Account:
    """An account; with an address it is a record of its own, as others see no address."""
    name = who(user)
    bot = bool(user.bot) or is_bot(user.username)
    key = f"{name} {email}".strip()
    return Account(key=key, account=name, email=email, name=user.name or "", bot=bot)


def is_bot(username: str) -> bool:
    """Tokens of projects and groups act as users that are nobody."""
    return bool(_TOKENS_BOT.fullmatch(username)) or marks.is_bot(username)
