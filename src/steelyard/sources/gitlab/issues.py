"""Issues. Scoped labels (`type::bug`, `priority::1`, `workflow::in dev`) say what they are."""

from __future__ import annotations

import datetime as dt

from steelyard.model import Issue
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import IssueRow, Project, who
from steelyard.sources.gitlab.api import Api
from steelyard.sources.gitlab.walk import Batch
from steelyard.sources.shapes import utc

_BEGUN = ("doing", "in progress", "in dev", "in review", "started", "wip")


def fetch(api: Api, project: Project, since: dt.datetime, page: int) -> Batch:
    """Issues of a project that changed since."""
    path = f"projects/{project.id}/issues"
    found, more = api.changed(path, since, page, state="all", scope="all")
    rows = [answers.read("issue", IssueRow, row) for row in found]
    users = [user for row in rows for user in (row.author, *(row.assignees or ())) if user]
    accounts = {user.username: answers.account(user) for user in users}
    records = [*(_issue(row, project) for row in rows), *accounts.values()]
    return Batch([row.updated_at for row in rows], records, more)


def _issue(row: IssueRow, project: Project) -> Issue:
    closed, scoped = row.state == "closed", _scoped(row.labels or [])
    estimate = row.time_stats.time_estimate if row.time_stats else None
    kind = "" if row.issue_type == "issue" else row.issue_type or ""
    return Issue(
        key=f"{project.repo}#{row.iid}",
        id=str(row.id),
        name=f"{project.path_with_namespace}#{row.iid}",
        project=project.repo,
        type=scoped.get("type", kind),
        priority=scoped.get("priority", scoped.get("severity", "")),
        status=row.state,
        status_category="done" if closed else _category(scoped),
        reporter=who(row.author),
        assignee=who(row.assignees[0]) if row.assignees else "",
        created_at=utc(row.created_at),
        resolved_at=utc(row.closed_at) if closed else None,
        updated_at=utc(row.updated_at),
        story_points=row.weight,
        estimate_seconds=estimate or None,  # 0 is "none given"
        labels=tuple(row.labels or ()),
    )


def _scoped(labels: list[str]) -> dict[str, str]:
    parts = [label.rpartition("::") for label in labels if "::" in label]
    return {key.strip().lower(): value.strip().lower() for key, _, value in parts}


def _category(scoped: dict[str, str]) -> str:
    """An open issue is to do unless a label says that it has been begun."""
    said = scoped.get("workflow") or scoped.get("status") or ""
    return "doing" if said in _BEGUN else "todo"
