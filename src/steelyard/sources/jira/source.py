"""Jira Cloud, read with an e-mail address and an API token."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import Field

from steelyard.sources.contract import Options, Secret
from steelyard.sources.jira.changelog import CloudHistories
from steelyard.sources.jira.search import CloudSearch
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

_PAGE = 100


class CloudOptions(Options):
    site: str = Field(description="Address of the site, such as acme.atlassian.net.")
    email: str = Field(description="E-mail address of the account the token belongs to.")
    token: Secret = Field(
        description="API token, made at id.atlassian.com under Security, API tokens."
    )
    projects: Projects = ""
    since: Since = None
    story_points: StoryPoints = ""
    worklogs: Worklogs = False
    time_zone: TimeZone = ""


class JiraCloud(Jira):
    kind, title, Options = "jira", "Jira Cloud", CloudOptions
    is_cloud = True
    options: CloudOptions

    def __init__(self, options: Any, network: Network) -> None:
        super().__init__(options, network)
        self.flavour = Flavour("/rest/api/3", self._open, CloudSearch, CloudHistories, _project_ids)

    def _open(self) -> Http:
        said = self.options
        auth = httpx.BasicAuth(said.email, said.token.get_secret_value())
        return self.network.client(site_url(said.site), auth=auth)


def _project_ids(http: Http) -> set[str]:
    found: set[str] = set()
    start = 0
    while True:
        asked = {"startAt": start, "maxResults": _PAGE}
        data = http.get("/rest/api/3/project/search", asked).data or {}
        values = data.get("values") or []
        found |= {str(project.get("id")) for project in values}
        start += len(values)
        if data.get("isLast", True) or not values:
            return found
