"""Somebody who may see groups asks all there is to ask, and computes: they learn of no few people.

Everybody uses a power of two of tokens a day, so each number answered tells exactly whose days are
in it; and what follows from any two kinds of answers is linear algebra.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
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
from steelyard.metrics.sight import PERSONAL, PLACES, NotShown, Sight
from steelyard.people.shown import ShownOptions, build_shown

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


def sets(warehouse: Warehouse, by: tuple[str, ...], company: Company, least: int) -> np.ndarray:
    """Whose days are in each number answered: a row a number, a column a person and day."""
    question = Question(("tokens",), DAYS[0], DAYS[-1], by)
    answer = ask(warehouse, question, NOW, sight=Sight(smallest=least))
    width = company.size * len(DAYS)
    numbers = [int(row[-1] or 0) for row in answer.rows]
    return np.array([[n >> bit & 1 for bit in range(width)] for n in numbers], float)


some = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(companies(), st.integers(2, 4))
def test_no_two_answers_tell_of_few(warehouse: Warehouse, company: Company, least: int) -> None:
    fill(warehouse, company, least)
    kinds = [np.vstack([sets(warehouse, ("day", *by), company, least) for by in PLACED])]
    kinds += [sets(warehouse, ("day", name), company, least) for name in TRAITS]
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
        daily, whole = (sets(warehouse, b, company, least) for b in (("day", *by), by))
        for row in whole:
            inside = [each for each in daily if (each <= row).all()]
            assert (np.sum(inside, axis=0) == row).all()
        assert (whole.sum(axis=0) == 1).all()


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
