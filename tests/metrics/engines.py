"""The two engines metrics are asked on: DuckDB, and the real ClickHouse in the process (chDB)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import steelyard.warehouse.migrations as migrations

from .world import World

LATEST = dt.date(2299, 12, 31)  # the last day of ClickHouse's Date32
_TYPES = {
    "VARCHAR": "String",
    "BIGINT": "Int64",
    "DOUBLE": "Float64",
    "DATE": "Date32",
    "BOOLEAN": "Bool",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
}


# The ledger keeps these as tables; here they follow whatever a test puts into their facts.
_ROLL_UPS = """
drop table usage_days;
create view usage_days as
select day, person, assistant, provider, plan, model, token_type, sum(tokens)::bigint as tokens,
  sum(list_nanos)::bigint as list_nanos, sum(input_nanos)::bigint as input_nanos,
  sum(unpriced_tokens)::bigint as unpriced_tokens
from usage
group by day, person, assistant, provider, plan, model, token_type,
  list_nanos is null, input_nanos is null;
drop table cost_days;
create view cost_days as
select day, person, assistant, provider, plan, model, sum(reported_nanos)::bigint as reported_nanos
from costs group by all;
"""


class DuckStore:
    dialect = "duckdb"
    schema = "main"

    def __init__(self, roll_up: bool = True) -> None:
        self.connection = duckdb.connect()
        self.version = 1
        for file in sorted(Path(migrations.__file__).parent.glob("m*.sql")):
            self.connection.execute(file.read_text())
        if roll_up:
            self.connection.execute(_ROLL_UPS)

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.cursor().execute(sql, params).fetchall()

    def data_version(self) -> int:
        return self.version

    def tables(self) -> dict[str, list[tuple[str, str, bool]]]:
        """Columns of every table: name, type, whether it may be null."""
        found: dict[str, list[tuple[str, str, bool]]] = {}
        sql = (
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        )
        for table, column, kind, nullable in self.query(sql + " ORDER BY 1, ordinal_position"):
            found.setdefault(table, []).append((column, kind, nullable == "YES"))
        return found

    def load(self, world: World) -> None:
        self.query("DELETE FROM data_version")
        for table, rows in world.tables.items():
            schema = self.connection.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_table()
            told = pa.schema([field for field in schema.schema if field.name in rows[0]])
            batch = pa.Table.from_pylist(rows, told)  # the rest has its default
            self.connection.register("batch", batch)
            self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM batch")


class ChdbStore:
    dialect = "clickhouse"
    schema = "default"

    def __init__(self, folder: Path) -> None:
        from chdb import session

        self.folder = folder
        self.session = session.Session(str(folder / "chdb"))

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        answer = self.session.query(sql, "Arrow").bytes()
        if not answer:
            return []
        table = pa.ipc.open_file(answer).read_all()
        columns = [[_text(v) for v in column.to_pylist()] for column in table.columns]
        return list(zip(*columns, strict=True))

    def data_version(self) -> int:
        return 1

    def load(self, model: DuckStore) -> None:
        """Take every table and row over from DuckDB, through Parquet."""
        for table, columns in model.tables().items():
            if table.startswith("raw_"):  # what sources told is not asked
                continue
            parts = [f"`{name}` {_type(kind, maybe)}" for name, kind, maybe in columns]
            self.session.query(f"CREATE TABLE {table} ({', '.join(parts)}) ENGINE = Memory")
            chosen = [f"{_clipped(name, kind)} AS {name}" for name, kind, _ in columns]
            rows = model.connection.sql(f"SELECT {', '.join(chosen)} FROM {table}").to_arrow_table()
            path = self.folder / f"{table}.parquet"
            pq.write_table(rows, path)
            if rows.num_rows:
                self.session.query(f"INSERT INTO {table} SELECT * FROM file('{path}')")


def _type(kind: str, nullable: bool) -> str:
    return f"Nullable({_TYPES[kind]})" if nullable else _TYPES[kind]


def _clipped(name: str, kind: str) -> str:
    """`least` alone would take NULL for the later day."""
    if kind != "DATE":
        return name
    return f"CASE WHEN {name} > DATE '{LATEST}' THEN DATE '{LATEST}' ELSE {name} END"


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
