"""The generator by itself: the same again, believable, and with something for privacy to do."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter

import numpy as np
import pytest
from tests.demo.company import END

from steelyard.demo import Company, Shape, Truth
from steelyard.demo.shape import WEEK
from steelyard.errors import BadValue


def digest(shape: Shape) -> str:
    company = Company(shape)
    found = hashlib.sha256(b"".join(export.data for export in company.exports()))
    for page in company.pages():
        found.update(repr(page).encode())
    return found.hexdigest()


def test_the_same_shape_gives_the_same_bytes() -> None:
    shape = Shape.of(END, 10, 8)
    assert digest(shape) == digest(Shape.of(END, 10, 8))
    others = [Shape.of(END, 10, 8, seed=8), Shape.of(END, 11, 8), Shape.of(END, 10, 9)]
    others.append(Shape.of(END - dt.timedelta(days=1), 10, 8))
    assert digest(shape) not in {digest(other) for other in others}


@pytest.mark.parametrize("people", [10, 60, 120, 400, 10_000])
def test_staff_of_every_size(people: int) -> None:
    staff = Company(Shape.of(END, people)).staff
    assert len(staff.members) == people
    assert len({member.email for member in staff.members}) == people
    sizes = Counter(member.team.name for member in staff.members)
    assert max(sizes.values()) <= 13
    assert sizes["Strategy Office"] == 1
    assert 3 <= sizes["Tools"] <= 5
    managers = {member.manager for member in staff.members} - {""}
    assert managers <= {member.email for member in staff.members}


def test_sizes_that_cannot_be_made_are_refused() -> None:
    for people, weeks in ((3, 8), (100_000, 8), (10, 1), (10, 1000)):
        with pytest.raises(BadValue):
            Shape.of(END, people, weeks)


def test_weeks_begin_on_monday_and_end_on_the_last_day() -> None:
    shape = Shape.of(END, 10, 8)
    assert shape.first.weekday() == 0
    assert shape.days[-1] == END
    assert 7 * 7 < len(shape.days) <= 8 * 7


def test_life_goes_on() -> None:
    company = Company(Shape.of(END, 120, 12))
    members, shape = company.staff.members, company.shape
    assert any(member.started > shape.first for member in members)
    assert any(member.ended for member in members)
    assert any(member.moved for member in members)
    assert any(member.share < 1 for member in members)
    truth = Truth(company)
    used = set(truth.sessions.person)
    assert 0.4 * len(members) < len(used) < 0.9 * len(members)
    assert {"claude-code", "codex", "gemini-cli"} == set(truth.sessions.assistant)
    assert truth.sessions.model.nunique() > 6
    by_person = truth.sessions.groupby("person").size()
    assert by_person.quantile(0.9) > 4 * by_person.quantile(0.1)
    weekend = truth.sessions.day.map(lambda day: day.weekday() >= 5).mean()
    assert 0 < weekend < 0.1


def test_the_effect_is_built_in_and_into_nothing_else() -> None:
    """Per person and day at work, before and after the start of teams in waves."""
    company = Company(Shape.of(END, 400, 26))
    shape, truth = company.shape, Truth(company)
    waves = {t.name: t.starts for t in company.staff.teams if t.starts and t.starts > shape.first}
    stayed = {m.email for m in company.staff.members if m.started < shape.first - WEEK * 5}
    stayed -= {m.email for m in company.staff.members if m.ended or m.moved}
    never = {t.name for t in company.staff.teams if t.starts is None}

    def ratio(days: object) -> float:
        """After over before, of teams in waves over teams that never start, at each start."""
        days = days[days.person.isin(stayed)]  # type: ignore[index]
        table = days.groupby(["team", "day"]).size().reset_index(name="n")
        logs, weights = [], []
        for start in sorted(set(waves.values())):
            late = table.day >= start
            mine = table.team.isin({team for team, day in waves.items() if day == start})
            others = table.team.isin(never)
            cells = [(mine, late), (mine, ~late), (others, late), (others, ~late)]
            a, b, c, d = (table[who & when].n.sum() for who, when in cells)
            logs.append(np.log(a * d / (b * c)))
            weights.append(1 / (1 / a + 1 / b + 1 / c + 1 / d))
        return float(np.exp(np.average(logs, weights=weights)))

    assert ratio(truth.pull_requests) == pytest.approx(1.12, abs=0.04)
    issues = truth.issues.rename(columns={"created": "day"})
    assert ratio(issues[issues.day >= shape.first]) == pytest.approx(1.0, abs=0.04)
