"""The workbench: a DuckDB beside ClickHouse, in which facts are built by the one set of statements.

It holds a copy of every table but raw records and the finest facts; those a transaction asks for by
`bring` and `renew`, as temporary tables: a statement that uses them unasked fails, loudly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import duckdb
import pyarrow as pa

from steelyard.warehouse.clickhouse_schema import FINE, RAW, Column, Schema, part_of, schema_of
from steelyard.warehouse.migrations import migrate

_WRITES = re.compile(r"\b(?:insert\s+into|delete\s+from|update)\s+(\w+)", re.IGNORECASE)

Marks = dict[dt.date, str]  # of each part of a table, what tells its content from any other
PartMarks = Mapping[dt.date, tuple[int, str]]  # with the number of rows before it


@dataclass(frozen=True)
class Change:
    """Parts of a table that are different now: all their rows, and the new mark of each."""

    table: str
    rows: pa.Table  # with the column `of_part`
    marks: PartMarks


class Bench:
    """The DuckDB connection, its schema, and statements on whole parts of its tables."""

    def __init__(self, path: str, config: Mapping[str, Any]) -> None:
        self.connection = duckdb.connect(path, config=dict(config))
        migrate(self.connection, path)
        self.schema: Schema = schema_of(self.connection)
        self._described = {name: self._ddl(name) for name in (*RAW, *FINE)}
        for name in self._described:
            self.connection.execute(f"drop table {name}")
        for name in self.kept:
            self.connection.execute(f"delete from {name}")

    @property
    def kept(self) -> tuple[str, ...]:
        """The tables of which the bench has a copy."""
        return tuple(name for name in self.schema if name not in (*RAW, *FINE))

    def _ddl(self, name: str) -> str:
        sql = "select sql from duckdb_tables() where table_name = ?"
        found = self.connection.execute(sql, [name]).fetchall()[0][0]
        return re.sub(r"(?i)^create table", "CREATE TEMP TABLE", str(found))

    def lay(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        """An empty temporary table for raw records or fine facts."""
        cursor.execute(self._described[name])

    def part(self, name: str) -> str:
        return part_of(name, self.schema[name])

    def replace(self, cursor: Any, name: str, parts: Iterable[dt.date], rows: pa.Table) -> None:
        """Parts of a kept table as ClickHouse has them."""
        said = ", ".join(f"date '{part}'" for part in parts)
        cursor.execute(f"delete from {name} where {self.part(name)} in ({said})")
        self.fill(cursor, name, rows)

    def fill(self, cursor: Any, name: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        columns = self.schema[name]
        cursor.register("brought", rows)
        names = ", ".join(f'"{c.name}"' for c in columns)
        values = ", ".join(c.restored for c in columns)
        cursor.execute(f"insert into {name} ({names}) select {values} from brought")
        cursor.unregister("brought")

    def marks(self, cursor: Any, name: str) -> dict[dt.date, tuple[int, str]]:
        """The parts a table has, with their number of rows and mark."""
        rows = cursor.execute(
            f"select {self.part(name)} as part, count(*), sum(hash(t)) from {name} t group by 1"
        ).fetchall()
        return {part: (count, f"{count}-{total}") for part, count, total in rows}

    def rows(self, cursor: Any, name: str, parts: Iterable[dt.date]) -> pa.Table:
        """All rows of parts, in the columns and types that ClickHouse takes."""
        said = ", ".join(f"date '{part}'" for part in parts)
        if not said:
            said = "null"
        columns: Sequence[Column] = self.schema[name]
        values = ", ".join(c.clipped for c in columns)
        where = f"{self.part(name)} in ({said})"
        sql = f"select {values}, {self.part(name)} as of_part from {name} where {where}"
        return cast(pa.Table, cursor.sql(sql).to_arrow_table())


@dataclass
class Work:
    """A transaction's cursor: DuckDB's own, which notes what is written and what was asked for."""

    bench: Bench
    cursor: duckdb.DuckDBPyConnection
    written: set[str] = field(default_factory=set)
    laid: set[str] = field(default_factory=set)
    renewed: set[dt.date] = field(default_factory=set)
    appended: list[tuple[str, pa.Table]] = field(default_factory=list)
    taken: dict[str, list[pa.Table]] = field(default_factory=dict)  # versions and places, brought

    def execute(self, sql: Any, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        text = sql if isinstance(sql, str) else sql.query
        self.written.update(_WRITES.findall(text))
        return (
            self.cursor.execute(sql) if parameters is None else self.cursor.execute(sql, parameters)
        )

    def executemany(self, sql: str, rows: Any) -> duckdb.DuckDBPyConnection:
        self.written.update(_WRITES.findall(sql))
        return self.cursor.executemany(sql, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cursor, name)

    def lay(self, name: str) -> None:
        if name not in self.laid:
            self.bench.lay(self.cursor, name)
            self.laid.add(name)

    def changes(self, known: Mapping[str, Marks]) -> Iterator[Change]:
        """What differs from what is known of ClickHouse, table by table."""
        for name in sorted(self.written & {*self.bench.kept}):
            yield from self._changed(name, known.get(name, {}), None)
        for name in sorted(self.laid & {*FINE}):
            yield from self._changed(name, known.get(name, {}), self.renewed)

    def rewritten(self) -> dict[str, tuple[pa.Table, pa.Table]]:
        """Raw records that were brought and written to: what is left, and where they stood."""
        found = {}
        for name in sorted(self.written & {*self.taken}):
            columns = ", ".join(c.clipped for c in self.bench.schema[name])
            rows = self.cursor.sql(f"select {columns} from {name}").to_arrow_table()
            found[name] = (rows, pa.concat_tables(self.taken[name]))
        return found

    def _changed(self, name: str, known: Marks, among: set[dt.date] | None) -> Iterator[Change]:
        found = self.bench.marks(self.cursor, name)
        candidates = {*found, *known} if among is None else among
        marks = {part: found.get(part, (0, "")) for part in candidates}
        marks = {part: each for part, each in marks.items() if each[1] != known.get(part, "")}
        if marks:
            yield Change(name, self.bench.rows(self.cursor, name, sorted(marks)), marks)
