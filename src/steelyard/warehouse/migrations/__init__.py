"""Numbered migrations, applied in order, each in a transaction.

A migration is a `mNNN_name.sql` file beside this one. Never edit one that has been released: add
the next number, and a before/after test in tests/warehouse/test_migrations.py.

In a ClickHouse that stands there already no migration runs: it gets the tables and columns that are
missing, and where a migration changes rows, all facts are built again. What a migration writes must
therefore be what building gives, and its columns may be null or begin as nothing: '', 0 or false.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Protocol

from steelyard.errors import NewerData, StoreError

_WRITES = re.compile(r"^\s*(?:insert|update|delete)\b", re.IGNORECASE | re.MULTILINE)


class Connection(Protocol):
    def execute(self, sql: str, parameters: list[object] = ...) -> Connection: ...
    def fetchall(self) -> list[tuple[object, ...]]: ...


def migrations() -> list[tuple[int, str, str]]:
    """(number, name, SQL) of every migration, in order."""
    found = (f for f in resources.files(__name__).iterdir() if f.name.endswith(".sql"))
    files = sorted(found, key=lambda file: file.name)
    return [(int(f.name[1:4]), f.name.removesuffix(".sql"), f.read_text()) for f in files]


def latest() -> int:
    return migrations()[-1][0]


def check_version(place: str, found: int) -> int:
    """The newest schema's number. Raises NewerData when data are ahead of this program."""
    if found > latest():
        raise NewerData(place, found, latest())
    return latest()


def changes_rows(since: int) -> bool:
    """Whether a migration after that number does more than make tables and columns."""
    return any(number > since and _WRITES.search(sql) for number, _, sql in migrations())


def check_current(connection: Connection, path: str) -> None:
    """Raises NewerData, and StoreError for an older schema than this program's."""
    asked = "select count(*) from duckdb_tables() where table_name = 'schema_version'"
    found = 0
    if connection.execute(asked).fetchall() != [(0,)]:
        rows = connection.execute("select coalesce(max(version), 0) from schema_version")
        found = int(str(rows.fetchall()[0][0]))
    if check_version(path, found) != found:
        raise StoreError(
            f"{path} is of an older Steelyard: schema {found}, not {latest()}.",
            "Start `steelyard serve` on it once, and stop it: that brings it up to date.",
        )


def migrate(connection: Connection, path: str, up_to: int | None = None) -> None:
    """Bring a database to the newest schema, or `up_to` a number (for tests).

    Raises NewerData before anything is touched when the file is ahead of this program.
    """
    connection.execute("create table if not exists schema_version (version bigint, name varchar)")
    # All rows are fetched: a result left open is a transaction left open, in whose shadow DuckDB
    # keeps what is updated or deleted and never comes back from a checkpoint.
    rows = connection.execute("select coalesce(max(version), 0) from schema_version").fetchall()
    found = int(str(rows[0][0]))
    check_version(path, found)
    for number, name, sql in migrations():
        if found < number <= (up_to or number):
            connection.execute("begin")
            connection.execute(sql)
            connection.execute("insert into schema_version values (?, ?)", [number, name])
            connection.execute("commit")
