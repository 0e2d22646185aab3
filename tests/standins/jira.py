"""Jira on loopback: a world of issues in Jira's own JSON, spoken as Cloud or as Data Center.

Wrong requests get Jira's own errors. Times are kept in UTC and told in the zone of the API user,
and JQL is read in that zone, to the minute.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.standins.server import Answer, Request

Row = dict[str, Any]
STATUSES = {"1": ("To Do", "new"), "3": ("In Progress", "indeterminate"), "5": ("Done", "done")}
_POINTS_TYPE = {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"}
POINTS = {
    "id": "customfield_10016",
    "name": "Story point estimate",
    "custom": True,
    "schema": _POINTS_TYPE,
}
_GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full"
    " migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_NOBODY = {"message": "Client must be authenticated to access this resource.", "status-code": 401}


def stamp(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def status(id_: str) -> Row:
    name, category = STATUSES[id_]
    return {"id": id_, "name": name, "statusCategory": {"id": 1, "key": category, "name": name}}


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@dataclass
class World:
    """What there is. Tests and scripted companies change it as they go."""

    me: Row = field(default_factory=lambda: {"accountId": "me", "displayName": "Reader"})
    zone: str = "Europe/Berlin"
    clock: Callable[[], dt.datetime] = lambda: dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    projects: list[Row] = field(default_factory=list)  # id, key; "was": [old keys]
    hidden: set[str] = field(default_factory=set)  # keys without Browse projects
    fields: list[Row] = field(default_factory=lambda: [copy.deepcopy(POINTS)])
    statuses: list[Row] = field(default_factory=lambda: [status(one) for one in STATUSES])
    issues: list[Row] = field(default_factory=list)
    histories: dict[str, list[Row]] = field(default_factory=dict)  # by issue id
    worklogs: list[Row] = field(default_factory=list)
    gone_worklogs: list[Row] = field(default_factory=list)  # worklogId, updatedTime

    def project(self, key: str) -> Row:
        found = next((one for one in self.projects if one["key"] == key), None)
        if found is None:
            found = {"id": str(10000 + len(self.projects)), "key": key, "name": key}
            self.projects.append(found)
        return found

    def add(self, id_: int, key: str, created: dt.datetime, **fields: Any) -> Row:
        said = {
            "summary": f"Summary of {key}",
            "created": stamp(created),
            "updated": stamp(created),
            "project": self.project(key.rpartition("-")[0]),
            "status": status("1"),
            "labels": [],
            **fields,
        }
        self.issues.append({"id": str(id_), "key": key, "fields": said})
        return self.issues[-1]

    def issue(self, id_: int) -> Row:
        return next(one for one in self.issues if one["id"] == str(id_))

    def change(self, id_: int, at: dt.datetime, **fields: Any) -> None:
        self.issue(id_)["fields"].update(fields, updated=stamp(at))

    def transition(self, id_: int, to: str, at: dt.datetime, author: Row | None = None) -> None:
        before = self.issue(id_)["fields"]["status"]
        number = sum(map(len, self.histories.values())) + 90001
        item = {"field": "status", "fieldId": "status", "fieldtype": "jira"}
        item |= {"from": before["id"], "fromString": before["name"]}
        item |= {"to": to, "toString": STATUSES[to][0]}
        entry = {"id": str(number), "created": stamp(at), "items": [item]}
        self.histories.setdefault(str(id_), []).append(
            entry | ({"author": author} if author else {})
        )
        resolved = stamp(at) if to == "5" else None
        self.change(id_, at, status=status(to), resolutiondate=resolved)

    def move(self, id_: int, key: str, at: dt.datetime) -> None:
        self.issue(id_)["key"] = key
        self.change(id_, at, project=self.project(key.rpartition("-")[0]))

    def delete(self, id_: int) -> None:
        self.issues = [one for one in self.issues if one["id"] != str(id_)]

    def visible(self) -> list[Row]:
        return [one for one in self.issues if one["fields"]["project"]["key"] not in self.hidden]

    def local(self, text: str) -> str:
        at = _at(text).astimezone(zoneinfo.ZoneInfo(self.zone))
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}" + f"{at:%z}"

    def told(self, row: Row, names: list[str] | None) -> Row:
        """An issue with the fields that were asked for, in the user's zone."""
        said = {n: v for n, v in row["fields"].items() if names is None or n in names}
        for name in ("created", "updated", "resolutiondate"):
            if said.get(name):
                said[name] = self.local(said[name])
        return {"id": row["id"], "key": row["key"], "fields": said}


