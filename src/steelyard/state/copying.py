"""A state's rows in another database: for backups, and for moving from SQLite to PostgreSQL.

Both have the newest schema by then. Leases stay behind: they are of running processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, Table, func, select, text

from steelyard.errors import StoreError
from steelyard.state.database import State

_NOT_COPIED = ("alembic_version", "leases")
_AT_ONCE = 1000  # rows


def copy_state(source: State, target: State, replace: bool = False) -> dict[str, int]:
    """All rows, read in one moment and written in one transaction; rows of each table.

    Raises StoreError where the target holds something that was not to be replaced.
    """
    with source.at_a_moment() as reading, target.alone() as writing:
        return {table.name: _copy(table, reading, writing, replace) for table in _tables(writing)}


def holds_nothing(state: State) -> bool:
    """Whether no table that is copied has a row."""
    with state.transaction() as reading:
        tables = list(_tables(reading))
        return not any(reading.execute(select(table).limit(1)).first() for table in tables)


def compare_states(one: State, other: State) -> dict[str, tuple[int, int, bool]]:
    """Of each table: its rows in the one and in the other, and whether they are the same rows."""
    with one.at_a_moment() as first, other.at_a_moment() as second:
        found = {t.name: (_told(t, first), _told(t, second)) for t in _tables(second)}
    return {name: (a[0], b[0], a == b) for name, (a, b) in found.items()}


def _told(table: Table, connection: Connection) -> tuple[int, int]:
    """How many rows, and a digest of them all in whatever order."""
    count = total = 0
    for rows in connection.execute(select(table)).partitions(_AT_ONCE):
        for row in rows:
            said = repr([bytes(v) if isinstance(v, memoryview) else v for v in row])
            total += int.from_bytes(hashlib.sha256(said.encode()).digest()[:16])
        count += len(rows)
    return count, total


def _copy(table: Table, reading: Connection, writing: Connection, replace: bool) -> int:
    if replace:
        writing.execute(table.delete())
    elif writing.execute(select(table).limit(1)).first():
        raise StoreError(
            f"The state holds rows of {table.name} already.",
            "Restore into an empty database, or add --replace.",
        )
    count = 0
    for rows in reading.execute(select(table)).mappings().partitions(_AT_ONCE):
        writing.execute(table.insert(), [dict(row) for row in rows])
        count += len(rows)
    _go_on_counting(table, writing)
    return count


def _go_on_counting(table: Table, writing: Connection) -> None:
    """PostgreSQL numbers new rows by a counter of its own, which must pass what was copied."""
    for column in table.primary_key:
        if writing.dialect.name == "postgresql" and column.autoincrement is True:
            last = select(func.coalesce(func.max(column), 0) + 1)
            sql = "SELECT setval(pg_get_serial_sequence(:t, :c), :n, false)"
            row = {"t": table.name, "c": column.name, "n": writing.execute(last).scalar_one()}
            writing.execute(text(sql), row)


def _tables(connection: Connection) -> Iterator[Table]:
    found = MetaData()
    found.reflect(connection)
    return (table for table in found.sorted_tables if table.name not in _NOT_COPIED)
