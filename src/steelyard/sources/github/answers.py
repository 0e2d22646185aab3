"""Shapes of GitHub's answers. Required is only what a record cannot be without."""

from __future__ import annotations

import datetime as dt
from typing import Any, Generic, TypeVar

import msgspec

Node = TypeVar("Node")


class Shape(msgspec.Struct, rename="camel"):
    """GraphQL's fields are written in camel case."""


class PageInfo(Shape):
    has_next_page: bool
    end_cursor: str | None = None


class Nodes(Shape, Generic[Node]):
    """A list without pages."""

    nodes: list[Node | None] | None = None

    @property
    def found(self) -> list[Node]:
        return [node for node in self.nodes or () if node is not None]


class Connection(Shape, Generic[Node]):
    """A list in pages. A node that may not be seen is null."""

    page_info: PageInfo
    nodes: list[Node | None] | None = None
    total_count: int | None = None

    @property
    def found(self) -> list[Node]:
        return [node for node in self.nodes or () if node is not None]

    @property
    def after(self) -> str | None:
        """Where the next page begins, None on the last one."""
        return self.page_info.end_cursor if self.page_info.has_next_page else None


class Raw(Shape):
    """A list whose nodes are read one by one, so that trouble names the one."""

    page_info: PageInfo
    nodes: list[dict[str, Any] | None] | None = None
    total_count: int | None = None

    @property
    def found(self) -> list[dict[str, Any]]:
        return [node for node in self.nodes or () if node is not None]

    @property
    def after(self) -> str | None:
        return self.page_info.end_cursor if self.page_info.has_next_page else None


class Actor(msgspec.Struct):
    """Whoever did something; null once the account is deleted."""

    login: str
    typename: str = msgspec.field(default="User", name="__typename")


class User(Shape):
    login: str


class GitActor(Shape):
    name: str | None = None
    email: str | None = None
    user: User | None = None


class Count(Shape):
    total_count: int = 0


class Oid(Shape):
    oid: str


class Named(Shape):
    name: str


class CommitNode(Shape):
    oid: str
    message: str | None = None
    authored_date: dt.datetime | None = None
    committed_date: dt.datetime | None = None
    additions: int | None = None
    deletions: int | None = None
    changed_files_if_available: int | None = None
    parents: Count = msgspec.field(default_factory=Count)
    author: GitActor | None = None


class PullRequestCommit(Shape):
    commit: CommitNode


class FileNode(Shape):
    path: str
    change_type: str | None = None
    additions: int | None = None
    deletions: int | None = None


class ReviewNode(Shape):
    id: str
    state: str
    submitted_at: dt.datetime | None = None
    author: Actor | None = None


class Ready(Shape):
    created_at: dt.datetime | None = None


class PullRequestNode(Shape):
    id: str
    number: int
    created_at: dt.datetime
    updated_at: dt.datetime
    state: str
    labels: Connection[Named] | None = None
    reviews: Connection[ReviewNode] | None = None
    commits: Connection[PullRequestCommit] | None = None
    files: Connection[FileNode] | None = None
    timeline_items: Nodes[Ready] = msgspec.field(default_factory=Nodes)
    title: str | None = None
    body: str | None = None
    is_draft: bool = False
    merged_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    base_ref_name: str | None = None
    head_ref_name: str | None = None
    head_ref_oid: str | None = None
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    author: Actor | None = None
    merged_by: Actor | None = None
    merge_commit: Oid | None = None


class IssueNode(Shape):
    number: int
    created_at: dt.datetime
    updated_at: dt.datetime
    state: str | None = None
    state_reason: str | None = None
    closed_at: dt.datetime | None = None
    author: Actor | None = None
    assignees: Nodes[User] = msgspec.field(default_factory=Nodes)
    labels: Nodes[Named] | None = None


class StatusNode(Shape):
    state: str
    created_at: dt.datetime


class DeploymentNode(Shape):
    id: str
    created_at: dt.datetime
    database_id: int | None = None
    commit_oid: str | None = None
    environment: str | None = None
    state: str | None = None
    ref: Named | None = None
    creator: Actor | None = None
    latest_status: StatusNode | None = None
    statuses: Nodes[StatusNode] | None = None


class ReleaseNode(Shape):
    id: str
    created_at: dt.datetime
    database_id: int | None = None
    published_at: dt.datetime | None = None
    tag_name: str | None = None
    is_draft: bool = False
    is_prerelease: bool = False
    author: User | None = None
    tag_commit: Oid | None = None


class RestUser(msgspec.Struct):
    login: str
    type: str = "User"


class RunRow(msgspec.Struct):
    """A run of a workflow, from REST."""

    id: int
    created_at: dt.datetime
    status: str | None = None
    conclusion: str | None = None
    name: str | None = None
    event: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    run_attempt: int | None = None
    run_started_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    actor: RestUser | None = None


class RunPage(msgspec.Struct):
    total_count: int
    workflow_runs: list[dict[str, Any]]


class Branch(Shape):
    name: str
    target: Oid | None = None


class Newest(Shape):
    updated_at: dt.datetime | None = None
    created_at: dt.datetime | None = None


class RepositoryNode(Shape):
    id: str
    name_with_owner: str
    url: str
    created_at: dt.datetime
    is_fork: bool = False
    is_archived: bool = False
    is_disabled: bool = False
    default_branch_ref: Branch | None = None
    pull_requests: Nodes[Newest] | None = None
    issues: Nodes[Newest] | None = None
    deployments: Nodes[Newest] | None = None
    releases: Nodes[Newest] | None = None


class Member(Shape):
    login: str
    name: str | None = None
    organization_verified_domain_emails: list[str] | None = None


class Value(Shape):
    value: str


class Attributes(Shape):
    name_id: str | None = None
    username: str | None = None
    emails: list[Value] | None = None


class Identity(Shape):
    saml_identity: Attributes | None = None
    scim_identity: Attributes | None = None
    user: User | None = None


class TeamEdge(Shape):
    role: str | None = None
    node: User | None = None


class TeamMembers(Shape):
    page_info: PageInfo
    edges: list[TeamEdge | None] | None = None


class TeamNode(Shape):
    id: str
    slug: str
    name: str
    members: TeamMembers
