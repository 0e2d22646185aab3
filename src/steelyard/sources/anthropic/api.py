"""What Anthropic's organisation APIs share: keys, versions, pages and lists.

There are two worlds, the Console's and claude.ai's, and their keys are not interchangeable: a key
of the wrong world is said to be just that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from steelyard.errors import SourceChanged, SourceDenied, SourceError
from steelyard.sources.contract import Check
from steelyard.sources.network import Http, Network
from steelyard.sources.shapes import read

VENDOR = "Anthropic"
BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
_GONE = 410
_RESTARTS = 3
_LIST = 1000

Params = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """Which keys an API takes, and where one is made."""

    prefix: str
    key: str
    made: str


CONSOLE = World(
    "sk-ant-admin01-",
    "an Admin API key (sk-ant-admin01-…)",
    "An admin makes one in the Claude Console: Settings, Admin keys.",
)
ENTERPRISE = World(
    "sk-ant-api01-",
    "a Claude Enterprise key (sk-ant-api01-…)",
    "The primary owner makes one in claude.ai: Organization settings, API.",
)


class Answer(msgspec.Struct):
    """The envelope of a report's page."""

    data: list[Any]
    has_more: bool = False
    next_page: str | None = None
    data_refreshed_at: dt.datetime | None = None


class Listing(msgspec.Struct):
    """The envelope of a list's page."""

    data: list[Any]
    has_more: bool = False
    last_id: str | None = None


class Api:
    """Calls with one key. Raises what Http raises, with a hint that fits the key."""

    def __init__(self, network: Network, base_url: str, key: str, world: World) -> None:
        self.key, self.world = key, world
        headers = {"x-api-key": key, "anthropic-version": VERSION}
        self.http: Http = network.client(base_url, headers=headers)

    def get(self, path: str, params: Params | None = None, beta: str = "") -> Any:
        headers = {"anthropic-beta": beta} if beta else {}
        try:
            return self.http.get(path, dict(params or {}), headers=headers).data
        except SourceDenied as denied:
            raise SourceDenied(denied.message, self._hint(denied), denied.permission) from None

    def _hint(self, denied: SourceDenied) -> str:
        if not self.key.startswith(self.world.prefix):
            return (
                f"This API takes {self.world.key}, and the key given is another. {self.world.made}"
            )
        return f"{denied.hint} {self.world.made}"

    def pages(self, path: str, params: Params, beta: str = "") -> Iterator[tuple[Answer, bool]]:
        """Each page of a report and whether more follow.

        A cursor expires when the vendor's data is refreshed in between: then the report begins
        anew, and rows come again.
        """
        page, restarts = None, 0
        while True:
            try:
                data = self.get(path, {**params, **({"page": page} if page else {})}, beta)
            except SourceError as error:
                restarts += 1
                if getattr(error, "status", 0) != _GONE or restarts > _RESTARTS:
                    raise
                page = None
                continue
            answer = read(VENDOR, f"answer to {path}", Answer, data)
            if answer.has_more and (not answer.next_page or answer.next_page == page):
                raise SourceChanged(
                    f"{VENDOR}'s answer to {path} has more, and names no next page.",
                    "Try again later.",
                )
            yield answer, answer.has_more
            if not answer.has_more:
                return
            page = answer.next_page

    def listed(self, path: str, params: Params | None = None) -> Iterator[Listing]:
        """The pages of a list whose pages begin after an id."""
        after: str | None = None
        while True:
            said = {**(params or {}), "limit": _LIST, **({"after_id": after} if after else {})}
            listing = read(VENDOR, f"answer to {path}", Listing, self.get(path, said))
            yield listing
            if not listing.has_more or not listing.last_id or listing.last_id == after:
                return
            after = listing.last_id

    def check(self, what: str, path: str, params: Params, beta: str = "") -> Check:
        """One small call, as a finding."""
        try:
            self.get(path, params, beta)
        except SourceError as error:
            return Check(what, False, error.message, error.hint)
        return Check(what, True)


def everything(pages: Iterator[Listing]) -> Sequence[Any]:
    """All entries of a list."""
    return [entry for page in pages for entry in page.data]
