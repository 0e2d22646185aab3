"""Calls to GitLab: its REST API, and GraphQL for what REST does not say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from steelyard.errors import SourceChanged, SourceError
from steelyard.sources.contract import Secret
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import Group, Project, Size
from steelyard.sources.network import Network, Reply

SIZES = """
query Sizes($path: ID!, $iids: [String!]) {
  project(fullPath: $path) {
    mergeRequests(iids: $iids) {
      nodes {
        iid
        diffStatsSummary { additions deletions fileCount }
        diffStats { path additions deletions }
      }
    }
  }
}
"""
# The server may leave out what changed exactly then; its times have milliseconds.
_TICK = dt.timedelta(milliseconds=1)


class Api:
    """One GitLab. Paths are relative to its API."""

    def __init__(self, base_url: str, token: Secret, network: Network) -> None:
        self.http = network.client(
            base_url.rstrip("/") + "/", headers={"private-token": token.get_secret_value()}
        )

    def get(self, path: str, **params: Any) -> Reply:
        return self.http.get(f"api/v4/{path}", params or None)

    def rows(self, path: str, **params: Any) -> tuple[list[Any], bool]:
        """One page of a list, and whether there is another."""
        reply = self.get(path, **params)
        return _listed(path, reply), "next" in reply.links

    def all(self, path: str, **params: Any) -> Iterator[Any]:
        """All rows of a list, by its own links."""
        for reply in self.http.by_link(f"api/v4/{path}", {"per_page": 100, **params}):
            yield from _listed(path, reply)

    def changed(
        self, path: str, since: dt.datetime, page: int, per_page: int = 100, **params: Any
    ) -> tuple[list[Any], bool]:
        """What changed since, oldest change first."""
        moment = (since - _TICK).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        order = {"order_by": "updated_at", "sort": "asc", "updated_after": moment}
        return self.rows(path, per_page=per_page, page=page, **order, **params)

    def group(self, path: str) -> Group:
        data = self.get(f"groups/{quote(path, safe='')}", with_projects="false").data
        return answers.read("group", Group, data)

    def project(self, path: str) -> Project:
        return answers.read("project", Project, self.get(f"projects/{quote(path, safe='')}").data)

    def projects_of(self, group: str) -> Iterator[Project]:
        path = f"groups/{quote(group, safe='')}/projects"
        only = {"include_subgroups": "true", "with_shared": "false"}
        for row in self.all(path, order_by="id", sort="asc", **only):
            yield answers.read("project", Project, row)

    def groups_below(self, group: str) -> Iterator[Group]:
        for row in self.all(f"groups/{quote(group, safe='')}/descendant_groups"):
            yield answers.read("group", Group, row)

    def sizes(self, project: Project, iids: list[int]) -> dict[int, Size]:
        """How much merge requests change, by number. Raises as any call."""
        asked = {"path": project.path_with_namespace, "iids": [str(iid) for iid in iids]}
        data = self.http.graphql("api/graphql", SIZES, asked)
        nodes = ((data.get("project") or {}).get("mergeRequests") or {}).get("nodes") or ()
        sizes = [answers.read("size of merge request", Size, node) for node in nodes]
        return {size.iid: size for size in sizes}


def is_closed_to_us(error: SourceError) -> bool:
    """Whether one project does not have this, or not for us; other projects may.

    A token without the scope for it would be refused everywhere: that is not meant.
    """
    status = getattr(error, "status", 0)
    return status in (403, 404) and "higher privileges" not in error.message


def _listed(path: str, reply: Reply) -> list[Any]:
    if not isinstance(reply.data, list):
        raise SourceChanged(f"GitLab's {path} is not a list.", "An upgrade of Steelyard may help.")
    return reply.data
