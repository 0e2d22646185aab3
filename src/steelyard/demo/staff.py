"""Who works there: departments, teams of three to twelve, joiners, leavers, movers, part-timers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from steelyard.demo import words
from steelyard.demo.shape import Dice, Shape
from steelyard.model import Account, Person

_SIZES = (8, 7, 9, 6, 10, 5, 12, 8, 7)
# When teams start, in turn: 1 from the beginning, 0 never, else a share of the whole time.
_WAVES = (1.0, 0.35, 0.5, 0.0, 0.35, 0.62, 0.0, 0.5, 0.35, 0.5, 0.0, 0.62, 0.35, 0.0)


@dataclass(frozen=True)
class Team:
    """`starts`: the Monday on which it begins to work with assistants; None: it does not.
    `drawn`: drawn by lot to try something that changes nothing (the study without an effect)."""

    number: int
    name: str
    department: str
    starts: dt.date | None
    drawn: bool = False

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def repo(self) -> str:
        return f"{words.HOST}/halden/{self.slug}"

    @property
    def project(self) -> str:
        return "".join(c for c in self.name.upper() if c.isalnum())[:4] + (
            str(self.number) if self.number >= len(words.TEAMS) else ""
        )


@dataclass(frozen=True)
class Member:
    """One person. `share` is the part of full time; `works` what they do relative to an engineer;
    `moved` the day, the team and its lead of a change of teams."""

    number: int
    name: str
    email: str
    role: str
    level: str
    team: Team
    manager: str
    office: str
    city: str
    country: str
    started: dt.date
    share: float
    works: float
    machine: int
    is_seat: bool
    ended: dt.date | None = None
    moved: tuple[dt.date, Team, str] | None = None

    @property
    def login(self) -> str:
        return self.email.partition("@")[0].replace(".", "-")

    @property
    def account_id(self) -> str:
        return f"user_01Demo{self.number:06}"

    @property
    def account_uuid(self) -> str:
        return f"0de30000-0000-4000-8000-{self.number:012}"

    @property
    def install_id(self) -> str:
        return f"{self.number:06x}" + "0de3" * 14 + "ff"

    def on(self, day: dt.date) -> Team:
        """The team of a day."""
        return self.moved[1] if self.moved and day >= self.moved[0] else self.team

    def is_employed(self, day: dt.date) -> bool:
        return self.started <= day and (self.ended is None or day <= self.ended)

    def records(self) -> Iterator[Person]:
        """As the directory tells of them: a row, or one before and one after a move."""
        if self.moved is None:
            yield self._record(self.team, self.manager, None, None)
            return
        day, team, lead = self.moved
        yield self._record(self.team, self.manager, self.started, day - dt.timedelta(days=1))
        yield self._record(team, lead, day, None)

    def account(self) -> Account:
        return Account(
            key=f"github:{self.login}",
            account=f"github:{self.login}",
            email=self.email,
            name=self.name,
        )

    def _record(
        self, team: Team, manager: str, since: dt.date | None, until: dt.date | None
    ) -> Person:
        return Person(
            key=self.email,
            email=self.email,
            emails=(self.email,),
            name=self.name,
            team=team.name,
            department=team.department,
            role=self.role,
            level=self.level,
            manager=manager,
            office=self.office,
            city=self.city,
            country=self.country,
            company=words.COMPANY,
            employee_id=f"H{self.number:05}",
            employee_type="part-time" if self.share < 1 else "full-time",
            account_ids=(self.account_id, self.account_uuid),
            install_ids=(self.install_id,),
            start_date=self.started,
            end_date=self.ended,
            active=True,
            valid_from=since,
            valid_to=until,
        )


@dataclass(frozen=True)
class Staff:
    teams: tuple[Team, ...]
    members: tuple[Member, ...]


def hire(shape: Shape) -> Staff:
    """Everybody, leaders first."""
    dice = shape.dice(1)
    sizes = _sizes(shape.people)
    departments = words.DEPARTMENTS[: max(1, min(8, round(len(sizes) / 2.5)))]
    lone = Team(0, words.LONE_TEAM, "Strategy", None)
    teams = [_team(shape, n + 1, sizes, departments) for n in range(len(sizes))]
    chief = _person(shape, dice, 0, lone, "Chief Technology Officer", "")
    members = [chief]
    directors: dict[str, Member] = {}
    for department in departments if shape.people >= 60 else ():
        home = next(t for t in teams if t.department == department)
        director = _person(shape, dice, len(members), home, "Director", chief.email)
        directors[department] = director
        members.append(director)
    for team, size in zip(teams, sizes, strict=True):
        above = directors.get(team.department, chief).email
        members += _crew(shape, dice, len(members), team, size, above)
    found = members[: shape.people]
    return Staff((lone, *teams), tuple(_lives(shape, found, teams)))


def _sizes(people: int) -> list[int]:
    """Teams' sizes: one of three, then in turn; the last takes what is left."""
    leaders = 1 + (max(1, min(8, people // 20)) if people >= 60 else 0)
    left, found = people - leaders - 3, [3]
    while left > 0:
        size = min(_SIZES[(len(found) - 1) % len(_SIZES)], left)
        if left - size < 4:
            size = left if left <= 12 else left // 2
        found.append(size)
        left -= size
    return found


def _team(shape: Shape, number: int, sizes: Sequence[int], departments: Sequence[str]) -> Team:
    if number == 1:
        return Team(1, words.SMALL_TEAM, departments[0], None)
    at, names = number - 2, words.TEAMS
    name = names[at % len(names)] + (f" {at // len(names) + 1}" if at >= len(names) else "")
    wave = _WAVES[at % len(_WAVES)]
    starts = None if not wave else shape.first if wave == 1 else shape.week(wave)
    department = departments[at * len(departments) // max(1, len(sizes) - 1)]
    return Team(number, name, department, starts, drawn=bool(shape.dice(7, number).random() < 0.5))


def _crew(
    shape: Shape, dice: Dice, number: int, team: Team, size: int, above: str
) -> Iterator[Member]:
    lead = _person(shape, dice, number, team, "Engineering Manager", above)
    yield lead
    for n in range(1, size):
        role = words.ROLES[int(dice.choice(len(words.ROLES), p=[r[1] for r in words.ROLES]))]
        yield _person(shape, dice, number + n, team, role[0], lead.email)


_LEADS = {"Chief Technology Officer": 0.0, "Director": 0.05, "Engineering Manager": 0.4}
_WORKS = _LEADS | {role: works for role, _, works in words.ROLES}


def _person(shape: Shape, dice: Dice, number: int, team: Team, role: str, manager: str) -> Member:
    again, pair = divmod(number, len(words.FIRST) * len(words.LAST))
    at, behind = divmod(pair * 1009 % (len(words.FIRST) * len(words.LAST)), len(words.LAST))
    first, last = words.FIRST[at], words.LAST[behind]
    login = f"{first}.{last}".lower() + (str(again + 1) if again else "")
    office = words.OFFICES[int(dice.choice(len(words.OFFICES), p=[o[3] for o in words.OFFICES]))]
    years = float(dice.gamma(2.0, 1.6))
    return Member(
        number=number,
        name=f"{first} {last}",
        email=f"{login}@{words.DOMAIN}",
        role=role,
        level="M" if role in _LEADS else words.LEVELS[int(dice.integers(len(words.LEVELS)))],
        team=team,
        manager=manager,
        office=office[0],
        city=office[1],
        country=office[2],
        started=shape.first - dt.timedelta(days=30 + int(365 * years)),
        share=float(dice.choice([1.0, 0.8, 0.5], p=[0.88, 0.08, 0.04])),
        works=_WORKS[role] * float(dice.lognormal(-0.06, 0.35)),
        machine=int(dice.choice(len(words.MACHINES), p=[0.6, 0.3, 0.1])),
        is_seat=bool(dice.random() < 0.7),
    )


def _lives(shape: Shape, members: Sequence[Member], teams: Sequence[Team]) -> Iterator[Member]:
    """Some join and some leave in between; some move to a team that started when theirs did."""
    dice = shape.dice(2)
    leads = {m.team.number: m.email for m in members if m.role == "Engineering Manager"}
    for member in members:
        luck, day = float(dice.random()), shape.week(float(dice.uniform(0.25, 0.8)))
        if member.role in _LEADS:
            yield member
        elif luck < 0.06:
            yield replace(member, started=day)
        elif luck < 0.11:
            yield replace(member, ended=day + dt.timedelta(days=4))
        elif luck < 0.15 and (other := _like(member.team, teams)):
            yield replace(member, moved=(day, other, leads[other.number]))
        else:
            yield member


def _like(team: Team, teams: Sequence[Team]) -> Team | None:
    same = [t for t in teams if t.starts == team.starts and t.drawn == team.drawn and t != team]
    return same[team.number % len(same)] if same else None
