"""GitHub and GitHub Enterprise: how it is added, and its streams."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import ClassVar, Literal

from pydantic import Field, model_validator

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
from steelyard.sources.github import commits, deployments, issues, newest_first, people
from steelyard.sources.github import pull_requests as requests
from steelyard.sources.github.api import Api, Size
from steelyard.sources.github.checks import MEMBERS, REPOSITORY, checks
from steelyard.sources.github.newest_first import Batch, Fetch, Reach
from steelyard.sources.github.repositories import Listing, Repository, Scope
from steelyard.sources.github.rounds import Mark, Place, Reader, Step, pages
from steelyard.sources.github.runs import Reading

# Deployments change for some days after they began, and GitHub has no list of the changes.
_SETTLED = dt.timedelta(days=14)


class GitHubOptions(Options):
    repositories: str = Field(
        description="An organisation (`acme`), or repositories (`acme/app,acme/lib`)."
    )
    token: Secret | None = Field(None, description="A fine-grained or classic access token.")
    app_id: str = Field("", description="Instead of a token: the id of a GitHub App.")
    installation_id: str = Field("", description="Where that App is installed.")
    private_key: Secret | None = Field(None, description="That App's private key, in PEM form.")
    base_url: str = Field(
        "https://api.github.com", description="Enterprise Server: https://HOST/api/v3."
    )
    since: dt.date | None = Field(
        None, description="Read what was created from this day on; by default everything."
    )
    production: Production = production()
    releases: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="Take releases for production deployments: where a repository has no"
        " deployment at all (auto), always, or never.",
    )
    runs: Literal["all", "default-branch", "none"] = Field(
        "all", description="Which Actions runs to read."
    )
    forks: bool = Field(False, description="Read an organisation's forks too.")
    members: bool = Field(True, description="Read an organisation's members and their addresses.")
    teams: bool = Field(True, description="Read an organisation's teams.")

    @model_validator(mode="after")
    def _may_sign_in(self) -> GitHubOptions:
        if self.token is None and not (self.app_id and self.installation_id and self.private_key):
            raise ValueError("a token, or app_id with installation_id and private_key")
        return self


class GitHub(Source):
    kind: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    Options: ClassVar[type[Options]] = GitHubOptions

    options: GitHubOptions

    @cached_property
    def api(self) -> Api:
        return Api(self.options, self.network)

    @cached_property
    def scope(self) -> Scope:
        return Scope.of(self.options.repositories, self.options.forks)

    @property
    def since(self) -> dt.datetime | None:
        day = self.options.since
        return dt.datetime.combine(day, dt.time(), dt.UTC) if day else None

    def streams(self) -> Sequence[Stream]:
        said, streams = self.options, []
        if self.scope.owners and said.members:
            streams.append(Stream("members", self.members, (Account.kind,)))
        if self.scope.owners and said.teams:
            streams.append(Stream("teams", self.teams, (Membership.kind,), snapshot=True))
        kinds = (PullRequest.kind, Review.kind, ChangedFile.kind, Account.kind)
        streams += [
            Stream("pull requests", self.pull_requests, kinds),
            Stream("commits", self.commits, (Commit.kind, Account.kind)),
            Stream("issues", self.issues, (Issue.kind, Account.kind)),
            Stream("deployments", self.deployments, (Deployment.kind, Account.kind)),
        ]
        if said.releases != "no":
            streams.append(Stream("releases", self.releases, (Deployment.kind, Account.kind)))
        if said.runs != "none":
            streams.append(Stream("runs", self.runs, (CiRun.kind, Account.kind)))
        return streams

    def check(self) -> Iterator[Check]:
        wanted = {permission.for_what for permission in REPOSITORY}
        if self.options.runs == "none":
            wanted.discard("Actions runs")
        if self.options.teams or self.options.members:
            wanted.add(MEMBERS.for_what)
        yield from checks(self.api, self.scope, frozenset(wanted))

    def members(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return people.members(self.api, self.scope.owners, cursor)

    def teams(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        return people.teams(self.api, self.scope.owners, cursor)

    def pull_requests(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        def fetch(repository: Repository) -> Fetch:
            return partial(requests.fetch, self.api, repository, Size(25))

        return self._listed("pullRequests", cursor, now, Reach(self.since), fetch)

    def issues(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        def fetch(repository: Repository) -> Fetch:
            return partial(issues.fetch, self.api, repository, Size())

        return self._listed("issues", cursor, now, Reach(self.since), fetch)

    def deployments(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        production = re.compile(self.options.production, re.IGNORECASE)

        def fetch(repository: Repository) -> Fetch:
            size = Size(50)
            return lambda order, after: deployments.fetch(
                self.api, repository, size, production, after
            )

        return self._listed("deployments", cursor, now, self._unordered(), fetch)

    def releases(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """Of repositories that have no deployments, or of all."""

        def fetch(repository: Repository) -> Fetch:
            if self.options.releases == "auto" and repository.deployed:
                return lambda order, after: Batch((), None)
            size = Size(100)
            return lambda order, after: deployments.fetch_releases(
                self.api, repository, size, after
            )

        return self._listed("releases", cursor, now, self._unordered(), fetch)

    def commits(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        def steps(repository: Repository, mark: Mark, place: Place) -> Iterator[Step]:
            return commits.steps(self.api, repository, mark, place, self.since)

        return self._pages("", cursor, steps)

    def runs(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        def steps(repository: Repository, mark: Mark, place: Place) -> Iterator[Step]:
            branch = repository.branch if self.options.runs == "default-branch" else ""
            return Reading(self.api, repository, now, self.since, branch).steps(mark, place)

        return self._pages("", cursor, steps)

    def _unordered(self) -> Reach:
        return Reach(self.since, overlap=_SETTLED, by_change=False, quiet=_SETTLED)

    def _listed(
        self,
        probe: str,
        cursor: str | None,
        now: dt.datetime,
        reach: Reach,
        fetch: Callable[[Repository], Fetch],
    ) -> Iterator[Page]:
        def steps(repository: Repository, mark: Mark, place: Place) -> Iterator[Step]:
            return newest_first.steps(repository, mark, place, now, reach, fetch(repository))

        return self._pages(probe, cursor, steps)

    def _pages(self, probe: str, cursor: str | None, reader: Reader) -> Iterator[Page]:
        listing = Listing(self.api, self.scope, probe)
        yield from pages(listing.repositories(), cursor, reader, listing.notes)
