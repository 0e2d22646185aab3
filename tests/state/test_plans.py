from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from steelyard.errors import StoreError, UnknownName
from steelyard.impact.plan import Measure, Plan
from steelyard.state.database import State, open_state
from steelyard.state.plans import Plans

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
START = date(2026, 11, 9)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plans(state: State, clock: Clock) -> Plans:
    return Plans(state, clock)


def test_every_version_stays_as_it_was_saved(plans: Plans, clock: Clock) -> None:
    plans.save("pilot", '{"weeks":12}', START, "ada")
    clock.now += timedelta(days=30)
    plans.save("pilot", '{"weeks":16}', START, "grace")
    newest, first = plans.versions("pilot")
    assert (first.number, first.body, first.by, first.saved_at) == (1, '{"weeks":12}', "ada", NOON)
    assert (newest.number, newest.body, newest.by) == (2, '{"weeks":16}', "grace")
    assert plans.get("pilot") == newest and plans.get("pilot", 1) == first


def test_saying_the_same_again_makes_no_version(plans: Plans, clock: Clock) -> None:
    first = plans.save("pilot", "{}", START, "ada")
    clock.now += timedelta(days=30)
    assert plans.save("pilot", "{}", START, "grace") == first
    assert len(plans.versions("pilot")) == 1
    plans.save("pilot", '{"a":1}', START, "ada")
    plans.save("pilot", "{}", START, "ada")
    assert [each.number for each in plans.versions("pilot")] == [3, 2, 1], "back is a change too"


def test_a_version_says_whether_it_came_before_the_start(plans: Plans, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 8, 23, 59, 59, 900_000, tzinfo=UTC)
    assert plans.save("early", "{}", START, "ada").before_start is True
    clock.now += timedelta(seconds=1)
    assert plans.save("late", "{}", START, "ada").before_start is False
    assert plans.save("undated", "{}", None, "ada").before_start is None
    assert [each.before_start for each in plans.list()] == [True, False, None]


def test_a_plan_and_its_digest_come_back_whole(plans: Plans, state_url: str) -> None:
    plan = Plan("pilot", Measure("prs_merged"), title="Größe", starts=START)
    saved = plans.save(plan.name, plan.canonical(), plan.first_start, "ada")
    assert saved.digest == plan.digest()
    again = Plans(open_state(state_url)).get("pilot")
    assert again == saved
    with pytest.raises(FrozenInstanceError):
        again.body = "{}"  # type: ignore[misc]


def test_the_list_has_the_newest_of_each_by_name(plans: Plans) -> None:
    for name, body in (("zeta", "{}"), ("alpha", "{}"), ("alpha", '{"a":1}')):
        plans.save(name, body, START, "ada")
    assert [(each.name, each.number) for each in plans.list()] == [("alpha", 2), ("zeta", 1)]


def test_unknown_plans_and_versions_suggest_what_there_is(plans: Plans) -> None:
    plans.save("pilot", "{}", START, "ada")
    with pytest.raises(UnknownName, match="pilott") as unknown:
        plans.get("pilott")
    assert "pilot" in unknown.value.hint
    with pytest.raises(UnknownName, match="'2'"):
        plans.get("pilot", 2)


def test_a_version_changed_in_the_database_is_not_believed(plans: Plans) -> None:
    plans.save("pilot", '{"weeks":12}', START, "ada")
    with plans.state.transaction() as connection:
        connection.exec_driver_sql("UPDATE plans SET body = '{}'")
    with pytest.raises(StoreError, match="not what was saved"):
        plans.get("pilot")


def test_a_database_from_before_plans_gets_them_and_keeps_the_rest(state_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", "steelyard.state:migrations")
    engine = create_engine(state_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.exec_driver_sql(
            "INSERT INTO identity_decisions VALUES ('git:a', 'ada', true, 'grace', '2026-11-02')"
        )
    engine.dispose()
    state = open_state(state_url)
    assert Plans(state).list() == ()
    with state.transaction() as connection:
        kept = connection.exec_driver_sql("SELECT person FROM identity_decisions").scalar_one()
    assert kept == "ada"
