"""What metrics need from a warehouse: its dialect, a query, and how often the facts changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from steelyard.metrics.facts import FACTS


class Store(Protocol):
    """`dialect` is "duckdb" or "clickhouse"; rows come back as tuples of plain Python values."""

    @property
    def dialect(self) -> str: ...

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]: ...

    def data_version(self) -> int: ...


def recorded_days_sql() -> str:
    """First and last day of each fact table, in one statement; null where a table is empty."""
    tables = dict.fromkeys(fact.table for fact in FACTS.values())
    return " UNION ALL ".join(
        f"SELECT min(day), max(day) FROM {table} HAVING count(*) > 0" for table in tables
    )
