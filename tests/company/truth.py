"""What is true of the scripted company: its facts as plain tables, and figures worked out on them.

Nothing of the program is used here, and none of its SQL: rows are the script's, sums are pandas'.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from tests.company.script import END, JIRA_PROJECTS, SHARED, Company, Human, MadeDeployment

HOUR = dt.timedelta(hours=1)
FAULT = 24 * HOUR  # how long after a deployment an incident is its fault
BEFORE_FIRST = dt.timedelta(days=14)  # what landed earlier than so before a first deployment
Team = Callable[[Human, dt.date], str]


def today(person: Human, day: dt.date) -> str:
    """The team of somebody whose directory was read once, after everything had happened."""
    return person.team(END)


def then(person: Human, day: dt.date) -> str:
    """The team of somebody whose directory was read whenever it changed."""
    return person.team(day)


class Truth:
    """Tables with a row a fact; `person` and `team` are those it counts for."""

    def __init__(self, company: Company, team: Team = today) -> None:
        self.company, self.team = company, team

    def rows(self, rows: Iterable[tuple[str, dt.datetime | dt.date, dict[str, Any]]]) -> Any:
        """A table of facts of people: who, when, and what else."""
        found = []
        for person, at, more in rows:
            day = at.date() if isinstance(at, dt.datetime) else at
            known = self.company.people.get(person)
            team = self.team(known, day) if known else ""
            month = day.replace(day=1).isoformat()
            found.append({"person": person, "team": team, "day": day, "month": month, **more})
        return pd.DataFrame(found)

    def commits(self) -> pd.DataFrame:
        """On default branches: pushed there, or merged. Two people's mailbox is nobody's."""
        merged = {(pull.repo, pull.number) for pull in self.company.pulls if pull.merged}
        return self.rows(
            (
                SHARED if made.address == SHARED else made.author,
                made.at,
                {
                    "repo": made.repo,
                    "assisted": "yes" if made.assisted else "no",
                    "additions": made.additions,
                    "sha": made.sha,
                },
            )
            for made in self.company.commits
            if made.pull_request is None or (made.repo, made.pull_request) in merged
        )

    def pulls(self) -> pd.DataFrame:
        return self.rows(
            (
                pull.author,
                pull.merged,
                {
                    "repo": pull.repo,
                    "assisted": "yes" if pull.assisted else "no",
                    "cycle": (pull.merged - pull.commits[0].at) / HOUR,
                    "wait": max((pull.reviews[0][2] - pull.opened) / HOUR, 0),
                    "lines": sum(c.additions + c.deletions for c in pull.commits),
                },
            )
            for pull in self.company.pulls
            if pull.merged
        )

    def reviews(self) -> pd.DataFrame:
        return self.rows(
            (who, at, {"repo": pull.repo, "review_state": state})
            for pull in self.company.pulls
            for who, state, at in pull.reviews
        )

    def issues(self, event: str) -> pd.DataFrame:
        """`created`, for who reported, or `resolved`, for whom it was assigned to."""
        assisted = {c.issue for pull in self.company.pulls for c in pull.commits if pull.assisted}
        assisted |= {made.issue for made in self.company.commits if made.assisted}
        rows = [
            (
                issue.reporter if event == "created" else issue.assignee,
                issue.created if event == "created" else issue.resolved,
                {
                    "project": issue.project,
                    "issue_type": issue.type if issue.project in JIRA_PROJECTS else "",
                    "priority": issue.priority,
                    "points": issue.points,
                    "assisted": "yes" if issue.key in assisted else "no",
                    "hours": issue.resolved and (issue.resolved - issue.created) / HOUR,
                },
            )
            for issue in self.company.issues
        ]
        return self.rows(row for row in rows if row[1])  # type: ignore[misc]

    def worklogs(self) -> pd.DataFrame:
        return self.rows(
            (
                made.worker,
                made.day,
                {"project": made.issue.partition("-")[0], "hours": made.seconds / 3600},
            )
            for made in self.company.worklogs
        )

    def incidents(self) -> pd.DataFrame:
        return self.rows(
            (
                made.responder,
                made.opened,
                {"repo": made.repo, "hours": (made.resolved - made.opened) / HOUR},
            )
            for made in self.company.incidents
        )

    def sessions(self) -> pd.DataFrame:
        return self.rows((made.person, made.at, {}) for made in self.company.sessions)

    def deployments(self) -> pd.DataFrame:
        """Each with whether it failed and how long that lasted, found by looking at all others."""
        author = {pull.merge_sha: pull.author for pull in self.company.pulls if pull.merged}
        rows = []
        for made in self.company.deployments:
            blamed = [i for i in self.company.incidents if self._at_fault(i) is made]
            ends = [incident.resolved for incident in blamed]
            if made.broken:
                ends += [d.at for d in self._successes(made.repo) if d.at > made.at][:1]
            failed = made.broken or bool(blamed)
            recovery = (min(ends) - made.at) / HOUR if failed and ends else None
            more = {"repo": made.repo, "ok": not made.broken, "failed": failed}
            rows.append((author[made.sha], made.at, more | {"recovery": recovery}))
        return self.rows(rows)

    def _at_fault(self, incident: Any) -> MadeDeployment | None:
        """The last success of its repository before it, if that was not long before."""
        before = [d for d in self._successes(incident.repo) if d.at <= incident.opened]
        return before[-1] if before and incident.opened - before[-1].at < FAULT else None

    def _successes(self, repo: str) -> Sequence[MadeDeployment]:
        """In the order in which they ended."""
        found = [d for d in self.company.deployments if d.repo == repo and not d.broken]
        return sorted(found, key=lambda d: d.at)

    def lead_times(self) -> pd.DataFrame:
        """From each commit to the first success whose own commit had landed no earlier."""
        landed = {p.merge_sha: p.merged for p in self.company.pulls if p.merged}
        landed |= {c.sha: p.merged for p in self.company.pulls if p.merged for c in p.commits}
        rows = []
        for made in self.company.commits:
            at = made.at if made.pull_request is None else landed.get(made.sha)
            done = self._successes(made.repo)
            if at is None or not done:
                continue
            heads = [landed[d.sha] for d in done]
            brought = [d for d, head in zip(done, heads, strict=True) if head >= at]  # type: ignore[operator]
            if brought and at > min(heads) - BEFORE_FIRST:  # type: ignore[type-var, operator]
                hours = max((brought[0].at - made.at) / HOUR, 0)
                who = SHARED if made.address == SHARED else made.author
                rows.append((who, brought[0].at, {"repo": made.repo, "hours": hours}))
        return self.rows(rows)

    def headcount(self, day: dt.date) -> dict[tuple[str], int]:
        """Who was employed on a day, by the team of that day; the directory knows who has left
        only when it was read after."""
        there = [p for p in self.company.employees if p.works(day)]
        frame = pd.DataFrame({"team": [self.team(person, day) for person in there]})
        return counts(frame, "team")

    def rollup(self, person: Human) -> str:
        """Who of the people above (or oneself) reports to the chief."""
        people, seen = self.company.people, {person.email}
        while person.manager:
            above = people[person.manager]
            if "Chief" in above.title:
                return person.email
            if above.email in seen:
                return ""
            seen.add(above.email)
            person = above
        return ""


def counts(frame: pd.DataFrame, *by: str) -> dict[tuple[Any, ...], int]:
    return _plain(frame.groupby(list(by)).size())


def sums(frame: pd.DataFrame, column: str, *by: str) -> dict[tuple[Any, ...], float]:
    return {
        key: value for key, value in _plain(frame.groupby(list(by))[column].sum()).items() if value
    }


def medians(frame: pd.DataFrame, column: str, *by: str) -> dict[tuple[Any, ...], float]:
    return _plain(frame.dropna(subset=[column]).groupby(list(by))[column].median())


def shares(frame: pd.DataFrame, column: str, *by: str) -> dict[tuple[Any, ...], float]:
    return _plain(frame.groupby(list(by))[column].mean())


def _plain(series: pd.Series) -> dict[tuple[Any, ...], Any]:
    found = series.to_dict()
    return {key if isinstance(key, tuple) else (key,): value for key, value in found.items()}
