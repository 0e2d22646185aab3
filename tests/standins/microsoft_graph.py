"""Microsoft Graph v1.0 as far as a directory is read, and the token endpoint of its sign-in.

Users and groups are rows in Graph's own JSON; `managers` maps a user's id to another's, or to the
id of an organisational contact. Add, change and remove rows at any time.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from tests.standins.server import Answer, Request

# What Graph sends when nothing is selected.
_DEFAULT = (
    "id", "displayName", "givenName", "surname", "jobTitle", "mail", "mobilePhone",
    "officeLocation", "preferredLanguage", "userPrincipalName", "businessPhones",
)  # fmt: skip
_KNOWN = {"$select", "$top", "$expand", "$filter", "$count", "$skiptoken"}
_LISTS = ("otherMails", "proxyAddresses")
_MAX_CLAUSES = 15


def user(id: str, name: str = "", **fields: Any) -> dict[str, Any]:
    """A member with everything a directory usually knows; fields override."""
    name = name or id.title()
    given = name.split()[0].lower()
    return {
        "id": id,
        "displayName": name,
        "mail": f"{given}@acme.com",
        "userPrincipalName": f"{given}@acme.com",
        "otherMails": [],
        "proxyAddresses": [f"SMTP:{given}@acme.com"],
        "department": "Engineering",
        "jobTitle": "Engineer",
        "companyName": "Acme",
        "officeLocation": "Turm 2",
        "city": "Berlin",
        "country": "DE",
        "employeeId": f"E-{id}",
        "employeeType": "Employee",
        "employeeHireDate": "2020-03-01T00:00:00Z",
        "userType": "Member",
        "accountEnabled": True,
        "mobilePhone": "+49 30 123",
        **fields,
    }


@dataclass
class GraphTenant:
    """One tenant and one application in it."""

    users: list[dict[str, Any]] = field(default_factory=list)
    managers: dict[str, str] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, list[str]] = field(default_factory=dict)  # of users and of groups
    tenant: str = "acme-tenant"
    client: str = "app-1"
    secret: str = "s3cret"
    granted: set[str] = field(default_factory=lambda: {"User.Read.All", "GroupMember.Read.All"})
    expires_in: int = 3599
    page_cap: int = 100  # with $expand
    sign_in_error: str = ""  # an AADSTS code and its sentence
    refuses_select_in_expand: bool = False
    url: str = ""  # of ourselves, for next links
    tokens: list[str] = field(default_factory=list)
    _count: Any = field(default_factory=itertools.count)

    def __call__(self, request: Request) -> Answer:
        if request.path == f"/{self.tenant}/oauth2/v2.0/token" and request.method == "POST":
            return self._token(request)
        if request.path.endswith("/oauth2/v2.0/token"):
            return _sign_in_error("AADSTS90002: Tenant not found.", "invalid_request")
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given not in self.tokens:
            said = "Lifetime validation failed, the token is expired."
            return _error(401, "InvalidAuthenticationToken", said)
        if request.method != "GET" or not request.path.startswith("/v1.0/"):
            return _error(404, "ResourceNotFound", "Resource not found.")
        return self._read(request, request.path.removeprefix("/v1.0"))

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def remove(self, id: str) -> None:
        self.users = [row for row in self.users if row["id"] != id]
        self.managers = {who: by for who, by in self.managers.items() if id not in (who, by)}

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if self.sign_in_error:
            return _sign_in_error(self.sign_in_error)
        if form.get("client_id") != self.client:
            return _sign_in_error(
                f"AADSTS700016: Application with identifier '{form.get('client_id')}' was not"
                f" found in the directory '{self.tenant}'.",
                "unauthorized_client",
            )
        if form.get("client_secret") != self.secret:
            return _sign_in_error("AADSTS7000215: Invalid client secret provided.")
        if form.get("scope") != f"{self.url}/.default":
            return _sign_in_error("AADSTS500011: The resource principal was not found.")
        if form.get("grant_type") != "client_credentials":
            return _sign_in_error("AADSTS70003: The grant type is not supported.")
        self.tokens.append(f"token-{next(self._count)}")
        life = {"expires_in": self.expires_in, "ext_expires_in": self.expires_in}
        return Answer({"token_type": "Bearer", **life, "access_token": self.tokens[-1]})

    def _read(self, request: Request, path: str) -> Answer:
        if unknown := set(request.query) - _KNOWN:
            return _error(400, "BadRequest", f"The query option {unknown} is not supported.")
        if path == "/users":
            return self._users(request)
        if path == "/groups":
            return self._list(request, self.groups, "GroupMember.Read.All")
        if found := re.fullmatch(r"/groups/([^/]+)/transitiveMembers/microsoft.graph.user", path):
            return self._members(request, found[1])
        return _error(404, "ResourceNotFound", "Resource not found.")

    def _users(self, request: Request) -> Answer:
        expand = request.one("$expand")
        if expand and self.refuses_select_in_expand and "$select" in expand:
            said = "Term '$select' is only valid in $expand together with $levels."
            return _error(400, "BadRequest", said)
        if expand not in ("", "manager", "manager($select=id)"):
            return _error(400, "BadRequest", f"Parsing OData Select and Expand failed: {expand}")
        try:
            keep = _filter(request.one("$filter"))
        except ValueError as error:
            return _error(400, "Request_UnsupportedQuery", str(error))
        rows = [row for row in self.users if keep(row)]
        return self._list(request, rows, "User.Read.All", self.page_cap if expand else 999)

    def _manager(self, row: dict[str, Any], expand: str) -> dict[str, Any]:
        by = self.managers.get(row["id"])
        if not expand or not by:
            return {}
        above = next((each for each in self.users if each["id"] == by), None)
        kind = "user" if above else "orgContact"
        named = {} if "$select" in expand else _selected(above or {}, _DEFAULT)
        return {"manager": {"@odata.type": f"#microsoft.graph.{kind}", **named, "id": by}}

    def _members(self, request: Request, group: str) -> Answer:
        if request.headers.get("consistencylevel") != "eventual" or not request.one("$count"):
            return _error(400, "Request_UnsupportedQuery", "Cast needs $count and eventual.")
        inside = set(self._within(group, set()))
        rows = [row for row in self.users if row["id"] in inside]
        if not self.granted & {"User.Read.All"}:  # limited information
            rows = [{"id": row["id"]} for row in rows]
        return self._list(request, rows, "GroupMember.Read.All")

    def _within(self, group: str, seen: set[str]) -> Iterable[str]:
        seen.add(group)
        for each in self.members.get(group, ()):
            if each in self.members and each not in seen:
                yield from self._within(each, seen)
            yield each

    def _list(
        self,
        request: Request,
        rows: list[dict[str, Any]],
        permission: str,
        cap: int = 999,
    ) -> Answer:
        if permission not in self.granted:
            said = "Insufficient privileges to complete the operation."
            return _error(403, "Authorization_RequestDenied", said)
        top = int(request.one("$top", "100"))
        if not 1 <= top <= 999:
            return _error(400, "Request_BadRequest", f"Invalid page size specified: '{top}'.")
        after = base64.b64decode(request.one("$skiptoken")).decode()
        left = sorted((r for r in rows if r["id"] > after), key=lambda row: row["id"])
        page, size = left[: min(top, cap)], min(top, cap)
        names = request.one("$select").split(",") if request.one("$select") else _DEFAULT
        expand = request.one("$expand")
        found = [{**_selected(row, names), **self._manager(row, expand)} for row in page]
        data: dict[str, Any] = {"value": found}
        if len(left) > size:
            data["@odata.nextLink"] = self._next(request, page[-1]["id"])
        return Answer(data)

    def _next(self, request: Request, last: str) -> str:
        token = base64.b64encode(last.encode()).decode()
        said = {name: values[0] for name, values in request.query.items()}
        return f"{self.url}{request.path}?{urlencode({**said, '$skiptoken': token})}"


def _selected(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _filter(text: str) -> Callable[[dict[str, Any]], bool]:
    """The few shapes of OData a directory's reader needs; anything else is refused."""
    text = unquote(text)
    if not text:
        return lambda row: True
    if found := re.fullmatch(r"id in \((.+)\)", text):
        ids = set(re.findall(r"'([^']*)'", found[1]))
        _few(len(ids))
        return lambda row: row["id"] in ids
    clauses = [_clause(each) for each in re.split(r" or (?=[a-zA-Z]+[ /])", text)]
    _few(len(clauses))
    return lambda row: any(clause(row) for clause in clauses)


