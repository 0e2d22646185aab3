"""ClickHouse: records, facts and answers live there; facts are built in a workbench beside it.

ClickHouse has no transactions over tables. Here, what a transaction changed is inserted as new
versions of the parts it touches, which nobody sees until one row a part is inserted into `parts`,
all in one block: that insert is the commit. Raw records have a version, too; those of a commit that
did not come about are deleted before the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
import pyarrow as pa

from steelyard.errors import StoreError
from steelyard.records import TABLES
from steelyard.warehouse import clickhouse_keeping as keeping
from steelyard.warehouse import moving
from steelyard.warehouse.bench import Bench, Marks, Work
from steelyard.warehouse.clickhouse_commit import OF_RECORDS, entries, numbered, versioned
from steelyard.warehouse.clickhouse_schema import FINE, RAW, statements
from steelyard.warehouse.migrations import changes_rows, check_version
from steelyard.warehouse.wire import Wire, bound, without_zones

if TYPE_CHECKING:
    from steelyard.warehouse.duck import DuckWarehouse

_LOOK_AGAIN = 1.0  # seconds after which a reader looks for what another process wrote
_COMMITS_A_SWEEP = 200


class Answers:
    """What metrics ask: views of the facts, in ClickHouse's own words."""

    dialect = "clickhouse"

    def __init__(self, warehouse: ClickHouseWarehouse) -> None:
        self._warehouse = warehouse
        self.schema = warehouse.wire.database

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return (
            self._warehouse.wire.rows(*bound(sql, parameters))
            if parameters
            else (self._warehouse.wire.rows(sql))
        )

    def data_version(self) -> int:
        return self._warehouse.data_version()


