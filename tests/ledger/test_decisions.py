"""Who decided what: people, rules, hooks; and what is no prompt."""

from __future__ import annotations

import pytest
from tests.ledger.world import MINUTE, Session, World, at

NOON = at("2026-10-05 12:00")
ADA = Session("s1")
GEMINI = Session("g1", assistant="gemini-cli")


@pytest.mark.parametrize(
    ("source", "decision", "by_person"),
    [
        ("user_temporary", "accept", True),
        ("user_permanent", "accept", True),
        ("user_reject", "reject", True),
        ("user_abort", "reject", True),
        ("config", "accept", False),
        ("config", "reject", False),  # the client's own refusal in print mode
        ("hook", "accept", False),
        ("hook", "reject", False),
    ],
)
def test_only_people_decide_as_people(
    world: World, source: str, decision: str, by_person: bool
) -> None:
    said = {"tool": "Edit", "decision": decision, "source": source}
    world.tell(ADA.event("tool_decision", NOON, **said))
    told = world.one("select by_person, is_edit, decisions from decisions")
    assert told == (by_person, True, 1)
    rejections = world.one("select person_rejections from session_days")
    assert rejections == int(by_person and decision == "reject")


def test_metrics_and_events_tell_the_same_decision_and_metrics_know_the_language(
    world: World,
) -> None:
    said = {"tool": "Edit", "decision": "accept", "source": "config"}
    world.tell(
        ADA.event("tool_decision", NOON, **said),
        ADA.event("tool_decision", NOON + MINUTE, **said),
        ADA.point("edit_decisions", NOON + MINUTE, 2.0, language="Rust", **said),
    )
    assert world.rows("select language, decisions from decisions") == [("Rust", 2)]


def test_decisions_that_metrics_missed_are_taken_from_events(world: World) -> None:
    said = {"tool": "Edit", "decision": "accept", "source": "config"}
    world.tell(
        *[ADA.event("tool_decision", NOON + n * MINUTE, **said) for n in range(3)],
        ADA.point("edit_decisions", NOON, 1.0, language="Rust", **said),
        ADA.event("tool_decision", NOON, tool="Bash", decision="reject", source="user_reject"),
    )
    rows = "select tool, decisions, is_edit, witness from decisions order by tool"
    assert world.rows(rows) == [("Bash", 1, False, "events"), ("Edit", 3, True, "events")]


def test_gemini_says_decision_and_result_in_one(world: World) -> None:
    world.tell(
        GEMINI.event("tool_result", NOON, tool="replace", decision="accept", source="config"),
        GEMINI.event("tool_result", NOON, tool="replace", decision="reject", source="user_reject"),
    )
    assert world.one("select count(*) from tool_calls") == 1  # what was rejected did not run
    rows = "select decision, is_edit, by_person from decisions order by 1"
    assert world.rows(rows) == [("accept", True, False), ("reject", True, True)]


def test_commands_of_the_client_are_no_prompts(world: World) -> None:
    world.tell(
        ADA.event("user_prompt", NOON, chars=19),
        ADA.event("user_prompt", NOON + MINUTE, chars=20),
        ADA.event("user_prompt", NOON + 2 * MINUTE),
        ADA.event("user_prompt", NOON, attributes='{"command_source":"builtin"}', chars=6),
        ADA.event("user_prompt", NOON, attributes='{"command_source":"custom"}', chars=7),
    )
    told = world.one("select sum(prompts), sum(measured_prompts), sum(short_prompts) from prompts")
    assert told == (4, 3, 2)


def test_prompts_of_events_and_transcripts_are_not_added(world: World) -> None:
    told_by = ("events", "transcripts", "transcripts")
    world.tell(
        *[ADA.event("user_prompt", NOON + n * MINUTE, w, chars=30) for n, w in enumerate(told_by)]
    )
    assert world.one("select sum(prompts), max(witness) from prompts") == (2, "transcripts")


def test_background_agents_start_no_session(world: World) -> None:
    for kind, count in (("fresh", 2), ("resume", 1), ("agents_view", 5)):
        world.add(ADA.point("session_starts", NOON, count, type=kind))
    world.refresh()
    assert world.one("select sum(amount) from counters") == 3


def test_failed_calls_are_requests_that_did_not_answer(world: World) -> None:
    world.tell(
        ADA.call(NOON, duration_ms=1200.0, tokens={"input": 5, "cacheRead": 20}),
        ADA.event("api_error", NOON, status="529", error="overloaded"),
    )
    rows = "select ok, status, latency_ms, context_tokens from requests order by ok"
    assert world.rows(rows) == [(False, "529", None, None), (True, "", 1200.0, 25)]
