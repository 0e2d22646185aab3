"""Running totals: each point adds what its series grew by, in whatever order points arrive."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.ledger.world import DAY, MINUTE, Record, Session, World, at

START = at("2026-10-05 22:00")
GEMINI = Session("g1", assistant="gemini-cli")


def total(time: dt.datetime, value: float, start: dt.datetime = START, **more: Any) -> Record:
    more = {"temporality": "cumulative", "type": "input", "model": "gemini-2.5-pro", **more}
    return GEMINI.point("tokens", time, value, start=start, **more)


def test_totals_repeated_each_minute_count_once(world: World) -> None:
    world.tell(*[total(START + n * MINUTE, value) for n, value in enumerate((10, 10, 25, 25, 40))])
    assert world.total() == 40


def test_each_day_gets_what_was_added_on_it(world: World) -> None:
    world.tell(total(START, 10), total(START + DAY, 30), total(START + 3 * DAY, 100))
    assert world.tokens("day") == {
        dt.date(2026, 10, 5): 10,
        dt.date(2026, 10, 6): 20,
        dt.date(2026, 10, 8): 70,
    }


@pytest.mark.parametrize("late", [0, 1, 2, 3])
def test_a_point_that_comes_late_changes_the_days_after_it(world: World, late: int) -> None:
    points = [total(START + n * DAY, value) for n, value in enumerate((10, 30, 35, 90))]
    world.tell(*[p for n, p in enumerate(points) if n != late])
    world.tell(points[late])
    assert sorted(world.tokens("day").items()) == [
        (dt.date(2026, 10, 5 + n), grown) for n, grown in enumerate((10, 20, 5, 55))
    ]


def test_a_new_start_is_a_new_series(world: World) -> None:
    again = START + 30 * MINUTE
    world.tell(
        total(START + MINUTE, 50),
        total(again + MINUTE, 20, start=again),
        total(START + 40 * MINUTE, 60),  # the first process still runs
    )
    assert world.total() == 80


def test_a_value_that_shrinks_began_again(world: World) -> None:
    world.tell(*[total(START + n * MINUTE, value) for n, value in enumerate((50, 80, 5, 12))])
    assert world.total() == 80 + 12


def test_what_is_taken_away_shrinks_by_the_same_rule(world: World) -> None:
    """Input that includes cache arrives as a second series with the opposite sign."""
    for n, (whole, cached) in enumerate(((100, 60), (250, 180))):
        time = START + n * MINUTE
        world.add(total(time, whole), total(time, -cached, attributes="cache"))
        world.add(total(time, cached, type="cacheRead"))
    world.refresh()
    assert world.tokens("token_type") == {"input": 70, "cacheRead": 180}


def test_an_idle_client_that_repeats_its_totals_does_no_work(world: World) -> None:
    world.tell(total(START, 10), total(START + 90 * MINUTE, 10), total(START + DAY, 10))
    assert world.tokens("day") == {dt.date(2026, 10, 5): 10}
    assert world.one("select count(*), max(minutes) from sessions") == (1, 0.0)


def test_what_a_gauge_says_is_not_counted(world: World) -> None:
    world.tell(GEMINI.point("tokens", START, 10, temporality="gauge", type="input"))
    assert world.total() == 0
