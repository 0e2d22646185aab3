"""A directory as a source: everybody each time, or only those seen in telemetry; teams by groups.

What differs between vendors is how entries and groups are fetched, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from steelyard.model import reference
from steelyard.sources import directory
from steelyard.sources.contract import Page, Source, Stream
from steelyard.sources.directory import Entry, Group

Scope = Literal["all", "seen"]
SCOPE: Scope = Field(
    "all", description="`all` people, or only those `seen` in telemetry and their managers."
)
TEAMS: str = Field(
    "", description="Groups that are teams, by name: `team-*, Platform`. None by default."
)


class DirectorySource(Source):
    """People with their managers, and memberships of the groups that `groups` names."""

    def streams(self) -> Sequence[Stream]:
        streams = []
        if self.options.scope == "all":
            streams.append(Stream("people", self._people, ("people",), snapshot=True))
        if self.options.groups:
            streams.append(Stream("groups", self._teams, ("memberships",), snapshot=True))
        return streams

    def look_up(self, emails: Sequence[str]) -> Iterator[Page]:
        """People by address, for the scope `seen`; the scope `all` has told of everybody."""
        if self.options.scope == "seen":
            yield from directory.looked_up(emails, self.with_addresses, self.with_names)

    @abstractmethod
    def everybody(self) -> Iterator[Sequence[Entry]]:
        """All users that the options choose, a page at a time."""

    @abstractmethod
    def with_addresses(self, emails: Sequence[str]) -> Iterator[Entry]:
        """The users of these addresses."""

    @abstractmethod
    def with_names(self, names: Sequence[str]) -> Iterator[Entry]:
        """The users that others name as their managers, by key or login."""

    def left_out(self, names: Sequence[str]) -> Iterator[Entry]:
        """Managers whom `everybody` did not bring."""
        return self.with_names(names)

    @abstractmethod
    def all_groups(self) -> Iterable[Group]:
        """All groups there are."""

    @abstractmethod
    def members(self, group: Group) -> Iterator[Entry]:
        """The users of a group."""

    def _people(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        found: list[Entry] = []
        for entries in self.everybody():
            found.extend(entries)
            yield Page((), "", len(found))
        everyone = directory.with_managers(found, self.left_out)
        yield from directory.pages_of(*directory.settle(everyone))

    def _teams(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        groups = list(self.all_groups())
        return directory.memberships(groups, self.options.groups, self._named_members, cursor)

    def _named_members(self, group: Group) -> Iterator[tuple[str, str]]:
        for entry in self.members(group):
            key = entry.person.key
            main = entry.addresses[0] if entry.addresses else ""
            yield key, reference("email", main) or reference("directory", key)
