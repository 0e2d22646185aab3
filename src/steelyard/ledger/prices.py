"""List prices, dated: one row per model, token type, period and tier, each with its source.

The packaged table is `prices.csv`, in US dollars per million tokens. An organisation's own file of
the same columns (contract rates) goes before it: a model named there is priced from there alone.
Nothing is fetched at run time.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import BadFile
from steelyard.ledger.models import family

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

COLUMNS = (
    "model",
    "token_type",
    "cache_ttl",
    "speed",
    "min_context",
    "valid_from",
    "valid_to",
    "usd_per_mtok",
    "source",
)

# Token types and cache lifetimes that have a price.
KINDS = (
    ("input", ""),
    ("output", ""),
    ("cacheRead", ""),
    ("cacheCreation", "5m"),
    ("cacheCreation", "1h"),
    ("webSearch", ""),
)


@dataclass(frozen=True)
class Price:
    """What one token costs from `valid_from` up to, not including, `valid_to`.

    `min_context` is the smallest prompt (input, cache read and cache creation together) that the
    tier covers. `model` "*" covers every model. Nano-dollars per token are a thousand times US
    dollars per million tokens.
    """

    model: str
    token_type: str
    cache_ttl: str
    speed: str
    min_context: int
    valid_from: dt.date
    valid_to: dt.date
    nanos_per_token: float
    source: str


def packaged_prices() -> list[Price]:
    text = resources.files("steelyard.ledger").joinpath("prices.csv").read_text()
    return list(_read(text.splitlines(), "prices.csv"))


def all_prices(own: Path | None) -> list[Price]:
    """The packaged prices with the organisation's own in place of those it names.

    Raises BadFile for a line that cannot be a price, and for two prices of one thing at one time.
    """
    mine = _own_prices(own) if own else []
    named = {price.model for price in mine}
    return mine + [price for price in packaged_prices() if price.model not in named]


def _own_prices(path: Path) -> list[Price]:
    try:
        prices = list(_read(path.read_text(encoding="utf-8-sig").splitlines(), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(
            f"The price file {path} cannot be read: {getattr(error, 'strerror', error)}.",
            "Correct the setting `prices`, or remove it to use the packaged list prices.",
        ) from error
    for first, second in overlapping(prices):
        raise BadFile(
            f"{path} gives {second.model} two prices for {second.token_type} on"
            f" {second.valid_from}: {first.nanos_per_token / 1000:g} and"
            f" {second.nanos_per_token / 1000:g} USD.",
            "Let valid_to of the earlier line be valid_from of the later.",
        )
    return prices


def overlapping(prices: Iterable[Price]) -> Iterator[tuple[Price, Price]]:
    """Neighbouring pairs of prices for the same thing that are both valid on some day."""
    held: Price | None = None
    for price in sorted(prices, key=lambda p: (*astuple(p)[:5], p.valid_from)):
        same = held is not None and astuple(held)[:5] == astuple(price)[:5]
        if held is not None and same and price.valid_from < held.valid_to:
            yield held, price
        held = price


def _read(lines: Iterable[str], name: str) -> Iterator[Price]:
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadFile(f"{name} does not have the columns of a price table.", ",".join(COLUMNS))
    for row in reader:
        try:
            yield _price(row)
        except (ValueError, TypeError) as error:
            raise BadFile(
                f"{name}, line {reader.line_num}: {error}.", "Correct the line."
            ) from error


def _price(row: dict[str, str]) -> Price:
    amount = _amount(row["usd_per_mtok"])
    if (row["token_type"], row["cache_ttl"]) not in KINDS:
        known = ", ".join(" ".join(kind).strip() for kind in KINDS)
        raise ValueError(f"token_type and cache_ttl are none of {known}")
    start, end = (dt.date.fromisoformat(row[name]) for name in ("valid_from", "valid_to"))
    if end <= start:
        raise ValueError(f"valid_to {end} is not after valid_from {start}")
    return Price(
        family(row["model"]),
        row["token_type"],
        row["cache_ttl"],
        row["speed"],
        int(row["min_context"]),
        start,
        end,
        float(amount * 1000),
        row["source"],
    )


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
        if 0 <= amount < 1_000_000:
            return amount
    except InvalidOperation:
        pass
    raise ValueError(f"{text!r} is no price in US dollars per million tokens")


def load_prices(warehouse: Warehouse, prices: list[Price]) -> bool:
    """Put the prices into the warehouse. When they changed, every day is priced again."""
    rows = sorted(astuple(price) for price in prices)
    with warehouse.transaction() as cursor:
        held = cursor.execute("select * from prices").fetchall()
        if _digest(sorted(held)) == _digest(rows):
            return False
        cursor.execute("delete from prices")
        cursor.executemany("insert into prices values (?,?,?,?,?,?,?,?,?)", rows)
        cursor.execute("insert into dirty_days select distinct day from usage_days")
    return True


def loaded_prices(warehouse: Warehouse) -> list[Price]:
    """The prices that the warehouse prices with."""
    return [Price(*row) for row in warehouse.query("select * from prices order by all")]


def _digest(rows: list[tuple[object, ...]]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()
