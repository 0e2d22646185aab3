"""Linear's answers as far as they are read, and the records made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from steelyard.errors import SourceChanged
from steelyard.model import Account, Issue, Membership, Transition, reference
from steelyard.sources import shapes

VENDOR = "Linear"
# A state's type → whether work has begun or ended. Triage is before the backlog.
_CATEGORIES = {
    "triage": "todo",
    "backlog": "todo",
    "unstarted": "todo",
    "started": "doing",
    "completed": "done",
    "canceled": "done",
    "duplicate": "done",
}


class Node(msgspec.Struct):
    id: str


class State(msgspec.Struct):
    name: str = ""
    type: str = ""


class Team(msgspec.Struct):
    name: str = ""
    key: str = ""


class Label(msgspec.Struct):
    name: str


class PageInfo(msgspec.Struct, rename="camel"):
    has_next_page: bool
    end_cursor: str | None = None


class Connection(msgspec.Struct, rename="camel"):
    """A page of anything; its rows are read one by one, so that errors can name them."""

    nodes: list[Any]
    page_info: PageInfo

    @property
    def after(self) -> str:
        """The cursor of the next page; '' after the last."""
        return (self.page_info.end_cursor or "") if self.page_info.has_next_page else ""


class Labels(msgspec.Struct):
    nodes: list[Label] = []


class Change(msgspec.Struct, rename="camel"):
    """An entry of an issue's history; most are not about its state."""

    id: str
    created_at: dt.datetime
    actor_id: str | None = None
    from_state_id: str | None = None
    to_state_id: str | None = None


class IssueNode(msgspec.Struct, rename="camel"):
    id: str
    identifier: str
    updated_at: dt.datetime
    created_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    canceled_at: dt.datetime | None = None
    estimate: float | None = None
    priority_label: str | None = None
    trashed: bool | None = None
    state: State | None = None
    team: Team | None = None
    parent: Node | None = None
    creator: Node | None = None
    assignee: Node | None = None
    labels: Labels | None = None
    history: Any = None


class UserNode(msgspec.Struct):
    id: str
    name: str | None = None
    email: str | None = None
    app: bool = False


class MembershipNode(msgspec.Struct):
    id: str
    team: Team
    user: Node
    owner: bool = False


def connection(data: Any, what: str) -> Connection:
    return shapes.read(VENDOR, f"answer about {what}", Connection, data)


def field_of(data: Any, name: str) -> Any:
    if isinstance(data, dict) and name in data:
        return data[name]
    raise SourceChanged(f"Linear's answer has no `{name}`.", "An upgrade of Steelyard may help.")


def issue_node(data: Any) -> IssueNode:
    named = data.get("identifier") or data.get("id") if isinstance(data, dict) else None
    return shapes.read(VENDOR, f"issue {named or 'without id'}", IssueNode, data)


def issue(node: IssueNode) -> Issue:
    """The key is Linear's id, as an issue that moves to another team changes its identifier."""
    state, team = node.state or State(), node.team or Team()
    return Issue(
        key=node.id,
        id=node.id,
        name=node.identifier,
        project=team.key,
        priority=node.priority_label or "",
        status=state.name,
        status_category=_CATEGORIES.get(state.type, ""),
        resolution=_resolution(node, state),
        reporter=_who(node.creator),
        assignee=_who(node.assignee),
        created_at=shapes.utc(node.created_at),
        started_at=shapes.utc(node.started_at),
        resolved_at=shapes.utc(node.completed_at or node.canceled_at),
        updated_at=shapes.utc(node.updated_at),
        story_points=node.estimate,
        parent=node.parent.id if node.parent else "",
        team=team.name,
        labels=tuple(label.name for label in node.labels.nodes) if node.labels else (),
    )


def _resolution(node: IssueNode, state: State) -> str:
    """Why it is done: completed, canceled, duplicate; or `trashed`, to be deleted soon."""
    if node.trashed:
        return "trashed"
    return state.type if _CATEGORIES.get(state.type) == "done" else ""


def transitions(
    node: IssueNode, changes: Iterable[Any], states: Mapping[str, str]
) -> list[Transition]:
    """The changes that are of the issue's state. `states` are names by id."""
    what = f"history of {node.identifier}"
    read = [shapes.read(VENDOR, what, Change, change) for change in changes]
    return [
        Transition(
            key=change.id,
            issue=node.id,
            from_status=states.get(change.from_state_id or "", ""),
            to_status=states.get(change.to_state_id, ""),
            happened_at=shapes.utc(change.created_at),
            actor=reference("linear", change.actor_id or ""),
        )
        for change in read
        if change.to_state_id
    ]


def account(data: Any) -> Account:
    node = shapes.read(VENDOR, "user", UserNode, data)
    who = reference("linear", node.id)
    name, email = node.name or "", node.email or ""
    return Account(key=who, account=who, email=email, name=name, bot=node.app)


def membership(data: Any) -> Membership:
    node = shapes.read(VENDOR, "team membership", MembershipNode, data)
    role = "owner" if node.owner else ""
    return Membership(key=node.id, team=node.team.name, member=_who(node.user), role=role)


def state_name(data: Any) -> tuple[str, str]:
    return str(field_of(data, "id")), str(field_of(data, "name"))


def _who(node: Node | None) -> str:
    return reference("linear", node.id) if node else ""
