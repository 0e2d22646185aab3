"""GitHub's API on loopback: REST and GraphQL over one world, with its limits and refusals.

That what it says has the shape of GitHub's own descriptions, tests check. Of the REST lists that
a source only knocks at (is it allowed?), the rows are not told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tests.standins import github_graphql
from tests.standins.github_rest import comparison, workflow_run
from tests.standins.github_world import Repository, Row, World
from tests.standins.server import Answer, Request, StandIn, serving

ALL = frozenset(
    {"pull_requests", "contents", "issues", "deployments", "actions", "members"}
    | {"organization_administration", "verified_domains"}
)
_SHOWN = 1000  # rows of a filtered search
_LISTS = {
    "pulls": "pull_requests",
    "commits": "contents",
    "issues": "issues",
    "deployments": "deployments",
}
_CREATED = re.compile(r">=(?P<from>\S+)|(?P<start>[^.]+Z)\.\.(?P<end>\S+Z)")


class Refused(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class App:
    """A GitHub App, installed once."""

    id: str
    installation: str
    public_key: RSAKey


@dataclass
class GitHub:
    """`hidden` repositories are not covered by the token, `sign_on` ones want single sign-on.

    `most` is how many things of a list GitHub manages to answer with in its time.
    """

    world: World = field(default_factory=World)
    token: str = "github_pat_1"
    scopes: str = ""  # of a classic token
    permissions: frozenset[str] = ALL
    hidden: set[str] = field(default_factory=set)
    sign_on: set[str] = field(default_factory=set)
    app: App | None = None
    clock: Callable[[], dt.datetime] = lambda: dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    left: int = 5000  # requests and points of this hour
    most: int = 100
    issued: dict[str, dt.datetime] = field(default_factory=dict)
    asked: list[Row] = field(default_factory=list)  # GraphQL variables

    @contextmanager
    def serving(self) -> Iterator[StandIn]:
        with serving(self.answer) as stand_in:
            self.url = stand_in.url
            yield stand_in

    def answer(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Refused as refused:
            return refused.answer

    def _answer(self, request: Request) -> Answer:
        if request.path.endswith("/access_tokens"):
            return self._token(request)
        self._authenticate(request)
        if request.path == "/rate_limit":
            return self._limits()
        if self.left <= 0:
            return self._exhausted(request)
        if request.path == "/graphql":
            self.left -= 1
            return self._graphql(request)
        answer = self._rest(request)
        body = json.dumps(answer.data).encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Answer(status=304, raw=b"", headers={"etag": etag})
        self.left -= 1
        return Answer(None, answer.status, {**answer.headers, "etag": etag}, raw=body)

    def need(self, permission: str, graphql: bool = False) -> None:
        """Raises GitHub's refusal when the token lacks the permission."""
        if permission in self.permissions:
            return
        said = "Resource not accessible by personal access token"
        if graphql:
            raise github_graphql.refusal("FORBIDDEN", said)
        accepted = {"x-accepted-github-permissions": f"{permission}=read"}
        raise Refused(Answer({"message": said, "status": "403"}, 403, accepted))

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        good = given == self.token if self.app is None else self._is_issued(given)
        if not good:
            raise Refused(Answer({"message": "Bad credentials", "status": "401"}, 401))

    def _is_issued(self, token: str) -> bool:
        return token in self.issued and self.clock() < self.issued[token]

    def _token(self, request: Request) -> Answer:
        signed = request.headers.get("authorization", "").removeprefix("Bearer ")
        assert self.app is not None
        try:
            claims = jwt.decode(signed, self.app.public_key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            said = "A JSON web token could not be decoded"
            return Answer({"message": said, "status": "401"}, 401)
        now = self.clock().timestamp()
        if claims["iss"] != self.app.id or not claims["iat"] <= now < claims["exp"] <= now + 600:
            said = "'Expiration time' claim ('exp') is too far in the future"
            return Answer({"message": said, "status": "401"}, 401)
        if request.path != f"/app/installations/{self.app.installation}/access_tokens":
            return Answer({"message": "Not Found", "status": "404"}, 404)
        token = f"ghs_{len(self.issued) + 1}"
        self.issued[token] = self.clock() + dt.timedelta(hours=1)
        expires = f"{self.issued[token]:%Y-%m-%dT%H:%M:%SZ}"
        return Answer({"token": token, "expires_at": expires}, 201)

    def _limits(self) -> Answer:
        reset = int(self.clock().timestamp()) + 3600
        rate = {"limit": 5000, "remaining": max(self.left, 0), "reset": reset, "used": 0}
        headers = {"x-oauth-scopes": self.scopes} if self.scopes else {}
        resources = {"core": rate, "search": rate, "graphql": rate}
        return Answer({"resources": resources, "rate": rate}, headers=headers)

    def _exhausted(self, request: Request) -> Answer:
        reset = str(int(self.clock().timestamp()) + 120)
        headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        said = "API rate limit exceeded"
        if request.path == "/graphql":
            return Answer({"errors": [{"type": "RATE_LIMITED", "message": said}]}, 200, headers)
        return Answer({"message": said, "status": "403"}, 403, headers)

    def _graphql(self, request: Request) -> Answer:
        asked = request.json
        variables = asked.get("variables") or {}
        self.asked.append(variables)
        if max(variables.get("first", 1), variables.get("inner", 1)) > self.most:
            return Answer({"data": None, "errors": [{"message": _SLOW}]}, 502)
        return Answer(github_graphql.answer(self, asked["query"], variables))

    def _rest(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/")
        if parts[0] == "orgs" and parts[2:] == ["teams"]:
            self.need("members")
            return Answer([])
        if parts[0] != "repos" or len(parts) < 4:
            return _not_found()
        name = f"{parts[1]}/{parts[2]}"
        repository = self.world.find(name)
        if repository is None or repository.nameWithOwner in self.hidden:
            return _not_found()
        if repository.nameWithOwner.lower() != name.lower():
            rest = "/".join(parts[3:])
            place = f"{self.url}/repos/{repository.nameWithOwner}/{rest}"
            moved = {"message": "Moved Permanently", "url": place}
            return Answer(moved, 301, {"location": place})
        return self._repository(repository, parts[3:], request)

    def _repository(self, repository: Repository, rest: list[str], request: Request) -> Answer:
        if rest == ["actions", "runs"]:
            self.need("actions")
            return self._runs(repository, request)
        if rest[0] == "compare":
            self.need("contents")
            return self._compare(repository, rest[1], request)
        if len(rest) == 1 and rest[0] in _LISTS:
            self.need(_LISTS[rest[0]])
            if rest[0] == "commits" and not repository.head:
                return Answer({"message": "Git Repository is empty.", "status": "409"}, 409)
            return Answer([])
        return _not_found()

    def _runs(self, repository: Repository, request: Request) -> Answer:
        rows = sorted(repository.runs, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        if branch := request.one("branch"):
            rows = [row for row in rows if row["head_branch"] == branch]
        if created := request.one("created"):
            window = _CREATED.fullmatch(created)
            if window is None:
                return Answer({"message": "Validation Failed", "status": "422"}, 422)
            first, last = window["from"] or window["start"], window["end"] or "9"
            rows = [row for row in rows if first <= row["created_at"] <= last]
        size, page = int(request.one("per_page", "30")), int(request.one("page", "1"))
        if created and (page - 1) * size >= _SHOWN:
            said = "In order to have pagination results beyond 1000, use fewer filters"
            return Answer({"message": said, "status": "422"}, 422)
        shown = rows[(page - 1) * size : page * size]
        runs = [workflow_run(row, repository) for row in shown]
        data = {"total_count": len(rows), "workflow_runs": runs}
        return Answer(data, headers=self._link(request, page, size, len(rows)))

    def _compare(self, repository: Repository, heads: str, request: Request) -> Answer:
        base, _, head = heads.partition("...")
        if base not in repository.commits or head not in repository.commits:
            return _not_found()
        rows = repository.between(base, head)
        size, page = int(request.one("per_page", "250")), int(request.one("page", "1"))
        shown = rows[(page - 1) * size : page * size]
        data = comparison(repository, base, head, shown, len(rows))
        return Answer(data, headers=self._link(request, page, size, len(rows)))

    def _link(self, request: Request, page: int, size: int, total: int) -> dict[str, str]:
        if page * size >= total:
            return {}
        query = {name: values[0] for name, values in request.query.items()} | {
            "page": str(page + 1)
        }
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return {"link": f'<{self.url}{request.path}?{text}>; rel="next"'}


_SLOW = (
    "Something went wrong while executing your query. This may be the result of a timeout, or it"
    " could be a GitHub bug."
)


def _not_found() -> Answer:
    return Answer({"message": "Not Found", "status": "404"}, 404)