class BadJql(Exception):
    """What Jira says to a query it does not take."""


def matching(world: World, jql: str, bounded: bool) -> list[Row]:
    """The visible issues of a query, by created and id."""
    where, _, order = jql.partition(" ORDER BY ")
    if order != "created ASC, key ASC":
        raise BadJql(f"Error in the JQL Query: {order}")
    clauses = [clause for clause in where.split(" AND ") if clause]
    if bounded and not clauses:
        raise BadJql("Unbounded JQL queries are not allowed here. Please add a search restriction.")
    found = world.visible()
    for clause in clauses:
        found = list(filter(_test(world, clause), found))
    return sorted(found, key=lambda one: (one["fields"]["created"], int(one["id"])))


def _test(world: World, clause: str) -> Callable[[Row], bool]:
    if match := re.fullmatch(r"project in \((.+)\)", clause):
        keys = {_project(world, name.strip().strip('"')) for name in match[1].split(",")}
        return lambda one: one["fields"]["project"]["key"] in keys
    if match := re.fullmatch(r"id in \(([\d, ]+)\)", clause):
        ids = {number.strip() for number in match[1].split(",")}
        for missing in ids - {one["id"] for one in world.visible()}:
            raise BadJql(f"Issue does not exist or you do not have permission to see it: {missing}")
        return lambda one: one["id"] in ids
    if match := re.fullmatch(r'(updated|created) >= "(\d{4}/\d\d/\d\d \d\d:\d\d)"', clause):
        # An hour that happens twice is the later one.
        local = dt.datetime.strptime(match[2], "%Y/%m/%d %H:%M").replace(
            tzinfo=zoneinfo.ZoneInfo(world.zone), fold=1
        )
        return lambda one: _at(one["fields"][match[1]]) >= local.astimezone(dt.UTC)
    raise BadJql(f"Error in the JQL Query near {clause!r}.")


def _project(world: World, name: str) -> str:
    for one in world.projects:
        if name in (one["key"], *one.get("was", ())) and one["key"] not in world.hidden:
            return str(one["key"])
    raise BadJql(f"The value '{name}' does not exist for the field 'project'.")


def _refused(code: int, said: str) -> Answer:
    return Answer({"errorMessages": [said], "errors": {}}, code)


@dataclass
class _Speaker:
    """What both Jiras answer alike."""

    world: World
    api: str = ""
    worklog_page: int = 1000

    def plain(self, request: Request) -> Answer | None:
        path, world = request.path.removeprefix(self.api), self.world
        if path == "/myself":
            return Answer({**world.me, "timeZone": world.zone})
        if path == "/field":
            return Answer(world.fields)
        if path == "/status":
            return Answer(world.statuses)
        if (match := re.fullmatch(r"/project/([^/]+)", path)) and match[1] != "search":
            return self._project(match[1])
        if match := re.fullmatch(r"/issue/(\d+)", path):
            return self._issue(request, match[1])
        if match := re.fullmatch(r"/worklog/(updated|deleted)", path):
            return self._changed(request, match[1])
        if path == "/worklog/list" and request.method == "POST":
            return self._worklogs(request.json["ids"])
        return None

    def _project(self, name: str) -> Answer:
        try:
            key = _project(self.world, name)
        except BadJql:
            return _refused(404, f"No project could be found with key '{name}'.")
        return Answer(next(one for one in self.world.projects if one["key"] == key))

    def _issue(self, request: Request, id_: str) -> Answer:
        found = next((one for one in self.world.visible() if one["id"] == id_), None)
        if found is None:
            return _refused(404, "Issue does not exist or you do not have permission to see it.")
        told = self.world.told(found, request.one("fields").split(","))
        if "changelog" in request.one("expand"):
            histories = self.world.histories.get(id_, [])
            told["changelog"] = {"histories": histories, "total": len(histories)}
        return Answer(told)

    def _changed(self, request: Request, which: str) -> Answer:
        since = int(request.one("since", "0"))
        until = (self.world.clock() - dt.timedelta(minutes=1)).timestamp() * 1000
        rows = self.world.gone_worklogs
        if which == "updated":
            rows = [
                {"worklogId": int(one["id"]), "updatedTime": _ms(one["updated"]), "properties": []}
                for one in self.world.worklogs
            ]
        found = sorted(
            (one for one in rows if since <= one["updatedTime"] <= until),
            key=lambda one: (one["updatedTime"], one["worklogId"]),
        )
        page, last = found[: self.worklog_page], len(found) <= self.worklog_page
        told = {"values": page, "since": since, "lastPage": last}
        return Answer(told | ({"until": page[-1]["updatedTime"]} if page else {"until": since}))

    def _worklogs(self, ids: list[int]) -> Answer:
        if len(ids) > 1000:
            return _refused(400, "The number of worklog ids exceeds 1000.")
        found = [one for one in self.world.worklogs if int(one["id"]) in ids]
        return Answer([{**one, "started": self.world.local(one["started"])} for one in found])


