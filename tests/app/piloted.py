"""A small organisation with a pilot: who worked where, what was merged, with a known effect."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
from tests.metrics.engines import DuckStore

from steelyard.metrics.panel import PanelQuestion, UnitWeeks, unit_weeks

FIRST = dt.date(2026, 1, 5)  # a Monday
WEEKS = 30
START = FIRST + dt.timedelta(weeks=16)
AFTER = dt.datetime(2026, 8, 4, 6, tzinfo=dt.UTC)  # the Tuesday after the last week
TEAMS = tuple(f"team-{n:02}" for n in range(12))
PILOT = TEAMS[::2]
FOREVER = dt.date(9999, 12, 31)


class Piloted:
    """The warehouse of it, as studies ask it; `effect` is the true ratio less 1."""

    def __init__(self, effect: float = 0.0, seed: int = 5, people: int = 8) -> None:
        self.store = DuckStore()
        dice = np.random.default_rng(seed)
        staff, merged, reviews = [], [], []
        for team in TEAMS:
            for number in range(people):
                person = f"{team}-{number}@acme.example"
                staff.append(_row(person, team, number))
                rate = dice.lognormal(1.0, 0.4)
                for week in range(WEEKS):
                    monday = FIRST + dt.timedelta(weeks=week)
                    more = 1 + effect if team in PILOT and monday >= START else 1.0
                    merged += _events(dice.poisson(rate * more), person, monday, dice)
                    reviews += _events(dice.poisson(2.0), person, monday, dice)
        self._insert("people", staff)
        self._insert("work_pull_requests", [_pull(*each) for each in merged])
        self._insert("work_reviews", [_review(*each) for each in reviews])

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks:
        return unit_weeks(self.store, question, AFTER)

    def facts_version(self) -> int:
        return self.store.data_version()

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        self.store.connection.register("batch", pa.Table.from_pylist(rows))
        self.store.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM batch")


def _row(person: str, team: str, number: int) -> dict[str, Any]:
    texts = dict.fromkeys(("manager", "rollup", "office", "country"), "")
    about = {"role": "engineer", "level": f"L{number % 3}", "department": "product"}
    times = {"valid_from": dt.date(2020, 1, 1), "valid_to": FOREVER, "end_date": None}
    names = {"person": person, "email": person, "name": person, "team": team}
    return names | texts | about | times | {"start_date": dt.date(2024, 1, 1 + number)}


def _events(
    count: int, person: str, monday: dt.date, dice: np.random.Generator
) -> list[tuple[str, dt.date, float]]:
    days = dice.integers(0, 5, count)
    hours = dice.lognormal(3.0, 0.5, count)
    found = zip(days.tolist(), hours.tolist(), strict=True)
    return [(person, monday + dt.timedelta(days=day), each) for day, each in found]


def _pull(person: str, day: dt.date, hours: float) -> dict[str, Any]:
    marks = {"assistant": "", "repo": "acme/app", "assisted": "no", "evidence": ""}
    counts = {"change_requests": 0, "interventions": 0}
    return {"day": day, "person": person, "pull_request": "r#1", "cycle_hours": hours} | (
        marks | counts
    )


def _review(person: str, day: dt.date, hours: float) -> dict[str, Any]:
    marks = {"assistant": "", "repo": "acme/app", "assisted": "no"}
    return {"day": day, "person": person, "state": "approved", "pull_request": "r#1"} | marks
