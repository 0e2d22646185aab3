"""Calls to GitHub: GraphQL with its partial answers and its ten seconds, REST where it must be.

A query that is too much for GitHub is asked again for half as much. What one node refuses becomes a
`Refusal` for the caller to judge; trouble that passes is raised, so that nothing is skipped by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from steelyard.errors import SourceChanged, TimedOut, Unreachable
from steelyard.sources.github.app_token import AppToken
from steelyard.sources.network import Http, Network

if TYPE_CHECKING:
    from steelyard.sources.github.source import GitHubOptions

VENDOR = "GitHub"
_QUERIES = Path(__file__).parent / "queries"
_REFUSED = frozenset({"FORBIDDEN", "NOT_FOUND", "INSUFFICIENT_SCOPES"})
_TOO_MUCH = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEOUT"})
_TOO_SLOW = ("something went wrong while executing your query", "respond to your request in time")
_LEAST = 10


@dataclass
class Size:
    """How much one query asks for: `first` things, `inner` of each list inside of them."""

    first: int = 100
    inner: int = 100

    def shrink(self) -> bool:
        """Half as much, outer lists first; False when it is little already."""
        if self.first > 1:
            self.first //= 2
        elif self.inner > _LEAST:
            self.inner = max(_LEAST, self.inner // 2)
        else:
            return False
        return True


@dataclass(frozen=True)
class Refusal:
    """What GitHub does not show, by the path in the answer."""

    path: tuple[str | int, ...]
    message: str
    sign_on: bool = False  # the token is not authorized for the organization's single sign-on


class BadCursor(Exception):
    """GitHub does not know a place it gave out earlier: the list is read from its beginning."""


class TooMuch(Exception):
    """The query takes longer than GitHub allows."""


@cache
def document(name: str) -> str:
    """The text of a query with the fragments it imports."""
    text = (_QUERIES / f"{name}.graphql").read_text()
    return "\n".join([text, *map(_fragment, re.findall(r"^#import (\S+)$", text, re.MULTILINE))])


def _fragment(name: str) -> str:
    return (_QUERIES / name).read_text()


@dataclass
class Api:
    """GitHub, or an Enterprise Server, as one token sees it."""

    options: GitHubOptions
    network: Network

    @cached_property
    def rest(self) -> Http:
        said = self.options
        headers = {
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }
        if said.app_id:
            key = said.private_key.get_secret_value() if said.private_key else ""
            app = AppToken(
                said.base_url, said.app_id, said.installation_id, key, self.network.clock
            )
            return self.network.client(said.base_url, auth=app, headers=headers)
        token = said.token.get_secret_value() if said.token else ""
        headers["authorization"] = f"Bearer {token}"
        return self.network.client(said.base_url, headers=headers)

    @cached_property
    def graphql_url(self) -> str:
        """`/graphql` beside the REST API: on Enterprise Server /api/graphql beside /api/v3."""
        parts = urlsplit(self.options.base_url)
        path = parts.path.rstrip("/").removesuffix("/v3") + "/graphql"
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    def query(
        self, name: str, variables: Mapping[str, Any], size: Size | None = None
    ) -> tuple[dict[str, Any], list[Refusal]]:
        """The answer to a query in `queries/`, and what was refused of it.

        With a size, its `first` and `inner` go along and shrink for good when they are too much.
        Raises what `Http.send` raises, and BadCursor.
        """
        size, sized = size or Size(1, _LEAST), size is not None
        while True:
            least = size.first == 1 and size.inner <= _LEAST
            asked = {**variables, **(_used(name, size) if sized else {})}
            try:
                return self._ask(name, asked, tries=0 if least else 2)
            except (TooMuch, TimedOut, Unreachable) as error:
                if not size.shrink():
                    raise _hopeless(error) from None

    def _ask(
        self, name: str, variables: Mapping[str, Any], tries: int
    ) -> tuple[dict[str, Any], list[Refusal]]:
        data, errors = self.rest.graphql_partly(
            self.graphql_url, document(name), variables, tries=tries
        )
        return data, [_refusal(error) for error in errors]


def _used(name: str, size: Size) -> dict[str, int]:
    text = document(name)
    both = {"first": size.first, "inner": size.inner}
    return {word: number for word, number in both.items() if f"${word}" in text}


def _refusal(error: Mapping[str, Any]) -> Refusal:
    """Raises for an error that is no refusal."""
    more = error.get("extensions") or {}
    kind = str(error.get("type") or more.get("code") or "").upper()
    message = str(error.get("message", "")).rstrip(".")
    if kind in _REFUSED:
        return Refusal(tuple(error.get("path") or ()), message, bool(more.get("saml_failure")))
    if kind in _TOO_MUCH or any(text in message.lower() for text in _TOO_SLOW):
        raise TooMuch(message)
    if kind == "INVALID_CURSOR_ARGUMENTS" or "valid cursor" in message:
        raise BadCursor(message)
    if kind in ("SERVICE_UNAVAILABLE", "INTERNAL"):
        raise Unreachable(f"{VENDOR} answers only in part: {message}.", "Try again later.")
    raise SourceChanged(
        f"{VENDOR} does not understand our query: {message[:300]}.",
        "An upgrade of Steelyard, or of an old Enterprise Server, may help.",
    )


def _hopeless(error: Exception) -> Exception:
    if isinstance(error, TooMuch):
        return TimedOut(
            f"{VENDOR} takes too long even for the smallest page: {error}.", "Try again later."
        )
    return error
