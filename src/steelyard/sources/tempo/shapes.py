"""What is read of Tempo's answers. A worklog's description and attributes have no field here."""

from __future__ import annotations

import datetime as dt

import msgspec


class _Shape(msgspec.Struct, rename="camel"):
    pass


class User(_Shape):
    account_id: str | None = None


class Issue(_Shape):
    id: int | None = None


class Worklog(_Shape):
    tempo_worklog_id: int
    time_spent_seconds: int
    start_date: dt.date
    billable_seconds: int | None = None
    issue: Issue | None = None
    author: User | None = None


class Metadata(_Shape):
    offset: int = 0
    next: str | None = None


class Worklogs(_Shape):
    results: list[Worklog]
    metadata: Metadata


class Named(_Shape):
    id: int
    name: str = ""


class Teams(_Shape):
    results: list[Named]
    metadata: Metadata


class Role(_Shape):
    name: str | None = None


class Membership(_Shape):
    id: int | None = None
    from_: dt.date | None = msgspec.field(default=None, name="from")
    to: dt.date | None = None
    role: Role | None = None
    member: User | None = None


class Memberships(_Shape):
    results: list[Membership]
