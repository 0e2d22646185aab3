"""What ships: issues, pull requests with commits and reviews, deployments, incidents, hours.

Assistants raise merged pull requests by `EFFECT` from the day a team starts, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha1

from steelyard import model
from steelyard.demo.days import presence
from steelyard.demo.shape import WEEK, Dice, Shape
from steelyard.demo.staff import Member, Staff, Team
from steelyard.demo.tickets import Issues, Pace, Work, jira, moment
from steelyard.demo.use import Habit

EFFECT = 0.12  # more merged pull requests, from the day a team starts
_PULLS = 0.46  # a working day of an engineer
_ASSISTED = 0.45  # of the pull requests of people who use assistants, those with a mark
_HOUR = dt.timedelta(hours=1)


def ship(shape: Shape, staff: Staff, habits: Mapping[str, Habit]) -> Work:
    """Everything that was shipped, day by day."""
    done = Work()
    plan = Issues(shape, done)
    code = _Code(shape, staff, habits, done, plan)
    for n in range(-28, len(shape.days)):
        day = shape.first + dt.timedelta(days=n)
        dice = shape.dice(5, n + 28)
        for member in staff.members:
            rate = member.works * member.share * presence(day, member.country) * shape.thin
            if not rate or not member.is_employed(day):
                continue
            plan.work(dice, member, day, rate)
            if n >= 0:
                code.work(dice, member, day, rate)
                _log_hours(dice, done, plan, member, day)
        if n >= 0:
            _deploy(dice, staff, done, code, day)
    return done


class _Code:
    """Pull requests and what belongs to them."""

    def __init__(
        self, shape: Shape, staff: Staff, habits: Mapping[str, Habit], done: Work, plan: Issues
    ) -> None:
        self.shape, self.done, self.habits, self.plan = shape, done, habits, plan
        self.numbers: dict[str, int] = defaultdict(int)
        self.pace = Pace()
        self.newest: dict[str, model.PullRequest] = {}
        self.mates: dict[int, list[Member]] = defaultdict(list)
        for member in staff.members:
            self.mates[member.team.number].append(member)

    def work(self, dice: Dice, member: Member, day: dt.date, rate: float) -> None:
        team = member.on(day)
        more = 1 + EFFECT if team.starts is not None and day >= team.starts else 1.0
        for _ in range(self.pace.count(dice, member.email, _PULLS * rate * more)):
            self._merge(dice, member, team, day)

    def _merge(self, dice: Dice, member: Member, team: Team, day: dt.date) -> None:
        self.numbers[team.repo] += 1
        number = self.numbers[team.repo]
        merged = moment(day, float(dice.uniform(8, 18)))
        opened = merged - float(dice.lognormal(2.3, 1.0)) * _HOUR
        first = opened - float(dice.lognormal(1.8, 0.9)) * _HOUR
        habit = self.habits.get(member.email)
        uses = habit is not None and habit.since <= day < habit.until
        marks = ("claude-code",) if uses and dice.random() < _ASSISTED else ()
        issue = self.plan.current.get(member.email, "") if dice.random() < 0.7 else ""
        commits = self._commits(dice, member, team, number, (first, opened), marks)
        key, last = f"{team.repo}#{number}", self.newest.get(team.repo)
        reverts = last.key if last and dice.random() < 0.015 else ""
        made = model.PullRequest(
            key=key,
            repo=team.repo,
            number=number,
            author=f"github:{member.login}",
            author_email=member.email,
            state="merged",
            created_at=opened,
            ready_at=opened,
            first_commit_at=first,
            merged_at=merged,
            closed_at=merged,
            updated_at=merged,
            merged_by=f"github:{member.login}",
            base="main",
            merge_sha=_sha(key, "merge"),
            head_sha=commits[-1].sha,
            additions=sum(each.additions or 0 for each in commits),
            deletions=sum(each.deletions or 0 for each in commits),
            files=sum(each.files or 0 for each in commits),
            commits=len(commits),
            human_commits_after_open=int(bool(marks) and dice.random() < 0.25),
            commit_shas=tuple(each.sha for each in commits),
            assistants=marks,
            evidence="trailer" if marks else "",
            issues=(issue,) if issue else (),
            reverts=reverts,
        )
        self.newest[team.repo] = made
        self.done.pull_requests.append(made)
        self._review(dice, made, member, team)

    def _commits(
        self,
        dice: Dice,
        member: Member,
        team: Team,
        number: int,
        between: tuple[dt.datetime, dt.datetime],
        marks: tuple[str, ...],
    ) -> list[model.Commit]:
        first, opened = between
        count = 1 + int(dice.poisson(1.3))
        found = []
        for n in range(count):
            at = first + (opened - first) * (n / count)
            sha = _sha(team.repo, number, n)
            added, files = int(dice.lognormal(3.4, 1.0)) + 1, 1 + int(dice.poisson(2))
            found.append(
                model.Commit(
                    key=sha,
                    repo=team.repo,
                    sha=sha,
                    author=f"github:{member.login}",
                    author_email=member.email,
                    author_name=member.name,
                    authored_at=at,
                    committed_at=at,
                    additions=added,
                    deletions=int(dice.lognormal(2.5, 1.1)),
                    files=files,
                    assistants=marks,
                    evidence="trailer" if marks else "",
                )
            )
            self._rework(dice, found[-1], at.date())
        self.done.commits += found
        return found

    def _rework(self, dice: Dice, commit: model.Commit, day: dt.date) -> None:
        added = commit.additions or 0
        self.done.rework.append(
            model.Rework(
                key=commit.sha,
                repo=commit.repo,
                sha=commit.sha,
                added=added,
                rewritten=int(dice.binomial(added, 0.07)),
                complete=day + 3 * WEEK <= self.shape.end,
            )
        )

    def _review(self, dice: Dice, made: model.PullRequest, author: Member, team: Team) -> None:
        assert made.created_at is not None and made.merged_at is not None
        mates = [each for each in self.mates[team.number] if each is not author]
        mates = [each for each in mates if each.is_employed(made.created_at.date())]
        if not mates:
            return
        reviewer = mates[int(dice.integers(len(mates)))]
        rounds = 1 + int(dice.random() < 0.28)
        open_for = made.merged_at - made.created_at
        for n in range(rounds):
            final = n == rounds - 1
            self.done.reviews.append(
                model.Review(
                    key=f"{made.key}:{n}",
                    repo=made.repo,
                    pull_request=made.key,
                    reviewer=f"github:{reviewer.login}",
                    state="approved" if final else "changes_requested",
                    submitted_at=made.created_at + open_for * (0.45 * (n + 1)),
                )
            )


def _deploy(dice: Dice, staff: Staff, done: Work, code: _Code, day: dt.date) -> None:
    """What was merged last goes out in the evening; some of it fails."""
    if day.weekday() >= 5:
        return
    for team in staff.teams:
        newest = code.newest.get(team.repo)
        if newest is None or newest.merged_at is None or dice.random() < 0.45:
            continue
        began = max(moment(day, 18.5), newest.merged_at + _HOUR / 4)
        failed, hurt = dice.random() < 0.04, dice.random() < 0.08
        key = f"{team.repo}:{day}"
        done.deployments.append(
            model.Deployment(
                key=key,
                repo=team.repo,
                environment="production",
                sha=newest.head_sha,
                ref="main",
                status="failure" if failed else "success",
                created_at=began,
                finished_at=began + _HOUR / 6,
                deployer=newest.author,
            )
        )
        if hurt and not failed:
            done.incidents.append(_incident(dice, team, newest, began))


def _incident(
    dice: Dice, team: Team, newest: model.PullRequest, began: dt.datetime
) -> model.Incident:
    opened = began + float(dice.uniform(0.3, 3)) * _HOUR
    return model.Incident(
        key=f"{team.slug}-{opened:%Y%m%d}",
        service=team.slug,
        repo=team.repo,
        severity="SEV2" if dice.random() < 0.3 else "SEV3",
        status="resolved",
        created_at=opened,
        acknowledged_at=opened + _HOUR / 10,
        resolved_at=opened + float(dice.lognormal(0.2, 0.6)) * _HOUR,
        responders=(newest.author,),
        deployment_sha=newest.head_sha,
    )


def _log_hours(dice: Dice, done: Work, plan: Issues, member: Member, day: dt.date) -> None:
    """Every other person logs hours, on what they work on."""
    issue = plan.current.get(member.email)
    if member.number % 2 or not issue or dice.random() < 0.2:
        return
    seconds = int(dice.integers(8, 31)) * 900
    done.worklogs.append(
        model.Worklog(
            key=f"{member.number}:{day}",
            issue=issue,
            worker=jira(member),
            day=day,
            seconds=seconds,
            billable_seconds=seconds,
        )
    )


def _sha(*parts: object) -> str:
    return sha1(":".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
