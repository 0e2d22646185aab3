"""Settings, Prices: what a token costs today, whose price it is, and what has none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.ledger.prices import KINDS, Price, packaged_prices
from steelyard.metrics import Question
from steelyard.web import words
from steelyard.web.answers import Line, lines
from steelyard.web.files import Kind, Rows, Table, add_files, table_file
from steelyard.web.formats import count, share
from steelyard.web.frame import Pages
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row

PATH = "/settings/prices"
SEARCH = ("webSearch", "")  # priced by the search, not by the token
DAYS = 365  # over which tokens without a price are looked for
HEADS = ("Input", "Output", "Cache read", "Cache write 5 min", "Cache write 1 h")
COLUMNS = (
    *("model", "token_type", "cache_ttl", "speed", "min_context", "usd_per_mtok"),
    *("valid_from", "valid_to", "own", "source"),
)


def add_prices(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        page = pages.page(request, "settings", "Prices", services.status())
        today = in_force(services)
        values = {
            "grid": _grid(today),
            "searches": [priced.usd for priced in today if priced.kind == SEARCH],
            "own": sum(priced.own for priced in today),
            "file": services.settings.prices,
            "unpriced": _unpriced_grid(unpriced(services)),
            "days": DAYS,
            "today": services.today(),
        }
        return pages.render(request, "prices.html", page, **values)

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        missing = [{"model": x.names["model"], **x.now} for x in unpriced(services)]
        return JSONResponse({"prices": _as_json(rows(services)), "unpriced": missing})

    def table(request: Request, kind: Kind) -> Response:
        form: Table = "csv" if kind == "csv" else "parquet"
        return table_file(rows(services), COLUMNS, form, f"prices-{services.today()}")

    add_files(routes, PATH, table, ("csv", "parquet"))


@dataclass(frozen=True)
class Priced:
    """A price of today; `own` says that the organisation's own file gave it."""

    price: Price
    own: bool

    @property
    def usd(self) -> float:
        """Of a million tokens."""
        return self.price.nanos_per_token / 1000

    @property
    def kind(self) -> tuple[str, str]:
        return self.price.token_type, self.price.cache_ttl


def in_force(services: Services) -> list[Priced]:
    """The prices of today. Own ones are those not packaged, where there is an own file."""
    today, own = services.today(), services.settings.prices is not None
    packaged = set(packaged_prices()) if own else set()
    now = [price for price in services.prices() if price.valid_from <= today < price.valid_to]
    return [Priced(price, own and price not in packaged) for price in now]


def rows(services: Services) -> Rows:
    """The prices of today as plain values, in US dollars per million tokens."""
    return [
        {
            **{name: getattr(priced.price, name) for name in COLUMNS[:5]},
            "usd_per_mtok": priced.usd,
            "valid_from": priced.price.valid_from,
            "valid_to": priced.price.valid_to,
            "own": priced.own,
            "source": priced.price.source,
        }
        for priced in in_force(services)
    ]


def unpriced(services: Services) -> list[Line]:
    """Models of whose tokens some have no price, the most first."""
    today = services.today()
    start = today - dt.timedelta(days=DAYS - 1)
    asked = Question(("tokens", "unpriced_tokens"), start, today, by=("model",))
    found = [line for line in lines(services.ask(asked)) if line.number("unpriced_tokens")]
    return sorted(found, key=lambda line: -(line.number("unpriced_tokens") or 0))


def _as_json(found: Rows) -> list[dict[str, Any]]:
    dates = ("valid_from", "valid_to")
    return [{**row, **{name: row[name].isoformat() for name in dates}} for row in found]


def _grid(prices: Sequence[Priced]) -> Grid:
    """A row a model and tier, own prices first."""
    tiers: dict[tuple[bool, str, str, int], list[Priced]] = {}
    for priced in prices:
        if priced.kind != SEARCH:
            price = priced.price
            tier = (not priced.own, price.model, price.speed, price.min_context)
            tiers.setdefault(tier, []).append(priced)
    heads = [Head("Model"), *map(Head, HEADS)]
    heads += [Head(label, left=True) for label in ("Since", "Whose", "Source")]
    found = tuple(_row(key, tiers[key]) for key in sorted(tiers))
    return Grid("Prices in US dollars per million tokens", tuple(heads), found)


def _row(key: tuple[bool, str, str, int], prices: Sequence[Priced]) -> Row:
    listed, model, speed, context = key
    tier = [speed] if speed else []
    tier += [f"prompts from {count(context)} tokens"] if context else []
    by_kind = {priced.kind: priced for priced in prices}
    cells = [_dollars(by_kind.get(kind)) for kind in KINDS if kind != SEARCH]
    since = max(priced.price.valid_from for priced in prices)
    said = (since.isoformat(), "list" if listed else "own", prices[0].price.source)
    name = words.value("model", model)
    label = f"{name}, {', '.join(tier)}" if tier else name
    return Row(label, (*cells, *(Cell(text, left=True) for text in said)))


def _dollars(priced: Priced | None) -> Cell:
    return Cell("–", False) if priced is None else Cell(f"{priced.usd:,.5g}")


def _unpriced_grid(found: Sequence[Line]) -> Grid:
    heads = tuple(map(Head, ("Model", "Tokens without a price", "Of its tokens")))
    return Grid("Models without a price", heads, tuple(map(_unpriced_row, found)))


def _unpriced_row(line: Line) -> Row:
    missing, all_ = line.number("unpriced_tokens") or 0, line.number("tokens")
    part = Cell(share(missing / all_)) if all_ else Cell("–", False)
    return Row(words.value("model", line.names["model"]), (Cell(count(missing)), part))
