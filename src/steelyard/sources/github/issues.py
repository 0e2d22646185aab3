"""Issues; pull requests are not among them. Labels say type, priority and whether it is begun."""

from __future__ import annotations

import re

from steelyard.model import Issue, reference
from steelyard.sources.github.answers import IssueNode
from steelyard.sources.github.api import VENDOR, Api, Size
from steelyard.sources.github.newest_first import Batch, Item
from steelyard.sources.github.pull_requests import listed
from steelyard.sources.github.references import accounts, login_of, person
from steelyard.sources.github.repositories import Repository
from steelyard.sources.shapes import read, utc

# `type: bug`, `kind/bug`, `bug`; `priority: high`, `P1`.
_SAID = re.compile(r"(type|kind|priority|prio|severity)\s*[:/=-]\s*(.+)", re.IGNORECASE)
_TYPES = {
    **dict.fromkeys(("bug", "defect", "regression"), "bug"),
    **dict.fromkeys(("feature", "enhancement", "feature request"), "feature"),
    **dict.fromkeys(("chore", "maintenance", "refactoring", "tech debt"), "chore"),
    **dict.fromkeys(("documentation", "docs"), "documentation"),
    **dict.fromkeys(("incident", "outage"), "incident"),
    **dict.fromkeys(("task", "question", "epic", "story"), ""),
}
_PRIORITY = re.compile(r"p[0-5]|critical|urgent|blocker", re.IGNORECASE)
_BEGUN = re.compile(r"(status\s*[:/=-]\s*)?(in[ -]progress|doing|wip)", re.IGNORECASE)


def fetch(api: Api, repository: Repository, size: Size, order: str, after: str | None) -> Batch:
    """A page of issues."""
    variables = {**repository.variables, "order": order, "after": after}
    data, refusals = api.query("issues", variables, size)
    page, notes = listed(data, refusals, repository, "issues", "Issues: read")
    nodes = [read(VENDOR, f"issue {row.get('number')}", IssueNode, row) for row in page.found]
    items = tuple(_item(node, repository) for node in nodes)
    return Batch(items, page.after, tuple(notes))


def _item(node: IssueNode, repository: Repository) -> Item:
    logins = [login_of(node.author), *(user.login for user in node.assignees.found)]
    records = (_issue(node, repository), *accounts(logins))
    return Item(utc(node.created_at), utc(node.updated_at), records)


def _issue(node: IssueNode, repository: Repository) -> Issue:
    labels = tuple(label.name for label in node.labels.found) if node.labels else ()
    closed = (node.state or "").upper() == "CLOSED"
    assignees = node.assignees.found
    return Issue(
        key=f"{repository.key}#{node.number}",
        name=f"{repository.path}#{node.number}",
        project=repository.key,
        type=type_of(labels),
        priority=priority_of(labels),
        status=(node.state or "").lower(),
        status_category="done" if closed else _category(labels),
        resolution=(node.state_reason or "").lower() if closed else "",
        reporter=person(node.author),
        assignee=reference("github", assignees[0].login) if assignees else "",
        created_at=utc(node.created_at),
        resolved_at=utc(node.closed_at) if closed else None,
        updated_at=utc(node.updated_at),
        labels=labels,
    )


def type_of(labels: tuple[str, ...]) -> str:
    """What a label says outright (`type: spike`), else what a usual one means; '' for none."""
    said = [match[2].strip().lower() for label in labels if (match := _said(label, "type", "kind"))]
    usual = [_TYPES.get(name, "") for name in (*said, *(label.lower() for label in labels))]
    return next(filter(None, [*usual, *said]), "")


def priority_of(labels: tuple[str, ...]) -> str:
    """`high` of `priority: high`; `p1`, `critical` as they stand."""
    kinds = ("priority", "prio", "severity")
    said = [match[2].strip().lower() for label in labels if (match := _said(label, *kinds))]
    short = [label.lower() for label in labels if _PRIORITY.fullmatch(label)]
    return next(iter([*said, *short]), "")


def _category(labels: tuple[str, ...]) -> str:
    return "doing" if any(_BEGUN.fullmatch(label) for label in labels) else "todo"


def _said(label: str, *kinds: str) -> re.Match[str] | None:
    match = _SAID.fullmatch(label)
    return match if match and match[1].lower() in kinds else None
