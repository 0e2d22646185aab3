"""The source `okta`: a whole pass each time, or only the people seen in telemetry.

`lastUpdated` is not used: a manager's name is text in somebody else's profile, so who is meant can
change without that profile changing; 10,000 people are 50 calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Self

import httpx
from pydantic import Field, model_validator

from steelyard.errors import SourceDenied, SourceError
from steelyard.sources.contract import Check, Options, Secret
from steelyard.sources.directory import Entry, Group
from steelyard.sources.directory_source import SCOPE, TEAMS, DirectorySource, Scope
from steelyard.sources.okta.client import GROUPS, USERS, Org, api_token, service_app
from steelyard.sources.okta.users import Users, entry_of
from steelyard.sources.shapes import read


class OktaOptions(Options):
    """What somebody who adds an Okta org says: its address, and an app's key or an API token."""

    org: str = Field(description="The org's address, such as acme.okta.com.")
    client_id: str = Field("", description="The client ID of an API services app.")
    private_key: Secret | None = Field(None, description="Its private key, as JWK or PEM.")
    key_id: str = Field("", description="The key's ID (kid); needed with PEM.")
    token: Secret | None = Field(None, description="An API token, instead of an app.")
    scope: Scope = SCOPE
    search: str = Field(
        "", description='Only these users, such as `profile.userType eq "Employee"`.'
    )
    groups: str = TEAMS

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        app = bool(self.client_id) and self.private_key is not None
        if app == (self.token is not None):
            raise ValueError("give either token, or client_id and private_key")
        return self

    @property
    def url(self) -> str:
        """The org's address as a URL."""
        org = self.org.rstrip("/")
        return org if "://" in org else f"https://{org}"


class Okta(DirectorySource):
    """People, managers and groups of one Okta org."""

    kind = "okta"
    title = "Okta"
    Options = OktaOptions
    options: OktaOptions

    @cached_property
    def _org(self) -> Org:
        return Org(self.network, self.options.url, self._auth())

    @cached_property
    def _users(self) -> Users:
        return Users(self._org, self.options.search)

    def _auth(self) -> httpx.Auth:
        said = self.options
        if said.token:
            return api_token(said.token.get_secret_value())
        key = said.private_key.get_secret_value() if said.private_key else ""
        scopes = f"{USERS} {GROUPS}" if said.groups else USERS
        return service_app(self.network, said.url, said.client_id, key, said.key_id, scopes)

    def everybody(self) -> Iterator[list[Entry]]:
        return self._users.all()

    def with_addresses(self, emails: Sequence[str]) -> Iterator[Entry]:
        return self._users.with_addresses(emails)

    def with_names(self, names: Sequence[str]) -> Iterator[Entry]:
        return self._users.with_names(names)

    def left_out(self, names: Sequence[str]) -> Iterator[Entry]:
        """Only a search leaves managers out; else whoever is not here is nowhere."""
        return self.with_names(names) if self.options.search else iter(())

    def all_groups(self) -> Iterator[Group]:
        said = self._org.lists("/api/v1/groups", GROUPS, {"limit": "200"})
        return (_group(each) for page in said for each in page)

    def members(self, group: Group) -> Iterator[Entry]:
        path = f"/api/v1/groups/{group.id}/users"
        for page in self._org.lists(path, GROUPS, {"limit": "200"}):
            yield from map(entry_of, page)

    def check(self) -> Iterator[Check]:
        only = {"search": self.options.search} if self.options.search else {}
        yield self._tried("people", USERS, "/api/v1/users", {"limit": "1", **only})
        if self.options.groups:
            yield self._tried("groups", GROUPS, "/api/v1/groups", {"limit": "1"})

    def _tried(self, what: str, scope: str, path: str, params: dict[str, str]) -> Check:
        try:
            next(self._org.lists(path, scope, params))
        except (SourceDenied, SourceError) as error:
            return Check(what, False, error.message, error.hint)
        return Check(what, True, scope)


def _group(data: object) -> Group:
    said = read("Okta", "group", dict[str, object], data)
    profile = read("Okta", "group's profile", dict[str, object], said.get("profile"))
    return Group(str(said.get("id") or ""), str(profile.get("name") or ""))
