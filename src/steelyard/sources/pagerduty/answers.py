"""PagerDuty's answers as far as they are read, and the records made of them. Titles stay there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.model import Account, Incident, reference
from steelyard.sources import shapes

VENDOR = "PagerDuty"


class Named(msgspec.Struct):
    """A reference to a user, service, team or priority."""

    id: str
    type: str | None = None
    summary: str | None = None
    name: str | None = None


class Assignment(msgspec.Struct):
    assignee: Named | None = None


class Acknowledgement(msgspec.Struct):
    at: dt.datetime | None = None
    acknowledger: Named | None = None


class IncidentRow(msgspec.Struct):
    id: str
    created_at: dt.datetime
    status: str
    updated_at: dt.datetime | None = None
    last_status_change_at: dt.datetime | None = None
    resolved_at: dt.datetime | None = None
    service: Named | None = None
    priority: Named | None = None
    urgency: str | None = None
    assignments: list[Assignment] | None = None
    acknowledgements: list[Acknowledgement] | None = None

    @property
    def is_open(self) -> bool:
        return self.status != "resolved"

    @property
    def stamp(self) -> str:
        """Differs once anything about the incident has changed."""
        changed = self.updated_at or self.last_status_change_at or self.created_at
        return f"{self.status} {shapes.utc(changed).isoformat()}"


class LogEntry(msgspec.Struct):
    id: str
    type: str
    created_at: dt.datetime
    agent: Named | None = None


class UserRow(msgspec.Struct):
    id: str
    name: str | None = None
    email: str | None = None


def incident(data: Any) -> IncidentRow:
    return shapes.read(VENDOR, f"incident {_id(data)}", IncidentRow, data)


def log_entry(data: Any) -> LogEntry:
    return shapes.read(VENDOR, f"log entry {_id(data)}", LogEntry, data)


def user(data: Any) -> UserRow:
    return shapes.read(VENDOR, f"user {_id(data)}", UserRow, data)


def account(row: UserRow) -> Account:
    who = reference("pagerduty", row.id)
    return Account(key=who, account=who, email=row.email or "", name=row.name or "")


def record(row: IncidentRow, log: Sequence[LogEntry], repos: Mapping[str, str]) -> Incident:
    """The incident as our record. `repos` says by a service's name or id what it runs."""
    service = row.service or Named(id="")
    name = service.summary or service.name or service.id
    priority = row.priority and (row.priority.summary or row.priority.name)
    return Incident(
        key=row.id,
        service=name,
        repo=repos.get(name.lower()) or repos.get(service.id.lower()) or "",
        severity=priority or row.urgency or "",
        status=row.status,
        created_at=shapes.utc(row.created_at),
        acknowledged_at=_first_acknowledged(row, log),
        resolved_at=_resolved(row, log),
        responders=_responders(row, log),
    )


def _first_acknowledged(row: IncidentRow, log: Sequence[LogEntry]) -> dt.datetime | None:
    """An incident lists acknowledgements only while it is acknowledged; its log keeps them."""
    times = [entry.created_at for entry in log if entry.type.startswith("acknowledge")]
    times += [entry.at for entry in row.acknowledgements or () if entry.at]
    return shapes.utc(min(times, default=None))


def _resolved(row: IncidentRow, log: Sequence[LogEntry]) -> dt.datetime | None:
    """`resolved_at`, which older accounts lack; else the log; else the last change of status."""
    if row.is_open:
        return None
    times = [entry.created_at for entry in log if entry.type.startswith("resolve")]
    return shapes.utc(row.resolved_at or max(times, default=None) or row.last_status_change_at)


def _responders(row: IncidentRow, log: Sequence[LogEntry]) -> tuple[str, ...]:
    """Who was assigned, acknowledged or resolved it; services and rules are nobody."""
    did = [e.agent for e in log if e.type.startswith(("acknowledge", "resolve"))]
    did += [entry.assignee for entry in row.assignments or ()]
    did += [entry.acknowledger for entry in row.acknowledgements or ()]
    people = (who.id for who in did if who and (who.type or "").startswith("user"))
    return tuple(sorted({reference("pagerduty", who) for who in people}))


def _id(data: Any) -> str:
    return str(data.get("id", "without id")) if isinstance(data, dict) else "of an unknown form"
