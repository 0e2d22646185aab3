"""The made-up company with what the ROI page needs: roles, work, decisions, prompts, sessions."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tests.web.world import TODAY, _usage, insert

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

TEAMS = {"payments": 14, "search": 11, "mobile": 9, "platform": 8, "design systems": 3}
ROLES = ("backend engineer", "frontend engineer", "data scientist", "engineering manager")
PRICES = {"input": 5.0, "output": 25.0, "cacheRead": 0.5}
Rows = list[dict[str, Any]]


def roster() -> list[tuple[str, str, str]]:
    """Person, team, role."""
    found = []
    for team, size in TEAMS.items():
        for number in range(size):
            name = f"{team.split()[0]}{number:02d}@acme.example"
            found.append((name, team, ROLES[(number + len(team)) % len(ROLES)]))
    return found


def roi_company(warehouse: Warehouse, days: int = 120, seed: int = 11) -> None:
    """Four months of use and work; mobile is dear per commit, one team is too small to show."""
    chance = random.Random(seed)
    facts: dict[str, Rows] = defaultdict(list)
    for number, (person, team, role) in enumerate(roster()):
        begun = chance.randrange(0, days - 20)
        facts["people"].append(_employee(person, team, role, number))
        keen, dear = chance.uniform(0.3, 1.0), 2.2 if team == "mobile" else 1.0
        for age in range(days - begun):
            day = TODAY - dt.timedelta(days=age)
            if day.weekday() < 5 and chance.random() < keen * 0.8:
                weeks = (days - begun - age) / 7
                _session(facts, chance, day, person, role, dear, weeks)
            _work(facts, chance, day, person, keen)
        facts["people_seen"].append(
            {
                "person": person,
                "first_day": TODAY - dt.timedelta(days=days - begun - 1),
                "last_day": TODAY,
            }
        )
    for name, rows in facts.items():
        insert(warehouse, name, rows)


def _employee(person: str, team: str, role: str, number: int) -> dict[str, Any]:
    return {
        "person": person,
        "email": person,
        "team": team,
        "role": role,
        "start_date": TODAY - dt.timedelta(days=60 + 70 * number),
        "valid_from": dt.date(2020, 1, 1),
        "valid_to": dt.date(9999, 12, 31),
    }


def _session(
    facts: dict[str, Rows],
    chance: random.Random,
    day: dt.date,
    person: str,
    role: str,
    dear: float,
    weeks: float,
) -> None:
    session = f"{chance.getrandbits(64):016x}"
    who = {"day": day, "person": person, "session": session, "assistant": "claude-code"}
    model = {"model": "claude-opus-4-8", "model_reported": "claude-opus-4-8"}
    rows = _usage(chance, dear * chance.lognormvariate(0.4, 0.8), "claude-code", PRICES)
    facts["usage"] += [who | model | row for row in rows]
    spent = sum(row["list_nanos"] for row in rows)
    facts["costs"].append(who | model | {"reported_nanos": int(spent * 0.97)})
    minutes, context = chance.uniform(2, 80), int(chance.lognormvariate(12.2, 0.9))
    commits = int(chance.random() < 0.4)
    edits = chance.randrange(0, 12) if chance.random() < 0.8 else 0
    accept = min(0.95, 0.62 + 0.012 * weeks + (0.08 if "backend" in role else 0))
    accepted = sum(chance.random() < accept for _ in range(edits))
    rejected = edits - accepted + (14 if chance.random() < 0.02 else 0)
    _decided(facts, chance, who, accepted, rejected)
    chars = int(chance.lognormvariate(5, 1))
    said = {"prompts": 6, "measured_prompts": 6, "chars": 6 * chars, "short_prompts": chars % 3}
    facts["prompts"].append(who | said)
    facts["counters"].append(
        who | {"counter": "lines", "type": "added", "amount": 30.0 * accepted + 4}
    )
    for _ in range(6):
        ok = chance.random() > 0.03
        error = "" if ok else chance.choice(("overloaded_error", "rate_limit_error", "timeout"))
        called = who | {"model": model["model"]}
        facts["requests"].append(called | {"ok": ok, "error": error, "latency_ms": 900.0})
    numbers = {"minutes": minutes, "context_tokens_max": context, "commits": commits}
    flags = {"is_large": context > 500_000, "is_stuck": minutes > 30 and not commits + accepted}
    facts["sessions"].append(
        who
        | numbers
        | flags
        | {"session_size": _size(context), "tokens": 1, "list_nanos": spent}
        | {"session_duration": "<5m" if minutes < 5 else "5-30m" if minutes <= 30 else ">30m"}
    )
    counts = dict.fromkeys(("prompts", "requests", "tool_calls", "edit_decisions"), edits + 1)
    counts |= dict.fromkeys(("api_errors", "pull_requests", "tokens"), 0)
    counts |= {"person_rejections": rejected, "accepted_edits": accepted}
    told = {"worked": True, "by_telemetry": True, "by_transcript": False, "by_other": False}
    rest = {"commits": commits, "approved_edits": accepted, "active_seconds": minutes * 30}
    facts["session_days"].append(who | counts | told | rest)
    known = {name: value for name, value in told.items() if name != "worked"}
    one = {"day": day, "person": person, "assistant": "claude-code", "sessions": 1}
    facts["person_days"].append(one | known | {"commits": commits})


def _decided(
    facts: dict[str, Rows],
    chance: random.Random,
    who: dict[str, Any],
    accepted: int,
    rejected: int,
) -> None:
    for decision, count in (("accept", accepted), ("reject", rejected)):
        if count:
            tool = chance.choice(("Edit", "Edit", "Write", "Bash"))
            what = {"tool": tool, "is_edit": tool != "Bash", "by_person": True}
            said = {"decision": decision, "source": "user_temporary", "decisions": count}
            facts["decisions"].append(who | what | said)


def _work(
    facts: dict[str, Rows], chance: random.Random, day: dt.date, person: str, keen: float
) -> None:
    assisted = "yes" if chance.random() < 0.6 else "no"
    assistant = "claude-code" if assisted == "yes" else ""
    done = {"day": day, "person": person, "assistant": assistant, "assisted": assisted}
    number = f"{chance.getrandbits(40):010x}"
    if day.weekday() < 5 and chance.random() < 0.5 + keen / 3:
        facts["work_commits"].append(done | {"repo": "acme/app", "sha": number})
    if day.weekday() < 5 and chance.random() < 0.2:
        what = {"repo": "acme/app", "pull_request": number, "change_requests": 0}
        facts["work_pull_requests"].append(done | what | {"interventions": 0})
    if day.weekday() < 5 and chance.random() < 0.12:
        hours = chance.lognormvariate(3.6 if assisted == "yes" else 4.1, 1.1)
        what = {"project": "ACME", "issue": number, "event": "resolved", "resolution_hours": hours}
        kinds = {"issue_type": chance.choice(("Bug", "Bug", "Story"))}
        kinds |= {"priority": chance.choice(("High", "Medium", "Low"))}
        facts["work_issues"].append(done | what | kinds | {"resolution_class": _class(hours)})


def _class(hours: float) -> str:
    limits = ((24, "<1d"), (72, "1-3d"), (168, "3-7d"), (336, "1-2w"))
    return next((label for limit, label in limits if hours < limit), ">2w")


def _size(tokens: int) -> str:
    if tokens < 100_000:
        return "<100k"
    return "100k-500k" if tokens <= 500_000 else "500k-1M" if tokens <= 1_000_000 else ">1M"
