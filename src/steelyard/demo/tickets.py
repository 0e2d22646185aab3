"""Issues of teams, each with the person who works on it; and at what pace things get done."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from steelyard import model
from steelyard.demo import words
from steelyard.demo.shape import Dice, Shape
from steelyard.demo.staff import Member

_ISSUES = 0.34  # a working day of an engineer
_STEADY = 8.0
_HOUR = dt.timedelta(hours=1)


@dataclass
class Work:
    """Canonical records by kind, in the order of time."""

    issues: list[model.Issue] = field(default_factory=list)
    transitions: list[model.Transition] = field(default_factory=list)
    pull_requests: list[model.PullRequest] = field(default_factory=list)
    commits: list[model.Commit] = field(default_factory=list)
    rework: list[model.Rework] = field(default_factory=list)
    reviews: list[model.Review] = field(default_factory=list)
    deployments: list[model.Deployment] = field(default_factory=list)
    incidents: list[model.Incident] = field(default_factory=list)
    worklogs: list[model.Worklog] = field(default_factory=list)


class Pace:
    """Things get done at a steady pace: the work between two of them varies by a third or so."""

    def __init__(self) -> None:
        self.done: dict[str, float] = defaultdict(float)
        self.due: dict[str, float] = {}

    def count(self, dice: Dice, who: str, work: float) -> int:
        """How many of their things somebody gets done in some more work."""
        if who not in self.due:
            self.due[who] = float(dice.random())
        self.done[who] += work
        found = 0
        while self.due[who] <= self.done[who]:
            self.due[who] += float(dice.gamma(_STEADY, 1 / _STEADY))
            found += 1
        return found


class Issues:
    """Issues by team; who works on which."""

    def __init__(self, shape: Shape, done: Work) -> None:
        self.done = done
        self.end = moment(shape.end, 23.0)
        self.numbers: dict[str, int] = defaultdict(int)
        self.pace = Pace()
        self.current: dict[str, str] = {}

    def work(self, dice: Dice, member: Member, day: dt.date, rate: float) -> None:
        for _ in range(self.pace.count(dice, member.email, _ISSUES * rate)):
            self._one(dice, member, day)

    def _one(self, dice: Dice, member: Member, day: dt.date) -> None:
        project = member.on(day).project
        self.numbers[project] += 1
        name = f"{project}-{self.numbers[project]}"
        self.current[member.email] = name
        kind, priority = _one_of(dice, words.ISSUE_TYPES), _one_of(dice, words.PRIORITIES)
        created = moment(day, float(dice.uniform(7, 16)))
        started = created + float(dice.lognormal(2.6, 1.0)) * _HOUR
        points = int(words.POINTS[int(dice.integers(5))]) if kind == "Story" else None
        took = float(dice.lognormal(3.0 + 0.15 * (points or 2), 0.8))
        resolved = started + took * (0.5 if priority == "Highest" else 1.0) * _HOUR
        is_started, is_done = started < self.end, resolved < self.end
        status = "Done" if is_done else "In Progress" if is_started else "To Do"
        category = "done" if is_done else "doing" if is_started else "todo"
        self.done.issues.append(
            model.Issue(
                key=name,
                id=name,
                name=name,
                project=project,
                type=kind,
                priority=priority,
                status=status,
                status_category=category,
                resolution="Done" if is_done else "",
                reporter=jira(member),
                assignee=jira(member),
                created_at=created,
                started_at=started if is_started else None,
                resolved_at=resolved if is_done else None,
                updated_at=resolved if is_done else started if is_started else created,
                story_points=points,
                team=member.on(day).name,
            )
        )
        steps = (("To Do", "In Progress", started), ("In Progress", "Done", resolved))
        self.done.transitions += [
            model.Transition(
                key=f"{name}:{old}",
                issue=name,
                from_status=old,
                to_status=new,
                happened_at=at,
                actor=jira(member),
            )
            for old, new, at in steps
            if at < self.end
        ]


def accounts(member: Member) -> Iterator[model.Account]:
    """Where else somebody has an account."""
    yield member.account()
    key = jira(member)
    yield model.Account(key=key, account=key, email=member.email, name=member.name)


def jira(member: Member) -> str:
    return f"jira:0de3{member.number:08}"


def _one_of(dice: Dice, choices: tuple[tuple[str, float], ...]) -> str:
    return choices[int(dice.choice(len(choices), p=[share for _, share in choices]))][0]


def moment(day: dt.date, hour: float) -> dt.datetime:
    midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
    return midnight + dt.timedelta(seconds=int(hour * 3600))
