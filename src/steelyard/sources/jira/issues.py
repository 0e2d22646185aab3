"""Issues as records. The key is Jira's id: it stays when an issue moves and is called otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from steelyard.model import Account, Issue, Record, reference
from steelyard.sources.jira import shapes
from steelyard.sources.jira.changelog import (
    Categories,
    authors,
    category_of,
    done_at,
    started_at,
    steps_of,
)
from steelyard.sources.jira.fields import CustomFields
from steelyard.sources.jira.times import moment_needed, moment_of
from steelyard.sources.shapes import read

Raw = Mapping[str, Any]
DELETED = "deleted"


class HistorySource(Protocol):
    def of(self, issues: Sequence[Raw]) -> dict[str, list[shapes.History]]: ...


def records_of(
    issues: Sequence[Raw], changes: HistorySource, custom: CustomFields, categories: Categories
) -> list[Record]:
    """Issues, their changes of status and the accounts they name."""
    parsed = [read("Jira", f"issue {_name(raw)}", shapes.Issue, raw) for raw in issues]
    for issue in parsed:
        categories.learn(issue.fields.status)
    histories = changes.of(issues) if issues else {}
    users: list[shapes.User] = []
    records: list[Record] = []
    for raw, issue in zip(issues, parsed, strict=True):
        log = histories.get(issue.id, [])
        records += _one(issue, raw["fields"], log, custom, categories)
        users += [u for u in (issue.fields.reporter, issue.fields.assignee) if u] + authors(log)
    return [*accounts_of(users), *records]


def _name(raw: Raw) -> str:
    return str(raw.get("key") or raw.get("id") or "?")


def _one(
    found: shapes.Issue,
    fields: dict[str, Any],
    log: Sequence[shapes.History],
    custom: CustomFields,
    categories: Categories,
) -> list[Record]:
    said, steps = found.fields, steps_of(found.id, log)
    created = moment_needed(said.created, f"created of {found.key}")
    category = category_of(said.status)
    resolved = moment_of(said.resolutiondate)
    if resolved is None and category == "done":
        resolved = done_at(steps, categories)
    issue = Issue(
        key=found.id,
        id=found.id,
        name=found.key,
        project=(said.project.key if said.project else None) or found.key.rpartition("-")[0],
        type=_text(said.issuetype),
        priority=_text(said.priority),
        status=(said.status.name if said.status else None) or "",
        status_category=category,
        resolution=_text(said.resolution),
        reporter=reference_of(said.reporter),
        assignee=reference_of(said.assignee),
        created_at=created,
        started_at=started_at(created, said.status, steps, categories),
        resolved_at=resolved,
        updated_at=moment_of(said.updated),
        story_points=custom.story_points(fields),
        estimate_seconds=said.timeoriginalestimate,
        parent=str(said.parent.id or "") if said.parent else "",
        team=custom.team(fields),
        labels=tuple(said.labels or ()),
    )
    return [issue, *(step.record for step in steps)]


def deleted(issue: int) -> Issue:
    """What replaces an issue that is gone: no time, so that it counts nowhere."""
    return Issue(key=str(issue), id=str(issue), status=DELETED)


def reference_of(user: shapes.User | None) -> str:
    return reference("jira", user.id) if user else ""


def accounts_of(users: Iterable[shapes.User]) -> list[Account]:
    """One account each. Cloud hides most e-mail addresses, and none is guessed."""
    found = {
        reference_of(user): Account(
            key=reference_of(user),
            account=reference_of(user),
            email=user.email_address or "",
            name=user.display_name or "",
            bot=user.account_type == "app",
        )
        for user in users
        if user.id
    }
    return list(found.values())


def _text(named: shapes.Named | None) -> str:
    return (named.name if named else None) or ""
