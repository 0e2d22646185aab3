"""Searches of both Jiras behind one shape: a page of issues and a token for the next.

Cloud gives tokens that expire after seven days. Data Center counts from 0, so there a token is the
place and the issue before it: pages overlap, and if that issue is not where it was, the list has
moved and the token is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from steelyard.errors import SourceChanged, SourceError
from steelyard.sources.network import Http

PAGE = 100
_CLOUD_IDS, _SERVER_IDS = 5000, 1000
_OVERLAP = 5
_DEEP = 5000  # from there on a server would sort all that comes before again and again


class StaleToken(Exception):
    """The pass cannot go on with this token; it can with a clause on `created`."""


@dataclass(frozen=True)
class Found:
    issues: list[dict[str, Any]]
    token: str = ""  # '' after the last page


class Search(Protocol):
    def find(self, jql: str, token: str, fields: Sequence[str]) -> Found: ...
    def count(self, jql: str) -> int | None: ...
    def ids(self, jql: str) -> Iterator[int]: ...
    def is_deep(self, token: str) -> bool: ...


class CloudSearch:
    """`POST /rest/api/3/search/jql`: no total, no startAt, only what `fields` names."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def find(self, jql: str, token: str, fields: Sequence[str], size: int = PAGE) -> Found:
        asked = {"jql": jql, "fields": list(fields), "maxResults": size}
        asked |= {"nextPageToken": token} if token else {}
        try:
            data = self.http.post("/rest/api/3/search/jql", asked).data
        except SourceError as error:
            if token and getattr(error, "status", 0) == 400:
                raise StaleToken from None
            raise _explained(error) from None
        following = "" if data.get("isLast") else str(data.get("nextPageToken") or "")
        if following and following == token:
            raise SourceChanged("Jira gives the same page again and again.", "Try again later.")
        return Found(_issues(data), following)

    def count(self, jql: str) -> int | None:
        """About how many; None where the site does not say."""
        try:
            data = self.http.post("/rest/api/3/search/approximate-count", {"jql": jql}).data
        except SourceError:
            return None
        found = data.get("count") if isinstance(data, dict) else None
        return found if isinstance(found, int) else None

    def ids(self, jql: str) -> Iterator[int]:
        found = self.find(jql, "", ["id"], _CLOUD_IDS)
        yield from _ids(found)
        while found.token:
            found = self.find(jql, found.token, ["id"], _CLOUD_IDS)
            yield from _ids(found)

    def is_deep(self, token: str) -> bool:
        return False


class ServerSearch:
    """`POST /rest/api/2/search` with the changelog of each issue."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def find(
        self,
        jql: str,
        token: str,
        fields: Sequence[str],
        size: int = PAGE,
        expand: Sequence[str] = ("changelog",),
    ) -> Found:
        place, _, last = token.partition(":")
        start = max(0, int(place or 0) - _OVERLAP)
        asked = {"jql": jql, "startAt": start, "maxResults": size, "fields": list(fields)}
        asked |= {"expand": list(expand)} if expand else {}
        data = self._post(asked)
        issues = _issues(data)
        following = start + len(issues)
        new = _after(issues, last) if last else issues
        more = following < int(data.get("total") or 0)
        if more and not new:
            raise SourceChanged(
                f"Jira gives no more than {len(issues)} issues a page.",
                "Let an administrator raise jira.search.views.default.max.",
            )
        return Found(new, f"{following}:{issues[-1]['id']}" if more else "")

    def _post(self, asked: dict[str, Any]) -> Any:
        try:
            return self.http.post("/rest/api/2/search", asked).data
        except SourceError as error:
            raise _explained(error) from None

    def count(self, jql: str) -> int | None:
        found = self._post({"jql": jql, "maxResults": 0, "fields": ["id"]}).get("total")
        return found if isinstance(found, int) else None

    def ids(self, jql: str) -> Iterator[int]:
        """All ids; a list that moves meanwhile is read from the start again."""
        for _ in range(5):
            try:
                yield from self._ids(jql)
                return
            except StaleToken:
                continue
        raise SourceChanged("Jira's issues change faster than they can be listed.", "Try later.")

    def _ids(self, jql: str) -> Iterator[int]:
        found = self.find(jql, "", ["id"], _SERVER_IDS, ())
        yield from _ids(found)
        while found.token:
            found = self.find(jql, found.token, ["id"], _SERVER_IDS, ())
            yield from _ids(found)

    def is_deep(self, token: str) -> bool:
        return int(token.partition(":")[0] or 0) >= _DEEP


def _issues(data: Any) -> list[dict[str, Any]]:
    found = data.get("issues") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise SourceChanged("Jira's search result has no `issues`.", "Check the site's address.")
    return found


def _after(issues: list[dict[str, Any]], last: str) -> list[dict[str, Any]]:
    for place, issue in enumerate(issues[: _OVERLAP + 1]):
        if str(issue.get("id")) == last:
            return issues[place + 1 :]
    raise StaleToken


def _ids(found: Found) -> Iterator[int]:
    return (int(issue["id"]) for issue in found.issues)


def _explained(error: SourceError) -> SourceError:
    """An address that belongs to the other kind of Jira, said in these words."""
    status = getattr(error, "status", 0)
    if status == 410:
        return SourceChanged(
            "This Jira has removed the search that Data Center has: it is Jira Cloud.",
            "Add it as `jira` with an e-mail address and an API token, instead of `jira-dc`.",
        )
    if status == 404:
        return SourceChanged(
            f"There is no Jira search here: {error.message}",
            "Check the address. A Data Center is added as `jira-dc`, a Cloud site as `jira`.",
        )
    return error
