"""Linear's GraphQL API: real queries against the part of Linear's schema that is served here.

Rows are nodes in Linear's own shapes. It orders as Linear does, latest first, counts points as its
documentation says and refuses with its codes. That the schema is Linear's, a test checks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync, parse, validate
from graphql.language import DocumentNode, FieldNode, IntValueNode, OperationDefinitionNode

from tests.standins.server import Answer, Request

MOST_POINTS = 10_000

_CONNECTION = "(first: Int, after: String, includeArchived: Boolean, orderBy: PaginationOrderBy)"
_WITH_DISABLED = _CONNECTION.replace(")", ", includeDisabled: Boolean)")
SCHEMA = f"""
scalar DateTime
scalar DateTimeOrDuration
enum PaginationOrderBy {{ createdAt updatedAt }}
input DateComparator {{ gte: DateTimeOrDuration lte: DateTimeOrDuration }}
input StringComparator {{ eq: String in: [String!] }}
input TeamFilter {{ key: StringComparator }}
input IssueFilter {{ updatedAt: DateComparator team: TeamFilter }}
type PageInfo {{ hasNextPage: Boolean! endCursor: String }}
type WorkflowState {{ id: ID! name: String! type: String! }}
type WorkflowStateConnection {{ nodes: [WorkflowState!]! pageInfo: PageInfo! }}
type Team {{ id: ID! key: String! name: String! }}
type User {{ id: ID! name: String! email: String! app: Boolean! active: Boolean! }}
type UserConnection {{ nodes: [User!]! pageInfo: PageInfo! }}
type TeamMembership {{ id: ID! owner: Boolean! team: Team! user: User! }}
type TeamMembershipConnection {{ nodes: [TeamMembership!]! pageInfo: PageInfo! }}
type IssueLabel {{ id: ID! name: String! }}
type IssueLabelConnection {{ nodes: [IssueLabel!]! pageInfo: PageInfo! }}
type IssueHistory {{
  id: ID! createdAt: DateTime! actorId: String fromStateId: String toStateId: String
}}
type IssueHistoryConnection {{ nodes: [IssueHistory!]! pageInfo: PageInfo! }}
type Issue {{
  id: ID! identifier: String! title: String! estimate: Float priorityLabel: String!
  trashed: Boolean createdAt: DateTime! startedAt: DateTime completedAt: DateTime
  canceledAt: DateTime updatedAt: DateTime! archivedAt: DateTime
  state: WorkflowState! team: Team! parent: Issue creator: User assignee: User
  labels{_CONNECTION}: IssueLabelConnection!
  history{_CONNECTION}: IssueHistoryConnection!
}}
type IssueConnection {{ nodes: [Issue!]! pageInfo: PageInfo! }}
type Query {{
  viewer: User!
  issue(id: String!): Issue!
  issues{_CONNECTION.replace(")", ", filter: IssueFilter)")}: IssueConnection!
  users{_WITH_DISABLED}: UserConnection!
  teamMemberships{_CONNECTION}: TeamMembershipConnection!
  workflowStates{_CONNECTION}: WorkflowStateConnection!
}}
"""


@dataclass
class LinearWorld:
    """A workspace. `keys` are personal keys; `tokens` OAuth tokens and what they may ask for."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=lambda: {"lin_api_key"})
    tokens: dict[str, set[str]] = field(default_factory=dict)
    points: list[float] = field(default_factory=list)  # of each query so far

    def __post_init__(self) -> None:
        self.schema = build_schema(SCHEMA)
        served = {
            "viewer": lambda *_: self.users[0],
            "issue": self._issue,
            "issues": self._issues,
            "users": lambda _, info, **asked: self._page("users", self.users, asked),
            "teamMemberships": lambda _, info, **asked: self._page(
                "teamMemberships", self.memberships, asked
            ),
            "workflowStates": lambda _, info, **asked: self._page(
                "workflowStates", self.states, asked
            ),
        }
        query, issue = self.schema.query_type, self.schema.type_map["Issue"]
        assert query
        for name, resolve in served.items():
            query.fields[name].resolve = resolve
        for name in ("labels", "history"):
            issue.fields[name].resolve = self._inner  # type: ignore[attr-defined]

    def __call__(self, request: Request) -> Answer:
        """Answer as Linear does; errors come with a 400, or a 401 without a known token."""
        if request.path != "/graphql" or request.method != "POST":
            return Answer({"message": "Not found"}, 404)
        if not self._known(request.headers.get("authorization", "")):
            said = "Authentication required, not authenticated"
            return refusal("AUTHENTICATION_ERROR", said, 401)
        document = parse(request.json["query"])
        if errors := validate(self.schema, document):
            return refusal("GRAPHQL_VALIDATION_FAILED", errors[0].message)
        variables = request.json.get("variables") or {}
        self.points.append(round(points(document, variables), 1))
        if self.points[-1] > MOST_POINTS:
            return refusal("INPUT_ERROR", f"Query too complex: {self.points[-1]}")
        return self._run(document, variables, self._scopes(request))

    def _run(self, document: DocumentNode, variables: dict[str, Any], may: set[str]) -> Answer:
        wanted = {node.name.value for node in _fields(_operation(document))}
        if may and not wanted <= may:
            return refusal("FORBIDDEN", "You don't have permission to view this", 403)
        operation = _operation(document).name
        result = graphql_sync(
            self.schema,
            document.loc.source.body if document.loc else "",
            variable_values=variables,
            operation_name=operation.value if operation else None,
        )
        if result.errors:
            code = (result.errors[0].extensions or {}).get("code", "INTERNAL_SERVER_ERROR")
            return refusal(code, result.errors[0].message, data=result.data)
        return Answer({"data": result.data}, headers={"x-complexity": str(self.points[-1])})

    def add(self, number: int, at: dt.datetime, team: str = "ENG", **more: Any) -> dict[str, Any]:
        """An issue is made."""
        made = {
            "id": f"issue-{number:04}",
            "identifier": f"{team}-{number}",
            "title": "A secret title",
            "description": "A secret description",
            "priorityLabel": "High",
            "createdAt": _text(at),
            "updatedAt": _text(at),
            "state": self._state("Todo"),
            "team": {"id": f"team-{team}", "key": team, "name": f"Team {team}"},
            "labels": [],
            "history": [],
        }
        self.issues.append(made | more)
        return self.issues[-1]

    def move(self, number: int, state: str, at: dt.datetime, actor: str | None = None) -> None:
        """An issue gets another state."""
        row = self.row(number)
        to = self._state(state)
        change = {
            "id": f"{row['id']}-{len(row['history'])}",
            "createdAt": _text(at),
            "actorId": actor,
            "fromStateId": row["state"]["id"],
            "toStateId": to["id"],
        }
        row["history"].insert(0, change)
        times = {"started": "startedAt", "completed": "completedAt", "canceled": "canceledAt"}
        if name := times.get(to["type"]):
            row[name] = _text(at)
        row |= {"state": to, "updatedAt": _text(at)}

    def remove(self, number: int) -> None:
        self.issues.remove(self.row(number))

    def row(self, number: int) -> dict[str, Any]:
        return next(row for row in self.issues if row["id"] == f"issue-{number:04}")

    def _state(self, name: str) -> dict[str, Any]:
        return next(state for state in self.states if state["name"] == name)

    def _known(self, said: str) -> bool:
        return said in self.keys or said.removeprefix("Bearer ") in self.tokens

    def _scopes(self, request: Request) -> set[str]:
        said = request.headers["authorization"].removeprefix("Bearer ")
        return self.tokens.get(said, set())

    def _issue(self, _: Any, info: GraphQLResolveInfo, id: str) -> dict[str, Any]:
        return next(row for row in self.issues if row["id"] == id)

    def _issues(self, _: Any, info: GraphQLResolveInfo, **asked: Any) -> dict[str, Any]:
        wanted = asked.get("filter") or {}
        since = wanted.get("updatedAt", {}).get("gte")
        keys = wanted.get("team", {}).get("key", {}).get("in")
        rows = [
            row
            for row in self.issues
            if (not since or _time(row["updatedAt"]) >= _time(since))
            and (not keys or row["team"]["key"] in keys)
            and (asked.get("includeArchived") or not row.get("archivedAt"))
        ]
        order = asked.get("orderBy") or "createdAt"
        rows.sort(key=lambda row: (row[order], row["id"]), reverse=True)
        return self._page("issues", rows, asked)

    def _inner(self, row: dict[str, Any], info: GraphQLResolveInfo, **asked: Any) -> Any:
        return self._page(info.field_name, row[info.field_name], asked)

    def _page(self, name: str, rows: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
        first, after = asked.get("first") or 50, asked.get("after")
        if not 1 <= first <= 250:
            raise GraphQLError("Argument Validation Error", extensions={"code": "INPUT_ERROR"})
        places = [row["id"] for row in rows]
        if after and after not in places:
            said = f"Entity not found: {name}"
            raise GraphQLError(said, extensions={"code": "INPUT_ERROR"})
        start = places.index(after) + 1 if after else 0
        found = rows[start : start + first]
        more = start + first < len(rows)
        info = {"hasNextPage": more, "endCursor": found[-1]["id"] if found else None}
        return {"nodes": found, "pageInfo": info}


def points(document: DocumentNode, variables: dict[str, Any]) -> float:
    """0.1 a property, 1 an object, times what a connection may bring (50 when not said)."""
    return sum(_cost(node, variables) for node in _fields(_operation(document)))


def _cost(node: FieldNode, variables: dict[str, Any]) -> float:
    inner = _fields(node)
    if not inner:
        return 0.1
    if any(child.name.value == "nodes" for child in inner):
        rows = next(child for child in inner if child.name.value == "nodes")
        each = 1 + sum(_cost(child, variables) for child in _fields(rows))
        return _first(node, variables) * each
    return 1 + sum(_cost(child, variables) for child in inner)


def _first(node: FieldNode, variables: dict[str, Any]) -> int:
    for argument in node.arguments:
        if argument.name.value == "first":
            value = argument.value
            known = isinstance(value, IntValueNode)
            return int(value.value if known else variables[value.name.value])  # type: ignore[attr-defined]
    return 50


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def _fields(node: FieldNode | OperationDefinitionNode) -> list[FieldNode]:
    found = node.selection_set.selections if node.selection_set else ()
    return [child for child in found if isinstance(child, FieldNode)]


def refusal(
    code: str,
    message: str,
    status: int = 400,
    headers: dict[str, str] | None = None,
    data: Any = None,
) -> Answer:
    """An error in Linear's form."""
    extensions = {"type": code.lower(), "code": code, "userError": True}
    error = {"message": message, "extensions": extensions}
    body = {"errors": [error]} | ({"data": data} if data else {})
    return Answer(body, status, headers or {})


def user(key: str, name: str, email: str, *, app: bool = False) -> dict[str, Any]:
    return {"id": key, "name": name, "email": email, "app": app, "active": True}


def membership(key: str, team: str, who: dict[str, Any], *, owner: bool = False) -> dict[str, Any]:
    named = {"id": f"team-{team}", "key": team, "name": f"Team {team}"}
    return {"id": key, "team": named, "user": who, "owner": owner}


def states() -> list[dict[str, Any]]:
    types = {
        "Triage": "triage",
        "Backlog": "backlog",
        "Todo": "unstarted",
        "In Progress": "started",
        "In Review": "started",
        "Done": "completed",
        "Canceled": "canceled",
        "Duplicate": "duplicate",
    }
    return [{"id": f"st-{name}", "name": name, "type": kind} for name, kind in types.items()]


def _text(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
