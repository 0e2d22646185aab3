"""Jira Data Center, read with a personal access token."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from steelyard.sources.contract import Options, Secret
from steelyard.sources.jira.changelog import ServerHistories
from steelyard.sources.jira.search import ServerSearch
from steelyard.sources.jira.site import Flavour
from steelyard.sources.jira.streams import (
    Jira,
    Projects,
    Since,
    StoryPoints,
    TimeZone,
    Worklogs,
    site_url,
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


class JiraDataCenter(Jira):
    kind, title, Options = "jira-dc", "Jira Data Center", ServerOptions
    is_cloud = False
    options: ServerOptions

    def __init__(self, options: Any, network: Network) -> None:
        super().__init__(options, network)
        self.flavour = Flavour(
            "/rest/api/2", self._open, ServerSearch, ServerHistories, _project_ids
        )

    def _open(self) -> Http:
        token = self.options.token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"}
        return self.network.client(site_url(self.options.url), headers=headers)


def _project_ids(http: Http) -> set[str]:
    return {str(project.get("id")) for project in http.get("/rest/api/2/project").data or []}
