"""The rows that list price and bills are compared by: no people, summed per day.

Models are called by their family on all sides.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import parse_one

from steelyard.ledger.models import family
from steelyard.metrics.dialects import render
from steelyard.metrics.store import Store


@dataclass(frozen=True)
class Bill:
    """What one source billed on a day. `usd_nanos` is None in other currencies."""

    day: dt.date
    assistant: str
    provider: str
    model: str
    workspace: str
    cost_type: str
    source: str
    currency: str
    final: bool
    usd_nanos: int | None


@dataclass(frozen=True)
class Use:
    """Use of a day at list price, or (`nanos`) what clients reported for it.

    `by_vendor`: nobody but a vendor counted it. `vendor_was_there`: a vendor counted that day.
    """

    day: dt.date
    assistant: str
    provider: str
    model: str
    is_search: bool = False
    by_vendor: bool = False
    list_nanos: int | None = None
    unpriced_tokens: int = 0
    nanos: int = 0
    vendor_was_there: bool = False


def read_bills(store: Store, start: dt.date, end: dt.date) -> list[Bill]:
    """Bills of the days, a line of several days by its share."""
    columns = "day, assistant, provider, model, workspace, cost_type, bill_source, currency, final"
    rows = _asked(
        store,
        f"SELECT {columns}, sum(usd_nanos) AS nanos FROM bills WHERE {_between(start, end)}"
        f" GROUP BY {columns}",
    )
    return [
        Bill(
            day, assistant, provider, family(model), space, cost, source, money, bool(final), nanos
        )
        for day, assistant, provider, model, space, cost, source, money, final, nanos in rows
    ]


def read_use(store: Store, start: dt.date, end: dt.date) -> list[Use]:
    """The ledger's use with what a vendor alone counted told apart."""
    kinds = "day, assistant, provider, model, token_type, witness"
    rows = _asked(
        store,
        f"SELECT {kinds}, sum(list_nanos) AS nanos, sum(unpriced_tokens) AS unpriced"
        f" FROM usage WHERE {_between(start, end)} GROUP BY {kinds}",
    )
    there = {
        (day, assistant)
        for day, assistant in _asked(
            store,
            "SELECT DISTINCT day, assistant FROM witnesses"
            f" WHERE witness = 'vendor' AND {_between(start, end)}",
        )
    }
    return [
        Use(
            day,
            assistant,
            provider,
            model,
            kind == "webSearch",
            witness == "vendor",
            _whole(nanos),
            int(unpriced or 0),
            vendor_was_there=(day, assistant) in there,
        )
        for day, assistant, provider, model, kind, witness, nanos, unpriced in rows
    ]


def read_reported(store: Store, start: dt.date, end: dt.date) -> list[Use]:
    """What clients reported as cost."""
    kinds = "day, assistant, provider, model"
    rows = _asked(
        store,
        f"SELECT {kinds}, sum(reported_nanos) AS nanos FROM cost_days"
        f" WHERE {_between(start, end)} GROUP BY {kinds}",
    )
    return [
        Use(day, assistant, provider, model, nanos=int(nanos or 0))
        for day, assistant, provider, model, nanos in rows
    ]


def valued_counts(
    store: Store, start: dt.date, end: dt.date
) -> Mapping[tuple[dt.date, str, str], int | None]:
    """What vendors counted by day, assistant and model at list price: the larger of sources.

    None where a price is unknown. Cache writes of unknown lifetime are priced as the ledger does.
    """
    kinds = "day, assistant, source, model, token_type, cache_ttl"
    rows = _asked(
        store,
        f"SELECT {kinds}, sum(tokens) AS tokens FROM vendor_days"
        f" WHERE {_between(start, end)} AND token_type <> '' GROUP BY {kinds}",
    )
    prices = _prices(store)
    sums: dict[tuple[dt.date, str, str], dict[str, list[int | None]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for day, assistant, source, model, kind, ttl, tokens in rows:
        if tokens:
            lifetime = (ttl or "5m") if kind == "cacheCreation" else ""
            nanos = _price(prices.get((family(model), kind, lifetime), []), day)
            value = None if nanos is None else round(int(tokens) * nanos)
            sums[day, assistant, family(model)][source].append(value)
    return {cell: _largest(sources) for cell, sources in sums.items()}


def _largest(sources: Mapping[str, list[int | None]]) -> int | None:
    found = list(sources.values())
    if any(value is None for values in found for value in values):
        return None
    return max(sum(value or 0 for value in values) for values in found)


_Dated = list[tuple[dt.date, dt.date, float]]


def _prices(store: Store) -> dict[tuple[str, str, str], _Dated]:
    rows = _asked(
        store,
        "SELECT model, token_type, cache_ttl, valid_from, valid_to, nanos_per_token FROM prices"
        " WHERE speed = '' AND min_context = 0",
    )
    found: dict[tuple[str, str, str], _Dated] = defaultdict(list)
    for model, token_type, ttl, first, last, nanos in rows:
        found[model, token_type, ttl].append((first, last, nanos))
    return found


def _price(dated: _Dated, day: dt.date) -> float | None:
    return next((nanos for first, last, nanos in dated if first <= day < last), None)


def _between(start: dt.date, end: dt.date) -> str:
    return f"day BETWEEN CAST('{start}' AS DATE) AND CAST('{end}' AS DATE)"


def _asked(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return store.query(render(parse_one(sql, dialect="duckdb"), store.dialect))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
