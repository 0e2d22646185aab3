"""Metrics without a session: Codex never says it, Claude Code can be told not to."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.ledger.world import DAY, MINUTE, Session, World, at

NOON = at("2026-10-05 12:00")
CODEX = Session("", email="", install_id="", assistant="codex")


def test_codex_metrics_count_where_there_are_no_events(world: World) -> None:
    world.tell(CODEX.used(NOON, {"input": 70, "output": 30}, "gpt-5.5"))
    assert world.tokens("token_type") == {"input": 70, "output": 30}
    assert world.tokens("person", "session") == {("", ""): 100}


@pytest.mark.parametrize("hours", [0, 12.5])
def test_codex_metrics_give_way_to_events_of_the_day_or_the_night_before(
    world: World, hours: float
) -> None:
    events = Session("c1", email="bob@acme.example", assistant="codex")
    world.tell(CODEX.used(NOON + dt.timedelta(hours=hours), {"input": 70}, "gpt-5.5"))
    assert world.total() == 70
    world.tell(events.call(NOON - MINUTE, "gpt-5.5", tokens={"input": 60}))  # comes later
    assert world.tokens("session") == {"c1": 60}


def test_events_of_another_assistant_or_of_last_week_change_nothing(world: World) -> None:
    world.tell(
        CODEX.used(NOON, {"input": 70}, "gpt-5.5"),
        Session("s1").call(NOON, tokens={"input": 10}),
        Session("c1", assistant="codex").call(NOON - 7 * DAY, "gpt-5.5", tokens={"input": 5}),
    )
    assert world.tokens("assistant") == {"codex": 75, "claude-code": 10}


def test_metrics_that_name_a_person_count_as_that_persons(world: World) -> None:
    """`OTEL_METRICS_INCLUDE_SESSION_ID=false` leaves the e-mail on the points."""
    said = {"tool": "Edit", "decision": "accept", "source": "config"}
    bob = Session("", email="bob@acme.example")
    world.tell(
        bob.used(NOON, {"input": 70}),
        bob.point("commits", NOON, 2.0),
        bob.point("edit_decisions", NOON, 3.0, **said),
    )
    assert world.tokens("person", "session") == {("bob@acme.example", ""): 70}
    assert world.one("select person, sessions, commits from person_days") == (
        "bob@acme.example", 0, 2,
    )  # fmt: skip
    assert world.one("select count(*) from sessions") == 0
    assert world.one("select person, decisions from decisions") == ("bob@acme.example", 3)


def test_each_persons_metrics_give_way_to_their_own_events_only(world: World) -> None:
    said = {"tool": "Edit", "decision": "accept", "source": "config"}
    ada, bob = "ada@acme.example", "bob@acme.example"
    world.tell(
        Session("s1", ada).call(NOON, tokens={"input": 100}, cost_nanos=1000),
        Session("s1", ada).event("tool_decision", NOON, **said),
        Session("", ada).used(NOON, {"input": 100}),
        Session("", ada).point("cost", NOON, 1e-6, model="claude-opus-5-5"),
        Session("", ada).point("edit_decisions", NOON, 1.0, **said),
        Session("", bob).used(NOON, {"input": 70}),
        Session("", bob).point("edit_decisions", NOON, 4.0, **said),
    )
    assert world.tokens("person") == {ada: 100, bob: 70}
    assert world.nanos("reported_nanos", "costs") == 1000
    per_person = "select person, sum(decisions)::int from decisions group by all order by 1"
    assert world.rows(per_person) == [(ada, 1), (bob, 4)]
