"""Deployments with their outcome; where a repository has none, its releases stand for them."""

from __future__ import annotations

import datetime as dt
import re

from steelyard.model import Deployment, reference
from steelyard.sources.github.answers import DeploymentNode, ReleaseNode, StatusNode
from steelyard.sources.github.api import VENDOR, Api, Size
from steelyard.sources.github.newest_first import Batch, Item
from steelyard.sources.github.pull_requests import listed
from steelyard.sources.github.references import accounts, login_of, person
from steelyard.sources.github.repositories import Repository
from steelyard.sources.shapes import read, utc

RELEASE = "release"  # the environment of a release
# A status that ends a deployment. `inactive` only says that a later one took its place.
_ENDED = {"SUCCESS": "success", "FAILURE": "failure", "ERROR": "failure"}
_STATES = {
    **_ENDED,
    "ACTIVE": "success",
    **dict.fromkeys(("ABANDONED", "DESTROYED", "INACTIVE"), "cancelled"),
}


def fetch(
    api: Api, repository: Repository, size: Size, production: re.Pattern[str], after: str | None
) -> Batch:
    """A page of deployments, newest first: GitHub has no other order."""
    variables = {**repository.variables, "after": after}
    data, refusals = api.query("deployments", variables, size)
    page, notes = listed(data, refusals, repository, "deployments", "Deployments: read")
    nodes = [read(VENDOR, f"deployment {row.get('id')}", DeploymentNode, row) for row in page.found]
    items = []
    for node in nodes:
        records = (_deployment(node, repository, production), *accounts([login_of(node.creator)]))
        items.append(Item(utc(node.created_at), utc(node.created_at), records))
    return Batch(tuple(items), page.after, tuple(notes))


def fetch_releases(api: Api, repository: Repository, size: Size, after: str | None) -> Batch:
    """A page of releases that were published and are no previews."""
    variables = {**repository.variables, "after": after}
    data, refusals = api.query("releases", variables, size)
    page, notes = listed(data, refusals, repository, "releases", "Contents: read")
    nodes = [read(VENDOR, f"release of {repository.path}", ReleaseNode, row) for row in page.found]
    items = tuple(_release(node, repository) for node in nodes)
    return Batch(items, page.after, tuple(notes))


def _deployment(
    node: DeploymentNode, repository: Repository, production: re.Pattern[str]
) -> Deployment:
    status, ended = outcome(node)
    environment = node.environment or ""
    return Deployment(
        key=f"{repository.key}:deployment:{node.database_id or node.id}",
        repo=repository.key,
        environment=environment,
        is_production=bool(production.search(environment)),
        sha=node.commit_oid or "",
        ref=node.ref.name if node.ref else "",
        status=status,
        created_at=utc(node.created_at),
        finished_at=ended,
        deployer=person(node.creator),
    )


def outcome(node: DeploymentNode) -> tuple[str, dt.datetime | None]:
    """How it ended and when. Replaced by a later one, it stays the success it was."""
    statuses = list(node.statuses.found) if node.statuses else []
    statuses += [node.latest_status] if node.latest_status else []
    ends = sorted((one for one in statuses if one.state in _ENDED), key=_when)
    if ends:
        status = _ENDED[ends[-1].state]
        return status, utc(min(_when(one) for one in ends if _ENDED[one.state] == status))
    if not statuses and (node.state or "").upper() == "INACTIVE":
        return "success", None  # replaced without ever having told
    return _STATES.get((node.state or "").upper(), "running"), None


def _when(status: StatusNode) -> dt.datetime:
    return status.created_at


def _release(node: ReleaseNode, repository: Repository) -> Item:
    created = utc(node.created_at)
    if node.is_draft or node.is_prerelease or node.published_at is None:
        return Item(created, created, ())
    login = node.author.login if node.author else ""
    release = Deployment(
        key=f"{repository.key}:release:{node.database_id or node.id}",
        repo=repository.key,
        environment=RELEASE,
        is_production=True,
        sha=node.tag_commit.oid if node.tag_commit else "",
        ref=node.tag_name or "",
        status="success",
        created_at=utc(node.published_at),
        finished_at=utc(node.published_at),
        deployer=reference("github", login),
    )
    return Item(created, created, (release, *accounts([login])))
