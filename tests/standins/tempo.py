"""Tempo's REST API version 4 on loopback: worklogs, teams and memberships in its own JSON.

Deleted worklogs vanish without a trace, as they do there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.server import Answer, Request

Row = dict[str, Any]
_ORDERS: dict[str, Callable[[Row], Any]] = {
    "ID": lambda one: one["tempoWorklogId"],
    "START_DATE_TIME": lambda one: (one["startDate"], one["startTime"], one["tempoWorklogId"]),
    "UPDATED": lambda one: (one["updatedAt"], one["tempoWorklogId"]),
}


@dataclass
class TempoWorld:
    """`page` is the most worklogs an answer holds, whatever limit is asked for."""

    token: str = "secret"
    page: int = 5000
    worklogs: list[Row] = field(default_factory=list)
    teams: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)  # with team.id
    forbidden: set[str] = field(default_factory=set)  # first parts of paths

    def log(
        self, id_: int, issue: int, account: str, day: dt.date, seconds: int, updated: dt.datetime
    ) -> Row:
        stamp = updated.strftime("%Y-%m-%dT%H:%M:%SZ")
        row = {
            "tempoWorklogId": id_,
            "issue": {"self": f"https://acme.example/{issue}", "id": issue},
            "timeSpentSeconds": seconds,
            "billableSeconds": seconds // 2,
            "startDate": str(day),
            "startTime": "09:00:00",
            "description": "what I did",
            "createdAt": stamp,
            "updatedAt": stamp,
            "author": {"accountId": account},
            "attributes": {"values": []},
        }
        self.worklogs.append(row)
        return row

    def change(self, id_: int, updated: dt.datetime, **values: Any) -> None:
        stamp = updated.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._worklog(id_).update(values, updatedAt=stamp)

    def delete(self, id_: int) -> None:
        self.worklogs = [one for one in self.worklogs if one["tempoWorklogId"] != id_]

    def team(self, id_: int, name: str) -> None:
        self.teams.append({"id": id_, "name": name, "summary": "…", "self": "…"})

    def join(
        self, team: int, account: str, from_: str | None = None, to: str | None = None
    ) -> None:
        row = {"id": len(self.memberships) + 1, "team": {"id": team}, "commitmentPercent": 100}
        row |= {"member": {"accountId": account}, "role": {"id": 1, "name": "Developer"}}
        row |= {"from": from_} if from_ else {}
        self.memberships.append(row | ({"to": to} if to else {}))

    def answer(self, request: Request) -> Answer:
        path = request.path.removeprefix("/4")
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(raw=b"<html>Unauthorized</html>", status=401)
        if path.split("/")[1] in self.forbidden:
            return Answer(raw=b"<html>Forbidden</html>", status=403)
        if path == "/worklogs":
            return self._worklogs(request)
        if match := re.fullmatch(r"/worklogs/(\d+)", path):
            found = self._worklog(int(match[1]))
            return Answer(found) if found else _refused(404, f"Worklog '{match[1]}' not found")
        if path == "/teams":
            return self._page(request, self.teams)
        if match := re.fullmatch(r"/team-memberships/team/(\d+)", path):
            found_ = [one for one in self.memberships if one["team"]["id"] == int(match[1])]
            return Answer({"self": "…", "metadata": {"count": len(found_)}, "results": found_})
        return _refused(404, "Not found")

    def _worklog(self, id_: int) -> Row:
        return next((one for one in self.worklogs if one["tempoWorklogId"] == id_), {})

    def _worklogs(self, request: Request) -> Answer:
        from_, to, since = map(request.one, ("from", "to", "updatedFrom"))
        if since and (from_ or to):
            return _refused(400, "'updatedFrom' cannot be combined with other parameters")
        for name, value in (("from", from_), ("to", to), ("updatedFrom", since)):
            if value and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                return _refused(400, f"'{name}' must be valid on the format: 'yyyy-MM-dd'")
        order = _ORDERS.get(request.one("orderBy", "START_DATE_TIME"))
        if order is None:
            return _refused(400, "'orderBy' must be one of ID, START_DATE_TIME, UPDATED")
        found = [
            one
            for one in self.worklogs
            if (not from_ or one["startDate"] >= from_)
            and (not to or one["startDate"] <= to)
            and (not since or one["updatedAt"] >= since)
        ]
        return self._page(request, sorted(found, key=order))

    def _page(self, request: Request, rows: list[Row]) -> Answer:
        offset, limit = int(request.one("offset", "0")), int(request.one("limit", "50"))
        if limit > 5000:
            return _refused(400, "'limit' must be less than or equal to 5000")
        limit = min(limit, self.page)
        page = rows[offset : offset + limit]
        metadata: Row = {"count": len(page), "offset": offset, "limit": limit}
        if offset + limit < len(rows):
            metadata["next"] = f"https://api.tempo.io/4{request.path}?offset={offset + limit}"
        return Answer({"self": "…", "metadata": metadata, "results": page})


def _refused(code: int, said: str) -> Answer:
    return Answer({"errors": [{"message": said}]}, code)
