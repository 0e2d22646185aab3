"""An organisation's own price file: contract rates go before list prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ledger.world import Session, World, at

from steelyard.errors import BadFile
from steelyard.ledger.prices import COLUMNS, all_prices, load_prices, packaged_prices

NOON = at("2026-11-20 12:00")
CONTRACT = "claude-opus-5-5,input,,,0,2026-01-01,9999-12-31,3.2,contract 7"


def price_file(folder: Path, *lines: str) -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    return path


@pytest.fixture
def repriced(world: World) -> Iterator[World]:
    yield world
    load_prices(world.warehouse, packaged_prices())


def test_a_model_named_there_is_priced_from_there_alone(repriced: World, tmp_path: Path) -> None:
    load_prices(repriced.warehouse, all_prices(price_file(tmp_path, CONTRACT)))
    who = Session("s1")
    repriced.tell(
        who.call(NOON, "claude-opus-5-5", tokens={"input": 100, "output": 7}),
        who.call(NOON, "claude-haiku-4-5", tokens={"output": 10}),
    )
    rows = "select model, token_type, list_nanos, unpriced_tokens from usage order by all"
    assert repriced.rows(rows) == [
        ("claude-haiku-4-5", "output", 50_000, 0),
        ("claude-opus-5-5", "input", 320_000, 0),
        ("claude-opus-5-5", "output", None, 7),  # the contract says nothing of it
    ]


def test_new_prices_price_old_days_again(repriced: World, tmp_path: Path) -> None:
    repriced.tell(Session("s1").call(NOON, "house-model", tokens={"input": 100}))
    assert repriced.nanos() is None
    own = price_file(tmp_path, "house-model,input,,,0,2026-01-01,9999-12-31,2,gateway")
    assert load_prices(repriced.warehouse, all_prices(own)) is True
    assert repriced.refresh() == 1
    assert repriced.one("select list_nanos, unpriced_tokens from usage") == (200_000, 0)
    assert repriced.one("select list_nanos from sessions") == 200_000


def test_the_same_prices_cost_nothing(repriced: World, tmp_path: Path) -> None:
    own = all_prices(price_file(tmp_path, CONTRACT))
    repriced.tell(Session("s1").call(NOON))
    assert load_prices(repriced.warehouse, own) is True
    repriced.refresh()
    version = repriced.warehouse.data_version()
    assert load_prices(repriced.warehouse, own[::-1]) is False
    assert repriced.refresh() == 0
    assert repriced.warehouse.data_version() == version


def test_a_name_is_read_like_those_that_clients_report(tmp_path: Path) -> None:
    line = CONTRACT.replace("claude-opus-5-5", "us.anthropic.claude-opus-5-5-v1:0")
    own = all_prices(price_file(tmp_path, line))
    assert [p.nanos_per_token for p in own if p.model == "claude-opus-5-5"] == [3200.0]


def test_rates_may_change_from_one_day_to_the_next(repriced: World, tmp_path: Path) -> None:
    lines = (
        "claude-opus-5-5,input,,,0,2026-01-01,2026-11-20,3,old contract",
        "claude-opus-5-5,input,,,0,2026-11-20,9999-12-31,2,new contract",
    )
    load_prices(repriced.warehouse, all_prices(price_file(tmp_path, *lines)))
    repriced.tell(
        Session("s1").call(at("2026-11-19 23:00"), tokens={"input": 10}),
        Session("s2").call(at("2026-11-20 00:30"), tokens={"input": 10}),
    )
    assert repriced.rows("select list_nanos from usage order by day") == [(30_000,), (20_000,)]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (CONTRACT.replace("3.2", "cheap"), "line 2: 'cheap' is no price"),
        (CONTRACT.replace("3.2", "NaN"), "'NaN' is no price"),
        (CONTRACT.replace("3.2", "-1"), "'-1' is no price"),
        (CONTRACT.replace("3.2", "1e9"), "'1e9' is no price"),
        (CONTRACT.replace(",input,", ",Input,"), "token_type and cache_ttl are none of input"),
        (CONTRACT.replace(",input,", ",cacheCreation,"), "cacheCreation 5m"),
        (CONTRACT.replace("2026-01-01", "01.01.2026"), "Invalid isoformat string"),
        (CONTRACT.replace("9999-12-31", "2026-01-01"), "is not after valid_from"),
        (CONTRACT.replace(",0,", ",many,"), "invalid literal"),
        ("claude-opus-5-5,input", "line 2"),
    ],
)
def test_a_line_that_cannot_be_a_price_is_named(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(BadFile, match=what):
        all_prices(price_file(tmp_path, line))


def test_two_prices_for_one_day_are_refused(tmp_path: Path) -> None:
    twice = CONTRACT.replace("3.2", "3").replace("2026-01-01", "2026-06-01")
    with pytest.raises(BadFile, match=r"two prices for input on 2026-06-01: 3\.2 and 3 USD"):
        all_prices(price_file(tmp_path, CONTRACT, twice))


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("model,price\nx,1\n")
    with pytest.raises(BadFile, match="does not have the columns"):
        all_prices(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        all_prices(tmp_path / "none.csv")
