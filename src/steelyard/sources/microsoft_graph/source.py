"""The source `microsoft-graph`: a whole pass each time, or only the people seen in telemetry.

Deltas (`/users/delta`) are not used: they tell no managers, their tokens expire, and so a whole
pass is needed all the same to see who moved under whom; 10,000 people are 100 calls.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from pydantic import Field

from steelyard.errors import SourceDenied, SourceError
from steelyard.model import reference
from steelyard.sources import directory
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.directory import Group
from steelyard.sources.microsoft_graph.client import ADVANCED, MEMBERS, USERS, Graph
from steelyard.sources.microsoft_graph.users import Users, entry_of
from steelyard.sources.network import Network
from steelyard.sources.shapes import read


class GraphOptions(Options):
    """What somebody who adds an Entra ID directory says."""

    tenant: str = Field(description="The directory (tenant) ID, or one of its domains.")
    client_id: str = Field(description="The application (client) ID of the app registration.")
    client_secret: Secret = Field(description="The value of one of its client secrets.")
    scope: Literal["all", "seen"] = Field(
        "all", description="`all` people, or only those `seen` in telemetry and their managers."
    )
    filter: str = Field(
        "", description="Only these users, in OData, such as `userType eq 'Member'`."
    )
    groups: str = Field(
        "", description="Groups that are teams, by name: `team-*, Platform`. None by default."
    )
    login_host: str = Field(
        "https://login.microsoftonline.com",
        description="Where to sign in; differs in other clouds.",
    )
    graph_host: str = Field(
        "https://graph.microsoft.com", description="Where Graph is; differs in other clouds."
    )


class MicrosoftGraph(Source):
    """People, managers and groups of one Entra ID tenant."""

    kind = "microsoft-graph"
    title = "Microsoft Graph"
    Options = GraphOptions
    options: GraphOptions

    def __init__(self, options: GraphOptions, network: Network) -> None:
        super().__init__(options, network)

    @cached_property
    def _graph(self) -> Graph:
        said = self.options
        secret = said.client_secret.get_secret_value()
        hosts = (said.login_host, said.graph_host)
        return Graph(self.network, *hosts, said.tenant, said.client_id, secret)

    @cached_property
    def _users(self) -> Users:
        return Users(self._graph)

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
            users = self._users
            yield from directory.looked_up(emails, users.with_addresses, users.with_ids)

    def check(self) -> Iterator[Check]:
        yield self._tried("people", USERS, "/users", {"$top": "1", "$select": "id", **self._only()})
        if self.options.groups:
            yield self._tried("groups", MEMBERS, "/groups", {"$top": "1", "$select": "id"})

    def _people(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        found = []
        for entries in self._users.all(self.options.filter):
            found.extend(entries)
            yield Page((), "", len(found))
        everyone = directory.with_managers(found, self._users.with_ids)
        yield from directory.pages_of(*directory.settle(everyone))

    def _teams(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        said = self._graph.pages("/groups", MEMBERS, {"$select": "id,displayName", "$top": "999"})
        groups = [_group(each) for page in said for each in page]
        return directory.memberships(groups, self.options.groups, self._members, cursor)

    def _members(self, group: Group) -> Iterator[tuple[str, str]]:
        """Users of a group and of the groups within it."""
        path = f"/groups/{group.id}/transitiveMembers/microsoft.graph.user"
        params = {"$select": "id,mail,userPrincipalName", "$top": "999", "$count": "true"}
        for page in self._graph.pages(path, MEMBERS, params, ADVANCED):
            for entry in map(entry_of, page):
                key = entry.person.key
                main = entry.addresses[0] if entry.addresses else ""
                yield key, reference("email", main) or reference("directory", key)

    def _only(self) -> dict[str, str]:
        return {"$filter": self.options.filter} if self.options.filter else {}

    def _tried(self, what: str, permission: str, path: str, params: dict[str, str]) -> Check:
        try:
            self._graph.get(path, permission, params)
        except (SourceDenied, SourceError) as error:
            return Check(what, False, error.message, error.hint)
        return Check(what, True, permission)


def _group(data: object) -> Group:
    said = read("Microsoft Graph", "group", dict[str, object], data)
    return Group(str(said.get("id") or ""), str(said.get("displayName") or ""))
