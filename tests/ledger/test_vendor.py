"""Vendors as a third witness: what nobody else saw is added, and nothing twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.ledger.world import DAY, MINUTE, Session, World, at

from steelyard.model import UsageDay
from steelyard.warehouse import told

NOON = at("2026-10-05 12:00")
TODAY = NOON.date()
TOMORROW = TODAY + DAY
ADA, BOB = Session("s1"), Session("s2", email="bob@acme.example")
LAPTOP = Session("s3", email="", install_id="laptop")
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-4-5"
VENDOR = "witness = 'vendor'"


def day(who: str = "ada", day: dt.date = TODAY, model: str = OPUS, **counts: Any) -> UsageDay:
    """A vendor's count of a person's day, by their address."""
    actor = f"email:{who}@acme.example" if who and ":" not in who else who
    key = f"{day}|{actor}|{model}|{counts.get('api_key', '')}|{counts.get('terminal', '')}"
    said: dict[str, Any] = {"assistant": "claude-code", "provider": "anthropic", **counts}
    return UsageDay(key=key, day=day, actor=actor, model=model, **said)


def added(world: World, *by: str) -> dict[Any, int]:
    names = ", ".join(by or ("token_type",))
    rows = world.rows(f"select {names}, sum(tokens) from usage where {VENDOR} group by all")
    return {row[0] if len(row) == 2 else row[:-1]: int(row[-1]) for row in rows}


def test_only_the_difference_is_added_without_a_session(world: World) -> None:
    world.counted(day(input_tokens=130, output_tokens=40)).tell(
        ADA.call(NOON, tokens={"input": 100, "output": 40})
    )
    assert world.tokens("token_type", "session") == {
        ("input", "s1"): 100,
        ("output", "s1"): 40,
        ("input", ""): 30,
    }
    assert world.nanos() == 130 * 4_000 + 40 * 20_000
    assert world.one(f"select person, provider from usage where {VENDOR}") == (
        ADA.email,
        "anthropic",
    )


def test_sessions_are_summed_before_they_are_compared(world: World) -> None:
    world.counted(day(input_tokens=130))
    world.tell(ADA.call(NOON), Session("s9").call(NOON, tokens={"input": 30}))
    assert added(world) == {}


def test_people_without_any_telemetry_count(world: World) -> None:
    world.counted(day("bob", input_tokens=70)).refresh()
    assert added(world, "person") == {BOB.email: 70}
    flags = "select person, by_telemetry, by_transcript, by_other, sessions from person_days"
    assert world.rows(flags) == [(BOB.email, False, False, True, 0)]
    assert world.one("select first_day from people_seen") == TODAY
    assert world.one("select count(*) from sessions") == 0


def test_terminals_of_one_source_are_summed_and_sources_are_not(world: World) -> None:
    world.counted(day(input_tokens=60, terminal="vscode"), day(input_tokens=70, terminal="zsh"))
    world.counted(day(input_tokens=120, output_tokens=5), source="enterprise")
    world.tell(ADA.call(NOON))
    assert added(world) == {"input": 30, "output": 5}


def test_accounts_are_their_owners(world: World) -> None:
    with world.warehouse.transaction() as cursor:
        cursor.execute("insert into identities values ('account', 'user_01', ?)", [ADA.email])
    world.counted(day("account:user_01", input_tokens=150)).tell(ADA.call(NOON))
    assert added(world, "person") == {ADA.email: 50}


def test_whose_it_is_may_become_known_later(world: World) -> None:
    world.counted(day("account:user_01", input_tokens=150)).tell(ADA.call(NOON))
    assert added(world, "person") == {"user_01": 50}  # her telemetry may be that account's
    with world.warehouse.transaction() as cursor:
        cursor.execute("insert into identities values ('account', 'user_01', ?)", [ADA.email])
    assert world.refresh() == 1
    assert added(world, "person") == {ADA.email: 50}


def test_spellings_of_a_model_are_one(world: World) -> None:
    world.counted(day(model="claude-opus-4-5-20251101", input_tokens=100))
    world.tell(ADA.call(NOON, "claude-opus-4-5"))
    assert added(world) == {}


def test_where_models_have_other_names_totals_are_compared(world: World) -> None:
    """A gateway's name for what the vendor calls otherwise: the cheapest model takes the rest."""
    world.counted(day(input_tokens=80), day(model=HAIKU, input_tokens=50))
    world.tell(ADA.call(NOON, "house-default"))
    assert added(world, "model") == {HAIKU: 30}


