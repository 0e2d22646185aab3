"""From list price to the bill: parts that sum exactly, and nothing claimed that is not known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.metrics.reconciliation import PARTS, Reconciliation, reconcile

from .engines import ChdbStore, DuckStore
from .test_ask import put

FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 10, 31)
DAY = dt.date(2026, 10, 5)
OPUS = "claude-opus-5-5"
CODE: dict[str, Any] = {
    "assistant": "claude-code",
    "provider": "anthropic",
    "model": OPUS,
    "day": DAY,
}


def used(store: DuckStore, nanos: int | None, **said: Any) -> None:
    unpriced = 10 if nanos is None else 0
    row = CODE | {"witness": "events", "token_type": "input", **said}
    put(store, "usage", tokens=10, list_nanos=nanos, unpriced_tokens=unpriced, **row)


def billed(store: DuckStore, nanos: int, **said: Any) -> None:
    row = CODE | {"cost_type": "tokens", "currency": "USD", "final": True, "bill_source": "report"}
    put(store, "bills", amount_nanos=nanos, **(row | {"usd_nanos": nanos} | said))


def counted(store: DuckStore, tokens: int, **said: Any) -> None:
    row = CODE | {"token_type": "input", "cache_ttl": "", "source": "analytics"}
    put(store, "vendor_days", tokens=tokens, **(row | said))


def price(store: DuckStore, nanos: float, model: str = OPUS) -> None:
    valid = {"valid_from": dt.date(2026, 1, 1), "valid_to": dt.date(2027, 1, 1)}
    put(store, "prices", model=model, token_type="input", nanos_per_token=nanos, **valid)


def asked(store: Any) -> Reconciliation:
    return reconcile(store, FIRST, LAST)


def parts(found: Reconciliation) -> dict[str, int]:
    return {part.name: part.nanos for part in found.parts if part.nanos}


def test_without_a_bill_nothing_of_it_is_claimed(empty: DuckStore) -> None:
    used(empty, 100)
    found = asked(empty)
    assert (found.list_nanos, found.billed_nanos, found.gap_nanos) == (100, None, None)
    assert all(part.nanos is None and part.reason for part in found.parts)
    assert [part.name for part in found.parts] == list(PARTS)


def test_an_empty_house_knows_nothing(empty: DuckStore) -> None:
    found = asked(empty)
    assert (found.reported_nanos, found.list_nanos, found.billed_nanos) == (None, None, None)


def test_a_discount_is_told_from_missing_telemetry_by_the_vendors_tokens(empty: DuckStore) -> None:
    price(empty, 5.0)
    used(empty, 400)
    used(empty, 100, witness="vendor")
    counted(empty, 100)  # 500 at list price
    billed(empty, 450)
    found = asked(empty)
    assert (found.seen_nanos, found.list_nanos, found.billed_nanos) == (400, 500, 450)
    assert found.gap_nanos == 50
    assert parts(found) == {"unseen_usage": 100, "price_difference": -50}


def test_without_tokens_price_and_amount_cannot_be_told_apart(empty: DuckStore) -> None:
    used(empty, 400)
    billed(empty, 450)
    found = asked(empty)
    assert parts(found) == {"unexplained": 50}
    unknown = {part.name for part in found.parts if part.nanos is None}
    assert unknown == {"unseen_usage", "price_difference"}


def test_the_larger_of_two_sources_of_tokens_is_the_vendors(empty: DuckStore) -> None:
    price(empty, 5.0)
    used(empty, 500)
    counted(empty, 100)
    counted(empty, 60, source="enterprise")
    billed(empty, 500)
    assert parts(asked(empty)) == {}


def test_what_is_not_charged_by_the_token_stands_apart(empty: DuckStore) -> None:
    used(empty, 30, token_type="webSearch")
    used(empty, 100)
    billed(empty, 100)
    billed(empty, 50, cost_type="web_search", model="")
    billed(empty, 2000, cost_type="seat", assistant="", model="")
    found = asked(empty)
    assert found.separately == {"web_search": 20, "seat": 2000}
    assert parts(found) == {"separately_billed": 2020}


def test_other_products_models_without_price_and_open_days(empty: DuckStore) -> None:
    used(empty, None, model="house-model")
    used(empty, 70, day=LAST)
    billed(empty, 900, assistant="claude-chat")
    billed(empty, 33, model="house-model")
    billed(empty, 60, day=LAST, final=False)
    assert parts(asked(empty)) == {
        "products_without_telemetry": 900,
        "models_without_price": 33,
        "not_final": -10,
    }


def test_use_that_no_bill_covers(empty: DuckStore) -> None:
    used(empty, 100)
    used(empty, 7, provider="bedrock")
    used(empty, 5, assistant="codex", provider="openai", model="gpt-6-sol")
    used(empty, 3, day=LAST)  # after the last bill
    billed(empty, 100)
    assert parts(asked(empty)) == {"usage_without_bill": -15}


def test_a_bill_that_names_no_models_covers_them_all(empty: DuckStore) -> None:
    used(empty, 100)
    used(empty, 20, model="claude-haiku-4-5")
    billed(empty, 110, model="")
    assert parts(asked(empty)) == {"unexplained": -10}


def test_other_days_are_not_part_of_it(empty: DuckStore) -> None:
    used(empty, 100)
    billed(empty, 100)
    used(empty, 55, day=FIRST - dt.timedelta(days=1))
    billed(empty, 66, day=LAST + dt.timedelta(days=1))
    assert asked(empty).gap_nanos == 0


def test_the_three_faces_by_dimension_and_what_to_know(empty: DuckStore) -> None:
    used(empty, 100)
    put(empty, "costs", reported_nanos=90, **CODE)
    billed(empty, 80, workspace="Claude Code")
    billed(empty, 7, currency="EUR", usd_nanos=None)
    billed(empty, 1, bill_source="invoice")
    found = asked(empty)
    (side,) = found.by["model"]
    assert (side.reported_nanos, side.list_nanos, side.billed_nanos) == (90, 100, 81)
    assert {s.value for s in found.by["workspace"]} == {"Claude Code", ""}
    assert any("EUR" in note for note in found.notes)
    assert any("Several sources" in note for note in found.notes)


ROWS = st.fixed_dictionaries(
    {
        "day": st.sampled_from([FIRST, DAY, LAST]),
        "assistant": st.sampled_from(["claude-code", "codex", "claude-chat", ""]),
        "provider": st.sampled_from(["anthropic", "bedrock", ""]),
        "model": st.sampled_from([OPUS, "house-model", ""]),
    }
)
NANOS = st.integers(-(10**15), 10**15)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    use=st.lists(st.tuples(ROWS, st.none() | NANOS, st.sampled_from(["events", "vendor"]))),
    bills=st.lists(
        st.tuples(
            ROWS, NANOS, st.booleans(), st.sampled_from(["tokens", "", "seat", "web_search"])
        ),
        min_size=1,
    ),
    counts=st.lists(st.tuples(ROWS, st.integers(1, 10**9))),
)
def test_the_parts_sum_exactly(empty: DuckStore, use: Any, bills: Any, counts: Any) -> None:
    for table in ("usage", "bills", "vendor_days", "prices"):
        empty.query(f"DELETE FROM {table}")
    price(empty, 4.0)
    for row, nanos, witness in use:
        used(empty, nanos, witness=witness, **row)
    for row, nanos, final, kind in bills:
        billed(empty, nanos, final=final, cost_type=kind, **row)
    for row, tokens in counts:
        counted(empty, tokens, **row)
    found = asked(empty)
    assert sum(part.nanos or 0 for part in found.parts) == found.gap_nanos
    assert sum(s.billed_nanos or 0 for s in found.by["assistant"]) == found.billed_nanos


def test_clickhouse_gives_the_same(duck: DuckStore, clickhouse: ChdbStore) -> None:
    assert asked(clickhouse) == asked(duck)
    assert asked(duck).list_nanos is not None
    if asked(duck).billed_nanos is None:
        pytest.fail("the generated month has bills")


def test_it_answers_on_a_real_warehouse(tmp_path: Path) -> None:
    from steelyard.warehouse import open_warehouse

    with open_warehouse(str(tmp_path / "w.duckdb")) as warehouse:
        assert reconcile(warehouse, FIRST, LAST).gap_nanos is None
