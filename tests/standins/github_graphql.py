"""GitHub's GraphQL over the world: real queries against a part of GitHub's own schema."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
    validate,
)

from tests.standins.github_world import Repository, Row, Team

if TYPE_CHECKING:
    from tests.standins.github import GitHub

SCHEMA = Path(__file__).with_name("github.graphql")
# What each list of a repository takes, as fine-grained tokens call it.
PERMISSIONS = {
    "pullRequests": "pull_requests",
    "issues": "issues",
    "deployments": "deployments",
    "releases": "contents",
    "object": "contents",
}
_CAPS = {"PullRequest.commits": 250, "PullRequest.files": 3000}
_ORDERS = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}


@cache
def schema() -> GraphQLSchema:
    built = build_schema(SCHEMA.read_text())
    for kind in built.type_map.values():
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
            kind.resolve_type = lambda value, *_: value["__typename"]
    return built


@cache
def _document(text: str) -> DocumentNode | list[str]:
    """The query, or what is wrong with it."""
    document = parse(text)
    wrong = [error.message for error in validate(schema(), document)]
    return wrong or document


def answer(github: GitHub, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    document = _document(query)
    if isinstance(document, list):
        return {"errors": [{"message": message} for message in document]}
    done = execute_sync(
        schema(),
        document,
        variable_values=variables,
        context_value=github,
        field_resolver=_resolve,
    )
    said: dict[str, Any] = {"data": done.data}
    if done.errors:
        said["errors"] = [_error(error) for error in done.errors]
    return said


def refusal(kind: str, message: str, **more: Any) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind, **more})


def _error(error: GraphQLError) -> dict[str, Any]:
    """GitHub writes an error's type beside its message."""
    more = dict(error.extensions or {})
    said: dict[str, Any] = {"type": more.pop("type", "INTERNAL"), "message": error.message}
    if error.path:
        said["path"] = list(error.path)
    return {**said, "extensions": more} if more else said


