"""GitLab: how it is added, and its streams."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import ClassVar

from pydantic import Field, model_validator

from steelyard.errors import SourceDenied, SourceError
from steelyard.model import (
    Account,
    ChangedFile,
    CiRun,
    Commit,
    Deployment,
    Issue,
    Membership,
    PullRequest,
    Review,
)
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.environments import Production, production
from steelyard.sources.gitlab import commits, issues, people, requests, running
from steelyard.sources.gitlab.answers import Project
from steelyard.sources.gitlab.api import Api, is_closed_to_us
from steelyard.sources.gitlab.walk import Batch, Fetch, walk

_BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_SCOPE = "Give the token the scope read_api, and the role Reporter in the group."


class GitLabOptions(Options):
    groups: str = Field("", description="Groups with all below them: `acme`, `acme,other/part`.")
    projects: str = Field("", description="Single projects: `acme/app,acme/lib`.")
    token: Secret = Field(
        description="A group, project or personal access token with the scope read_api."
    )
    base_url: str = Field("https://gitlab.com", description="Where a self-managed GitLab is.")
    since: dt.date | None = Field(
        None, description="Read what changed from this day on; by default everything."
    )
    production: Production = production()
    pipelines: bool = Field(True, description="Read pipelines, one call each.")

    @model_validator(mode="after")
    def _names_something(self) -> GitLabOptions:
        if not (_listed(self.groups) or _listed(self.projects)):
            raise ValueError("groups or projects")
        return self


class GitLab(Source):
    kind: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    Options: ClassVar[type[Options]] = GitLabOptions

    options: GitLabOptions

    @cached_property
    def api(self) -> Api:
        return Api(self.options.base_url, self.options.token, self.network)

    @cached_property
    def groups(self) -> list[str]:
        return _listed(self.options.groups)

    @cached_property
    def projects(self) -> list[Project]:
        """All projects that are read, once a run."""
        found = [project for group in self.groups for project in self.api.projects_of(group)]
        found += [self.api.project(path) for path in _listed(self.options.projects)]
        return list({project.id: project for project in found}.values())

    @property
    def first(self) -> dt.datetime:
        day = self.options.since
        return dt.datetime.combine(day, dt.time(), dt.UTC) if day else _BEGINNING

    def streams(self) -> Sequence[Stream]:
        kinds = (PullRequest.kind, Review.kind, ChangedFile.kind, Account.kind)
        streams = [Stream("members", self.members, (Account.kind,))]
        if self.groups:
            streams.append(Stream("teams", self.teams, (Membership.kind,), snapshot=True))
        streams += [
            Stream("merge requests", self.merge_requests, kinds),
            Stream("commits", self.commits, (Commit.kind,)),
            Stream("issues", self.issues, (Issue.kind, Account.kind)),
            Stream("deployments", self.deployments, (Deployment.kind, Account.kind)),
        ]
        if self.options.pipelines:
            streams.append(Stream("pipelines", self.pipelines, (CiRun.kind, Account.kind)))
        return streams

    def members(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        places = [f"groups/{path}" for path in self.groups]
        places += [f"projects/{path}" for path in _listed(self.options.projects)]
        return people.accounts(self.api, places, cursor)

    def teams(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return people.teams(self.api, self.groups, cursor)

    def merge_requests(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return self._walk("merge requests", cursor, partial(requests.fetch, self.api))

    def commits(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return commits.pages(self.api, self.projects, cursor, self.first)

    def issues(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return self._walk("issues", cursor, partial(issues.fetch, self.api))

    def deployments(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        production = re.compile(self.options.production, re.IGNORECASE)
        fetch = partial(running.deployments, self.api, production)
        return self._walk("deployments", cursor, fetch)

    def pipelines(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return self._walk("pipelines", cursor, partial(running.pipelines, self.api))

    def _walk(self, what: str, cursor: str | None, fetch: Fetch) -> Iterator[Page]:
        return walk(cursor, self.projects, self.first, _where_open(what, fetch))

    def check(self) -> Iterator[Check]:
        """Each group and project, then each list of the first project."""
        places = [("group", path) for path in self.groups]
        places += [("project", path) for path in _listed(self.options.projects)]
        for kind, path in places:
            check = self._check_place(kind, path)
            yield check
            if not check.ok:
                return
        if not self.projects:
            yield Check("projects", False, "There are no projects.", "Check the groups' names.")
            return
        for what in ("merge_requests", "issues", "pipelines", "deployments"):
            yield self._check_list(what, f"projects/{self.projects[0].id}/{what}")
        yield self._check_sizes()

    def _check_place(self, kind: str, path: str) -> Check:
        what = f"{kind} {path}"
        try:
            self.api.group(path) if kind == "group" else self.api.project(path)
        except SourceDenied as error:
            hint = _SCOPE if getattr(error, "status", 0) == 403 else error.hint
            return Check(what, False, error.message, hint)
        except SourceError as error:
            if getattr(error, "status", 0) != 404:
                raise
            said = f"There is no {kind} {path} that the token may see."
            return Check(
                what, False, said, f"Check its path, and that the token is of it. {_SCOPE}"
            )
        return Check(what, True)

    def _check_list(self, what: str, path: str) -> Check:
        try:
            self.api.rows(path, per_page=1)
        except SourceError as error:
            if getattr(error, "status", 0) not in (403, 404):
                raise
            said = f"{error.message} ({self.projects[0].path_with_namespace})"
            return Check(what, False, said, f"It may be switched off there. {_SCOPE}")
        return Check(what, True)

    def _check_sizes(self) -> Check:
        try:
            self.api.sizes(self.projects[0], [0])
        except SourceError as error:
            hint = "Without GraphQL the sizes of merge requests stay unknown; all else is read."
            return Check("GraphQL", False, error.message, hint)
        return Check("GraphQL", True)


def _where_open(what: str, fetch: Fetch) -> Fetch:
    """A project that does not show something is told of, and the others are read."""

    def fetched(project: Project, since: dt.datetime, page: int) -> Batch:
        try:
            return fetch(project, since, page)
        except SourceError as error:
            if not is_closed_to_us(error):
                raise
            note = f"{project.path_with_namespace} shows no {what}: {error.message}"
            return Batch(notes=(note,))

    return fetched


def _listed(text: str) -> list[str]:
    return [part.strip().strip("/") for part in text.split(",") if part.strip()]