def test_days_tied_by_work_at_midnight_are_one_unit(world: World) -> None:
    late, early = at("2026-10-05 23:58"), at("2026-10-06 00:03")
    world.counted(day(input_tokens=200), day(day=TOMORROW, input_tokens=30))
    world.tell(
        ADA.call(late, tokens={"input": 90}),
        ADA.call(early, tokens={"input": 100}),  # worked before, told after midnight
    )
    assert added(world, "day") == {TODAY: 40}
    assert world.total() == 230


def test_days_that_nothing_ties_are_compared_alone(world: World) -> None:
    world.counted(day(input_tokens=200), day(day=TOMORROW, input_tokens=30))
    world.tell(ADA.call(NOON, tokens={"input": 90}), ADA.call(NOON + DAY, tokens={"input": 100}))
    assert added(world, "day") == {TODAY: 110}


def test_late_telemetry_takes_back_what_the_vendor_alone_knew(world: World) -> None:
    world.counted(day(input_tokens=200)).refresh()
    assert added(world) == {"input": 200}
    world.tell(ADA.call(NOON, tokens={"input": 150}))
    assert added(world) == {"input": 50}
    world.tell(ADA.call(NOON + MINUTE, tokens={"input": 80}))
    assert added(world) == {}
    assert world.total() == 230


def test_telemetry_of_the_day_after_changes_a_unit_of_both(world: World) -> None:
    world.counted(day(input_tokens=200))
    world.tell(ADA.call(at("2026-10-05 23:58"), tokens={"input": 90}))
    assert added(world, "day") == {TODAY: 110}
    world.tell(ADA.call(at("2026-10-06 00:03"), tokens={"input": 100}))
    assert added(world, "day") == {TODAY: 10}


def test_telemetry_of_nobody_known_may_be_anybodys(world: World) -> None:
    world.counted(day(input_tokens=150), day("bob", input_tokens=60))
    world.tell(ADA.call(NOON), LAPTOP.call(NOON, tokens={"input": 70}))
    # 50 and 60 are missing; 70 are there without a name: whose the other 40 are is not known
    assert added(world, "person") == {"": 40}


def test_api_keys_count_where_no_telemetry_can_be_theirs(world: World) -> None:
    world.counted(day(input_tokens=100), day("", input_tokens=500, api_key="ci"))
    world.tell(ADA.call(NOON))
    assert added(world, "person") == {"": 500}
    world.tell(ADA.call(NOON, tokens={"input": 80}))  # more than the vendor counted for her
    assert added(world, "person") == {"": 420}
    world.tell(BOB.call(NOON, tokens={"input": 300}), LAPTOP.call(NOON, tokens={"input": 70}))
    assert added(world, "person") == {"": 50}


def test_two_sources_do_not_count_one_person_and_a_key(world: World) -> None:
    """What one source gives to a person, another may give to a key."""
    world.counted(day(input_tokens=100))
    world.counted(day("", input_tokens=110, api_key="console"), source="usage")
    world.refresh()
    assert added(world, "person") == {ADA.email: 100, "": 10}


