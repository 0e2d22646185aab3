"""What the inbox still holds can be understood anew; what it no longer holds stays."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from tests.app.bodies import NOON, body_of, facts, week
from tests.ledger.world import DAY, Session
from tests.recorded import total

from steelyard.app.house import House
from steelyard.receiver.body import NewBody

FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def test_rebuilt_facts_are_equal(house: House) -> None:
    house.inbox.put(week())
    house.settle()
    before, version = facts(house), house.warehouse.data_version()
    house.rebuild()
    assert facts(house) == before
    assert house.warehouse.data_version() > version
    assert house.warehouse.counts()["events"] == 5


def test_rebuilding_keeps_what_the_inbox_has_forgotten(house: House) -> None:
    bodies = week()
    house.inbox.put(bodies[:4])
    house.settle()
    house.inbox.prune(FUTURE)
    house.inbox.put(bodies[4:])
    house.settle()
    before = facts(house)
    assert house.inbox.status().first_number == 5
    house.rebuild()
    assert facts(house) == before


def test_rebuilding_an_empty_inbox_keeps_everything(house: House) -> None:
    house.inbox.put(week())
    house.settle()
    house.inbox.prune(FUTURE)
    before = facts(house)
    house.rebuild()
    assert facts(house) == before


def test_a_body_that_cannot_be_read_stops_nothing_and_is_told_once(house: House) -> None:
    house.inbox.put([NewBody("logs", "protobuf", b"\xff\xff\xff"), *week()])
    house.settle()
    assert [each.number for each in house.inbox.poison()] == [1]
    assert total(house, "tokens") == sum(15 + n for n in range(5))
    house.rebuild()
    assert [each.number for each in house.inbox.poison()] == [1]


def test_tidying_forgets_bodies_and_old_records_and_no_answer(tmp_path: Path) -> None:
    from steelyard.config import load_settings

    settings = load_settings(tmp_path, threads=1, memory_limit="500MB", events_days=30)
    with House(settings) as house:
        house.inbox.put(week())
        house.settle()
        before = facts(house)
        house.tidy(NOON + 33 * DAY)
        assert house.warehouse.counts()["events"] == 2
        house.refresh()
        house.rebuild()
        assert facts(house) == before


def test_tidying_before_facts_are_built_loses_nothing(tmp_path: Path) -> None:
    from steelyard.config import load_settings

    settings = load_settings(tmp_path, threads=1, memory_limit="500MB", events_days=1)
    with House(settings) as house:
        house.inbox.put(week())
        house.applier.run()
        house.tidy(NOON + 90 * DAY)
        house.refresh()
        assert total(house, "tokens") == sum(15 + n for n in range(5))


def test_a_killed_import_is_applied_by_the_next_opening(tmp_path: Path) -> None:
    """Whatever stands in the inbox and not in the warehouse's position is applied."""
    from steelyard.config import load_settings

    settings = load_settings(tmp_path, threads=1, memory_limit="500MB")
    with House(settings) as house:
        house.inbox.put(week()[:5])
        house.applier.run()  # applied, and ended before facts were built
        house.inbox.put([body_of(Session("last").call(NOON, tokens={"input": 100}))])
    with House.open(settings) as again:
        assert total(again, "tokens") == 15 + 16 + 17 + 100
