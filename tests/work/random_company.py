"""A random company's raw records, and DORA and times computed from them with pandas.

The calculation is written anew from the definitions in docs/concepts/delivery.md, one deployment
and one commit at a time, and shares nothing with the statements that build the facts.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from steelyard.model import Commit, Deployment, Incident, Issue, PullRequest, Record, Review

from .world import sha

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WINDOW = 24 * HOUR
REPOS = ("github.com/acme/a", "github.com/acme/b")


@dataclass
class Company:
    seed: int
    commits: list[Commit] = field(default_factory=list)
    requests: list[PullRequest] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        for repo in REPOS:
            for number in range(60):
                self._change(repo, number)
            self._deploy(repo)
        for number in range(80):
            self._issue(number)

    @property
    def records(self) -> list[Record]:
        return [
            *(*self.commits, *self.requests, *self.reviews),
            *(*self.deployments, *self.incidents, *self.issues),
        ]

    def _when(self) -> dt.datetime:
        return START + dt.timedelta(minutes=self.chance.randrange(40 * 24 * 60))

    def _change(self, repo: str, number: int) -> None:
        chance, when = self.chance, self._when()
        name = f"{repo[-1]}{number}"
        earlier = [c for c in self.commits if c.repo == repo and c.committed_at]
        taken_back = chance.choice(earlier).sha if earlier and chance.random() < 0.15 else ""
        author = chance.choice(("github:ada", "github:ben", "github:renovate[bot]"))
        commit = Commit(
            key=sha(name),
            sha=sha(name),
            repo=repo,
            author=author,
            committed_at=when,
            is_merge=chance.random() < 0.1,
            reverts=taken_back,
        )
        self.commits.append(commit)
        if chance.random() < 0.6:
            self._request(commit, number)

    def _request(self, commit: Commit, number: int) -> None:
        chance, when = self.chance, commit.committed_at
        assert when is not None
        squashed = chance.random() < 0.5
        merged = when if squashed else when + chance.randrange(1, 60) * HOUR
        key = f"{commit.repo}#{number}"
        request = PullRequest(
            key=key,
            repo=commit.repo,
            number=number,
            author=commit.author,
            created_at=when - 20 * HOUR,
            first_commit_at=when - chance.randrange(20, 90) * HOUR,
            merged_at=merged if chance.random() < 0.9 else None,
            base="main",
            merge_sha=commit.sha if squashed else "",
            commit_shas=() if squashed else (commit.sha,),
        )
        self.requests.append(request)
        for index in range(chance.randrange(3)):
            self.reviews.append(
                Review(
                    key=f"{key} {index}",
                    repo=commit.repo,
                    pull_request=key,
                    reviewer=chance.choice(("github:ada", "github:cleo", "github:lint[bot]")),
                    state="commented",
                    submitted_at=merged - chance.randrange(1, 19) * HOUR,
                )
            )

    def _deploy(self, repo: str) -> None:
        chance = self.chance
        mine = [c for c in self.commits if c.repo == repo]
        for number in range(25):
            commit = chance.choice(mine)
            assert commit.committed_at is not None
            ended = commit.committed_at + dt.timedelta(minutes=chance.randrange(30, 6000))
            self.deployments.append(
                Deployment(
                    key=f"{repo} {number}",
                    repo=repo,
                    environment="production",
                    is_production=chance.random() < 0.9,
                    sha=commit.sha,
                    status=chance.choice(("success",) * 6 + ("failure", "cancelled")),
                    created_at=ended - dt.timedelta(minutes=5),
                    finished_at=ended,
                )
            )
        for number in range(6):
            began = self._when()
            resolved = began + chance.randrange(1, 30) * HOUR
            self.incidents.append(
                Incident(
                    key=f"{repo} {number}",
                    repo=repo,
                    created_at=began,
                    resolved_at=resolved if chance.random() < 0.8 else None,
                )
            )

    def _issue(self, number: int) -> None:
        chance, when = self.chance, self._when()
        taken = dt.timedelta(hours=10 ** chance.uniform(-1, 3.2))
        self.issues.append(
            Issue(
                key=str(number),
                id=str(number),
                name=f"PAY-{number}",
                created_at=when,
                resolved_at=when + taken if chance.random() < 0.8 else None,
            )
        )


class Calculation:
    """DORA of a company, the plain way."""

    def __init__(self, company: Company) -> None:
        self.company = company
        merged = {
            name: r.merged_at
            for r in company.requests
            if r.merged_at
            for name in (*r.commit_shas, r.merge_sha)
        }
        self.landed = {c.sha: merged.get(c.sha, c.committed_at) for c in company.commits}
        finished = [
            d
            for d in company.deployments
            if d.is_production and d.status in ("success", "failure") and d.finished_at
        ]
        self.deployments = sorted(finished, key=lambda d: (d.finished_at, d.key))
        self.successes = [d for d in self.deployments if d.status == "success"]

    def brought_by(self, repo: str, landed: Any) -> Deployment | None:
        """The first success whose commit had landed no earlier."""
        for d in self.successes:
            if d.repo == repo and self.landed[d.sha] >= landed:
                return d
        return None

    def lead_times(self) -> pd.Series:
        found = {}
        for c in self.company.commits:
            if c.is_merge or "[bot]" in c.author:
                continue
            landed = self.landed[c.sha]
            heads = [self.landed[d.sha] for d in self.successes if d.repo == c.repo]
            first = self.brought_by(c.repo, landed)
            if first and landed > min(heads) - dt.timedelta(days=14):
                found[c.sha] = max((first.finished_at - c.committed_at) / HOUR, 0)
        return pd.Series(found, dtype=float)

    def judge(self) -> pd.DataFrame:
        """Per deployment: failed, hours to recovery, unplanned."""
        rows = {d.key: self._judged(d) for d in self.deployments}
        table = pd.DataFrame.from_dict(rows, orient="index")
        mending = {key for keys in table["mended_by"] for key in keys} | self._fixes()
        table["unplanned"] = table.index.isin(mending)
        return table

    def _judged(self, d: Deployment) -> dict[str, Any]:
        ends, mended_by = [], []
        following = [
            n for n in self._after(d) if n.status == "success" and n.environment == d.environment
        ]
        failed = d.status == "failure"
        if failed and following:
            ends.append(following[0].finished_at)
        if not failed and following and self._goes_back(d, following[0]):
            failed = True
            ends.append(following[0].finished_at)
            mended_by.append(following[0].key)
        reverts = self._reverted(d)
        if reverts:
            failed = True
            ends.append(reverts[0].finished_at)
            mended_by.append(reverts[0].key)
        for incident in self.company.incidents:
            if self._fault(incident) is d:
                failed = True
                ends += [incident.resolved_at] if incident.resolved_at else []
        hours = (min(ends) - d.finished_at) / HOUR if ends else None
        return {"failed": failed, "recovery": hours, "mended_by": mended_by}

    def _after(self, d: Deployment) -> list[Deployment]:
        place = self.deployments.index(d)
        return [n for n in self.deployments[place + 1 :] if n.repo == d.repo]

    def _goes_back(self, d: Deployment, following: Deployment) -> bool:
        if d.sha == following.sha:
            return False
        before = any(
            e.sha == following.sha and e.repo == d.repo and e.finished_at < d.finished_at
            for e in self.successes
        )
        return before or self.landed[following.sha] < self.landed[d.sha]

    def _reverted(self, d: Deployment) -> list[Deployment]:
        found = []
        for c in self.company.commits:
            if not c.reverts or d.status != "success":
                continue
            brought = self.brought_by(c.repo, self.landed[c.reverts])
            back = self.brought_by(c.repo, self.landed[c.sha])
            if brought is not d or not back or back is d:
                continue
            if d.finished_at < back.finished_at <= d.finished_at + WINDOW:
                found.append(back)
        return sorted(found, key=lambda b: b.finished_at)

    def _fault(self, incident: Incident) -> Deployment | None:
        began = incident.created_at
        before = [
            d
            for d in self.successes
            if d.repo == incident.repo and began - WINDOW < d.finished_at <= began
        ]
        return before[-1] if before else None

    def _fixes(self) -> set[str]:
        found = set()
        for i in self.company.incidents:
            until = i.resolved_at or i.created_at + WINDOW
            after = [
                d
                for d in self.successes
                if d.repo == i.repo and d.finished_at > i.created_at and d.created_at <= until
            ]
            found |= {after[0].key} if after else set()
        return found
