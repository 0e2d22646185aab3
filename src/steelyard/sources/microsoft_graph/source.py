"""The source `microsoft-graph`: a whole pass each time, or only the people seen in telemetry.

Deltas (`/users/delta`) are not used: they tell no managers, their tokens expire, and so a whole
pass is needed all the same to see who moved under whom; 10,000 people are 100 calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from pydantic import Field

from steelyard.errors import SourceDenied, SourceError
from steelyard.sources.contract import Check, Options, Secret
from steelyard.sources.directory import Entry, Group
from steelyard.sources.directory_source import SCOPE, TEAMS, DirectorySource, Scope
from steelyard.sources.microsoft_graph.client import ADVANCED, MEMBERS, USERS, Graph
from steelyard.sources.microsoft_graph.users import Users, entry_of
from steelyard.sources.network import Network
from steelyard.sources.shapes import read


class GraphOptions(Options):
    """What somebody who adds an Entra ID directory says."""

    tenant: str = Field(description="The directory (tenant) ID, or one of its domains.")
    client_id: str = Field(description="The application (client) ID of the app registration.")
    client_secret: Secret = Field(description="The value of one of its client secrets.")
    scope: Scope = SCOPE
    filter: str = Field(
        "", description="Only these users, in OData, such as `userType eq 'Member'`."
    )
    groups: str = TEAMS
    login_host: str = Field(
        "https://login.microsoftonline.com",
        description="Where to sign in; differs in other clouds.",
    )
    graph_host: str = Field(
        "https://graph.microsoft.com", description="Where Graph is; differs in other clouds."
    )


class MicrosoftGraph(DirectorySource):
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

    def everybody(self) -> Iterator[list[Entry]]:
        return self._users.all(self.options.filter)

    def with_addresses(self, emails: Sequence[str]) -> Iterator[Entry]:
        return self._users.with_addresses(emails)

    def with_names(self, names: Sequence[str]) -> Iterator[Entry]:
        return self._users.with_ids(names)

    def all_groups(self) -> Iterator[Group]:
        said = self._graph.pages("/groups", MEMBERS, {"$select": "id,displayName", "$top": "999"})
        return (_group(each) for page in said for each in page)

    def members(self, group: Group) -> Iterator[Entry]:
        """Users of a group and of the groups within it."""
        path = f"/groups/{group.id}/transitiveMembers/microsoft.graph.user"
        params = {"$select": "id,mail,userPrincipalName", "$top": "999", "$count": "true"}
        for page in self._graph.pages(path, MEMBERS, params, ADVANCED):
            yield from map(entry_of, page)

    def check(self) -> Iterator[Check]:
        yield self._tried("people", USERS, "/users", {"$top": "1", "$select": "id", **self._only()})
        if self.options.groups:
            yield self._tried("groups", MEMBERS, "/groups", {"$top": "1", "$select": "id"})

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