class ClickHouseWarehouse:
    """The warehouse in ClickHouse. Statements of `query` and `transaction` are DuckDB's and run on
    the workbench; those of `facts` are ClickHouse's. One process writes at a time."""

    dialect = "duckdb"
    fine: tuple[str, ...] = FINE

    def __init__(
        self, url: str, *, bench: Path | None = None, writes: bool = True, **limits: Any
    ) -> None:
        self.url, self.writes = url, writes
        self.wire = Wire(url)
        self._writing = threading.RLock()
        self._open: Work | None = None
        self._version = 0  # of the commit that the bench stands at
        self._marks: dict[str, Marks] = {}
        self._looked = 0.0
        self._commits = 0
        self._unfinished = True  # whether raw records may be there of a commit that is not
        try:
            self._bench = Bench(_fresh(bench), _config(limits))
            self._create()
            self._follow()
        except BaseException:
            self.wire.close()
            raise
        self.facts = Answers(self)

    @property
    def place(self) -> str:
        return self.wire.place

    def _create(self) -> None:
        """Tables and columns that are missing; a new database begins with what migrations put into
        theirs, and in an older one all is built again where they change rows."""
        there = self.wire.rows("EXISTS TABLE schema_version")[0][0]
        found = self.wire.rows("SELECT max(version) FROM schema_version")[0][0] if there else 0
        latest = check_version(self.place, int(found or 0))
        if found == latest:
            return
        if not self.writes:
            raise StoreError(
                f"{self.place} has no tables of this version of Steelyard yet.",
                "Start the worker of this version first: it makes them.",
            )
        asked = "SELECT table, name FROM system.columns WHERE database = currentDatabase()"
        known = {*self.wire.rows(asked)}
        for statement in statements(self._bench.schema, known, self.wire.cluster):
            self.wire.run(statement)
        if not found:
            with self.transaction() as cursor:
                cursor.execute("insert into data_version values (0, null)")
        elif changes_rows(since=int(found)):
            keeping.build_again(self)
        self.wire.run(f"INSERT INTO schema_version VALUES ({latest})")

    def _follow(self) -> None:
        """Bring the bench to the newest commit: parts with another version are loaded again."""
        self._looked = time.monotonic()
        newest = self.wire.rows("SELECT max(version) FROM parts")[0][0]
        if newest == self._version:
            return
        rows = self.wire.rows(
            "SELECT toString(name), part, max(version), argMax(mark, version) FROM parts"
            f" GROUP BY name, part HAVING max(version) > {self._version}"
        )
        changed: dict[str, list[tuple[date, int]]] = {}
        for name, part, version, mark in rows:
            self._marks.setdefault(name, {})[part] = mark
            changed.setdefault(name, []).append((part, version))
        cursor = self._bench.connection.cursor()
        cursor.execute("begin")
        for name in changed.keys() & {*self._bench.kept}:
            found = [part for part, _ in changed[name]]
            self._bench.replace(cursor, name, found, self._parts(name, changed[name]))
        cursor.execute("commit")
        cursor.close()
        self._version = newest

    def _parts(self, name: str, parts: Sequence[tuple[date, int]]) -> pa.Table:
        columns = ", ".join(f"`{c.name}`" for c in self._bench.schema[name])
        said = ", ".join(f"('{part}', {version})" for part, version in parts)
        return self.wire.arrow(
            f"SELECT {columns} FROM {name}_rows WHERE (of_part, of_version) IN ({said})"
        )

    def _look(self) -> None:
        """Follow other writers, unless a writer of this process is at work or just looked."""
        if time.monotonic() - self._looked < _LOOK_AGAIN or not self._writing.acquire(False):
            return
        try:
            if self._open is None:
                self._follow()
        finally:
            self._writing.release()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._cursor(sql, parameters).fetchall()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        return cast(pa.Table, self._cursor(sql, parameters).to_arrow_table())

    def _cursor(self, sql: str, parameters: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        self._look()
        cursor = self._bench.connection.cursor()
        return cursor.execute(sql, list(parameters)) if parameters else cursor.execute(sql)

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """A writer's cursor on the workbench; what it changed is in ClickHouse when the block ends,
        and nowhere when it raises. Inside one of the same thread, it is that one."""
        with self._writing:
            if self._open is not None:
                yield self._open
                return
            self._follow()
            self._open = work = Work(self._bench, self._bench.connection.cursor())
            work.cursor.execute("begin")
            try:
                yield work
                self._commit(work)
                work.cursor.execute("commit")
            except BaseException:
                with suppress(duckdb.Error):  # the first error is the one to tell
                    work.cursor.execute("rollback")
                raise
            finally:
                self._open = None
                work.cursor.close()
            self._sweep_sometimes()

    def _commit(self, work: Work) -> None:
        changes, rewritten = list(work.changes(self._marks)), work.rewritten()
        for name, (rows, _) in rewritten.items():
            work.appended.append((name, rows))
        if not changes and not work.appended:
            return
        if not self.writes:
            raise StoreError(
                f"This process may only read {self.place}: another one writes to it.",
                "Say it on the node that works (`steelyard serve --role worker` or `all`).",
            )
        version = self._next()
        if self._unfinished:  # this commit's version would make them count
            keeping.drop_unfinished(self.wire)
        self._unfinished = True
        self._insert_records(work.appended, version)
        for change in changes:
            if change.rows.num_rows:
                rows = versioned(change.rows, version)
                self.wire.insert(f"{change.table}_rows", rows, f"{version}-{change.table}")
        self._check_alone()
        marks_of = {change.table: change.marks for change in changes}
        marks_of |= {name: OF_RECORDS for name, _ in work.appended}
        self.wire.insert("parts", entries(marks_of, version), f"{version}-parts")
        self._version, self._unfinished = version, False
        for change in changes:
            marks = self._marks.setdefault(change.table, {})
            marks |= {part: mark for part, (_, mark) in change.marks.items()}
        for name, (_, places) in rewritten.items():
            keeping.drop_places(self.wire, name, places)

    def _next(self) -> int:
        """The version of the next commit."""
        return max(time.time_ns() // 1000, self._version + 1)

    def _insert_records(self, appended: Sequence[tuple[str, pa.Table]], version: int) -> None:
        for name in dict.fromkeys(name for name, _ in appended):
            table = pa.concat_tables(rows for known, rows in appended if known == name)
            if table.num_rows:
                self.wire.insert(name, numbered(table, version), f"{version}-{name}")

    def _check_alone(self) -> None:
        newest = self.wire.rows("SELECT max(version) FROM parts")[0][0]
        if newest > self._version:
            raise StoreError(
                f"Another Steelyard wrote to {self.place} at the same time.",
                "Let one server at a time use a warehouse.",
            )

    def bring(self, cursor: Any, table: str, where: str, columns: Sequence[str] = ()) -> None:
        """Make raw records or fine facts available to this transaction: those that meet `where`, in
        ClickHouse's words. Each row must be asked for once. With `columns`, only these, each
        combination once."""
        if table in RAW:  # records of a commit that did not come about are none
            where = f"({where}) AND of_version <= {self._version}"
        if columns:
            sql = f"SELECT DISTINCT {', '.join(columns)} FROM {table} WHERE {where}"
            cursor.register("brought", self.wire.arrow(sql))
            cursor.execute(f"create or replace temp table {table} as select * from brought")
            cursor.unregister("brought")
            return
        cursor.lay(table)
        columns = ", ".join(f"`{c.name}`" for c in self._bench.schema[table])
        place = "of_version, of_place"
        if table not in RAW:
            rows = self.wire.arrow(f"SELECT {columns} FROM {table} WHERE {where}")
        else:
            asked = f"SELECT {columns}, {place} FROM {table} WHERE {where} ORDER BY {place}"
            rows = self.wire.arrow(asked)
            cursor.taken.setdefault(table, []).append(rows.select(place.split(", ")))
        self._bench.fill(cursor.cursor, table, rows)  # not noted: it changes nothing

    def renew(self, cursor: Any, days: Sequence[date]) -> None:
        """All fine facts of these days will be what this transaction puts into their tables."""
        for table in FINE:
            cursor.lay(table)
        cursor.renewed.update(days)

    def renew_before(self, cursor: Any, day: date) -> None:
        """The same for all earlier days that have fine facts."""
        known = {part for table in FINE for part in self._marks.get(table, {})}
        self.renew(cursor, [part for part in known if part < day])

    def append(self, tables: Mapping[str, pa.Table], position: int | None, now: datetime) -> None:
        """Records and the inbox position they reach up to, together or not at all.

        The records' days become dirty: their facts are built again by the next refresh.
        """
        with self.transaction() as cursor:
            for name, table in tables.items():
                self._append(cursor, name, table)
            if position is not None:
                cursor.execute("delete from applied")
                naive = now.astimezone(UTC).replace(tzinfo=None)
                cursor.execute("insert into applied values (?, ?)", [position, naive])

    def _append(self, cursor: Work, name: str, table: pa.Table) -> None:
        if name not in TABLES:
            raise StoreError(f"No records are kept in {name}.", "This is a fault of the program.")
        if not table.num_rows:
            return
        cursor.appended.append((name, without_zones(table)))
        days: set[date] = {*cast(list[date], table["day"].unique().to_pylist())}
        if name == "points":
            days |= keeping.later_days(self.wire, table)
        cursor.executemany("insert into dirty_days values (?)", [(day,) for day in sorted(days)])

    def records(self) -> int:
        """How many events and points are kept."""
        asked = "SELECT (SELECT count() FROM events) + (SELECT count() FROM points)"
        return int(self.wire.rows(asked)[0][0])

    def position(self) -> int:
        """The inbox number up to which everything has been applied."""
        return int(self.query("select max(position) from applied")[0][0] or 0)

    def data_version(self) -> int:
        """Changes whenever an answer may change; answers are cached by it."""
        return int(self.query("select max(version) from data_version")[0][0])

    def refreshed_at(self) -> datetime | None:
        found = self.query("select max(refreshed_at) from data_version")[0][0]
        return found.replace(tzinfo=UTC) if found else None

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return keeping.counts(self.wire, self._bench.schema)

    def copy_to(self, target: Path) -> dict[str, int]:
        """All of it in a new DuckDB file, which the embedded warehouse can open; rows by table."""
        with self._writing:
            return keeping.copy_to(self.wire, self._bench.schema, target)

    def export_parquet(self, folder: Path) -> dict[str, int]:
        with self._writing:
            return keeping.export_parquet(self.wire, self._bench.schema, folder)

    def is_new(self) -> bool:
        """Whether nothing was ever written to it."""
        return moving.is_new(self.wire)

    def load(self, source: DuckWarehouse, update: Callable[[int, int], None]) -> None:
        """All of an embedded warehouse into this one, which must be new; all or nothing.

        `update` is told of rows and of how many. Raises StoreError where something is here.
        """
        with self._writing:
            self._follow()
            version = self._next()
            marks = moving.load(self.wire, self._bench, source, version, update)
            self._check_alone()
            self.wire.insert("parts", entries(marks, version), f"{version}-parts")
            self._follow()

    def forget_bodies(self, first_number: int) -> None:
        """Go back to before an inbox number, so that its bodies are applied again."""
        keeping.forget_bodies(self, first_number)

    def forget_runs(self, runs: Sequence[tuple[int, int]]) -> None:
        """Delete the raw records of runs of bodies, given as first and last inbox numbers."""
        keeping.forget_runs(self, runs)

    def drop_raw_before(self, day: date) -> None:
        """Delete raw records of earlier days; their facts stay as they are."""
        keeping.drop_raw_before(self, day)

    def checkpoint(self) -> None:
        """Take what was deleted, and versions that no longer count, off the disk."""
        with self._writing:
            keeping.sweep(self.wire, self._bench.schema, 0)
            keeping.purge(self.wire)

    def _sweep_sometimes(self) -> None:
        self._commits += 1
        if self._commits % _COMMITS_A_SWEEP == 0:
            keeping.sweep(self.wire, self._bench.schema)

    def close(self) -> None:
        self._bench.connection.close()
        self.wire.close()

    def __enter__(self) -> ClickHouseWarehouse:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _fresh(bench: Path | None) -> str:
    """The bench's file, made anew: it holds nothing that is not in ClickHouse."""
    if bench is None:
        return ":memory:"
    bench.parent.mkdir(parents=True, exist_ok=True)
    for file in (bench, bench.with_name(bench.name + ".wal")):
        file.unlink(missing_ok=True)
    return str(bench)


def _config(limits: Mapping[str, Any]) -> dict[str, Any]:
    said = {"autoinstall_known_extensions": "false"}
    return said | {name: value for name, value in limits.items() if value}
