"""GitLab's REST API v4 and the part of its GraphQL that tells sizes.

Rows are in GitLab's own shapes, with what the stand-in itself needs under names that begin with `_`
and are not sent. Lists page by Link, are ordered and filtered as documented, and refuse what GitLab
refuses: a change filter on deployments without its order, and offsets beyond 50,000.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from graphql import build_schema, graphql_sync

from tests.standins.server import Answer, Request

MOST_OFFSET = 50_000
SCHEMA = """
type DiffStatsSummary { additions: Int! deletions: Int! changes: Int! fileCount: Int! }
type DiffStats { path: String! additions: Int! deletions: Int! }
type MergeRequest {
  iid: String! diffStatsSummary: DiffStatsSummary diffStats(path: String): [DiffStats!]
}
type MergeRequestConnection { nodes: [MergeRequest] }
type Project { mergeRequests(iids: [String!]): MergeRequestConnection }
type Query { project(fullPath: ID!): Project }
"""
Row = dict[str, Any]


@dataclass
class GitLabWorld:
    """One GitLab. `tokens` are their scopes; a token without `read_api` or `api` is refused."""

    groups: list[Row] = field(default_factory=list)
    projects: list[Row] = field(default_factory=list)
    members: dict[str, list[Row]] = field(default_factory=dict)  # by path of group or project
    requests: list[Row] = field(default_factory=list)
    commits: dict[int, list[Row]] = field(default_factory=dict)  # of default branches, newest first
    pipelines: list[Row] = field(default_factory=list)
    deployments: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {"glpat-1": {"read_api"}})
    switched_off: set[tuple[int, str]] = field(default_factory=set)  # project and list
    graphql: bool = True
    heads_forgotten: str = "404"  # or "empty": what a range from an unknown commit gives

    def __post_init__(self) -> None:
        self.schema = build_schema(SCHEMA)

    def __call__(self, request: Request) -> Answer:
        """Answer as GitLab does."""
        scopes = self.tokens.get(request.headers.get("private-token", ""))
        if scopes is None:
            return Answer({"message": "401 Unauthorized"}, 401)
        if not scopes & {"api", "read_api"}:
            said = "The request requires higher privileges than provided by the access token."
            body = {"error": "insufficient_scope", "error_description": said}
            return Answer(body | {"scope": "api read_api"}, 403)
        if request.path == "/api/graphql" and request.method == "POST":
            return self._sizes(request.json)
        parts = [unquote(part) for part in request.path.split("/")[3:]]
        match parts:
            case ["groups", group, *rest] if found := _found(self.groups, "full_path", group):
                return self._group(request, found, rest)
            case ["projects", name, *rest] if found := self._project(name):
                return self._of_project(request, found, rest)
        return Answer({"message": f"404 {parts[0].removesuffix('s').title()} Not Found"}, 404)

    def add_project(self, number: int, path: str, **more: Any) -> Row:
        row = {
            "id": number,
            "path_with_namespace": path,
            "web_url": f"https://gitlab.com/{path}",
            "default_branch": "main",
            "archived": False,
        }
        self.projects.append(row | more)
        self.commits.setdefault(number, [])
        return self.projects[-1]

    def add_request(self, project: int, iid: int, at: dt.datetime, **more: Any) -> Row:
        row = {
            "id": project * 1000 + iid,
            "iid": iid,
            "project_id": project,
            "title": "A secret title",
            "description": "A secret description",
            "state": "opened",
            "draft": False,
            "created_at": text(at),
            "updated_at": text(at),
            "merged_at": None,
            "closed_at": None,
            "author": user("ada"),
            "source_branch": "feature",
            "target_branch": "main",
            "labels": [],
            "sha": f"{iid:040x}",
            "merge_commit_sha": None,
            "squash_commit_sha": None,
            "_commits": [],
            "_notes": [],
            "_files": [],
        }
        self.requests.append(row | more)
        return self.requests[-1]

    def merge(self, project: int, iid: int, at: dt.datetime, by: str = "bob") -> None:
        row = self.request(project, iid)
        times = {"merged_at": text(at), "updated_at": text(at)}
        row |= {"state": "merged", "merge_user": user(by), "merge_commit_sha": f"m{iid:039x}"}
        row |= times

    def note(self, project: int, iid: int, at: dt.datetime, by: str, body: str) -> None:
        """A comment; in brackets, GitLab's own note."""
        row = self.request(project, iid)
        system = body.startswith("[")
        note = {"id": row["id"] * 100 + len(row["_notes"]), "body": body.strip("[]")}
        note |= {"system": system, "author": user(by), "created_at": text(at)}
        row["_notes"].append(note)
        row["updated_at"] = text(max(_time(row["updated_at"]), at))

    def request(self, project: int, iid: int) -> Row:
        return next(r for r in self.requests if (r["project_id"], r["iid"]) == (project, iid))

    def commit(self, project: int, at: dt.datetime, message: str = "Work", **more: Any) -> Row:
        """A commit on the default branch; `project` 0 for one that is not on it yet."""
        made = commit(f"{project:x}{len(self.commits.get(project, [])):039x}", at, message) | more
        if project:
            self.commits[project].insert(0, made)
        return made

    def _project(self, name: str) -> Row | None:
        if name.isdigit():
            return _found(self.projects, "id", int(name))
        return _found(self.projects, "path_with_namespace", name)

    def _group(self, request: Request, group: Row, rest: list[str]) -> Answer:
        path = group["full_path"]
        match rest:
            case []:
                return Answer(group)
            case ["projects"]:
                rows = [p for p in self.projects if _below(p["path_with_namespace"], path)]
                return _page(request, sorted(rows, key=lambda row: row["id"]))
            case ["descendant_groups"]:
                rows = [other for other in self.groups if _below(other["full_path"], path)]
                return _page(request, rows)
            case ["members"]:
                return _page(request, self.members.get(path, []))
            case ["members", "all"]:
                return _page(request, self._all_members(path))
        return _missing()

    def _all_members(self, path: str) -> list[Row]:
        """With those of the groups above."""
        above = [self.members.get(other, []) for other in self.members if _below(path, other)]
        found = {row["id"]: row for rows in [*above, self.members.get(path, [])] for row in rows}
        return list(found.values())

    def _of_project(self, request: Request, project: Row, rest: list[str]) -> Answer:
        if (project["id"], "/".join(rest)) in self.switched_off:
            return Answer({"message": "403 Forbidden"}, 403)
        mine: Callable[[list[Row]], list[Row]] = lambda rows: [  # noqa: E731
            row for row in rows if row["project_id"] == project["id"]
        ]
        match rest:
            case []:
                return Answer(project)
            case ["members", "all"]:
                return _page(request, self._all_members(project["path_with_namespace"]))
            case ["merge_requests" | "issues" | "pipelines" as name]:
                rows = mine(getattr(self, "requests" if name[0] == "m" else name))
                return _page(request, _changed(request, rows))
            case ["deployments"]:
                if "updated_after" in request.query and request.one("order_by") != "updated_at":
                    said = "400 Bad request - `updated_at` filter requires `updated_at` sort"
                    return Answer({"message": said}, 400)
                return _page(request, _changed(request, mine(self.deployments)))
            case ["merge_requests", iid, ("commits" | "notes") as what]:
                found = _found(mine(self.requests), "iid", int(iid))
                return _page(request, found[f"_{what}"]) if found else _missing()
            case ["pipelines", number]:
                found = _found(mine(self.pipelines), "id", int(number))
                return Answer(_sent(found, whole=True)) if found else _missing()
            case ["repository", "branches", branch] if branch == project["default_branch"]:
                rows = self.commits[project["id"]]
                return Answer({"name": branch, "commit": rows[0]}) if rows else _missing()
            case ["repository", "commits"]:
                return self._commits(request, self.commits[project["id"]])
        return _missing()

    def _commits(self, request: Request, rows: list[Row]) -> Answer:
        places = {row["id"]: place for place, row in enumerate(rows)}
        start, dots, end = request.one("ref_name", rows[0]["id"] if rows else "").rpartition("..")
        if end not in places or (dots and start not in places):
            if self.heads_forgotten == "empty":
                return _page(request, [])
            return Answer({"message": "404 Commit Not Found"}, 404)
        found = rows[places[end] : places[start] if dots else None]
        if since := request.one("since"):
            found = [row for row in found if _time(row["committed_date"]) >= _time(since)]
        stats = request.one("with_stats") == "true"
        return _page(request, [row if stats else row | {"stats": None} for row in found])

    def _sizes(self, said: Row) -> Answer:
        if not self.graphql:
            return Answer({"message": "404 Not Found"}, 404)
        root = {"project": lambda info, **asked: self._project_sizes(asked["fullPath"])}
        result = graphql_sync(self.schema, said["query"], root, variable_values=said["variables"])
        errors = [{"message": error.message} for error in result.errors or ()]
        return Answer({"data": result.data} | ({"errors": errors} if errors else {}))

    def _project_sizes(self, path: str) -> Row | None:
        project = self._project(path)
        if project is None:
            return None
        rows = [row for row in self.requests if row["project_id"] == project["id"]]
        return {
            "mergeRequests": lambda info, iids=None: {
                "nodes": [_size(row) for row in rows if str(row["iid"]) in (iids or [])]
            }
        }


