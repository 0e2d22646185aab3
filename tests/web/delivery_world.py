"""A made-up company that ships: half a year of commits, reviews, deployments and issues.

Work with an assistant's mark becomes more common over time; one team is too small to have figures.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.web.world import TODAY, insert

from steelyard.metrics.catalogue.issues import RESOLUTION_BUCKETS

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

TEAMS = {"payments": 12, "search": 9, "mobile": 8, "platform": 7, "identity": 6, "design": 3}
REPOS = {
    "payments": ("pay-api", "ledger"),
    "search": ("find",),
    "mobile": ("app-ios", "app-android"),
}
REPOS |= {"platform": ("deploy", "edge"), "identity": ("login",), "design": ("tokens",)}
EDGES = (1, 2, 4, 8, 16, 24, 48, 72, 120, 168, 336, 720)
SPEEDS = ((24, "<1d"), (72, "1-3d"), (168, "3-7d"), (336, "1-2w"))
Row = dict[str, Any]
Facts = dict[str, list[Row]]


def delivery_company(warehouse: Warehouse, days: int = 180, seed: int = 3) -> None:
    """Half a year of work by all teams; weekends are quiet."""
    chance = random.Random(seed)
    facts: Facts = defaultdict(list)
    staff = [(f"{team}{n}@acme.example", team) for team, size in TEAMS.items() for n in range(size)]
    facts["people"] = [_employee(person, team) for person, team in staff]
    for age in range(days):
        day = TODAY - dt.timedelta(days=age)
        for person, team in staff:
            if chance.random() < (0.02 if day.weekday() > 4 else 0.34):
                _change(facts, chance, day, person, team, age)
            if day.weekday() < 5 and chance.random() < 0.16:
                _issue(facts, chance, day, person, team, age)
        for team in TEAMS:
            if day.weekday() < 5 and chance.random() < 0.5:
                _deployment(facts, chance, day, team)
    for name, rows in facts.items():
        insert(warehouse, name, rows)


def _employee(person: str, team: str) -> Row:
    department = "Design" if team == "design" else "Engineering"
    who = {"person": person, "email": person, "team": team, "department": department}
    return who | {"valid_from": dt.date(2020, 1, 1), "valid_to": dt.date(9999, 12, 31)}


def _marks(chance: random.Random, age: int) -> Row:
    assisted = chance.random() < 0.52 - age / 500
    return {
        "assistant": chance.choice(("claude-code", "claude-code", "codex")) if assisted else "",
        "assisted": "yes" if assisted else "no",
    }


def _change(
    facts: Facts, chance: random.Random, day: dt.date, person: str, team: str, age: int
) -> None:
    """A pull request with its commit, its reviews and the time it took to production."""
    repo = f"github.com/acme/{chance.choice(REPOS[team])}"
    number = f"{chance.getrandbits(40):010x}"
    done = {"day": day, "person": person, "repo": repo} | _marks(chance, age)
    slow = 0.82 if done["assisted"] == "yes" else 1.0
    wait = chance.lognormvariate(1.5, 0.9)
    review = chance.lognormvariate(2.1, 1.0) * slow
    rounds = chance.choices((1, 2, 3, 4), (60, 25, 10, 5))[0]
    lines = int(chance.lognormvariate(4.3, 1.1))
    facts["work_pull_requests"].append(
        done
        | {"pull_request": number, "lines": lines, "first_review_hours": wait}
        | {"cycle_hours": wait + review + chance.lognormvariate(2.4, 0.9), "review_hours": review}
        | {"review_rounds": rounds, "change_requests": rounds - 1, "interventions": rounds - 1}
    )
    reworked = {"rework_added": lines, "rework_rewritten": int(lines * chance.uniform(0, 0.2))}
    commit = done | {"sha": number, "additions": lines, "ai_lines": 0}
    facts["work_commits"].append(commit | (reworked if age > 21 else {}))
    for _ in range(chance.choices((1, 2), (75, 25))[0]):
        reviewer = f"{team}{chance.randrange(TEAMS[team])}@acme.example"
        reviewed = done | {"person": reviewer, "pull_request": number, "state": "approved"}
        facts["work_reviews"].append(reviewed)
    hours = chance.lognormvariate(3.1, 0.8)
    facts["work_lead_times"].append(done | {"sha": number, "hours": hours})
    if chance.random() < 0.015:
        facts["work_reverts"].append(done | {"reverted": number})


def _deployment(facts: Facts, chance: random.Random, day: dt.date, team: str) -> None:
    failed = chance.random() < 0.11
    facts["work_deployments"].append(
        {
            "day": day,
            "person": f"{team}0@acme.example",
            "repo": f"github.com/acme/{chance.choice(REPOS[team])}",
            "environment": "production",
            "deployment": f"{chance.getrandbits(40):010x}",
            "succeeded": not failed or chance.random() < 0.5,
            "failed": failed,
            "failed_by": "incident" if failed else "",
            "recovery_hours": chance.lognormvariate(0.6, 0.9) if failed else None,
            "unplanned": chance.random() < 0.06,
        }
    )


def _issue(
    facts: Facts, chance: random.Random, day: dt.date, person: str, team: str, age: int
) -> None:
    hours = chance.lognormvariate(3.9, 1.6)
    kind = {"issue_type": chance.choice(("Bug", "Story", "Story", "Task"))}
    kind |= {"priority": chance.choice(("High", "Medium", "Medium", "Low"))}
    issue = {"day": day, "person": person, "project": team.upper()[:4]}
    issue |= kind | _marks(chance, age)
    issue |= {"issue": f"{team.upper()[:4]}-{chance.getrandbits(20)}", "resolution": "Done"}
    facts["work_issues"].append(issue | {"event": "created"})
    if chance.random() < 0.9:
        took = {"resolution_hours": hours, "resolution_bucket": bucket(hours)}
        took |= {
            "resolution_class": speed(hours),
            "story_points": float(chance.choice((1, 2, 3, 5))),
        }
        facts["work_issues"].append(issue | {"event": "resolved"} | took)


def bucket(hours: float) -> str:
    """The class of the histogram."""
    return RESOLUTION_BUCKETS[sum(hours >= edge for edge in EDGES)]


def speed(hours: float) -> str:
    """The class of speed."""
    return next((name for limit, name in SPEEDS if hours < limit), ">2w")