def _resolve(source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
    """A field by its own function below, else as the row has it; lists in pages."""
    name = f"{info.parent_type.name}.{info.field_name}"
    own = _FIELDS.get(name) or _FIELDS.get(f"*.{info.field_name}")
    found = own(source, info, **args) if own else _plain(source, info.field_name)
    if isinstance(found, list) and get_named_type(info.return_type).name.endswith("Connection"):
        return _connection(found, name, info.context, **args)
    return found


def _plain(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, dict) else getattr(source, name, None)


def _connection(
    rows: list[Row],
    name: str,
    github: GitHub,
    first: int | None = None,
    after: str | None = None,
    orderBy: Row | None = None,  # noqa: N803 - GitHub's name
    **_: Any,
) -> Row:
    if first is None:
        raise refusal("MISSING_PAGINATION_BOUNDARIES", f"You must provide a `first` on {name}.")
    if not 1 <= first <= 100:
        raise refusal(
            "EXCESSIVE_PAGINATION", f"Requesting {first} records exceeds the limit of 100."
        )
    total, rows = len(rows), _ordered(rows, orderBy)[: _CAPS.get(name)]
    begin = _place(rows, after, orderBy) if after else 0
    page = rows[begin : begin + first]
    more = begin + first < len(rows)
    end = _cursor(page[-1], begin + len(page), orderBy) if page else None
    edges = [{"node": row, "role": row.get("role")} for row in page]
    info = {"hasNextPage": more, "endCursor": end}
    return {"totalCount": total, "pageInfo": info, "nodes": page, "edges": edges}


def _ordered(rows: list[Row], order: Row | None) -> list[Row]:
    if not order or order["field"] not in _ORDERS:
        return rows
    return sorted(rows, key=lambda row: _key(row, order), reverse=order["direction"] == "DESC")


def _key(row: Row, order: Row) -> tuple[str, int]:
    return str(row[_ORDERS[order["field"]]]), int(row.get("number") or row.get("databaseId") or 0)


def _cursor(row: Row, number: int, order: Row | None) -> str:
    """A place in an ordered list is a time and an id, in another one a number."""
    place = list(_key(row, order)) if order and order["field"] in _ORDERS else number
    return base64.b64encode(f"cursor:v2:{json.dumps(place)}".encode()).decode()


def _place(rows: list[Row], after: str, order: Row | None) -> int:
    try:
        place = json.loads(base64.b64decode(after).decode().removeprefix("cursor:v2:"))
    except ValueError:
        raise refusal(
            "INVALID_CURSOR_ARGUMENTS", f"`{after}` does not appear to be a valid cursor."
        ) from None
    if isinstance(place, int):
        return place
    assert order is not None
    keys = [_key(row, order) for row in rows]
    beyond = tuple(place)
    past = (key <= beyond if order["direction"] == "ASC" else key >= beyond for key in keys)
    return sum(past)


def actor(login: str | None) -> Row | None:
    """A bot's login has no suffix here."""
    if login is None:
        return None
    bot = login.endswith("[bot]")
    kind = "Bot" if bot else "User"
    return {"__typename": kind, "id": f"U_{login}", "login": login.removesuffix("[bot]")}


def _repository(
    source: Any, info: GraphQLResolveInfo, owner: str, name: str, **_: Any
) -> Repository:
    github: GitHub = info.context
    found = github.world.find(f"{owner}/{name}")
    if found is None or found.nameWithOwner in github.hidden:
        raise refusal(
            "NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'."
        )
    if found.nameWithOwner in github.sign_on:
        raise refusal(
            "FORBIDDEN",
            "Resource protected by organization SAML enforcement.",
            saml_failure=True,
        )
    return found


def _owner(source: Any, info: GraphQLResolveInfo, login: str) -> Row | None:
    world = info.context.world
    if login.lower() != world.organization.lower():
        return None
    return {"__typename": "User" if world.is_user else "Organization", "login": login}


def _organization(source: Any, info: GraphQLResolveInfo, login: str) -> Row | None:
    found = _owner(source, info, login)
    if found is None or found["__typename"] == "User":
        message = f"Could not resolve to an Organization with the login of '{login}'."
        raise refusal("NOT_FOUND", message)
    return found


def _repositories(source: Row, info: GraphQLResolveInfo, **args: Any) -> list[Row]:
    github: GitHub = info.context
    mine = [one for one in github.world.repositories if one.nameWithOwner not in github.hidden]
    return [{"repository": one} for one in sorted(mine, key=lambda one: one.nameWithOwner.lower())]


def _list(source: Repository, info: GraphQLResolveInfo, **args: Any) -> Any:
    info.context.need(PERMISSIONS[info.field_name], graphql=True)
    rows: list[Row] = getattr(source, info.field_name)
    return [{**row, "repository": source} for row in rows]


def _branch(source: Repository, info: GraphQLResolveInfo) -> Row | None:
    if not source.head:
        return None
    return {"id": "REF", "name": source.branch, "target": _commit(source, source.head)}


def _commit(repository: Repository, oid: str) -> Row | None:
    row = repository.commits.get(oid)
    return {**row, "__typename": "Commit", "repository": repository} if row else None


def _object(source: Repository, info: GraphQLResolveInfo, oid: str) -> Row | None:
    info.context.need("contents", graphql=True)
    return _commit(source, oid)


def _history(
    source: Row, info: GraphQLResolveInfo, since: str | None = None, **_: Any
) -> list[Row]:
    rows = source["repository"].history(source["oid"])
    since = since.replace("+00:00", "Z") if since else ""
    return [row for row in rows if row["committedDate"] >= since]


def _git_actor(source: Row, info: GraphQLResolveInfo) -> Row:
    """Only people's accounts are matched with addresses."""
    author = source["author"]
    login = author["login"]
    user = actor(login) if login and not login.endswith("[bot]") else None
    return {"name": author["name"], "email": author["email"], "user": user}


def _node(source: Any, info: GraphQLResolveInfo, id: str) -> Row | None:
    github: GitHub = info.context
    for repository in github.world.repositories:
        for row in repository.commits.values():
            if row["id"] == id:
                return {**row, "__typename": "Commit", "repository": repository}
        for row in repository.pullRequests:
            if _pull_request_id(row, repository) == id:
                return {**row, "__typename": "PullRequest", "repository": repository}
    for team in github.world.teams:
        if f"T_{team.slug}" == id:
            return {"__typename": "Team", "team": team}
    raise refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")


def _pull_request_id(row: Row, repository: Repository) -> str:
    return f"PR_{repository.id}_{row['number']}"


def _members(source: Row, info: GraphQLResolveInfo, **_: Any) -> list[Row]:
    info.context.need("members", graphql=True)
    members = info.context.world.members.items()
    return [{"login": login, "id": f"U_{login}", **row} for login, row in members]


def _addresses(source: Row, info: GraphQLResolveInfo, login: str) -> list[str]:
    info.context.need("verified_domains", graphql=True)
    found: list[str] = source.get("emails", [])
    return found


def _provider(source: Row, info: GraphQLResolveInfo) -> Row | None:
    if info.context.world.identities is None:
        return None
    info.context.need("organization_administration", graphql=True)
    return {"id": "IDP"}


def _identities(source: Row, info: GraphQLResolveInfo, **_: Any) -> list[Row]:
    return [
        {
            "samlIdentity": {"nameId": row["nameId"], "emails": None},
            "scimIdentity": None,
            "user": actor(row["login"]),
        }
        for row in info.context.world.identities
    ]


def _teams(source: Row, info: GraphQLResolveInfo, **_: Any) -> list[Row]:
    info.context.need("members", graphql=True)
    return [{"team": team} for team in info.context.world.teams]


def _team_members(source: Row, info: GraphQLResolveInfo, **_: Any) -> list[Row]:
    team: Team = source["team"]
    return [{"login": login, "role": role} for login, role in team.members.items()]


def _ready(source: Row, info: GraphQLResolveInfo, **_: Any) -> list[Row]:
    return [{"__typename": "ReadyForReviewEvent", "createdAt": at} for at in source["ready"]]


def _latest(source: Row, info: GraphQLResolveInfo) -> Row | None:
    return max(source["statuses"], key=lambda row: row["createdAt"], default=None)


_FIELDS: dict[str, Any] = {
    "Query.repository": _repository,
    "Query.repositoryOwner": _owner,
    "Query.organization": _organization,
    "Query.node": _node,
    "Query.nodes": lambda source, info, ids: [_node(source, info, id) for id in ids],
    "User.repositories": _repositories,
    "Organization.repositories": _repositories,
    "Organization.membersWithRole": _members,
    "Organization.samlIdentityProvider": _provider,
    "Organization.teams": _teams,
    "OrganizationIdentityProvider.externalIdentities": _identities,
    "RepositoryConnection.nodes": lambda page, info: [row["repository"] for row in page["nodes"]],
    "Repository.url": lambda source, info: f"https://github.com/{source.nameWithOwner}",
    "Repository.isFork": lambda source, info: source.flags.get("isFork", False),
    "Repository.isArchived": lambda source, info: source.flags.get("isArchived", False),
    "Repository.isDisabled": lambda source, info: source.flags.get("isDisabled", False),
    "Repository.defaultBranchRef": _branch,
    "Repository.object": _object,
    **{f"Repository.{name}": _list for name in PERMISSIONS if name != "object"},
    "Commit.history": _history,
    "Commit.author": _git_actor,
    "Commit.parents": lambda row, info, **_: [{"oid": oid} for oid in row["parents"]],
    "PullRequest.id": lambda row, info: _pull_request_id(row, row["repository"]),
    "PullRequest.author": lambda row, info: actor(row["author"]),
    "PullRequest.mergedBy": lambda row, info: actor(row["mergedBy"]),
    "PullRequest.mergeCommit": lambda row, info: (
        {"oid": row["mergeCommit"]} if row["mergeCommit"] else None
    ),
    "PullRequest.timelineItems": _ready,
    "PullRequest.labels": lambda row, info, **_: [{"name": name} for name in row["labels"]],
    "PullRequest.commits": lambda row, info, **_: [{"commit": one} for one in row["commits"]],
    "PullRequestReview.author": lambda row, info: actor(row["author"]),
    "Issue.id": lambda row, info: f"I_{row['repository'].id}_{row['number']}",
    "Issue.author": lambda row, info: actor(row["author"]),
    "Issue.assignees": lambda row, info, **_: [actor(login) for login in row["assignees"]],
    "Issue.labels": lambda row, info, **_: [{"name": name} for name in row["labels"]],
    "Deployment.id": lambda row, info: f"DE_{row['databaseId']}",
    "Deployment.creator": lambda row, info: actor(row["creator"]),
    "Deployment.ref": lambda row, info: {"name": row["ref"]} if row["ref"] else None,
    "Deployment.latestStatus": _latest,
    "Release.id": lambda row, info: f"RE_{row['databaseId']}",
    "Release.author": lambda row, info: actor(row["author"]),
    "Release.tagCommit": lambda row, info: {"oid": row["tagCommit"]} if row["tagCommit"] else None,
    "User.name": lambda row, info: row.get("name"),
    "User.organizationVerifiedDomainEmails": _addresses,
    "Team.id": lambda row, info: f"T_{row['team'].slug}",
    "Team.name": lambda row, info: row["team"].name,
    "Team.slug": lambda row, info: row["team"].slug,
    "Team.members": _team_members,
}
