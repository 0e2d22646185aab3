"""An empty warehouse for a test: DuckDB in memory or, with STEELYARD_TEST_CLICKHOUSE=1, ClickHouse.

So whole suites run on either engine (`make test-clickhouse`); their statements may name any table.
"""

from __future__ import annotations

import atexit
import datetime as dt
import itertools
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from steelyard.records import TABLES
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.clickhouse_schema import FINE
from steelyard.warehouse.duck import DuckWarehouse

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

ON_CLICKHOUSE = bool(os.environ.get("STEELYARD_TEST_CLICKHOUSE"))
of_duckdb = pytest.mark.skipif(ON_CLICKHOUSE, reason="of DuckDB's own file")
_numbers = itertools.count(1)
_FAR = (*TABLES, *FINE)


def examples(number: int) -> int:
    """So many of them; few on ClickHouse, where each takes seconds."""
    return min(number, 2) if ON_CLICKHOUSE else number


@cache
def address() -> str:
    """The stand-in's, started once for all tests of the process."""
    from tests.standins.clickhouse import clickhouse

    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(clickhouse())


def database() -> str:
    """The address of a database that is not there yet."""
    return f"{address()}/test_{os.getpid()}_{next(_numbers)}"


def in_memory() -> Warehouse:
    url = database() if ON_CLICKHOUSE else ":memory:"
    return open_warehouse(url, threads=1, memory_limit="500MB")


def rows(warehouse: Warehouse, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a statement in DuckDB's words answers, whatever tables it names."""
    with warehouse.transaction() as cursor:
        for table in sorted({*_FAR} & {*re.findall(r"\w+", sql)}):
            warehouse.bring(cursor, table, "1")
        return list(cursor.execute(sql, list(values)).fetchall())


def empty(warehouse: Warehouse, tables: Sequence[str]) -> None:
    """Delete all rows of tables; of fine facts and raw records, all."""
    far = set() if isinstance(warehouse, DuckWarehouse) else {*_FAR}
    with warehouse.transaction() as cursor:
        for name in tables:
            if name not in far:
                cursor.execute(f"delete from {name}")
        warehouse.renew_before(cursor, dt.date(2299, 12, 31))
    if not isinstance(warehouse, DuckWarehouse):
        for name in TABLES:
            warehouse.wire.run(f"TRUNCATE TABLE {name}")


def clear(warehouse: Warehouse) -> None:
    """As when it was new, but for prices, and for its version: answers are remembered by that."""
    version = warehouse.data_version()
    asked = "select table_name from duckdb_tables() where not temporary order by 1"
    names = [name for (name,) in warehouse.query(asked)]
    empty(warehouse, [name for name in names if name not in ("schema_version", "prices")])
    with warehouse.transaction() as cursor:
        cursor.execute("insert into data_version values (?, null)", [version + 1])
