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
    """The packaged prices with the organisation's own in place of those it names."""
    mine = _own_prices(own) if own else []
    named = {price.model for price in mine}
    return mine + [price for price in packaged_prices() if price.model not in named]


def _own_prices(path: Path) -> list[Price]:
    try:
        return list(_read(path.read_text().splitlines(), str(path)))
    except OSError as error:
        raise BadFile(
            f"The price file {path} cannot be read: {error.strerror}.",
            "Correct the setting `prices`, or remove it to use the packaged list prices.",
        ) from error


def _read(lines: Iterable[str], name: str) -> Iterator[Price]:
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadFile(f"{name} does not have the columns of a price table.", ",".join(COLUMNS))
    for row in reader:
        try:
            yield _price(row)
        except (ValueError, InvalidOperation) as error:
            raise BadFile(
                f"{name}, line {reader.line_num}: {error}.", "Correct the line."
            ) from error


def _price(row: dict[str, str]) -> Price:
    return Price(
        row["model"],
        row["token_type"],
        row["cache_ttl"],
        row["speed"],
        int(row["min_context"]),
        dt.date.fromisoformat(row["valid_from"]),
        dt.date.fromisoformat(row["valid_to"]),
        float(Decimal(row["usd_per_mtok"]) * 1000),
        row["source"],
    )


def load_prices(warehouse: Warehouse, prices: list[Price]) -> bool:
    """Put the prices into the warehouse. When they changed, every day is priced again."""
    rows = sorted(astuple(price) for price in prices)
    with warehouse.transaction() as cursor:
        held = cursor.execute("select * from prices").fetchall()
        if _digest(sorted(held)) == _digest(rows):
            return False
        cursor.execute("delete from prices")
        cursor.executemany("insert into prices values (?,?,?,?,?,?,?,?,?)", rows)
        cursor.execute("insert into dirty_days select distinct day from usage")
    return True


def _digest(rows: list[tuple[object, ...]]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()
