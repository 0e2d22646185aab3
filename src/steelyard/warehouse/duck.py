"""DuckDB: one file, one writing process, any number of reading threads.

Raw tables have no primary key and no index: they double the CPU of an append, and copies of a
record are told apart when facts are built. Times are stored as UTC without a zone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from steelyard.errors import StoreError
from steelyard.records import TABLES
from steelyard.warehouse import keeping
from steelyard.warehouse.migrations import check_current, migrate

_STORAGE_VERSION = "v1.5.0"  # readable by every DuckDB this project supports


class DuckWarehouse:
    """The embedded warehouse. Reads are safe from any thread; writes take turns.

    One that is `read_only` changes nothing, not even an older schema: that is refused.
    """

    dialect = "duckdb"
    schema = "main"
    fine: tuple[str, ...] = ()  # nothing has to be brought

    def __init__(
        self, path: str, *, memory_limit: str = "", threads: int = 0, read_only: bool = False
    ) -> None:
        self.path = path
        self.url = f"duckdb://{path}"
        self._writing = threading.RLock()
        self._open: duckdb.DuckDBPyConnection | None = None
        self._changes = 0  # transactions of this process, the only one that writes
        self._version: tuple[int, int] | None = None  # after how many of them, which version
        self._connection = _connect(path, memory_limit, threads, read_only)
        try:
            if read_only:
                check_current(self._connection, path)
            else:
                migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise

    @property
    def facts(self) -> DuckWarehouse:
        """What metrics ask: here, in the same words as everybody else."""
        return self

    @property
    def place(self) -> str:
        """Where it is, to be shown."""
        return f"DuckDB at {self.path}"

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._cursor(sql, parameters).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        return cast(pa.Table, self._cursor(sql, parameters).to_arrow_table())

    def _cursor(self, sql: str, parameters: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        return cursor.execute(sql, list(parameters)) if parameters else cursor.execute(sql)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A writer's cursor; committed when the block ends, rolled back when it raises.

        Inside one of the same thread, it is that one: what both do stands or falls together.
        """
        with self._writing:
            if self._open is not None:
                yield self._open
                return
            self._open = cursor = self._connection.cursor()
            cursor.execute("begin")
            try:
                yield cursor
                cursor.execute("commit")
            except BaseException:
                with suppress(duckdb.Error):  # the first error is the one to tell
                    cursor.execute("rollback")
                raise
            finally:
                self._open = None
                self._changes += 1
                cursor.close()

    def bring(self, cursor: Any, table: str, where: str, columns: Sequence[str] = ()) -> None:
        """Make raw records or fine facts available to a transaction: here, all of them are."""

    def renew(self, cursor: Any, days: Sequence[date]) -> None:
        """Say that all fine facts of these days are built anew in a transaction."""

    def renew_before(self, cursor: Any, day: date) -> None:
        """The same for all earlier days."""

    def records(self) -> int:
        """How many events and points are kept."""
        asked = "select (select count(*) from events) + (select count(*) from points)"
        return int(self.query(asked)[0][0])

    def append(self, tables: Mapping[str, pa.Table], position: int | None, now: datetime) -> None:
        """Records and the inbox position they reach up to, together or not at all.

        The records' days become dirty: their facts are built again by the next refresh.
        """
        with self.transaction() as cursor:
            for name, table in tables.items():
                _insert(cursor, name, table)
            if position is not None:
                cursor.execute("delete from applied")
                cursor.execute("insert into applied values (?, ?)", [position, _naive(now)])

    def position(self) -> int:
        """The inbox number up to which everything has been applied."""
        rows = self.query("select max(position) from applied")
        return int(rows[0][0] or 0)

    def data_version(self) -> int:
        """Changes whenever an answer may change; answers are cached by it."""
        changes, known = self._changes, self._version
        if known is None or known[0] != changes:
            found = int(self.query("select max(version) from data_version")[0][0])
            known = self._version = changes, found
        return known[1]

    def refreshed_at(self) -> datetime | None:
        found = self.query("select max(refreshed_at) from data_version")[0][0]
        return _aware(found) if found else None

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return keeping.counts(self._connection.cursor())

    def copy_to(self, target: Path) -> dict[str, int]:
        """A whole copy in a new file; rows of each table. Safe while others read and write."""
        with self._writing:
            return keeping.copy_to(self._connection.cursor(), target)

    def export_parquet(self, folder: Path) -> dict[str, int]:
        return keeping.export_parquet(self._connection.cursor(), folder)

    def forget_bodies(self, first_number: int) -> None:
        """Go back to before an inbox number, so that its bodies are applied again."""
        with self.transaction() as cursor:
            keeping.forget_bodies(cursor, first_number)

    def forget_runs(self, runs: Sequence[tuple[int, int]]) -> None:
        """Delete the raw records of runs of bodies, given as first and last inbox numbers."""
        with self.transaction() as cursor:
            keeping.forget_runs(cursor, runs)

    def drop_raw_before(self, day: date) -> None:
        """Delete raw records of earlier days; their facts stay as they are."""
        with self.transaction() as cursor:
            keeping.drop_raw_before(cursor, day)

    def checkpoint(self) -> None:
        """Write everything into the file, so that its log keeps nothing that was deleted."""
        with self._writing:
            self._connection.cursor().execute("force checkpoint")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> DuckWarehouse:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _connect(
    path: str, memory_limit: str, threads: int, read_only: bool
) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {"storage_compatibility_version": _STORAGE_VERSION}
    config |= {"autoinstall_known_extensions": "false"}  # nothing is fetched at run time
    config |= {"wal_autocheckpoint": "64MB"}  # 16 MB, the default, costs appends a third more CPU
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    try:
        if not read_only:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(path, read_only=read_only, config=config)
    except (duckdb.Error, OSError) as error:
        raise StoreError(
            f"The warehouse {path} cannot be opened: {str(error).splitlines()[0]}",
            "If another Steelyard uses this folder, stop it or choose another with --data.",
        ) from error


def _insert(cursor: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    if table.num_rows == 0:
        return
    cursor.register("batch", _without_zones(table))
    cursor.execute(f"insert into {name} by name select * from batch")
    if name in TABLES:
        cursor.execute("insert into dirty_days select distinct day from batch")
    if name == "points":
        cursor.execute(_LATER_DAYS)
    cursor.unregister("batch")


# A cumulative point changes what the next point of its series adds, whatever day that is on.
_LATER_DAYS = """
insert into dirty_days
select distinct p.day
from points p
join (select series, min(day) as day from batch where temporality = 'cumulative' group by series) b
  on p.series = b.series and p.day > b.day
"""


def _without_zones(table: pa.Table) -> pa.Table:
    """DuckDB needs an extension to read zoned times; ours are UTC anyway."""
    fields = [
        f.with_type(pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)