def test_a_name_that_the_directory_does_not_know_may_be_somebody_elses(world: World) -> None:
    """Robert's telemetry; the vendor knows him as bob, which nobody has told us."""
    with world.warehouse.transaction() as cursor:
        cursor.execute(
            "insert into people by name select c as person, c as email, '' as name, '' as team,"
            " '' as department, '' as role, '' as level, '' as manager, '' as rollup, '' as office,"
            " '' as country, date '2020-01-01' as valid_from, date '9999-12-31' as valid_to"
            " from (select unnest(['robert@acme.example', 'ada@acme.example']) as c)"
        )
    robert = Session("s4", email="robert@acme.example")
    world.counted(day("bob", input_tokens=130), day(input_tokens=150))
    world.tell(robert.call(NOON), ADA.call(NOON))
    assert added(world, "person") == {ADA.email: 50, "": 30}


def test_clouds_keep_books_of_their_own(world: World) -> None:
    world.counted(day(input_tokens=100)).tell(ADA.call(NOON, provider="bedrock"))
    assert added(world) == {"input": 100}


def test_the_lifetime_of_cache_writes_is_kept_where_it_is_told(world: World) -> None:
    world.counted(day(cache_creation_tokens=1000, cache_creation_1h_tokens=600))
    world.counted(day("bob", cache_creation_tokens=1000), source="other")
    world.refresh()
    assert added(world, "person", "cache_ttl") == {
        (ADA.email, "5m"): 400,
        (ADA.email, "1h"): 600,
        (BOB.email, "5m"): 1000,
    }
    assert world.nanos() == 1400 * 5_000 + 600 * 8_000


def test_a_model_without_a_price_stays_unknown(world: World) -> None:
    world.counted(day(model="house-model", output_tokens=9)).refresh()
    assert world.one(f"select list_nanos, unpriced_tokens from usage where {VENDOR}") == (None, 9)


def test_products_without_telemetry_are_no_part_of_the_ledger(world: World) -> None:
    world.counted(day(input_tokens=9, assistant="claude-chat")).refresh()
    assert world.total() == 0


def test_the_gap_of_each_witness_is_a_figure(world: World) -> None:
    world.counted(day(input_tokens=130, output_tokens=30))
    world.tell(ADA.call(NOON, tokens={"input": 100, "output": 40}))
    gaps = "select witness, sum(ledger_tokens - tokens) from witnesses group by all order by 1"
    assert world.rows(gaps) == [("events", 30), ("vendor", 10)]


def test_counts_without_tokens_are_days_that_a_vendor_saw(world: World) -> None:
    world.counted(day(model="", sessions=2), day("bob", model="", sessions=1)).tell(ADA.call(NOON))
    rows = "select person, by_telemetry, by_other, sessions from person_days order by 1"
    assert world.rows(rows) == [(ADA.email, True, True, 1), (BOB.email, False, True, 0)]
    assert world.total() == 100


def test_a_day_that_is_nobodys_telemetry_makes_no_second_person(world: World) -> None:
    world.counted(day("bob", model="", sessions=1)).tell(LAPTOP.call(NOON))
    assert world.rows("select person from person_days") == [("install:laptop",)]


def test_what_a_vendor_takes_back_is_gone(world: World) -> None:
    world.counted(day(input_tokens=130)).tell(ADA.call(NOON))
    with world.warehouse.transaction() as cursor:
        told.forget(cursor, "analytics")
    assert world.refresh() == 1
    assert world.total() == 100


def test_only_days_that_changed_are_built(world: World) -> None:
    days = [TODAY + n * DAY for n in range(20)]
    world.counted(*(day(day=each, input_tokens=5) for each in days))
    assert world.refresh() >= 20
    assert world.refresh() == 0
    world.counted(*(day(day=each, input_tokens=5) for each in days))  # read again
    assert world.refresh() == 0
    world.counted(day(day=days[4], input_tokens=6))
    assert world.refresh() == 1


@pytest.mark.parametrize("tokens", [2**62, -5])
def test_counts_that_nobody_can_mean_are_unknown(world: World, tokens: int) -> None:
    world.counted(day(input_tokens=tokens, output_tokens=3)).refresh()
    assert added(world) == {"output": 3}