def _few(clauses: int) -> None:
    if clauses > _MAX_CLAUSES:
        raise ValueError(
            "Too many child clauses specified in search filter expression containing 'OR'"
            f" operators: {clauses}. Max allowed: {_MAX_CLAUSES}."
        )


def _clause(text: str) -> Callable[[dict[str, Any]], bool]:
    """Strings compare without regard to case."""
    if found := re.fullmatch(r"(\w+)/any\((\w):\2 eq '((?:[^']|'')*)'\)", text):
        name, wanted = found[1], found[3].replace("''", "'").lower()
        if name in _LISTS:
            return lambda row: wanted in [each.lower() for each in row.get(name) or ()]
    elif found := re.fullmatch(r"(\w+) eq '((?:[^']|'')*)'", text):
        name, wanted = found[1], found[2].replace("''", "'").lower()
        return lambda row: str(row.get(name) or "").lower() == wanted
    elif found := re.fullmatch(r"(\w+) eq (true|false)", text):
        name, flag = found[1], found[2] == "true"
        return lambda row: row.get(name) is flag
    raise ValueError(f"Invalid filter clause: {text}")


def _error(status: int, code: str, message: str) -> Answer:
    inner = {"date": "2026-06-01T08:00:00", "request-id": "r-1", "client-request-id": "r-1"}
    return Answer({"error": {"code": code, "message": message, "innerError": inner}}, status)


def _sign_in_error(description: str, error: str = "invalid_client") -> Answer:
    code = re.findall(r"AADSTS(\d+)", description)
    said = f"{description} Trace ID: 1f Correlation ID: 2a Timestamp: 2026-06-01 08:00:00Z"
    return Answer(
        {"error": error, "error_description": said, "error_codes": [int(c) for c in code]},
        401 if error == "invalid_client" else 400,
    )