def _size(row: Row) -> Row:
    files = row["_files"]
    added, deleted = (sum(file[key] for file in files) for key in ("additions", "deletions"))
    total = {"additions": added, "deletions": deleted, "changes": added + deleted}
    return {
        "iid": str(row["iid"]),
        "diffStatsSummary": total | {"fileCount": len(files)},
        "diffStats": files,
    }


def user(username: str) -> Row:
    return {
        "id": sum(map(ord, username)),
        "username": username,
        "name": username.title(),
        "state": "active",
        "web_url": f"https://gitlab.com/{username}",
    }


def commit(sha: str, at: dt.datetime, message: str = "Work", author: str = "ada") -> Row:
    return {
        "id": sha,
        "short_id": sha[:8],
        "title": message.partition("\n")[0],
        "message": message,
        "author_name": author.title(),
        "author_email": f"{author}@acme.example",
        "authored_date": text(at),
        "committed_date": text(at),
        "created_at": text(at),
        "parent_ids": ["0" * 40],
        "stats": {"additions": 10, "deletions": 4, "total": 14},
    }


def pipeline(number: int, project: int, at: dt.datetime, status: str = "success") -> Row:
    over = status in ("success", "failed", "canceled")
    return {
        "id": number,
        "iid": number,
        "project_id": project,
        "status": status,
        "source": "push",
        "ref": "main",
        "sha": f"{number:040x}",
        "name": "Build",
        "created_at": text(at),
        "updated_at": text(at + dt.timedelta(minutes=5)),
        "_whole": {
            "user": user("ada"),
            "started_at": text(at + dt.timedelta(minutes=1)),
            "finished_at": text(at + dt.timedelta(minutes=5)) if over else None,
        },
    }


