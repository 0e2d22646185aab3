"""Anthropic's organisation APIs on loopback: the Console's and Claude Enterprise's.

The world is rows in the vendor's own shapes, each with a `date`; reports group and page them as
asked. Wrong keys, paths, parameters and cursors get the documented refusals.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.standins.server import Answer, Request

Row = dict[str, Any]
ADMIN_KEY = "sk-ant-admin01-console"
ENTERPRISE_KEY = "sk-ant-api01-enterprise"
EARLIEST = dt.date(2026, 1, 1)
GROUPS_BETA = "ce-user-management-2026-07-13"
TOKENS = ("uncached_input_tokens", "output_tokens", "cache_read_input_tokens")
_ORG = "/v1/organizations"
_USAGE_BY = ("account_id", "api_key_id", "context_window", "inference_geo", "model")
_USAGE_BY += ("service_account_id", "service_tier", "workspace_id")
_PARSED = ("description", "cost_type", "model", "token_type", "service_tier", "context_window")
_PARSED += ("inference_geo",)
_SEAT_BY = ("product", "model", "context_window", "inference_geo", "speed", "rbac_group_id")


class Refusal(Exception):
    """An error answer of the vendor."""

    def __init__(self, status: int, type_: str, message: str, **headers: str) -> None:
        super().__init__(message)
        error = {"type": "error", "error": {"type": type_, "message": message}}
        self.answer = Answer(error, status, {"request-id": "req_011", **headers})


def invalid(message: str, status: int = 400) -> Refusal:
    return Refusal(status, "invalid_request_error", message)


@dataclass
class Anthropic:
    """One organisation in both worlds. Rows may be added, changed and removed at any time."""

    now: dt.datetime
    claude_code: list[Row] = field(default_factory=list)  # rows of usage_report/claude_code
    messages: list[Row] = field(default_factory=list)  # date, dimensions and tokens
    costs: list[Row] = field(default_factory=list)  # date, amount, currency and dimensions
    users: list[Row] = field(default_factory=list)
    workspaces: list[Row] = field(default_factory=list)
    api_keys: list[Row] = field(default_factory=list)
    activity: list[Row] = field(default_factory=list)  # date and a row of analytics/users
    seat_usage: list[Row] = field(default_factory=list)  # date, actor, product, model and tokens
    seat_costs: list[Row] = field(default_factory=list)  # date, actor, …, cost_type, amounts
    groups: list[Row] = field(default_factory=list)  # id, name and `members`
    refreshed: dt.datetime | None = None  # of the Enterprise reports; None: just now
    scopes: tuple[str, ...] = ("read:analytics", "read:rbac_groups")
    per_minute: int | None = None  # of the Enterprise API
    most: int | None = None  # a page is never longer, so that few rows make many pages
    _frozen: dict[int, list[Any]] = field(default_factory=dict)
    _recent: list[dt.datetime] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        try:
            handler = self._route(request)
            return Answer(handler(request), headers={"request-id": "req_010"})
        except Refusal as refusal:
            return refusal.answer

    def advance(self, seconds: float) -> None:
        """Time goes by: what a client that waits should be lent as its pause."""
        self.now += dt.timedelta(seconds=seconds)

    def expire_cursors(self) -> None:
        """The data is refreshed: cursors handed out so far are worth nothing."""
        self._frozen.clear()

    # Keys, versions, limits

    def _route(self, request: Request) -> Callable[[Request], Row]:
        console: dict[str, Callable[[Request], Row]] = {
            "/usage_report/claude_code": self._claude_code,
            "/usage_report/messages": self._messages,
            "/cost_report": self._costs,
            "/users": lambda r: self._listed(r, self.users),
            "/workspaces": lambda r: self._listed(r, self._workspaces(r)),
            "/api_keys": lambda r: self._listed(r, self.api_keys),
        }
        enterprise: dict[str, Callable[[Request], Row]] = {
            "/analytics/users": self._activity,
            "/analytics/user_usage_report": self._seat_usage,
            "/analytics/user_cost_report": self._seat_costs,
        }
        path = request.path.removeprefix(_ORG)
        groups = re.fullmatch(r"/rbac_groups(?:/([^/]+)/members)?", path)
        if request.method != "GET" or not (path in console or path in enterprise or groups):
            # Also for /v1/organizations/{org_id}/usage/claude_code, which articles pass on.
            raise Refusal(404, "not_found_error", f"Not found: {request.path}")
        if not request.headers.get("anthropic-version"):
            raise invalid("anthropic-version: header is required")
        if path in console:
            self._admit(request, ADMIN_KEY, "org:admin", ("org:admin",))
            return console[path]
        self._admit(request, ENTERPRISE_KEY, _scope(path), self.scopes)
        self._limit()
        return enterprise[path] if path in enterprise else self._groups(groups and groups[1])

    def _admit(self, request: Request, key: str, scope: str, held: tuple[str, ...]) -> None:
        given = request.headers.get("x-api-key", "")
        if given not in (ADMIN_KEY, ENTERPRISE_KEY) or (given == ADMIN_KEY and key != given):
            raise Refusal(401, "authentication_error", "invalid x-api-key")
        if given != key or scope not in held:
            said = f"Scopes held: {', '.join(self.scopes) or 'none'}. Needed: {scope}."
            raise Refusal(403, "permission_error", f"The API key lacks a required scope. {said}")

    def _limit(self) -> None:
        if self.per_minute is None:
            return
        minute = self.now - dt.timedelta(minutes=1)
        self._recent = [at for at in self._recent if at > minute]
        if len(self._recent) >= self.per_minute:
            wait = (self._recent[0] - minute).total_seconds()
            raise Refusal(
                429, "rate_limit_error", "60 per minute", **{"retry-after": f"{wait:.0f}"}
            )
        self._recent.append(self.now)

    # Pages

    def _paged(
        self, request: Request, rows: Iterable[Any], limit: int, expired: int = 400
    ) -> tuple[list[Any], Row]:
        """A page of rows that stay as they were when the first page was asked for."""
        limit = min(limit, self.most or limit)
        asked = {name: values for name, values in request.query.items() if name != "page"}
        query = hashlib.sha256(json.dumps([request.path, asked]).encode()).hexdigest()[:12]
        number, start = len(self._frozen) + 1, 0
        if token := request.one("page"):
            number, start, bound = _opened(token)
            if bound != query:
                raise invalid("page: the cursor belongs to a query with other parameters")
            if number not in self._frozen:
                raise Refusal(expired, "invalid_request_error", "page: the cursor has expired")
        else:
            self._frozen[number] = list(rows)
        held = self._frozen[number]
        more = start + limit < len(held)
        following = _closed(number, start + limit, query) if more else None
        return held[start : start + limit], {"has_more": more, "next_page": following}

    def _listed(self, request: Request, rows: list[Row]) -> Row:
        limit = min(_limit(request, 20, 1000), self.most or 1000)
        ids = [row["id"] for row in rows]
        after = request.one("after_id")
        if after and after not in ids:
            raise invalid(f"after_id: {after} is not in the list")
        start = ids.index(after) + 1 if after else 0
        page = rows[start : start + limit]
        return {
            "data": page,
            "has_more": start + limit < len(rows),
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }

    def _workspaces(self, request: Request) -> list[Row]:
        archived = request.one("include_archived") == "true"
        return [row for row in self.workspaces if archived or not row.get("archived_at")]

    # The Console's reports

    def _claude_code(self, request: Request) -> Row:
        _known(request, "starting_at", "limit", "page")
        day = _day(request, "starting_at")
        ripe = self.now - dt.timedelta(hours=1)
        rows = [
            {name: value for name, value in row.items() if name != "_at"}
            for row in self.claude_code
            if row["date"].startswith(day.isoformat()) and row.get("_at", ripe) <= ripe
        ]
        data, paging = self._paged(request, rows, _limit(request, 20, 1000))
        return {"data": data, **paging}

    def _messages(self, request: Request) -> Row:
        by = _group_by(request, _USAGE_BY)
        return self._buckets(request, lambda day: _tokens(_of(self.messages, day), by, _USAGE_BY))

    def _costs(self, request: Request) -> Row:
        by = _group_by(request, ("workspace_id", "description"))
        dimensions = (*(_PARSED if "description" in by else ()), *by)
        every = ("workspace_id", *_PARSED)
        return self._buckets(request, lambda day: _money(_of(self.costs, day), dimensions, every))

    def _buckets(self, request: Request, results: Callable[[dt.date], list[Row]]) -> Row:
        if request.one("bucket_width", "1d") != "1d":
            raise invalid("bucket_width: this stand-in has days only")
        start, end = _moment(request, "starting_at"), _moment(request, "ending_at", self.now)
        days = [day for day in _days(start.date(), end.date()) if day <= self.now.date()]
        page, paging = self._paged(request, days, _limit(request, 7, 31))
        return {"data": [{**_bucket(day), "results": results(day)} for day in page], **paging}

    # Claude Enterprise

    def _activity(self, request: Request) -> Row:
        day = _day(request, "date")
        newest = (self.now - dt.timedelta(days=1, hours=10)).date()
        if day < EARLIEST:
            raise invalid(f"date: must be on or after {EARLIEST}")
        if day > newest:
            raise invalid(f"date: {day} is not available yet; the most recent day is {newest}")
        rows = sorted(_of(self.activity, day), key=lambda row: row["user"]["email_address"])
        bare = [{name: value for name, value in row.items() if name != "date"} for row in rows]
        data, paging = self._paged(request, bare, _limit(request, 100, 1000), 410)
        return {"data": data, **paging}

    def _seat_usage(self, request: Request) -> Row:
        by = _group_by(request, _SEAT_BY)
        rows = [
            {**row, **_bucket(day), "actor": actor}
            for day in self._seat_days(request)
            for actor, mine in _by_actor(_of(self.seat_usage, day))
            for row in _tokens(mine, by, _SEAT_BY)
        ]
        rows.sort(key=lambda row: -sum(row[name] for name in TOKENS))
        return self._seats(request, [[row] for row in rows])

    def _seat_costs(self, request: Request) -> Row:
        by = _group_by(request, (*_SEAT_BY, "cost_type", "token_type"))
        counted = tuple(name for name in by if name not in ("cost_type", "token_type"))
        units = [
            [{**row, **_bucket(day), "actor": actor} for row in _money(unit, by, by)]
            for day in self._seat_days(request)
            for actor, mine in _by_actor(_of(self.seat_costs, day))
            for unit in _grouped(mine, counted)
        ]
        units.sort(key=lambda unit: -sum(Decimal(row["amount"]) for row in unit))
        return self._seats(request, units)

    def _seat_days(self, request: Request) -> list[dt.date]:
        if request.one("bucket_width") != "1d" or not request.one("ending_at"):
            raise invalid("bucket_width: this stand-in has days only; ending_at is required")
        start, end = _moment(request, "starting_at"), _moment(request, "ending_at")
        if start.date() < max(EARLIEST, self.now.date() - dt.timedelta(365)):
            raise invalid("starting_at: must be within the last 365 days and from 2026-01-01 on")
        if not dt.timedelta() < end - start <= dt.timedelta(31):
            raise invalid("ending_at: the range may span at most 31 days")
        return [day for day in _days(start.date(), end.date()) if day <= self.now.date()]

    def _seats(self, request: Request, units: list[list[Row]]) -> Row:
        page, paging = self._paged(request, units, _limit(request, 20, 1000), 410)
        refreshed = (self.refreshed or self.now).strftime("%Y-%m-%dT%H:%M:%SZ")
        data = [row for unit in page for row in unit]
        return {"data": data, "data_refreshed_at": refreshed, "organization_id": "org_1", **paging}

    def _groups(self, id: str | None) -> Callable[[Request], Row]:
        def answer(request: Request) -> Row:
            if request.headers.get("anthropic-beta") != GROUPS_BETA:
                raise invalid(f"anthropic-beta: {GROUPS_BETA} is required")
            rows = [
                {name: value for name, value in group.items() if name != "members"}
                for group in self.groups
            ]
            if id is not None:
                found = [group for group in self.groups if group["id"] == id]
                if not found:
                    raise Refusal(404, "not_found_error", f"Not found: {id}")
                rows = found[0]["members"]
            data, paging = self._paged(request, rows, _limit(request, 20, 100))
            return {"data": data, **paging}

        return answer


def _scope(path: str) -> str:
    return "read:analytics" if path.startswith("/analytics/") else "read:rbac_groups"


def _closed(number: int, start: int, query: str) -> str:
    return "page_" + base64.urlsafe_b64encode(json.dumps([number, start, query]).encode()).decode()


def _opened(token: str) -> tuple[int, int, str]:
    try:
        number, start, query = json.loads(base64.urlsafe_b64decode(token.removeprefix("page_")))
    except ValueError:
        raise invalid("page: not a cursor") from None
    return number, start, query


def _known(request: Request, *names: str) -> None:
    for name in request.query:
        if name not in names:
            raise invalid(f"{name}: Extra inputs are not permitted")


def _limit(request: Request, usual: int, most: int) -> int:
    limit = int(request.one("limit", str(usual)))
    if not 1 <= limit <= most:
        raise invalid(f"limit: must be between 1 and {most}")
    return limit


def _day(request: Request, name: str) -> dt.date:
    text = request.one(name)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise invalid(f"{name}: a date such as 2026-03-31 is required")
    return dt.date.fromisoformat(text)


def _moment(request: Request, name: str, usual: dt.datetime | None = None) -> dt.datetime:
    text = request.one(name)
    if not text and usual:
        return usual + dt.timedelta(1)
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name}: an RFC 3339 timestamp is required") from None
    if at.tzinfo is None:
        raise invalid(f"{name}: the timestamp has no zone")
    return at.astimezone(dt.UTC)


def _group_by(request: Request, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(request.query.get("group_by[]", ()))
    for name in names:
        if name not in known:
            raise invalid(f"group_by: {name} is not one of {', '.join(known)}")
    return names


def _days(start: dt.date, end: dt.date) -> list[dt.date]:
    return [start + dt.timedelta(n) for n in range((end - start).days)]


def _bucket(day: dt.date) -> Row:
    return {
        "starting_at": f"{day}T00:00:00Z",
        "ending_at": f"{day + dt.timedelta(1)}T00:00:00Z",
    }


def _of(rows: list[Row], day: dt.date) -> list[Row]:
    return [row for row in rows if row["date"] == day.isoformat()]


def _grouped(rows: list[Row], by: tuple[str, ...]) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(name) for name in by), []).append(row)
    return list(found.values())


def _by_actor(rows: list[Row]) -> list[tuple[Row, list[Row]]]:
    found: dict[str, tuple[Row, list[Row]]] = {}
    for row in rows:
        found.setdefault(row["actor"]["user_id"], (row["actor"], []))[1].append(row)
    return list(found.values())


def _tokens(rows: list[Row], by: tuple[str, ...], every: tuple[str, ...]) -> list[Row]:
    """Rows summed over the dimensions not asked for, which are null."""
    return [
        {
            **{name: group[0].get(name) if name in by else None for name in every},
            **{name: sum(row.get(name, 0) for row in group) for name in TOKENS},
            "cache_creation": {
                name: sum(row.get("cache_creation", {}).get(name, 0) for row in group)
                for name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
            },
            "server_tool_use": {
                "web_search_requests": sum(row.get("web_search_requests", 0) for row in group)
            },
        }
        for group in _grouped(rows, by)
    ]


def _money(rows: list[Row], by: tuple[str, ...], every: tuple[str, ...]) -> list[Row]:
    return [
        {
            **{name: group[0].get(name) if name in by else None for name in every},
            **{
                name: str(sum(Decimal(row[name]) for row in group))
                for name in ("amount", "list_amount")
                if name in group[0]
            },
            "currency": "USD",
        }
        for group in _grouped(rows, by)
    ]
