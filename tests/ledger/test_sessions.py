"""Sessions: what is work, how long, how large, and when one is stuck."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.ledger.world import DAY, MINUTE, Record, Session, World, at

NOON = at("2026-10-05 12:00")
ADA = Session("s1")
ACCEPT = {"tool": "Edit", "decision": "accept"}


def lasting(minutes: float) -> list[Record]:
    return [ADA.event("user_prompt", NOON), ADA.event("user_prompt", NOON + minutes * MINUTE)]


def test_a_session_that_only_started_did_no_work(world: World) -> None:
    world.tell(
        ADA.point("session_starts", NOON, 1, type="continue"),
        ADA.point("active_seconds", NOON, 3.5, type="cli"),
        Session("s2").call(NOON),
    )
    assert world.rows("select session, worked from session_days order by 1") == [
        ("s1", False),
        ("s2", True),
    ]
    assert world.rows("select session from sessions") == [("s2",)]
    assert world.one("select sessions from person_days") == 1


@pytest.mark.parametrize(
    "record",
    [
        ADA.event("user_prompt", NOON),
        ADA.call(NOON),
        ADA.event("api_error", NOON),
        ADA.event("tool_result", NOON, tool="Read"),
        ADA.event("tool_decision", NOON, source="config", **ACCEPT),
        ADA.point("lines", NOON, 3.0, type="added"),
        ADA.point("commits", NOON, 1.0),
        ADA.point("tokens", NOON, 5.0, type="input", model="claude-opus-5-5"),
    ],
    ids=lambda record: record[1]["name"],
)
def test_each_of_these_is_work(world: World, record: Record) -> None:
    assert world.tell(record).one("select worked from session_days") is True


@pytest.mark.parametrize(
    ("context", "size", "large"),
    [
        (99_999, "<100k", False),
        (100_000, "100k-500k", False),
        (500_000, "100k-500k", False),
        (500_001, "500k-1M", True),
        (1_000_000, "500k-1M", True),
        (1_000_001, ">1M", True),
    ],
)
def test_size_is_the_largest_single_context(
    world: World, context: int, size: str, large: bool
) -> None:
    split = {"input": 9, "cacheRead": context - 10, "cacheCreation": 1, "output": 70_000}
    calls = [ADA.call(NOON + n * MINUTE, tokens={"cacheRead": 90_000}) for n in range(9)]
    world.tell(ADA.call(NOON, tokens=split), *calls)
    told = world.one("select session_size, is_large, context_tokens_max from sessions")
    assert told == (size, large, context)


def test_without_events_the_size_is_unknown(world: World) -> None:
    world.tell(ADA.used(NOON, {"input": 900_000}))
    assert world.one("select session_size, is_large from sessions") == ("", None)


@pytest.mark.parametrize(
    ("minutes", "duration"),
    [(0, "<5m"), (4.99, "<5m"), (5, "5-30m"), (30, "5-30m"), (30.01, ">30m")],
)
def test_duration_classes(world: World, minutes: float, duration: str) -> None:
    world.tell(*lasting(minutes))
    told = world.one("select session_duration, minutes from sessions")
    assert told == (duration, pytest.approx(minutes))


def test_duration_is_that_of_the_days_without_the_night_between(world: World) -> None:
    tomorrow = [ADA.event("user_prompt", NOON + DAY), ADA.event("user_prompt", NOON + DAY + MINUTE)]
    world.tell(*lasting(4), *tomorrow)
    assert world.one("select minutes, session_duration, day from sessions") == (
        5.0, "5-30m", dt.date(2026, 10, 5),
    )  # fmt: skip


def test_a_model_call_began_before_its_answer(world: World) -> None:
    world.tell(ADA.call(NOON, duration_ms=120_000.0))
    assert world.one("select minutes from sessions") == 2.0


@pytest.mark.parametrize(
    ("minutes", "more", "stuck"),
    [
        (30, [], False),
        (31, [], True),
        (31, [ADA.point("commits", NOON, 1.0)], False),
        (31, [ADA.event("tool_decision", NOON, source="user_temporary", **ACCEPT)], False),
        # an edit that a rule approved is an accepted edit, too
        (31, [ADA.event("tool_decision", NOON, source="config", **ACCEPT)], False),
    ],
)
def test_long_without_anything_to_show_is_stuck(
    world: World, minutes: float, more: list[Record], stuck: bool
) -> None:
    world.tell(*lasting(minutes), *more)
    assert world.one("select is_stuck from sessions") is stuck


@pytest.mark.parametrize(("rejections", "stuck"), [(10, False), (11, True)])
def test_many_rejections_by_a_person_are_stuck(world: World, rejections: int, stuck: bool) -> None:
    said = {"tool": "Bash", "decision": "reject", "source": "user_reject"}
    world.tell(*[ADA.event("tool_decision", NOON, sequence=n, **said) for n in range(rejections)])
    assert world.one("select is_stuck from sessions") is stuck


@pytest.mark.parametrize(("errors", "stuck"), [(3, False), (4, True)])
def test_many_errors_are_stuck(world: World, errors: int, stuck: bool) -> None:
    world.tell(*[ADA.event("api_error", NOON, sequence=n) for n in range(errors)])
    assert world.one("select is_stuck from sessions") is stuck


def test_refusals_by_rule_are_not_stuck(world: World) -> None:
    said = {"tool": "Bash", "decision": "reject", "source": "config"}
    world.tell(*[ADA.event("tool_decision", NOON, sequence=n, **said) for n in range(20)])
    assert world.one("select is_stuck from sessions") is False


def test_people_are_seen_from_their_first_to_their_last_day_of_work(world: World) -> None:
    phantom = ADA.point("session_starts", NOON + 9 * DAY, 1, type="continue")
    world.tell(ADA.call(NOON + 2 * DAY), ADA.call(NOON + 5 * DAY), phantom)
    world.tell(ADA.call(NOON))
    assert world.rows("select * from people_seen") == [
        ("ada@acme.example", dt.date(2026, 10, 5), dt.date(2026, 10, 10))
    ]
    assert world.one("select count(*) from person_days") == 3


def test_a_person_day_says_who_saw_it(world: World) -> None:
    world.tell(
        ADA.call(NOON),
        ADA.call(NOON + DAY, witness="transcripts"),
        ADA.call(NOON + 2 * DAY),
        ADA.call(NOON + 2 * DAY, witness="transcripts"),
    )
    rows = world.rows("select by_telemetry, by_transcript from person_days order by day")
    assert rows == [(True, False), (False, True), (True, True)]
