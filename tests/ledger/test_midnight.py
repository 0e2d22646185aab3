"""Work across midnight: metrics come up to a minute later, and belong to the day before."""

from __future__ import annotations

import datetime as dt

from tests.ledger.world import DAY, MINUTE, Session, World, at

MIDNIGHT = at("2026-10-06 00:00")
ADA = Session("s1")


def test_metrics_exported_after_midnight_do_not_count_again(world: World) -> None:
    tokens = {"input": 100, "output": 40}
    world.tell(ADA.call(MIDNIGHT - MINUTE, tokens=tokens))
    world.tell(ADA.used(MIDNIGHT + MINUTE / 2, tokens, start=MIDNIGHT - MINUTE))
    assert world.tokens("day") == {dt.date(2026, 10, 5): 140}


def test_decisions_across_midnight_count_once(world: World) -> None:
    said = {"tool": "Edit", "decision": "accept", "source": "config"}
    world.tell(ADA.event("tool_decision", MIDNIGHT - MINUTE, **said))
    world.tell(ADA.point("edit_decisions", MIDNIGHT + MINUTE / 2, 1.0, **said))
    assert world.one("select sum(decisions) from decisions") == 1


def test_a_night_of_work_is_one_unit_over_three_days(world: World) -> None:
    hours = [MIDNIGHT - DAY - MINUTE + n * 10 * MINUTE for n in range(300)]
    calls = [ADA.call(time, tokens={"input": 10}) for time in hours]
    exported = [ADA.used(time + MINUTE, {"input": 10}) for time in hours]
    world.tell(*calls, *exported)
    assert world.total() == 3000
    assert world.tokens("witness") == {"events": 3000}


def test_two_evenings_of_one_session_stay_apart(world: World) -> None:
    """Nothing happens at the midnight between: each day is compared by itself."""
    world.tell(
        ADA.call(MIDNIGHT - 3 * 60 * MINUTE, tokens={"input": 100}),
        ADA.used(MIDNIGHT + 9 * 60 * MINUTE, {"input": 70}),
    )
    assert world.tokens("witness") == {"events": 100, "metrics": 70}


def test_a_record_of_one_day_settles_both(world: World) -> None:
    """The fuller witness of the unit may change by a record of either day."""
    world.tell(
        ADA.call(MIDNIGHT - MINUTE, tokens={"input": 100}),
        ADA.used(MIDNIGHT + MINUTE / 2, {"input": 120}),
    )
    assert world.tokens("day") == {dt.date(2026, 10, 6): 120}
    world.tell(ADA.call(MIDNIGHT - 2 * MINUTE, tokens={"input": 50}))
    assert world.tokens("day") == {dt.date(2026, 10, 5): 150}


def test_a_session_counts_on_both_its_days_and_is_one(world: World) -> None:
    world.tell(ADA.call(MIDNIGHT - MINUTE), ADA.call(MIDNIGHT + MINUTE))
    assert world.one("select count(*) from session_days where worked") == 2
    assert world.one("select count(*), min(day) from sessions") == (1, dt.date(2026, 10, 5))