def _ms(text: str) -> int:
    return int(_at(text).timestamp() * 1000)


@dataclass
class Cloud(_Speaker):
    """`page` is the most issues an answer holds, whatever is asked for."""

    email: str = "bot@acme.example"
    token: str = "secret"
    page: int = 100
    bulk: bool = True
    bulk_page: int = 1000
    made: dict[str, dt.datetime] = field(default_factory=dict)  # tokens

    def __post_init__(self) -> None:
        self.api = "/rest/api/3"

    def answer(self, request: Request) -> Answer:
        path = request.path
        if re.fullmatch(r"/rest/api/[23]/search", path):
            return _refused(410, _GONE)
        if path.endswith("/serverInfo"):
            return Answer({"deploymentType": "Cloud", "version": "1001.0.0-SNAPSHOT"})
        if not self._known(request):
            return self._anonymous(path)
        if found := self.plain(request):
            return found
        if path == "/rest/api/3/search/jql" and request.method == "POST":
            return self._search(request.json)
        if path == "/rest/api/3/search/approximate-count":
            return Answer({"count": len(matching(self.world, request.json["jql"], True))})
        if path == "/rest/api/3/changelog/bulkfetch" and self.bulk:
            return self._bulk(request.json)
        if match := re.fullmatch(r"/rest/api/3/issue/(\d+)/changelog", path):
            return self._changelog(request, match[1])
        if path == "/rest/api/3/project/search":
            return self._projects(request)
        return _refused(404, "dead link")

    def _known(self, request: Request) -> bool:
        basic = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {basic}"

    def _anonymous(self, path: str) -> Answer:
        """A wrong token makes somebody anonymous, who may search and finds nothing."""
        if path == "/rest/api/3/search/jql":
            return Answer({"issues": [], "isLast": True})
        return Answer(_NOBODY, 401, {"x-seraph-loginreason": "AUTHENTICATED_FAILED"})

    def _search(self, asked: Row) -> Answer:
        jql, names = asked["jql"], asked.get("fields") or ["id"]
        try:
            found = matching(self.world, jql, True)
            start = self._place(jql, asked.get("nextPageToken"), found)
        except BadJql as error:
            return _refused(400, str(error))
        most = 5000 if names == ["id"] else self.page
        page = found[start : start + min(asked.get("maxResults", 50), most)]
        told = [
            {"id": one["id"]} if names == ["id"] else self.world.told(one, names) for one in page
        ]
        if start + len(page) >= len(found):
            return Answer({"issues": told, "isLast": True})
        return Answer({"issues": told, "isLast": False, "nextPageToken": self._token(jql, page)})

    def _token(self, jql: str, page: list[Row]) -> str:
        last = page[-1]
        place = [jql, last["fields"]["created"], int(last["id"]), len(self.made)]
        token = base64.b64encode(json.dumps(place).encode()).decode()
        self.made[token] = self.world.clock()
        return token

    def _place(self, jql: str, token: str | None, found: list[Row]) -> int:
        """Tokens name a place in the order, belong to one query and last for seven days."""
        if token is None:
            return 0
        made = self.made.get(token)
        if made is None or self.world.clock() - made > dt.timedelta(days=7):
            raise BadJql("The provided next page token is invalid or expired.")
        query, created, id_, _ = json.loads(base64.b64decode(token))
        if query != jql:
            raise BadJql("The provided next page token does not belong to this query.")
        return sum((one["fields"]["created"], int(one["id"])) <= (created, id_) for one in found)

    def _bulk(self, asked: Row) -> Answer:
        ids, names = asked["issueIdsOrKeys"], asked.get("fieldIds", [])
        if not 1 <= len(ids) <= 1000 or len(names) > 10:
            return _refused(400, "issueIdsOrKeys must hold 1 to 1000, fieldIds at most 10.")
        found = [
            (entry["created"], int(id_), entry)
            for id_ in ids
            for entry in self.world.histories.get(id_, [])
            if not names or {item["fieldId"] for item in entry["items"]} & set(names)
        ]
        found.sort(key=lambda one: one[:2])
        start = int(asked.get("nextPageToken") or 0)
        page = found[start : start + min(asked.get("maxResults", 1000), self.bulk_page)]
        logs: dict[str, list[Row]] = {}
        for _, id_, entry in page:
            logs.setdefault(str(id_), []).append({**entry, "created": _ms(entry["created"])})
        told = {"issueChangeLogs": [{"issueId": i, "changeHistories": h} for i, h in logs.items()]}
        more = start + len(page) < len(found)
        return Answer(told | ({"nextPageToken": str(start + len(page))} if more else {}))

    def _changelog(self, request: Request, id_: str) -> Answer:
        histories = self.world.histories.get(id_, [])
        start = int(request.one("startAt", "0"))
        page = histories[start : start + min(int(request.one("maxResults", "100")), self.page)]
        last = start + len(page) >= len(histories)
        return Answer({"startAt": start, "total": len(histories), "values": page, "isLast": last})

    def _projects(self, request: Request) -> Answer:
        shown = [one for one in self.world.projects if one["key"] not in self.world.hidden]
        start, most = int(request.one("startAt", "0")), int(request.one("maxResults", "50"))
        page = shown[start : start + most]
        return Answer({"values": page, "isLast": start + len(page) >= len(shown)})


