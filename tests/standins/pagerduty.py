"""PagerDuty's REST API v2 as documented: incidents, their logs, users and services.

Rows are in PagerDuty's own shapes. Limits are its own, too: a search covers six months, offset and
limit together 10,000 rows, and finds incidents by their creation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.server import Answer, Request

REACH = 10_000
_RANGE = dt.timedelta(days=183)
_MONTH = dt.timedelta(days=30)
_SCOPES = {"incidents": "incidents.read", "users": "users.read", "services": "services.read"}


@dataclass
class PagerDutyWorld:
    """An account. `keys` open everything; `tokens` are scoped OAuth tokens and their scopes."""

    incidents: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # incident → entries
    users: list[dict[str, Any]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {"key"})
    tokens: dict[str, set[str]] = field(default_factory=dict)
    now: dt.datetime = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    tells_resolved_at: bool = True  # older accounts do not

    def __call__(self, request: Request) -> Answer:
        """Answer as PagerDuty does."""
        what = request.path.strip("/").split("/")[0]
        if refused := self._refused(request, what):
            return refused
        if "version=2" not in request.headers.get("accept", ""):
            return _error(400, 2001, "Invalid Input Provided", "Accept header is invalid.")
        match request.path.strip("/").split("/"):
            case ["incidents"]:
                return self._incidents(request)
            case ["incidents", key]:
                found = self._incident(key)
                return Answer({"incident": self._shown(found)}) if found else _not_found()
            case ["incidents", key, "log_entries"] if self._incident(key):
                return self._log(request, key)
            case ["users"]:
                return _page(request, "users", self.users)
            case ["services"]:
                return _page(request, "services", self.services)
        return _not_found()

    def trigger(self, key: str, at: dt.datetime, service: str = "Checkout", **more: Any) -> None:
        """An incident begins."""
        row = {
            "id": key,
            "type": "incident",
            "incident_number": len(self.incidents) + 1,
            "title": "The server is on fire: secret",
            "created_at": _text(at),
            "updated_at": _text(at),
            "status": "triggered",
            "service": _named(f"S{service[:5].upper()}", "service_reference", service),
            "assignments": [],
            "acknowledgements": [],
            "last_status_change_at": _text(at),
            "resolved_at": None,
            "priority": _named("P53ZZH5", "priority_reference", "P2"),
            "urgency": "high",
        }
        self.incidents.append(row | more)
        self._logged(key, "trigger_log_entry", at, None)

    def acknowledge(self, key: str, at: dt.datetime, user: str) -> None:
        who = _named(user, "user_reference", user)
        self._change(key, at, status="acknowledged")
        self._change(key, at, assignments=[{"at": _text(at), "assignee": who}])
        self._change(key, at, acknowledgements=[{"at": _text(at), "acknowledger": who}])
        self._logged(key, "acknowledge_log_entry", at, who)

    def resolve(self, key: str, at: dt.datetime, user: str = "") -> None:
        who = _named(user, "user_reference", user) if user else None
        when = _text(at) if self.tells_resolved_at else None
        self._change(key, at, status="resolved", resolved_at=when)
        self._change(key, at, assignments=[], acknowledgements=[])
        self._logged(key, "resolve_log_entry", at, who)

    def remove(self, key: str) -> None:
        self.incidents = [row for row in self.incidents if row["id"] != key]

    def _change(self, key: str, at: dt.datetime, **what: Any) -> None:
        row = self._incident(key)
        assert row, key
        row |= what | {"updated_at": _text(at), "last_status_change_at": _text(at)}

    def _logged(self, key: str, kind: str, at: dt.datetime, agent: dict[str, Any] | None) -> None:
        entries = self.logs.setdefault(key, [])
        who = agent or _named("SBOT", "service_reference", "The service itself")
        row = {"id": f"R{key}{len(entries)}", "type": kind, "created_at": _text(at), "agent": who}
        entries.insert(0, row | {"incident": _named(key, "incident_reference", "")})

    def _refused(self, request: Request, what: str) -> Answer | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Token" and value.removeprefix("token=") in self.keys:
            return None
        if scheme == "Bearer" and value in self.tokens:
            needed = _SCOPES.get(what, "")
            if needed in self.tokens[value]:
                return None
            return _error(403, 2010, "Access Denied", f"Scope {needed} is required.")
        return _error(401, 2006, "Unauthorized", "The credentials are invalid.")

    def _incident(self, key: str) -> dict[str, Any] | None:
        return next((row for row in self.incidents if row["id"] == key), None)

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.tells_resolved_at:
            return row
        return {name: value for name, value in row.items() if name != "resolved_at"}

    def _incidents(self, request: Request) -> Answer:
        rows: Iterable[dict[str, Any]] = self.incidents
        if request.one("date_range") != "all":
            since = _time(request.one("since")) or self.now - _MONTH
            until = _time(request.one("until")) or self.now
            if until - since > _RANGE:
                return _error(400, 2001, "Invalid Input Provided", "The range is too long.")
            first, last = _text(since), _text(until)  # texts of one form sort like their times
            rows = [row for row in rows if first <= row["created_at"] <= last]
        if statuses := request.query.get("statuses[]"):
            rows = [row for row in rows if row["status"] in statuses]
        down = request.one("sort_by", "incident_number:desc").endswith("desc")
        rows = sorted(rows, key=lambda row: row["created_at"], reverse=down)
        return _page(request, "incidents", [self._shown(row) for row in rows])

    def _log(self, request: Request, key: str) -> Answer:
        return _page(request, "log_entries", self.logs.get(key, []))


def user(key: str, name: str, email: str) -> dict[str, Any]:
    return _named(key, "user", name) | {"name": name, "email": email, "role": "user", "teams": []}


def service(key: str, name: str) -> dict[str, Any]:
    policy = _named("PT20YPA", "escalation_policy_reference", "Another Escalation Policy")
    return _named(key, "service", name) | {"name": name, "escalation_policy": policy}


def _page(request: Request, name: str, rows: list[dict[str, Any]]) -> Answer:
    limit, offset = min(100, int(request.one("limit", "25"))), int(request.one("offset", "0"))
    if offset + limit > REACH:
        said = f"Offset+limit exceeds maximum allowed value of {REACH}."
        return _error(400, 2002, "Arguments Caused Error", said)
    found = rows[offset : offset + limit]
    more = offset + limit < len(rows)
    return Answer({name: found, "limit": limit, "offset": offset, "more": more, "total": None})


def _named(key: str, kind: str, summary: str) -> dict[str, Any]:
    address = f"https://api.pagerduty.com/{kind.removesuffix('_reference')}s/{key}"
    return {"id": key, "type": kind, "summary": summary, "self": address, "html_url": None}


def _time(text: str) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _error(status: int, code: int, message: str, detail: str) -> Answer:
    error = {"message": message, "code": code, "errors": [detail]}
    return Answer({"error": error}, status)


def _not_found() -> Answer:
    return _error(404, 2100, "Not Found", "The requested resource was not found.")
