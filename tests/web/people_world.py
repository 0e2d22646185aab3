"""A made-up organisation of any size: a directory with lines of managers, and its work.

Legal and Finance hardly use assistants; a few people have managers nobody knows, and two managers
report to each other.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.web.world import NOW, TODAY, insert

from steelyard.people.build import build_people
from steelyard.people.options import Options

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

# Department: how its people are called, share of everybody, share that uses assistants now, before.
DEPARTMENTS = {
    "Engineering": ("Software Engineer", 0.52, 0.86, 0.78),
    "Data": ("Data Scientist", 0.14, 0.81, 0.7),
    "Product": ("Product Manager", 0.12, 0.47, 0.31),
    "Design": ("Designer", 0.08, 0.33, 0.22),
    "Finance": ("Analyst", 0.08, 0.12, 0.12),
    "Legal": ("Counsel", 0.06, 0.05, 0.06),
}
CHIEFS = {"Engineering": "cto", "Data": "cto", "Product": "cpo", "Design": "cpo"}
TITLES = {"cto": "Chief Technology Officer", "cpo": "Chief Product Officer", "cfo": "CFO"}
# Seventeen and nineteen: as many different names as the product.
FIRST = "Ada Bo Carla Dmitri Elif Farah Gus Hanna Ines Jonas Kofi Lena Mei Noor Olga Pia Quentin"
LAST = "Abe Berg Costa Diaz Eze Fox Gruber Haas Ito Jansen Kaya Lind Mora Nagy Okoro Petrov Quist"
LAST += " Rossi Silva"
AREAS = ("payments", "search", "mobile", "platform", "identity", "growth", "ledger", "maps")
REPORTS, MANAGERS = 8, 9  # people of a manager, managers of a director
GROUP = 360  # people of a vice president
Rows = list[dict[str, Any]]


@dataclass
class Organisation:
    """The directory's entries and who of them works with an assistant, as they are made."""

    chance: random.Random
    entries: Rows = field(default_factory=list)

    def add(self, key: str, manager: str, title: str, department: str, team: str) -> str:
        number = len(self.entries)
        again = f" {number // 323 + 1}" if number >= 323 else ""
        name = f"{FIRST.split()[number % 17]} {LAST.split()[number % 19]}{again}"
        address = f"{key}@acme.example"
        told = {"source": "okta", "key": address, "seen_at": NOW.replace(tzinfo=None)}
        lists = {"emails": [], "account_ids": [], "install_ids": []}
        who = {"email": address, "name": name, "role": title, "manager": manager}
        where = {"department": department, "team": team, "country": "PT", "office": "Lisbon"}
        since = {"seen_day": dt.date(2025, 1, 1), "start_date": dt.date(2024, 1, number % 28 + 1)}
        self.entries.append(told | lists | who | where | since | {"active": True})
        return address


