"""A scripted company: who worked where, what shipped, which assistant sessions there were.

Plain facts, made from a seed, in no vendor's shape: 63 people in 8 teams over 26 weeks, with moves,
leavers, a manager loop, a mailbox two people share, contractors nobody's directory knows, and
people who commit under three addresses. What a test expects is computed from these facts alone.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

START = dt.date(2026, 1, 5)  # a Monday
WEEKS = 26
END = START + dt.timedelta(weeks=WEEKS) - dt.timedelta(days=1)
MOVE_DAY = START + dt.timedelta(weeks=13)  # what moves, moves on this day
TEAMS = ("payments", "checkout", "search", "mobile", "platform", "data", "identity", "growth")
GITLAB_TEAMS = ("data", "identity")  # the others are on GitHub
LINEAR_TEAMS = ("growth",)  # the others use Jira
JIRA_PROJECTS = tuple(team[:3].upper() for team in TEAMS if team not in LINEAR_TEAMS)
HOST = "acme.example"
SHARED = f"build@{HOST}"  # two people's address, hence nobody's
TITLES = ("Engineer", "Senior Engineer", "Staff Engineer")
PRIORITIES = ("Highest", "High", "Medium", "Low")
FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gwen", "Hugo", "Iris", "Jan", "Kira")
LAST = ("Abel", "Berg", "Cole", "Dietz", "Egli", "Frei", "Gross", "Haas", "Imhof")
ISSUE_TYPES = ("Bug", "Story", "Task")


@dataclass
class Human:
    """Somebody. `teams` is (from, team) in order of time; `git` are the addresses of commits."""

    name: str
    email: str
    teams: list[tuple[dt.date, str]]
    title: str = "Engineer"
    manager: str = ""  # e-mail
    git: list[str] = field(default_factory=list)
    login: str = ""
    jira: str = ""
    started: dt.date = dt.date(2024, 3, 1)
    left: dt.date | None = None
    in_directory: bool = True
    uses_ai: bool = False

    def team(self, day: dt.date) -> str:
        """'' for those no directory knows: their team cannot be known."""
        if not self.in_directory:
            return ""
        return [team for since, team in self.teams if since <= day][-1]

    def works(self, day: dt.date) -> bool:
        return self.started <= day and (self.left is None or day <= self.left)


@dataclass(frozen=True)
class MadeCommit:
    sha: str
    repo: str
    author: str  # the person's e-mail
    address: str  # the one in the commit
    at: dt.datetime
    additions: int
    deletions: int
    assisted: bool
    pull_request: int | None  # None: pushed to the default branch directly
    issue: str = ""


@dataclass(frozen=True)
class MadePull:
    repo: str
    number: int
    author: str
    opened: dt.datetime
    merged: dt.datetime | None
    commits: tuple[MadeCommit, ...]
    reviews: tuple[tuple[str, str, dt.datetime], ...]  # reviewer, state, when
    merge_sha: str = ""

    @property
    def assisted(self) -> bool:
        return any(commit.assisted for commit in self.commits)


@dataclass(frozen=True)
class MadeIssue:
    key: str
    project: str
    type: str
    priority: str
    assignee: str
    reporter: str
    created: dt.datetime
    started: dt.datetime | None
    resolved: dt.datetime | None
    points: float | None


@dataclass(frozen=True)
class MadeDeployment:
    repo: str
    number: int
    sha: str
    at: dt.datetime
    ok: bool

    @property
    def broken(self) -> bool:
        """Half of those that failed ended in failure; of the others only an incident tells."""
        return not self.ok and self.number % 2 == 0


@dataclass(frozen=True)
class MadeIncident:
    number: int
    repo: str
    opened: dt.datetime
    resolved: dt.datetime
    responder: str


@dataclass(frozen=True)
class MadeWorklog:
    number: int
    issue: str
    worker: str
    day: dt.date
    seconds: int


@dataclass(frozen=True)
class MadeSession:
    """One assistant session; its records are those of a recorded one, under this name and time."""

    session: str
    person: str
    at: dt.datetime


@dataclass
class Company:
    people: dict[str, Human]
    commits: list[MadeCommit]
    pulls: list[MadePull]
    issues: list[MadeIssue]
    deployments: list[MadeDeployment]
    incidents: list[MadeIncident]
    worklogs: list[MadeWorklog]
    sessions: list[MadeSession]
    roots: dict[str, str] = field(default_factory=dict)  # first commits, where git named them

    @property
    def repos(self) -> list[str]:
        return sorted({pull.repo for pull in self.pulls})

    @property
    def employees(self) -> list[Human]:
        """Everybody the directory ever knows."""
        return [person for person in self.people.values() if person.in_directory]


def company(seed: int = 7) -> Company:
    dice = random.Random(seed)
    people = _people(dice)
    made = Company(people, [], [], [], [], [], [], [])
    _issues(made, dice)
    _work(made, dice)
    _operations(made, dice)
    _sessions(made, dice)
    return made


def repo_of(team: str) -> str:
    host = "gitlab.com" if team in GITLAB_TEAMS else "github.com"
    return f"{host}/acme/{team}"


def _people(dice: random.Random) -> dict[str, Human]:
    people: dict[str, Human] = {}

    def add(name: str, team: str, title: str, manager: str) -> Human:
        email = f"{name.lower().replace(' ', '.')}@{HOST}"
        login = name.lower().replace(" ", "-")
        person = Human(name, email, [(dt.date(1970, 1, 1), team)], title, manager, [email], login)
        person.jira = f"557058:{len(people):04d}"
        people[email] = person
        return person

    chief = add("Rosa Chief", "platform", "Chief Technology Officer", "")
    heads = [add(f"Head {x}", "platform", "VP Engineering", chief.email) for x in ("One", "Two")]
    for number, team in enumerate(TEAMS):
        lead = add(f"Lead {team.title()}", team, "Engineering Manager", heads[number % 2].email)
        for _ in range(6):
            name = f"{FIRST[len(people) % 11]} {LAST[(len(people) // 11 + number) % 9]}"
            person = add(name, team, dice.choice(TITLES), lead.email)
            person.started = dt.date(2022, 1, 3) + dt.timedelta(days=dice.randrange(1500))
            person.uses_ai = dice.random() < 0.6
    _oddities(people, dice)
    return people


def _oddities(people: dict[str, Human], dice: random.Random) -> None:
    """Everything that makes an organisation hard to count."""
    makers = [p for p in people.values() if p.title in TITLES]
    for person in makers[::7]:
        others = [t for t in TEAMS if t != person.teams[0][1]]
        person.teams.append((MOVE_DAY, dice.choice(others)))
    for number, person in enumerate(makers[3::12]):
        person.left = START + dt.timedelta(weeks=10 + 3 * number, days=4)
    for number, person in enumerate(makers[5::10]):
        local = person.login.replace("-", "")
        noreply = f"{1000 + number}+{person.login}@users.noreply.github.com"
        person.git += [f"{local}@home.example", noreply]
    for person in makers[8:10]:
        person.git.append(SHARED)
    for person in makers[11::16]:
        person.started = MOVE_DAY + dt.timedelta(weeks=2)
    loop = makers[1], makers[2]
    loop[0].manager, loop[1].manager = loop[1].email, loop[0].email
    for number in range(4):
        email = f"contractor{number}@agency.example"
        team = TEAMS[number]
        people[email] = Human(
            f"Contractor {number}",
            email,
            [(dt.date(1970, 1, 1), team)],
            git=[email],
            login=f"contractor-{number}",
            jira=f"557058:c{number:03d}",
            in_directory=False,
            uses_ai=number % 2 == 0,
        )


def _at(dice: random.Random, day: dt.date, first: int = 8, last: int = 17) -> dt.datetime:
    clock = dt.time(dice.randrange(first, last), dice.randrange(60), dice.randrange(60))
    return dt.datetime.combine(day, clock, dt.UTC)


def _makers(made: Company, day: dt.date) -> list[Human]:
    return [p for p in made.people.values() if p.title in TITLES and p.works(day)]


def _home(person: Human, day: dt.date) -> str:
    """The team a person works for, also where no directory says so."""
    return [team for since, team in person.teams if since <= day][-1]


def _issues(made: Company, dice: random.Random) -> None:
    numbers = dict.fromkeys(TEAMS, 0)
    for week in range(WEEKS):
        for person in _makers(made, START + dt.timedelta(weeks=week)):
            if dice.random() > 0.7:
                continue
            day = START + dt.timedelta(weeks=week, days=dice.randrange(5))
            team = _home(person, day)
            numbers[team] += 1
            project = team[:3].upper()
            created = _at(dice, day)
            hours = dice.lognormvariate(3.6, 1.1)
            resolved = created + dt.timedelta(hours=hours)
            done = resolved.date() <= END and dice.random() < 0.9
            type_ = dice.choice(ISSUE_TYPES)
            made.issues.append(
                MadeIssue(
                    f"{project}-{numbers[team]}",
                    project,
                    type_,
                    dice.choice(PRIORITIES),
                    person.email,
                    dice.choice(list(made.people)[:11]),
                    created,
                    created + dt.timedelta(hours=hours * 0.3) if done else None,
                    resolved.replace(microsecond=0) if done else None,
                    float(dice.choice((1, 2, 3, 5, 8))) if type_ == "Story" else None,
                )
            )


def _work(made: Company, dice: random.Random) -> None:
    numbers = {repo_of(team): 0 for team in TEAMS}
    mine: dict[str, list[MadeIssue]] = {}
    for issue in made.issues:
        mine.setdefault(issue.assignee, []).append(issue)
    for week in range(WEEKS):
        for person in _makers(made, START + dt.timedelta(weeks=week)):
            for _ in range(dice.choice((0, 1, 1, 2))):
                day = START + dt.timedelta(weeks=week, days=dice.randrange(5))
                if not person.works(day):
                    continue
                repo = repo_of(_home(person, day))
                numbers[repo] += 1
                issues = [i.key for i in mine.get(person.email, ()) if i.created.date() <= day]
                issue = issues[-1] if issues and dice.random() < 0.6 else ""
                made.pulls.append(_pull(made, dice, person, repo, numbers[repo], day, issue))
            if dice.random() < 0.15:
                day = START + dt.timedelta(weeks=week, days=dice.randrange(5))
                if person.works(day):
                    repo = repo_of(_home(person, day))
                    made.commits.append(_commit(made, dice, person, repo, _at(dice, day), None, ""))
    made.commits += [commit for pull in made.pulls for commit in pull.commits]


def _pull(
    made: Company,
    dice: random.Random,
    person: Human,
    repo: str,
    number: int,
    day: dt.date,
    issue: str,
) -> MadePull:
    first = _at(dice, day)
    commits = [
        _commit(made, dice, person, repo, first + dt.timedelta(hours=2 * n), number, issue)
        for n in range(dice.choice((1, 1, 2, 3)))
    ]
    opened = commits[0].at + dt.timedelta(minutes=30)
    colleagues = [p for p in _makers(made, day) if p is not person]
    reviews, moment = [], max(opened, commits[-1].at)
    for state in dice.choice((("approved",), ("approved",), ("changes_requested", "approved"))):
        moment += dt.timedelta(minutes=dice.randrange(30, 2000))
        reviews.append((dice.choice(colleagues).email, state, moment))
    merged = moment + dt.timedelta(minutes=dice.randrange(5, 600))
    done = merged.date() <= END and dice.random() < 0.92
    sha = f"{dice.getrandbits(160):040x}" if done else ""
    return MadePull(
        repo,
        number,
        person.email,
        opened,
        merged if done else None,
        tuple(commits),
        tuple(reviews),
        sha,
    )


def _commit(
    made: Company,
    dice: random.Random,
    person: Human,
    repo: str,
    at: dt.datetime,
    number: int | None,
    issue: str,
) -> MadeCommit:
    return MadeCommit(
        f"{dice.getrandbits(160):040x}",
        repo,
        person.email,
        dice.choice(person.git),
        at,
        dice.randrange(1, 200),
        dice.randrange(0, 80),
        person.uses_ai and at.date() >= START + dt.timedelta(weeks=6) and dice.random() < 0.5,
        number,
        issue,
    )


def _operations(made: Company, dice: random.Random) -> None:
    incidents = logs = 0
    for team in TEAMS:
        repo = repo_of(team)
        merged = sorted(
            (p for p in made.pulls if p.repo == repo and p.merged), key=lambda p: p.merged
        )
        for number, pull in enumerate(merged[::3]):
            assert pull.merged is not None
            at = pull.merged + dt.timedelta(hours=3)
            ok = dice.random() > 0.12
            made.deployments.append(MadeDeployment(repo, number + 1, pull.merge_sha, at, ok))
            if not ok:
                incidents += 1
                opened = at + dt.timedelta(minutes=20)
                closed = opened + dt.timedelta(minutes=dice.randrange(20, 900))
                made.incidents.append(MadeIncident(incidents, repo, opened, closed, pull.author))
    for issue in made.issues:
        if issue.resolved and issue.project in JIRA_PROJECTS and dice.random() < 0.5:
            logs += 1
            seconds = 900 * dice.randrange(1, 20)
            made.worklogs.append(
                MadeWorklog(logs, issue.key, issue.assignee, issue.resolved.date(), seconds)
            )


def _sessions(made: Company, dice: random.Random) -> None:
    for person in made.people.values():
        if not person.uses_ai:
            continue
        for week in range(6, WEEKS):
            for _ in range(dice.choice((0, 1, 1, 2))):
                day = START + dt.timedelta(weeks=week, days=dice.randrange(5))
                if person.works(day):
                    name = f"00000000-0000-4000-8000-{len(made.sessions):012d}"
                    made.sessions.append(MadeSession(name, person.email, _at(dice, day)))
