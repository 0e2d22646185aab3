"""Numbered migrations, applied in order, each in a transaction.

A migration is a `mNNN_name.sql` file beside this one. Never edit one that has been released: add
the next number, and a before/after test in tests/warehouse/test_migrations.py.
"""

from __future__ import annotations

from importlib import resources
from typing import Protocol

from steelyard.errors import NewerData


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
