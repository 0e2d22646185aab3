"""A small world to build facts from: say who worked when, ask what the ledger made of it.

Records are rows of `steelyard.records`, so copies have equal keys exactly when clients' copies
would. Nothing here computes what the answers should be: the tests say that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tests.warehouse.opened import empty, in_memory, rows

from steelyard.ledger.prices import Price, all_prices, load_prices
from steelyard.ledger.refresh import Options, refresh
from steelyard.model import UsageDay
from steelyard.records import TABLES, record_key
from steelyard.sources.tables import to_tables
from steelyard.warehouse import told

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

Row = dict[str, Any]
Record = tuple[str, Row]  # the table and the row

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
NOW = dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)
FACTS = (
    *("usage", "costs", "witnesses", "requests", "decisions", "tool_calls", "counters", "prompts"),
    *(
        "usage_days",
        "cost_days",
        "session_days",
        "sessions",
        "person_days",
        "people_seen",
        "segments",
        "session_people",
    ),
)
_COLUMN = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
}


def at(text: str) -> dt.datetime:
    """`at("2026-10-05 09:00")`, in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Session:
    """Who works: all that its records have in common."""

    id: str = "s1"
    email: str = "ada@acme.example"
    assistant: str = "claude-code"
    install_id: str = "install-1"
    account_id: str = ""
    account_uuid: str = ""

    def event(self, name: str, time: dt.datetime, witness: str = "events", **more: Any) -> Record:
        return _record("events", self, name=name, time=time, witness=witness, **more)

    def call(
        self,
        time: dt.datetime,
        model: str = "claude-opus-5-5",
        *,
        witness: str = "events",
        tokens: Mapping[str, int] | None = None,
        **more: Any,
    ) -> Record:
        """One answered model call; `tokens` by token type."""
        counts = {_COLUMN[kind]: count for kind, count in (tokens or {"input": 100}).items()}
        return self.event("api_request", time, witness, model=model, **counts, **more)

    def point(self, name: str, time: dt.datetime, value: float, **more: Any) -> Record:
        """One point of a metric; delta unless `temporality` says otherwise."""
        given = {"temporality": "delta", "start": time - MINUTE, **more}
        own = {k: v for k, v in given.items() if k != "start"}
        series = record_key(self, name, *sorted(own.items()), given["start"])
        return _record(
            "points", self, name=name, time=time, value=value, witness="metrics",
            metric=name, series=series, **given,
        )  # fmt: skip

    def used(
        self,
        time: dt.datetime,
        tokens: Mapping[str, float],
        model: str = "claude-opus-5-5",
        **more: Any,
    ) -> list[Record]:
        """Token points, one a type."""
        return [
            self.point("tokens", time, value, type=kind, model=model, **more)
            for kind, value in tokens.items()
        ]


def _record(table: str, who: Session, **given: Any) -> Record:
    row = {field.name: "" if field.type == pa.string() else None for field in TABLES[table]}
    row |= {"session": who.id, "email": who.email, "assistant": who.assistant}
    row |= {"install_id": who.install_id}
    row |= {"account_id": who.account_id, "account_uuid": who.account_uuid}
    unknown = given.keys() - row.keys()
    assert not unknown, f"no column {unknown}"
    row |= given
    row["day"] = row["time"].date()
    row["key"] = given.get("key") or record_key(table, *row.values())
    return table, row


def _rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(round(value, 6) if isinstance(value, float) else value for value in row)


def tables_of(records: Iterable[Record]) -> dict[str, pa.Table]:
    found: dict[str, list[Row]] = {}
    for table, row in records:
        found.setdefault(table, []).append(row)
    return {name: pa.Table.from_pylist(rows, schema=TABLES[name]) for name, rows in found.items()}


class World:
    """A warehouse in memory with list prices; `tell` it records, then ask."""

    def __init__(self, prices: list[Price] | None = None, **options: Any) -> None:
        self.warehouse: Warehouse = in_memory()
        self.options = Options(**options)
        load_prices(self.warehouse, all_prices(None) if prices is None else prices)

    def add(self, *records: Record | list[Record]) -> None:
        """Records into the warehouse, without building facts."""
        flat = [r for each in records for r in (each if isinstance(each, list) else [each])]
        self.warehouse.append(tables_of(flat), None, NOW)

    def tell(self, *records: Record | list[Record]) -> World:
        self.add(*records)
        self.refresh()
        return self

    def counted(self, *records: UsageDay, source: str = "analytics") -> World:
        """What a vendor counted, into the warehouse, without building facts."""
        with self.warehouse.transaction() as cursor:
            for kind, table in to_tables(records).items():
                told.store(cursor, source, kind, table, NOW)
        return self

    def refresh(self) -> int:
        return refresh(self.warehouse, self.options, NOW)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return rows(self.warehouse, sql, parameters)

    def one(self, sql: str, *parameters: Any) -> Any:
        (row,) = self.rows(sql, *parameters)
        return row[0] if len(row) == 1 else row

    def tokens(self, *by: str) -> dict[Any, int]:
        """Tokens of the ledger by columns of `usage`; a bare value where one column is named."""
        names = ", ".join(by)
        rows = self.rows(
            f"select {names}, sum(tokens) from usage where token_type <> 'webSearch' group by all"
        )
        return {row[0] if len(by) == 1 else row[:-1]: int(row[-1]) for row in rows}

    def total(self) -> int:
        return int(self.one("select coalesce(sum(tokens), 0) from usage"))

    def nanos(self, column: str = "list_nanos", table: str = "usage") -> int | None:
        """Money in whole nano-dollars; None where nothing is known."""
        found = self.one(f"select sum({column}) from {table}")
        return None if found is None else int(found)

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every fact table, its rows in a fixed order; sums of fractions without their dust."""
        told = {name: self.rows(f"select * from {name}") for name in FACTS}
        return {name: sorted(map(_rounded, rows), key=repr) for name, rows in told.items()}

    def forget(self) -> None:
        """An empty world again; prices stay."""
        other = ("raw_usage_days", "vendor_told", "dirty_work", "dirty_days", "kept_since")
        empty(self.warehouse, (*FACTS, *TABLES, *other, "people", "identities"))
