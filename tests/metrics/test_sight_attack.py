"""Somebody who may see groups asks all there is to ask, and computes: they learn of no few people.

Everybody uses a power of two of tokens a day, so each number answered tells exactly whose days are
in it; and what follows from any two kinds of answers is linear algebra.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people.test_merge import smallest_known
from tests.web.world import empty_warehouse, insert

from steelyard.metrics import Question, ask
from steelyard.metrics.facts import PEOPLE_DIMENSIONS
from steelyard.metrics.questions import Terms, answer_question
from steelyard.metrics.sight import PERSONAL, PLACES, NotShown, Sight
from steelyard.people.shown import SMALL, ShownOptions, build_shown

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

MONDAY = dt.date(2026, 11, 2)
DAYS = tuple(MONDAY + dt.timedelta(days=n) for n in range(3))
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
TRAITS = (*(n for n in PEOPLE_DIMENSIONS if n not in {*PLACES, *PERSONAL}), "segment")
PLACED = tuple(chain.from_iterable(combinations(PLACES, n) for n in (1, 2, 3)))
LETTERS = {"rollup": "rs", "department": "de", "team": "tuv", "role": "xy", "level": "12"}
LETTERS |= {"office": "op", "country": "ki"}
STARTS = (None, dt.date(2020, 1, 1), dt.date(2026, 8, 3), dt.date(2026, 10, 1))
ENDS = (None, None, None, dt.date(2026, 11, 2))
Row = dict[str, Any]


@dataclass(frozen=True)
class Company:
    """Rows of `people` and of `segments`; the strangers stand in no row. Everybody works daily."""

    size: int
    people: tuple[Row, ...]
    segments: tuple[Row, ...]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    size = draw(st.integers(2, 13))
    rows: list[Row] = []
    segments: list[Row] = []
    for number in range(size):
        if draw(st.sampled_from([True] * 8 + [False])):
            rows += _history(draw, f"p{number}")
        if draw(st.booleans()):
            way = draw(st.sampled_from(["active", "autonomous"]))
            segments.append({"person": f"p{number}", "week": MONDAY, "segment": way})
    return Company(size, tuple(rows), tuple(segments))


def _history(draw: st.DrawFn, person: str) -> list[Row]:
    """One place all the time, or another from the second or third day on."""
    moved = draw(st.sampled_from([None, None, None, DAYS[1], DAYS[2]]))
    told = {"start_date": draw(st.sampled_from(STARTS)), "end_date": draw(st.sampled_from(ENDS))}
    times = [(dt.date(2020, 1, 1), moved - ONE_DAY if moved else dt.date(9999, 12, 31))]
    times += [(moved, dt.date(9999, 12, 31))] if moved else []
    return [
        {"person": person, "valid_from": first, "valid_to": last, **told}
        | {name: draw(st.sampled_from(["", *letters])) for name, letters in LETTERS.items()}
        for first, last in times
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with empty_warehouse(tmp_path_factory.mktemp("attack")) as found:
        yield found


def fill(warehouse: Warehouse, company: Company, least: int) -> None:
    """The company in place of the one before; person i uses 2^i tokens on the first day, …"""
    with warehouse.transaction() as cursor:
        for name in ("people", "segments", "people_seen", "usage_days"):
            cursor.execute(f"delete from {name}")
    for name, rows in (("people", company.people), ("segments", company.segments)):
        if rows:
            insert(warehouse, name, rows)
    persons = [f"p{n}" for n in range(company.size)]
    seen = {"first_day": DAYS[0], "last_day": DAYS[-1]}
    insert(warehouse, "people_seen", ({"person": person} | seen for person in persons))
    tokens = {"token_type": "input", "input_nanos": 0, "list_nanos": 0, "unpriced_tokens": 0}
    uses = [
        {"person": person, "day": day, "tokens": 2 ** (at * company.size + n), **tokens}
        for at, day in enumerate(DAYS)
        for n, person in enumerate(persons)
    ]
    insert(warehouse, "usage_days", uses)
    build_shown(warehouse, ShownOptions(least), NOW)


def sets(
    warehouse: Warehouse,
    by: tuple[str, ...],
    company: Company,
    least: int,
    days: tuple[dt.date, ...] = DAYS,
) -> np.ndarray:
    """Whose days are in each number answered: a row a number, a column a person and day."""
    return np.array(list(told(warehouse, by, company, least, days).values()), float)


def told(
    warehouse: Warehouse,
    by: tuple[str, ...],
    company: Company,
    least: int,
    days: tuple[dt.date, ...] = DAYS,
) -> dict[tuple[Any, ...], list[int]]:
    """The same, each under the values it is told of."""
    question = Question(("tokens",), days[0], days[-1], by)
    answer = ask(warehouse, question, NOW, sight=Sight(smallest=least))
    width = company.size * len(DAYS)
    rows = {row[:-1]: int(row[-1] or 0) for row in answer.rows}
    return {key: [n >> bit & 1 for bit in range(width)] for key, n in rows.items()}


def daily(warehouse: Warehouse, by: tuple[str, ...], company: Company, least: int) -> np.ndarray:
    """All that questions about single days tell, the finest there are."""
    return np.vstack([sets(warehouse, by, company, least, (day,)) for day in DAYS])


some = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(companies(), st.integers(2, 4))
def test_no_two_answers_tell_of_few(warehouse: Warehouse, company: Company, least: int) -> None:
    fill(warehouse, company, least)
    kinds = [np.vstack([daily(warehouse, by, company, least) for by in PLACED])]
    kinds += [daily(warehouse, (name,), company, least) for name in TRAITS]
    for rows in kinds:
        assert (rows.sum(axis=0) >= 1).all(), "nothing is lost"
        assert rows.sum(axis=1).min() >= min(least, company.size)
    for at in range(len(DAYS)):
        columns = slice(at * company.size, (at + 1) * company.size)
        days = [np.unique(rows[:, columns], axis=0) for rows in kinds]
        for one, other in combinations(days, 2):
            assert smallest_known(np.vstack([one, other]), least) == []


@some
@given(companies(), st.integers(2, 4))
def test_sums_over_days_are_sums_of_what_each_day_shows(
    warehouse: Warehouse, company: Company, least: int
) -> None:
    """A longer period, or a filter, puts shown groups together and takes none apart."""
    fill(warehouse, company, least)
    for by in (*PLACED, *((name,) for name in TRAITS)):
        single = daily(warehouse, by, company, least)
        for days in (DAYS, DAYS[:2], DAYS[1:]):
            whole = sets(warehouse, by, company, least, days)
            for row in whole:
                inside = [each for each in single if (each <= row).all()]
                assert (np.sum(inside, axis=0) == row).all()
            assert set(whole.sum(axis=0)) <= {0, 1}
            assert whole.sum() == company.size * len(days)


@some
@given(companies(), st.integers(2, 4))
def test_what_is_told_of_a_group_is_all_of_it(
    warehouse: Warehouse, company: Company, least: int
) -> None:
    """A team is not told of on some days only: its figure would look like a fall."""
    fill(warehouse, company, least)
    for name in ("rollup", "department", "team", "role", "level", "office", "country"):
        true: dict[str, list[int]] = {}
        for at, day in enumerate(DAYS):
            for n in range(company.size):
                value = _value(company, f"p{n}", name, day)
                true.setdefault(value, [0] * company.size * len(DAYS))[at * company.size + n] = 1
        for (value,), days in told(warehouse, (name,), company, least).items():
            assert value == SMALL or days == true[value or ""]


def _value(company: Company, person: str, name: str, day: dt.date) -> str:
    """What a directory says of somebody it employs on the day; nothing of others."""
    for row in company.people:
        if row["person"] == person and row["valid_from"] <= day <= row["valid_to"]:
            employed = (row["start_date"] or day) <= day <= (row["end_date"] or day)
            return str(row[name]) if employed else ""
    return ""


def test_open_sight_shows_single_people_so_the_attack_can_succeed(warehouse: Warehouse) -> None:
    rows = tuple(
        {"person": f"p{n}", "valid_from": DAYS[0], "valid_to": DAYS[-1], "team": "tu"[n == 3]}
        for n in range(4)
    )
    company = Company(4, rows, ())
    fill(warehouse, company, 2)
    answer = ask(warehouse, Question(("tokens",), DAYS[0], DAYS[0], ("team",)), NOW)
    assert dict(answer.rows) == {"u": 2**3, "t": 2**3 - 1}


@pytest.mark.parametrize("by", [("team", "role"), ("role", "level"), ("person",), ("manager",)])
def test_mixtures_have_no_answer(warehouse: Warehouse, by: tuple[str, ...]) -> None:
    with pytest.raises(NotShown, match="not shown"):
        ask(warehouse, Question(("tokens",), DAYS[0], DAYS[-1], by), NOW, sight=Sight())


def test_a_question_about_other_days_shows_the_groups_of_those_days(warehouse: Warehouse) -> None:
    """Three join the team u in mid-October: large enough since, it is told of in November, but not
    in October, of which only half would be told. That month is what the question of prices asks."""
    old, moved = dt.date(2020, 1, 1), dt.date(2026, 10, 15)
    joining = [{"person": f"p{n}", "team": "t", "valid_from": old, "valid_to": moved - ONE_DAY}
               for n in range(3)]  # fmt: skip
    staying = [
        {"person": f"p{n}", "team": "u" if n < 6 else "t", "valid_to": dt.date(9999, 12, 31)}
        | {"valid_from": moved if n < 3 else old}
        for n in range(16)
    ]
    fill(warehouse, Company(16, (*joining, *staying), ()), least=5)
    days = [dt.date(2026, 10, 1) + n * ONE_DAY for n in range(40)]
    spent = {"token_type": "input", "tokens": 1, "input_nanos": 0, "unpriced_tokens": 0}
    spent |= {"list_nanos": 10**9}
    uses = [spent | {"person": f"p{n}", "day": day} for n in range(16) for day in days]
    insert(warehouse, "usage_days", uses)
    seen = Sight(smallest=5)
    by_team = Question(("spend_usd",), DAYS[0], DAYS[-1], ("team",))
    assert "u" in {row[0] for row in ask(warehouse, by_team, NOW, sight=seen).rows}
    terms = Terms(DAYS[0], DAYS[-1])
    told = answer_question(warehouse, "pricing", terms, NOW, seen)
    (panel,) = (each for each in told.panels if each.name == "spend_per_person_by_team")
    groups = {row[0]: row for row in panel.rows}
    assert set(groups) == {"small groups together"}  # with t, or u would be the difference
    with pytest.raises(NotShown, match="not shown by itself"):
        answer_question(warehouse, "pricing", replace(terms, where=(("team", ("u",)),)), NOW, seen)
