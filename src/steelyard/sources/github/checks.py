"""What a token may do: one smallest call a permission, and the name of the one that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.errors import SourceDenied, SourceError, SteelyardError
from steelyard.sources.contract import Check
from steelyard.sources.github.api import VENDOR, Api
from steelyard.sources.github.repositories import Listing, Repository, Scope


@dataclass(frozen=True)
class Permission:
    """A right as fine-grained tokens and Apps name it, the classic scope, and a call to try."""

    name: str
    scope: str
    path: str
    for_what: str


REPOSITORY = (
    Permission("Pull requests: read", "repo", "pulls?state=all&per_page=1", "pull requests"),
    Permission("Contents: read", "repo", "commits?per_page=1", "commits and releases"),
    Permission("Issues: read", "repo", "issues?state=all&per_page=1", "issues"),
    Permission("Deployments: read", "repo", "deployments?per_page=1", "deployments"),
    Permission("Actions: read", "repo", "actions/runs?per_page=1", "Actions runs"),
)
MEMBERS = Permission("Members: read", "read:org", "teams?per_page=1", "members and teams")


def checks(api: Api, scope: Scope, wanted: frozenset[str]) -> Iterator[Check]:
    """`wanted` are the things that the options ask for, by `for_what`."""
    try:
        scopes = str(api.rest.get("/rate_limit").headers.get("x-oauth-scopes", ""))
    except SourceError as error:
        if not _is_off(error):
            yield Check("token", False, error.message, error.hint)
            return
        scopes = ""  # an Enterprise Server without rate limits
    yield Check("token", True, f"classic, with {scopes}" if scopes else "accepted")
    listing = Listing(api, scope)
    try:
        found = listing.repositories()
    except SteelyardError as error:
        yield Check("repositories", False, error.message, error.hint)
        return
    hint = "" if found else "Check the names, and which repositories the token covers."
    said = "; ".join([f"{len(found)} found", *listing.notes])
    yield Check("repositories", bool(found), said, hint)
    for permission in REPOSITORY if found else ():
        if permission.for_what in wanted:
            yield _tried(api, permission, f"/repos/{found[0].path}", found[0])
    if MEMBERS.for_what in wanted:
        for organization in scope.owners:
            yield _tried(api, MEMBERS, f"/orgs/{organization}", None)


def _tried(api: Api, permission: Permission, root: str, repository: Repository | None) -> Check:
    path, _, query = permission.path.partition("?")
    params = dict(pair.split("=") for pair in query.split("&"))
    try:
        api.rest.get(f"{root}/{path}", params)
    except SourceDenied as error:
        return _missing(permission, error.message)
    except SourceError as error:
        # An empty repository has no commits (409), a repository may have no issues (410).
        if getattr(error, "status", 0) in (409, 410):
            return Check(permission.name, True, f"nothing there yet: {permission.for_what}")
        return _missing(permission, error.message)
    return Check(permission.name, True, permission.for_what)


def _missing(permission: Permission, said: str) -> Check:
    hint = (
        f"Give the token {permission.name} (a classic one: {permission.scope}),"
        f" or {VENDOR}'s {permission.for_what} stay unread."
    )
    return Check(permission.name, False, said, hint)


def _is_off(error: SourceError) -> bool:
    return getattr(error, "status", 0) == 404
