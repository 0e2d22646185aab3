"""What runs: pipelines and deployments."""

from __future__ import annotations

import datetime as dt
import re

from steelyard.model import CiRun, Deployment
from steelyard.sources.gitlab import answers
from steelyard.sources.gitlab.answers import DeploymentRow, PipelineRow, Project, who
from steelyard.sources.gitlab.api import Api
from steelyard.sources.gitlab.walk import Batch
from steelyard.sources.shapes import utc

_OVER = {
    "success": "success",
    "failed": "failure",
    "canceled": "cancelled",
    "canceling": "cancelled",
    "skipped": "cancelled",
}


def pipelines(api: Api, project: Project, since: dt.datetime, page: int) -> Batch:
    """Pipelines that changed since, one call each: the list has no times and no user."""
    path = f"projects/{project.id}/pipelines"
    found, more = api.changed(path, since, page, 50)
    rows = [answers.read("pipeline", PipelineRow, row) for row in found]
    whole = [
        answers.read("pipeline", PipelineRow, api.get(f"{path}/{row.id}").data) for row in rows
    ]
    users = {row.user.username: row.user for row in whole if row.user}
    records = [*(_run(row, project.repo) for row in whole), *map(answers.account, users.values())]
    return Batch([row.updated_at for row in rows], records, more)


def _run(row: PipelineRow, repo: str) -> CiRun:
    return CiRun(
        key=str(row.id),
        repo=repo,
        sha=row.sha or "",
        branch=row.ref or "",
        workflow=row.name or "",
        event=row.source or "",
        status=_OVER.get(row.status, "running"),
        started_at=utc(row.started_at),
        finished_at=utc(row.finished_at),
        actor=who(row.user),
    )


def deployments(
    api: Api, production: re.Pattern[str], project: Project, since: dt.datetime, page: int
) -> Batch:
    """Deployments that changed since. GitLab wants the filter and the order of one kind."""
    found, more = api.changed(f"projects/{project.id}/deployments", since, page)
    rows = [answers.read("deployment", DeploymentRow, row) for row in found]
    records = [_deployment(row, project.repo, production) for row in rows]
    users = {row.user.username: row.user for row in rows if row.user}
    accounts = [answers.account(user) for user in users.values()]
    return Batch([row.updated_at for row in rows], [*records, *accounts], more)


def _deployment(row: DeploymentRow, repo: str, production: re.Pattern[str]) -> Deployment:
    name = row.environment.name if row.environment else ""
    return Deployment(
        key=str(row.id),
        repo=repo,
        environment=name,
        is_production=bool(production.search(name)),
        sha=row.sha or "",
        ref=row.ref or "",
        status=_OVER.get(row.status, "running"),
        created_at=utc(row.created_at),
        finished_at=_finished(row),
        deployer=who(row.user),
    )


def _finished(row: DeploymentRow) -> dt.datetime | None:
    """When its job ended; one made by the API has none, and last changed when it ended."""
    if row.status not in _OVER:
        return None
    job = row.deployable.finished_at if row.deployable else None
    return utc(job or row.updated_at)