def organisation(size: int, seed: int = 5) -> Organisation:
    """A directory of about `size` people."""
    made = Organisation(random.Random(seed))
    ceo = made.add("ceo", "", "Chief Executive Officer", "Management", "management")
    chiefs = {key: made.add(key, ceo, t, "Management", "management") for key, t in TITLES.items()}
    for department, (title, part, *_) in DEPARTMENTS.items():
        chief = chiefs[CHIEFS.get(department, "cfo")]
        left = round(size * part)
        for number in range(max(1, left // GROUP)):
            _group(made, chief, department, title, min(left, GROUP), number)
            left -= GROUP
    _oddities(made)
    return made


def _group(
    made: Organisation, chief: str, department: str, title: str, people: int, number: int
) -> None:
    """A vice president with managers, under directors where there are many."""
    short = department.lower()[:4]
    head = made.add(f"vp-{short}{number}", chief, f"Vice President {department}", department, "")
    managers, above = max(1, people // (REPORTS + 1)), head
    for place in range(managers):
        if managers > MANAGERS and place % MANAGERS == 0:
            key = f"dir-{short}{number}-{place}"
            above = made.add(key, head, f"Director {department}", department, "")
        team = f"{AREAS[(place // 2) % 8]} {short} {number + 1}" if people > 40 else short
        key = f"mgr-{short}{number}-{place}"
        manager = made.add(key, above, f"Manager {department}", department, team)
        for report in range(3 if place == 1 else REPORTS):
            made.add(f"{short}{number}-{place}-{report}", manager, title, department, team)


def _oddities(made: Organisation) -> None:
    """Managers nobody knows, and a circle."""
    for number in range(6):
        made.add(f"lost{number}", "gone@acme.example", "Consultant", "Engineering", "consulting")
    for one, other in (("yin", "yang"), ("yang", "yin")):
        boss = made.add(one, f"{other}@acme.example", "Manager", "Engineering", "circle")
        for number in range(5):
            made.add(f"{one}{number}", boss, "Software Engineer", "Engineering", "circle")


def employees(size: int) -> Rows:
    """Rows of `people` as they stand after the directory was read, for sizes that matter."""
    made = organisation(size).entries
    above = {each["key"]: each["manager"] for each in made}
    chiefs = {f"{key}@acme.example" for key in TITLES}
    columns = ("email", "name", "team", "department", "role", "manager", "country", "office")
    found = []
    for each in made:
        person = each["key"]
        for _ in range(6):  # circles end nowhere
            if above.get(person) in chiefs or not person:
                break
            person = above.get(person, "")
        is_loose = above.get(person) not in chiefs
        told = {name: each[name] for name in columns} | {"start_date": each["start_date"]}
        valid = {"valid_from": dt.date(2025, 1, 1), "valid_to": dt.date(9999, 12, 31)}
        rollup = {"person": each["key"], "rollup": "" if is_loose else person}
        found.append(told | valid | rollup)
    return found


def people_company(warehouse: Warehouse, size: int = 260, days: int = 56, seed: int = 5) -> None:
    """The directory, built; and work of the last `days` days, some of it by strangers."""
    made = organisation(size, seed)
    insert(warehouse, "raw_people", made.entries)
    facts: dict[str, Rows] = defaultdict(list)
    for entry in made.entries:
        title = DEPARTMENTS.get(entry["department"], ("", 0, 0.5, 0.4))
        _work(facts, made.chance, entry["email"], (title[2], title[3]), days)
    for stranger in (
        "zoe.private@mail.example",
        "install:77d0c54a46f4",
        "contractor@other.example",
    ):
        _work(facts, made.chance, stranger, (1.0, 1.0), days)
    for name, rows in facts.items():
        insert(warehouse, name, rows)
    build_people(warehouse, (), Options(), NOW)


def _work(
    facts: dict[str, Rows],
    chance: random.Random,
    person: str,
    keen: tuple[float, float],
    days: int,
) -> None:
    """A day of work in each half of the time for those who work with an assistant at all."""
    draw, seen = chance.random(), []
    halves = range(days // 2), range(days // 2, days)
    for part, (likely, half) in enumerate(zip(keen, halves, strict=True)):
        for age in chance.sample(half, min(3, len(half))) if draw < likely else ():
            day = TODAY - dt.timedelta(days=age)
            seen.append(day)
            _day(facts, chance, person, day, 1.2 - 0.3 * part)
    if seen:
        told = {"person": person, "first_day": min(seen), "last_day": max(seen)}
        facts["people_seen"].append(told)


def _day(
    facts: dict[str, Rows], chance: random.Random, person: str, day: dt.date, size: float
) -> None:
    number = f"{chance.getrandbits(48):012x}"
    who = {"day": day, "person": person, "assistant": "claude-code"}
    flags = {"by_telemetry": True, "by_transcript": False, "by_other": False}
    nanos = int(chance.lognormvariate(1.6, 0.6) * size * 1e9)
    spent = {"tokens": nanos // 4000, "list_nanos": nanos, "input_nanos": nanos}
    used = {"session": number, "model": "claude-opus-4-8", "token_type": "input"}
    facts["usage"].append(who | used | spent | {"unpriced_tokens": 0})
    facts["person_days"].append(who | flags | {"sessions": 1, "commits": 1})
    counts = ("prompts", "requests", "tool_calls", "api_errors", "person_rejections", "tokens")
    counts += ("accepted_edits", "approved_edits", "edit_decisions", "commits", "pull_requests")
    begun = who | flags | {"session": number, "worked": True, "active_seconds": 1800.0}
    facts["session_days"].append(begun | dict.fromkeys(counts, 1))
    done = {"repo": "acme/app", "assisted": "yes"}
    facts["work_commits"].append(who | done | {"sha": number})
    if chance.random() < 0.4:
        merged = {"pull_request": number, "change_requests": 0, "interventions": 0}
        facts["work_pull_requests"].append(who | done | merged)