@dataclass
class DataCenter(_Speaker):
    """`histories` is the most changes that come along with an issue of a search."""

    token: str = "secret"
    page: int = 1000
    histories: int = 100

    def __post_init__(self) -> None:
        self.api = "/rest/api/2"

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("/serverInfo"):
            return Answer({"deploymentType": "Server", "version": "9.12.4"})
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _refused(401, "You are not authenticated. Authentication required.")
        if found := self.plain(request):
            return found
        if request.path == "/rest/api/2/search" and request.method == "POST":
            return self._search(request.json)
        if request.path == "/rest/api/2/project":
            return Answer([o for o in self.world.projects if o["key"] not in self.world.hidden])
        return Answer({"message": "null for uri: " + request.path, "status-code": 404}, 404)

    def _search(self, asked: Row) -> Answer:
        try:
            found = matching(self.world, asked["jql"], False)
        except BadJql as error:
            return _refused(400, str(error))
        start, most = asked.get("startAt", 0), min(asked.get("maxResults", 50), self.page)
        page = [self._told(one, asked) for one in found[start : start + most]]
        return Answer({"startAt": start, "maxResults": most, "total": len(found), "issues": page})

    def _told(self, row: Row, asked: Row) -> Row:
        told = self.world.told(row, asked.get("fields"))
        if "changelog" in asked.get("expand", []):
            entries = self.world.histories.get(row["id"], [])
            told["changelog"] = {"histories": entries[: self.histories], "total": len(entries)}
        return told