def deployment(
    number: int, project: int, at: dt.datetime, status: str = "success", env: str = "production"
) -> Row:
    over = status in ("success", "failed", "canceled")
    return {
        "id": number,
        "iid": number,
        "project_id": project,
        "status": status,
        "ref": "main",
        "sha": f"{number:040x}",
        "created_at": text(at),
        "updated_at": text(at + dt.timedelta(minutes=3)),
        "user": user("bob"),
        "environment": {"id": 9, "name": env, "external_url": None},
        "deployable": {"finished_at": text(at + dt.timedelta(minutes=2)) if over else None},
    }


def issue(number: int, project: int, at: dt.datetime, **more: Any) -> Row:
    row = {
        "id": project * 1000 + number,
        "iid": number,
        "project_id": project,
        "title": "A secret title",
        "description": "A secret description",
        "state": "opened",
        "issue_type": "issue",
        "created_at": text(at),
        "updated_at": text(at),
        "closed_at": None,
        "author": user("ada"),
        "assignees": [user("bob")],
        "labels": [],
        "weight": None,
        "time_stats": {"time_estimate": 0, "total_time_spent": 0},
    }
    return row | more


def member(username: str, level: int = 30, **more: Any) -> Row:
    return user(username) | {"access_level": level, "expires_at": None} | more


def text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(said: str) -> dt.datetime:
    return dt.datetime.fromisoformat(said)


def _changed(request: Request, rows: list[Row]) -> list[Row]:
    order, down = request.one("order_by", "id"), request.one("sort", "desc") == "desc"
    if after := request.one("updated_after"):
        rows = [row for row in rows if _time(row["updated_at"]) > _time(after)]
    return sorted(rows, key=lambda row: (row[order], row["id"]), reverse=down)


def _page(request: Request, rows: list[Row]) -> Answer:
    page = int(request.one("page", "1"))
    size = min(100, int(request.one("per_page", "20")))
    start = (page - 1) * size
    if start > MOST_OFFSET:
        said = f"Offset pagination has a maximum allowed offset of {MOST_OFFSET}"
        return Answer({"error": said}, 405)
    headers = {}
    if start + size < len(rows):
        query = request.query | {"page": [str(page + 1)]}
        address = f"http://{request.headers['host']}{request.path}?{urlencode(query, doseq=True)}"
        headers["link"] = f'<{address}>; rel="next"'
    return Answer([_sent(row) for row in rows[start : start + size]], headers=headers)


def _sent(row: Row, *, whole: bool = False) -> Row:
    shown = {key: value for key, value in row.items() if not key.startswith("_")}
    return shown | (row.get("_whole", {}) if whole else {})


def _found(rows: list[Row], key: str, value: object) -> Row | None:
    """By a field, or by the id as a path writes it."""
    return next((row for row in rows if value in (row[key], str(row["id"]))), None)


def _below(path: str, group: str) -> bool:
    return path.startswith(f"{group}/")


def _missing() -> Answer:
    return Answer({"message": "404 Not found"}, 404)
