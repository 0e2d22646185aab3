"""Raw records may be deleted; what was understood from them stays as it was."""

from __future__ import annotations

import datetime as dt

from tests.ledger.world import DAY, MINUTE, Record, Session, World, at

NOON = at("2026-10-05 12:00")
HORIZON = dt.date(2026, 10, 7)
ADA = Session("s1")


def history() -> list[Record]:
    return [ADA.call(NOON + n * DAY, tokens={"input": 10 + n}) for n in range(4)]


def test_facts_outlive_their_records(world: World) -> None:
    facts = world.tell(*history()).facts()
    world.warehouse.drop_raw_before(HORIZON)
    assert world.one("select min(day) from events") == HORIZON
    world.refresh()
    assert world.facts() == facts


def test_a_straggler_before_the_horizon_changes_nothing(world: World) -> None:
    facts = world.tell(*history()).facts()
    world.warehouse.drop_raw_before(HORIZON)
    world.tell(ADA.call(NOON, tokens={"input": 999}))
    assert world.facts() == facts
    assert world.one("select count(*) from dirty_days") == 0


def test_who_somebody_is_found_to_be_does_not_empty_final_days(world: World) -> None:
    """The session learns its e-mail after its first day has become final."""
    unknown = Session("s9", email="")
    world.tell(*[unknown.call(NOON + n * DAY, tokens={"input": 10}) for n in range(3)])
    world.warehouse.drop_raw_before(HORIZON)
    world.tell(Session("s9").call(NOON + 2 * DAY + MINUTE, tokens={"input": 5}))
    assert world.tokens("day", "person") == {
        (dt.date(2026, 10, 5), "install:install-1"): 10,
        (dt.date(2026, 10, 6), "install:install-1"): 10,
        (dt.date(2026, 10, 7), "ada@acme.example"): 15,
    }


def test_running_totals_go_on_from_what_was_deleted(world: World) -> None:
    def total(days: int, value: float) -> Record:
        more = {"temporality": "cumulative", "start": NOON, "type": "input"}
        return ADA.point("tokens", NOON + days * DAY, value, **more)

    world.tell(total(0, 100), total(1, 150), total(2, 180))
    world.warehouse.drop_raw_before(HORIZON)
    world.tell(total(3, 200), total(2, 180))
    assert sorted(world.tokens("day").values()) == [20, 30, 50, 100]


def test_days_still_to_be_built_keep_their_records(world: World) -> None:
    world.add(*history())
    world.warehouse.drop_raw_before(HORIZON)
    world.refresh()
    assert world.total() == 10 + 11 + 12 + 13
    world.warehouse.drop_raw_before(HORIZON)
    assert world.one("select min(day) from events") == HORIZON


def test_the_horizon_never_moves_back(world: World) -> None:
    facts = world.tell(*history()).facts()
    world.warehouse.drop_raw_before(HORIZON)
    world.warehouse.drop_raw_before(HORIZON - 30 * DAY)
    with world.warehouse.transaction() as cursor:
        cursor.execute("insert into dirty_days select distinct day from usage_days")
    world.refresh()
    assert world.facts() == facts


def test_a_night_over_the_horizon_leaves_the_final_day_alone(world: World) -> None:
    midnight = at("2026-10-07 00:00")
    world.tell(
        ADA.call(midnight - MINUTE, tokens={"input": 10}),
        ADA.call(midnight + MINUTE, tokens={"input": 20}),
    )
    world.warehouse.drop_raw_before(HORIZON)
    world.tell(ADA.call(midnight + 2 * MINUTE, tokens={"input": 3}))
    assert world.tokens("day") == {dt.date(2026, 10, 6): 10, dt.date(2026, 10, 7): 23}
