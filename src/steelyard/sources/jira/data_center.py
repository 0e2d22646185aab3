"""Jira Data Center, read with a personal access token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from steelyard.sources.contract import Check, Options, Secret, Source, Stream
from steelyard.sources.jira.changelog import ServerHistories
from steelyard.sources.jira.checks import checks
from steelyard.sources.jira.search import ServerSearch
from steelyard.sources.jira.site import Flavour, Scope
from steelyard.sources.jira.streams import (
    Projects,
    Since,
    StoryPoints,
    TimeZone,
    Worklogs,
    scope_of,
    site_url,
    streams,
)
from steelyard.sources.network import Http, Network


class ServerOptions(Options):
    url: str = Field(description="Address of the Jira, with its path: https://example.com/jira.")
    token: Secret = Field(
        description="Personal access token, made in the account's profile (from Jira 8.14 on)."
    )
    projects: Projects = ""
    since: Since = None
    story_points: StoryPoints = ""
    worklogs: Worklogs = False
    time_zone: TimeZone = ""


class JiraDataCenter(Source):
    kind, title, Options = "jira-dc", "Jira Data Center", ServerOptions
    options: ServerOptions

    def __init__(self, options: Any, network: Network) -> None:
        super().__init__(options, network)
        self.flavour = Flavour(
            "/rest/api/2", self._open, ServerSearch, ServerHistories, _project_ids
        )

    @property
    def scope(self) -> Scope:
        said = self.options
        return scope_of(said.projects, said.since, said.story_points, said.time_zone)

    def streams(self) -> Sequence[Stream]:
        return streams(self.flavour, self.scope, self.options.worklogs)

    def check(self) -> Iterator[Check]:
        return checks(self.flavour, self.scope, False, self.options.worklogs)

    def _open(self) -> Http:
        token = self.options.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"}
        return self.network.client(site_url(self.options.url), headers=headers)


def _project_ids(http: Http) -> set[str]:
    return {str(project.get("id")) for project in http.get("/rest/api/2/project").data or []}
