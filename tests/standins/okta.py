"""Okta's users and groups as far as a directory is read, with its two ways of signing in.

Users and groups are rows in Okta's own JSON. Add, change and remove rows at any time.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.standins.server import Answer, Request

_WORD = re.compile(r'\s*(\(|\)|"(?:[^"\\]|\\.)*"|[\w.]+)')
Keep = Callable[[dict[str, Any]], bool]


def user(id: str, name: str = "", status: str = "ACTIVE", **profile: Any) -> dict[str, Any]:
    """Somebody with an ordinary profile; further fields override it."""
    name = name or id.title()
    given, _, family = name.partition(" ")
    return {
        "id": id,
        "status": status,
        "created": "2020-01-01T00:00:00.000Z",
        "statusChanged": "2026-05-20T22:30:00.000Z",
        "lastUpdated": "2026-05-20T22:30:00.000Z",
        "type": {"id": "oty1"},
        "profile": {
            "login": f"{given.lower()}@acme.com",
            "email": f"{given.lower()}@acme.com",
            "secondEmail": None,
            "firstName": given,
            "lastName": family,
            "mobilePhone": "+49 30 123",
            "department": "Engineering",
            "title": "Engineer",
            "city": "Berlin",
            "countryCode": "DE",
            "employeeNumber": f"E-{id}",
            "userType": "Employee",
            "organization": "Acme",
            **profile,
        },
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
    }


@dataclass
class OktaOrg:
    """One org, one API token and one service app in it."""

    users: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)
    token: str = "ssws-1"
    client: str = "0oa1"
    keys: KeySet | None = None  # the app's public keys
    granted: set[str] = field(default_factory=lambda: {"okta.users.read", "okta.groups.read"})
    requires_dpop: bool = False
    reads_groups: bool = True  # whether the API token's owner may
    url: str = ""  # of ourselves, for links and as the audience
    bearers: dict[str, set[str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    _count: Any = field(default_factory=itertools.count)

    def __call__(self, request: Request) -> Answer:
        if request.path == "/oauth2/v1/token" and request.method == "POST":
            return self._token(request)
        path = request.path
        needed = "okta.groups.read" if path.startswith("/api/v1/groups") else "okta.users.read"
        if refusal := self._refusal(request, needed):
            return refusal
        if path == "/api/v1/users":
            return self._users(request)
        if path == "/api/v1/groups":
            return self._list(request, self.groups)
        if found := re.fullmatch(r"/api/v1/groups/([^/]+)/users", path):
            inside = self.members.get(found[1], ())
            return self._list(request, [row for row in self.users if row["id"] in inside])
        return _error(404, "E0000022", "The endpoint does not support the provided HTTP method")

    def remove(self, id: str) -> None:
        self.users = [row for row in self.users if row["id"] != id]

    def _refusal(self, request: Request, needed: str) -> Answer | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "SSWS" and given == self.token:
            scopes = {"okta.users.read", *(["okta.groups.read"] if self.reads_groups else [])}
        elif scheme == "Bearer" and given in self.bearers:
            scopes = self.bearers[given]
        else:
            return _error(401, "E0000011", "Invalid token provided")
        if needed not in scopes:
            said = "You do not have permission to perform the requested action"
            return _error(403, "E0000006", said)
        return None

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "client_credentials" or self.keys is None:
            return _sign_in_error("unauthorized_client", "The client is not allowed this grant.")
        if wrong := self._wrong(form.get("client_assertion", "")):
            return _sign_in_error("invalid_client", wrong, 401)
        if self.requires_dpop:
            return _sign_in_error("invalid_dpop_proof", "The DPoP proof JWT header is missing.")
        scopes = set(form.get("scope", "").split())
        if not scopes or scopes - self.granted:
            said = "One or more scopes are not configured for the authorization server resource."
            return _sign_in_error("invalid_scope", said)
        bearer = f"bearer-{next(self._count)}"
        self.bearers[bearer] = scopes
        said = {"token_type": "Bearer", "expires_in": 3600, "scope": form["scope"]}
        return Answer({**said, "access_token": bearer})

    def _wrong(self, assertion: str) -> str:
        """What is wrong with an assertion, in Okta's words."""
        try:
            claims = jwt.decode(assertion, self.keys, algorithms=["RS256", "ES256"]).claims
        except (JoseError, ValueError):
            return "The client_assertion signature is invalid."
        if claims.get("aud") != f"{self.url}/oauth2/v1/token":
            return "The audience claim for client_assertion must be the endpoint invoked."
        if claims.get("iss") != self.client or claims.get("sub") != self.client:
            return "Invalid value for 'client_id' parameter."
        if claims["exp"] - claims["iat"] > 3600:
            return "The client_assertion token must not live longer than an hour."
        if claims["jti"] in self.used:
            return "The client_assertion token has already been used."
        self.used.add(claims["jti"])
        return ""

    def _users(self, request: Request) -> Answer:
        search = request.one("search")
        if not search:
            here = [row for row in self.users if row["status"] != "DEPROVISIONED"]
            return self._list(request, here)
        try:
            keep = _parse(search)
        except ValueError:
            return _error(400, "E0000031", f"Invalid search criteria: {search}")
        return self._list(request, [row for row in self.users if keep(row)])

    def _list(self, request: Request, rows: list[dict[str, Any]]) -> Answer:
        size = min(int(request.one("limit", "200")), 200)
        after = request.one("after")
        left = sorted((r for r in rows if r["id"] > after), key=lambda row: row["id"])
        page = left[:size]
        links = [f'<{self.url}{request.path}?{_query(request)}>; rel="self"']
        if len(left) > size:
            following = _query(request, after=page[-1]["id"])
            links.append(f'<{self.url}{request.path}?{following}>; rel="next"')
        limits = {"X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "500"}
        return Answer(page, headers={"Link": ", ".join(links), **limits})


def _query(request: Request, **more: str) -> str:
    return urlencode({**{name: values[0] for name, values in request.query.items()}, **more})


def _parse(text: str) -> Keep:
    """`and`, `or`, parentheses, and the operators of documented searches; there is no `ne`."""
    if _WORD.sub("", text).strip():
        raise ValueError(text)
    words = _Words(found[1] for found in _WORD.finditer(text))
    keep = _either(words)
    if words.next:
        raise ValueError(text)
    return keep


class _Words:
    def __init__(self, words: Iterator[str]) -> None:
        self._rest = words
        self.next = next(words, "")

    def take(self) -> str:
        word, self.next = self.next, next(self._rest, "")
        return word


def _either(words: _Words) -> Keep:
    sides = [_both(words)]
    while words.next == "or":
        words.take()
        sides.append(_both(words))
    return lambda row: any(side(row) for side in sides)


def _both(words: _Words) -> Keep:
    sides = [_one(words)]
    while words.next == "and":
        words.take()
        sides.append(_one(words))
    return lambda row: all(side(row) for side in sides)


def _one(words: _Words) -> Keep:
    if words.next == "(":
        words.take()
        inner = _either(words)
        if words.take() != ")":
            raise ValueError("a parenthesis is open")
        return inner
    name, operator, value = words.take(), words.take(), words.take()
    if operator not in ("eq", "lt", "gt", "sw") or value[:1] != '"':
        raise ValueError(f"{name} {operator} {value}")
    wanted = re.sub(r"\\(.)", r"\1", value[1:-1]).lower()
    tests: dict[str, Callable[[str], bool]] = {
        "eq": lambda said: said == wanted,
        "lt": lambda said: said < wanted,
        "gt": lambda said: said > wanted,
        "sw": lambda said: said.startswith(wanted),
    }
    return lambda row: (said := _value(row, name)) is not None and tests[operator](said.lower())


def _value(row: dict[str, Any], name: str) -> str | None:
    for part in name.split("."):
        row = row.get(part)  # type: ignore[assignment]
        if row is None:
            return None
    return str(row)


def _error(status: int, code: str, summary: str) -> Answer:
    said = {"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae1"}
    return Answer({**said, "errorCauses": []}, status)


def _sign_in_error(error: str, description: str, status: int = 400) -> Answer:
    return Answer({"error": error, "error_description": description}, status)
