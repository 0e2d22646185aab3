"""What is read of Jira's answers. No summary, description or comment has a field here."""

from __future__ import annotations

import msgspec


class _Shape(msgspec.Struct, rename="camel"):
    pass


class User(_Shape):
    """Cloud has account ids, Data Center keys and names."""

    account_id: str | None = None
    account_type: str | None = None  # atlassian | app | customer
    key: str | None = None
    name: str | None = None
    display_name: str | None = None
    email_address: str | None = None
    time_zone: str | None = None

    @property
    def id(self) -> str:
        return self.account_id or self.key or self.name or ""


class Named(_Shape):
    id: str | int | None = None
    key: str | None = None
    name: str | None = None


class StatusCategory(_Shape):
    key: str | None = None  # new | indeterminate | done | undefined


class Status(_Shape):
    id: str | None = None
    name: str | None = None
    status_category: StatusCategory | None = None


class Fields(msgspec.Struct):
    created: str
    updated: str | None = None
    project: Named | None = None
    issuetype: Named | None = None
    priority: Named | None = None
    status: Status | None = None
    resolution: Named | None = None
    resolutiondate: str | None = None
    reporter: User | None = None
    assignee: User | None = None
    labels: list[str] | None = None
    parent: Named | None = None
    timeoriginalestimate: int | None = None


class Change(_Shape):
    field: str | None = None
    field_id: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    from_string: str | None = None
    to: str | None = None
    to_string: str | None = None


class History(_Shape):
    id: str | int
    created: str | int | float
    author: User | None = None
    items: list[Change] = []


class Histories(_Shape):
    """The changelog of an issue: a page of it, or as expanded on Data Center."""

    histories: list[History] = []
    values: list[History] = []
    total: int = 0
    is_last: bool | None = None


class Issue(_Shape):
    id: str
    key: str
    fields: Fields
    changelog: Histories | None = None


class IssueHistories(_Shape):
    issue_id: str | int
    change_histories: list[History] = []


class BulkHistories(_Shape):
    issue_change_logs: list[IssueHistories] = []
    next_page_token: str | None = None


class FieldSchema(_Shape):
    type: str | None = None
    custom: str | None = None


class Field(_Shape):
    id: str
    name: str | None = None
    untranslated_name: str | None = None
    custom: bool = False
    schema: FieldSchema | None = None


class ChangedWorklog(_Shape):
    worklog_id: int
    updated_time: int


class ChangedWorklogs(_Shape):
    values: list[ChangedWorklog] = []
    until: int | None = None
    last_page: bool = True


class Worklog(_Shape):
    id: str | int
    started: str
    time_spent_seconds: int
    issue_id: str | int | None = None
    author: User | None = None
