"""What metrics need from a warehouse: its dialect, a query, and how often the facts changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Protocol


class Store(Protocol):
    """`dialect` is "duckdb" or "clickhouse", `schema` where its tables are; rows
    come back as tuples of plain Python values."""

    @property
    def dialect(self) -> str: ...

    @property
    def schema(self) -> str: ...

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]: ...

    def data_version(self) -> int: ...


def recorded_days(store: Store, tables: Iterable[str]) -> list[tuple[str, dt.date, dt.date]]:
    """Each table with its first and last day; tables without rows are left out."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}', min(day), max(day) FROM {table} HAVING count(*) > 0"
        for table in dict.fromkeys(tables)
    )
    return [(table, first, last) for table, first, last in store.query(asked)] if asked else []


def recorded_since(store: Store, tables: Iterable[str]) -> dt.date | None:
    """The day from which all of the tables hold something; empty ones are left out."""
    return max((first for _, first, _ in recorded_days(store, sorted(tables))), default=None)
