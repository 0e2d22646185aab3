"""The tables of ClickHouse, made from those of the workbench: one schema, written once.

A table of facts is `name_rows`, in parts with a version each, and a view `name` that shows of every
part the version that the table `parts` names. Raw records have no parts: they are only appended.
With a cluster named, statements run on all its servers and every one keeps all rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.records import TABLES

RAW = tuple(TABLES)
# The facts that grow with every model call: no query across days is built from them, so the
# workbench holds of them only what a transaction asks for.
FINE = (
    *("usage", "costs", "witnesses", "requests", "decisions", "tool_calls", "counters"),
    "prompts",
)
# Facts that the ledger builds again a day at a time.
_DAILY = {*FINE, "session_days", "sessions", "person_days", "usage_days", "cost_days"}
# What a row's month is read from, in tables that are changed bit by bit; others are one part.
_MONTHS = (
    *("day", "week", "seen_day", "first_day"),
    *("committed_at", "created_at", "submitted_at", "started_at", "happened_at"),
)
# The days that ClickHouse's Date32 can hold; '9999-12-31', no end, is its last one there.
EARLIEST, LATEST = "1900-01-01", "2299-12-31"
NO_END = "9999-12-31"

_TYPES = {
    "BIGINT": "Int64",
    "DOUBLE": "Float64",
    "DATE": "Date32",
    "BOOLEAN": "Bool",
    "TIMESTAMP": "DateTime64(6, 'UTC')",
    "VARCHAR": "String",
    "VARCHAR[]": "Array(String)",
}
# Texts that are rarely said twice; all others are kept in a dictionary.
_MANIFOLD = {
    *("session", "prompt_id", "request_id", "tool_use_id", "trace_id", "span_id", "parent_id"),
    *("resource", "attributes", "key", "sha", "description", "error"),
}
# Copies of one insert (the client sends again what it has no answer to) count once.
_INSERTS_KNOWN = 1000


@dataclass(frozen=True)
class Column:
    """A column of the workbench: its name, DuckDB's type, and whether it may be null."""

    name: str
    kind: str
    nullable: bool

    @property
    def type(self) -> str:
        """The type it has in ClickHouse."""
        if self.nullable:
            return f"Nullable({_TYPES[self.kind]})"
        if self.kind == "VARCHAR" and self.name not in _MANIFOLD:
            return "LowCardinality(String)"
        return _TYPES[self.kind]

    @property
    def clipped(self) -> str:
        """As ClickHouse can hold it, in DuckDB's words."""
        if self.kind != "DATE":
            return f'"{self.name}"'
        within = f"greatest(least(\"{self.name}\", date '{LATEST}'), date '{EARLIEST}')"
        return f'case when "{self.name}" is not null then {within} end as "{self.name}"'

    @property
    def restored(self) -> str:
        """As it was before `clipped`, in DuckDB's words."""
        if self.kind != "DATE":
            return f'"{self.name}"'
        return (
            f"case when \"{self.name}\" = date '{LATEST}' then date '{NO_END}'"
            f' else "{self.name}" end as "{self.name}"'
        )


Schema = dict[str, tuple[Column, ...]]


def schema_of(connection: Any) -> Schema:
    """The tables of the workbench in the order of their names, without the list of migrations."""
    rows = connection.execute(
        "select table_name, column_name, data_type, is_nullable from information_schema.columns"
        " where table_schema = 'main' and table_catalog = current_database()"
        " and table_name <> 'schema_version' order by table_name, ordinal_position"
    ).fetchall()
    found: dict[str, list[Column]] = {}
    for table, column, kind, nullable in rows:
        found.setdefault(table, []).append(Column(column, kind, nullable == "YES"))
    return {name: tuple(columns) for name, columns in found.items()}


def part_of(name: str, columns: Sequence[Column]) -> str:
    """The part a row belongs to, as a date in DuckDB's words: day, month, or one for all."""
    kinds = {column.name: column.kind for column in columns}
    if name in _DAILY:
        return _within("day")
    for column in _MONTHS:
        if column in kinds:
            return _within(f"date_trunc('month', coalesce({column}, date '1970-01-01'))::date")
    return "date '1970-01-01'"


def _within(day: str) -> str:
    return f"greatest(least({day}, date '{LATEST}'), date '{EARLIEST}')"


def on(cluster: str) -> str:
    """What makes a statement run on all servers of a cluster."""
    return f" ON CLUSTER `{cluster}`" if cluster else ""


def create(name: str, columns: str, rest: str, cluster: str, **settings: int) -> str:
    """A table of the MergeTree family; `rest` begins with what its engine's name ends with. On a
    cluster each server keeps all of it, at the path that the servers' settings give."""
    kind = "Replicated" if cluster else ""
    settings[f"{'' if cluster else 'non_'}replicated_deduplication_window"] = _INSERTS_KNOWN
    said = ", ".join(f"{setting} = {value}" for setting, value in settings.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {name}{on(cluster)} ({columns})"
        f" ENGINE = {kind}{rest} SETTINGS {said}"
    )


def statements(
    schema: Schema, there: Collection[tuple[str, str]], cluster: str = ""
) -> Iterator[str]:
    """What creates the tables that are missing and adds the columns they lack; `there` are the
    tables and columns that are not."""
    yield create("schema_version", "version UInt64", "MergeTree ORDER BY version", cluster)
    yield create(
        "parts",
        "name LowCardinality(String), part Date32, version UInt64, rows UInt64, mark String",
        "ReplacingMergeTree(version) ORDER BY (name, part)",
        cluster,
    )
    for name, columns in schema.items():
        table = name if name in RAW else f"{name}_rows"
        yield (_raw if name in RAW else _facts)(name, columns, cluster)
        for column in columns if any(known == table for known, _ in there) else ():
            if (table, column.name) not in there:
                added = f"ADD COLUMN IF NOT EXISTS `{column.name}` {column.type}"
                yield f"ALTER TABLE {table}{on(cluster)} {added}"
        if name not in RAW:
            yield _view(name, columns, cluster)


def _raw(name: str, columns: Sequence[Column], cluster: str) -> str:
    said = ", ".join(f"`{c.name}` {c.type}" for c in columns)
    return create(
        name,
        f"{said}, of_version UInt64, of_place UInt32,"
        " INDEX at of_version TYPE minmax, INDEX which body TYPE minmax",
        "MergeTree PARTITION BY toYYYYMM(day) ORDER BY (day, assistant, session)",
        cluster,
    )


def _facts(name: str, columns: Sequence[Column], cluster: str) -> str:
    said = ", ".join(f"`{c.name}` {c.type}" for c in columns)
    who = ", person" if any(c.name == "person" for c in columns) else ""
    return create(
        f"{name}_rows",
        f"{said}, of_part Date32, of_version UInt64",
        f"MergeTree PARTITION BY toYYYYMM(of_part) ORDER BY (of_part, of_version{who})",
        cluster,
    )


def _view(name: str, columns: Sequence[Column], cluster: str) -> str:
    names = ", ".join(f"`{c.name}`" for c in columns)
    shown = f"SELECT {names} FROM {name}_rows WHERE {current(name)}"
    return f"CREATE OR REPLACE VIEW {name}{on(cluster)} AS {shown}"


def current(name: str) -> str:
    """Whether a row of `name_rows` is of the version that counts."""
    return (
        f"(of_part, of_version) IN (SELECT part, max(version) FROM parts WHERE name = '{name}'"
        " GROUP BY part)"
    )
