"""What is older than may be kept goes, a kind of data at a time, and nothing else does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.bodies import NOON, facts, week
from tests.ledger.world import DAY
from tests.recorded import asked, total

from steelyard.app import work_bodies
from steelyard.app.house import House
from steelyard.config import load_settings
from steelyard.model import BillingLine, Commit, Issue, Person, Record, Rework, Worklog

P0, P1 = "p0@acme.example", "p1@acme.example"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Any]:
    houses: list[House] = []

    def make(**said: int) -> House:
        settings = load_settings(tmp_path, threads=1, memory_limit="500MB", **said)
        houses.append(House(settings))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


def tell(house: House, *records: Record, at: dt.datetime = NOON) -> None:
    house.inbox.put(work_bodies.page_bodies("hr", records, at, str(at)))
    house.settle()


def people(house: House) -> set[str]:
    return {row[0] for row in house.warehouse.query("select person from people")}


def test_nothing_goes_unless_it_is_said(opened: Any) -> None:
    house = opened()
    house.inbox.put(week())
    day = NOON.date()
    tell(house, Person(key="k1", email=P1, start_date=day - 9 * DAY, end_date=day - 2 * DAY))
    tell(house, Commit(key="c1", sha="c1", repo="r", committed_at=NOON))
    before = facts(house), house.warehouse.counts()
    house.tidy(NOON + 4000 * DAY)
    assert (facts(house), house.warehouse.counts()) == before


def test_old_figures_go_with_their_records_and_stay_away(opened: Any) -> None:
    house = opened(facts_days=30)
    house.inbox.put(week())  # days 0 to 4; p0 works on 0, 2, 4 and p1 on 1 and 3
    house.settle()
    version = house.warehouse.data_version()
    house.tidy(NOON + 33 * DAY)
    assert house.warehouse.data_version() > version
    assert total(house, "tokens") == 18 + 19
    assert house.warehouse.query("select min(day) from events") == [((NOON + 3 * DAY).date(),)]
    for table in ("usage", "session_days", "person_days", "usage_days", "cost_days", "counters"):
        oldest = house.warehouse.query(f"select min(day) from {table}")[0][0]
        assert oldest == (NOON + 3 * DAY).date(), table
    sessions = house.warehouse.query("select distinct session from session_people order by 1")
    assert sessions == [("s3",), ("s4",)]
    house.rebuild()
    house.inbox.put(week())
    house.settle()
    assert total(house, "tokens") == 18 + 19


def test_since_when_somebody_is_known_outlives_the_days(opened: Any) -> None:
    house = opened(facts_days=30)
    house.inbox.put(week())
    house.settle()
    house.tidy(NOON + 33 * DAY)
    with house.warehouse.transaction() as cursor:
        cursor.execute("insert into dirty_days select distinct day from usage")
    house.refresh()
    seen = house.warehouse.query("select person, first_day from people_seen order by 1")
    assert seen == [(P0, NOON.date()), (P1, (NOON + DAY).date())]
    house.tidy(NOON + 34 * DAY)
    assert house.warehouse.query("select person from people_seen") == [(P0,)]


def test_figures_of_days_that_wait_to_be_built_stay(opened: Any) -> None:
    house = opened(facts_days=1)
    house.inbox.put(week())
    house.applier.run()
    house.tidy(NOON + 90 * DAY)
    house.refresh()
    assert total(house, "tokens") == sum(15 + n for n in range(5))


def test_old_work_goes_with_its_figures_by_its_latest_change(opened: Any) -> None:
    house = opened(work_days=100)
    old, new = NOON - 200 * DAY, NOON - 10 * DAY
    tell(
        house,
        Person(key="k1", email=P1),
        Commit(key="c1", sha="c1", repo="r", author_email=P1, committed_at=old, additions=1),
        Commit(key="c2", sha="c2", repo="r", author_email=P1, committed_at=new, additions=2),
        Rework(key="c1", repo="r", sha="c1", added=1, rewritten=0, complete=True),
        Issue(key="A-1", name="A-1", created_at=old, resolved_at=new, updated_at=new),
        Issue(key="A-2", name="A-2", created_at=old),
        Worklog(key="w1", issue="A-1", worker=f"email:{P1}", day=old.date(), seconds=60),
        BillingLine(key="b1", first_day=old.date(), last_day=new.date(), amount_nanos=100),
        at=old,
    )
    house.tidy(NOON)
    rows = house.warehouse.query
    assert rows("select sha from raw_commits") == [("c2",)]
    assert rows("select sum(additions) from work_commits") == [(2,)]
    assert rows("select name from raw_issues") == [("A-1",)]
    assert rows("select sum(amount_nanos) from bills") == [(100,)]
    assert rows("select count(*) from raw_worklogs") == [(0,)]
    assert rows("select count(*) from work_worklogs") == [(0,)]
    assert rows("select count(*) from raw_rework") == [(0,)]
    assert people(house) == {P1}
    version = house.warehouse.data_version()
    house.tidy(NOON)
    assert house.warehouse.data_version() == version


def test_people_who_left_are_forgotten_and_nobody_else(opened: Any) -> None:
    house = opened(leavers_days=90)
    house.inbox.put(week())
    now, day = NOON + 100 * DAY, NOON.date()
    began = day - 500 * DAY
    p0_left = Person(key="k0", email=P0, start_date=began, end_date=day + 2 * DAY)
    stays = [
        Person(key="k1", email=P1, start_date=began, end_date=now.date() - 30 * DAY),
        Person(key="k2", email="two@acme.example", start_date=began),
        Person(key="k3", email="three@acme.example", start_date=now.date() + DAY, active=False),
    ]
    tell(house, p0_left, *stays)
    # Told as gone without a day, long ago and lately.
    tell(house, Person(key="k4", email="four@acme.example", active=False))
    tell(house, Person(key="k5", email="five@acme.example", active=False), at=now - 5 * DAY)
    tokens = total(house, "tokens")
    house.tidy(NOON + 4 * DAY + 90 * DAY)  # p0 worked until that day
    assert P0 in people(house)
    house.tidy(now)
    assert people(house) == {P1, *(f"{n}@acme.example" for n in ("two", "three", "five"))}
    assert total(house, "tokens") == tokens
    assert asked(house, "tokens", "person").keys() == {("",), (P1,)}
    tell(house, p0_left, *stays, at=now + DAY)
    assert P0 not in people(house)


def test_many_who_left_are_forgotten_in_turns(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steelyard.app.retention.LEAVERS_AT_ONCE", 2)
    house = opened(leavers_days=1)
    day = NOON.date()
    left = [
        Person(key=f"k{n}", email=f"l{n}@x.example", start_date=day, end_date=day + n * DAY)
        for n in range(3)
    ]
    tell(house, *left)
    house.tidy(NOON + 50 * DAY)
    assert people(house) == {"l2@x.example"}
    house.tidy(NOON + 50 * DAY)
    assert people(house) == set()
