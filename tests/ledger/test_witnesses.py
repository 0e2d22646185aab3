"""Witnesses can only miss, not invent: the larger floor counts, never the sum."""

from __future__ import annotations

from tests.ledger.world import MINUTE, Session, World, at

NOON = at("2026-10-05 12:00")
ADA = Session("s1")


def test_the_same_work_told_three_times_counts_once(world: World) -> None:
    tokens = {"input": 100, "output": 40, "cacheRead": 900}
    world.tell(
        ADA.call(NOON, tokens=tokens),
        ADA.call(NOON, tokens=tokens, witness="transcripts"),
        ADA.used(NOON + MINUTE, tokens),
    )
    assert world.tokens("token_type") == tokens
    assert world.nanos() == 100 * 4_000 + 40 * 20_000 + 900 * 200


def test_each_missing_witness_is_filled_by_another(world: World) -> None:
    """Events lose the second call, metrics the output, transcripts the first call's cache."""
    world.tell(
        ADA.call(NOON, tokens={"input": 100, "output": 40, "cacheRead": 900}),
        ADA.used(NOON + MINUTE, {"input": 160, "cacheRead": 900}),
        ADA.call(NOON, tokens={"input": 100, "output": 40}, witness="transcripts"),
        ADA.call(NOON + MINUTE, tokens={"input": 50, "output": 30}, witness="transcripts"),
    )
    assert world.tokens("token_type") == {"input": 160, "output": 70, "cacheRead": 900}
    assert world.tokens("token_type", "witness").keys() == {
        ("input", "metrics"),
        ("output", "transcripts"),
        ("cacheRead", "events"),
    }


def test_the_gap_of_a_witness_is_what_was_withheld_from_it(world: World) -> None:
    world.tell(
        ADA.call(NOON, tokens={"input": 100, "output": 40}),
        ADA.call(NOON + MINUTE, tokens={"input": 70, "output": 20}),
        ADA.used(NOON + MINUTE, {"input": 100, "output": 40}),  # stopped in mid-session
    )
    gap = "select sum(ledger_tokens - tokens) from witnesses where witness = ?"
    assert world.one(gap, "metrics") == 70 + 20
    assert world.one(gap, "events") == 0
    assert world.one("select count(*) from witnesses where witness = 'transcripts'") == 0


def test_no_gap_where_models_only_have_other_names(world: World) -> None:
    """Metrics name the model asked for, events the one that answered."""
    world.tell(
        ADA.call(NOON, "claude-haiku-4-5", tokens={"input": 100, "output": 40}),
        ADA.used(NOON + MINUTE, {"input": 100, "output": 40}, "house-default"),
    )
    assert world.tokens("model") == {"claude-haiku-4-5": 140}
    gaps = "select witness, sum(ledger_tokens - tokens) from witnesses group by all order by 1"
    assert world.rows(gaps) == [("events", 0), ("metrics", 0)]


def test_disputed_models_go_whole_to_the_fuller_witness(world: World) -> None:
    world.tell(
        ADA.call(NOON, "claude-haiku-4-5", tokens={"input": 100}),
        ADA.used(NOON + MINUTE, {"input": 130}, "house-default"),
    )
    assert world.tokens("model") == {"house-default": 130}


def test_a_model_that_one_witness_missed_is_no_dispute(world: World) -> None:
    world.tell(
        ADA.call(NOON, "claude-haiku-4-5", tokens={"input": 100}),
        ADA.call(NOON, "claude-opus-5-5", tokens={"input": 10}),
        ADA.used(NOON + MINUTE, {"input": 12}, "claude-opus-5-5"),
    )
    assert world.tokens("model") == {"claude-haiku-4-5": 100, "claude-opus-5-5": 12}


def test_spellings_of_one_model_are_no_dispute(world: World) -> None:
    world.tell(
        ADA.call(NOON, "claude-opus-4-8", tokens={"input": 100}),
        ADA.used(NOON + MINUTE, {"input": 100}, "claude-opus-4-8[1m]"),
    )
    assert world.tokens("model") == {"claude-opus-4-8": 100}
    assert world.tokens("model_reported") == {"claude-opus-4-8": 100}


def test_equal_totals_prefer_who_knows_the_lifetime_of_cache_writes(world: World) -> None:
    world.tell(
        ADA.call(NOON, tokens={"cacheCreation": 1000}),
        ADA.call(
            NOON,
            tokens={"cacheCreation": 1000},
            cache_creation_1h_tokens=600,
            witness="transcripts",
        ),
        ADA.used(NOON + MINUTE, {"cacheCreation": 1000}),
    )
    assert world.tokens("cache_ttl") == {"5m": 400, "1h": 600}
    assert world.nanos() == 400 * 5_000 + 600 * 8_000


def test_reported_cost_is_the_larger_floor_too(world: World) -> None:
    nanos = 1_500_000_000
    world.tell(
        ADA.call(NOON, cost_nanos=nanos),
        ADA.point("cost", NOON + MINUTE, 1.25, model="claude-opus-5-5"),
    )
    assert world.nanos("reported_nanos", "costs") == nanos


def test_sessions_are_compared_one_by_one(world: World) -> None:
    other = Session("s2")
    world.tell(
        ADA.call(NOON, tokens={"input": 100}),
        other.used(NOON, {"input": 70}),
        ADA.used(NOON, {"input": 10}),
        other.call(NOON, tokens={"input": 60}),
    )
    assert world.tokens("session") == {"s1": 100, "s2": 70}


def test_a_grown_copy_of_a_transcript_replaces_the_earlier(world: World) -> None:
    more = {"witness": "transcripts", "key": 77}
    world.tell(ADA.call(NOON, tokens={"input": 9, "output": 1}, **more))
    world.tell(ADA.call(NOON, tokens={"input": 9, "output": 55}, **more))
    world.tell(ADA.call(NOON, tokens={"input": 9, "output": 20}, **more))
    assert world.tokens("token_type") == {"input": 9, "output": 55}
    assert world.one("select count(*) from requests") == 1


def test_numbers_that_nobody_can_mean_are_unknown_and_stop_nothing(world: World) -> None:
    """A damaged client must not keep the facts of a day from being built."""
    world.tell(
        ADA.used(NOON, {"input": float("nan"), "output": float("inf"), "cacheRead": 1e300}),
        ADA.point("cost", NOON, 1e18, model="claude-opus-5-5"),
        ADA.point("active_seconds", NOON, float("-inf"), type="cli"),
        ADA.call(NOON, tokens={"input": 2**62, "output": -5, "cacheRead": 7}, cost_nanos=2**62),
        ADA.call(NOON, tokens={"input": 2**62}, duration_ms=float("nan"), chars=2**62),
        ADA.event("user_prompt", NOON, chars=2**62),
    )
    assert world.tokens("token_type") == {"cacheRead": 7}
    assert world.one("select count(*) from costs") == 0
    assert world.one("select prompts, chars from prompts") == (1, 0)


def test_spellings_of_normal_speed_are_one(world: World) -> None:
    for number, speed in enumerate(("", "normal", "standard")):
        world.add(Session(f"s{number}").call(NOON, tokens={"output": 1000}, speed=speed))
    world.refresh()
    assert world.tokens("speed") == {"": 3000}
    assert world.nanos() == 3000 * 20_000
