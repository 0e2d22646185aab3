"""Copies out of and deletions from ClickHouse: backup, export, rebuild, retention, old versions.

What makes days dirty is committed before the records go: cut off between the two, all can be said
again.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from steelyard.warehouse.clickhouse_schema import RAW, Schema, current

if TYPE_CHECKING:
    from steelyard.warehouse.clickhouse import ClickHouseWarehouse
    from steelyard.warehouse.wire import Wire

_AT_ONCE = 50_000
_READERS_SECONDS = 600  # how long a reader may still be at a version that no longer counts


def counts(wire: Wire, schema: Schema) -> dict[str, int]:
    """Rows of each table."""
    said = " UNION ALL ".join(f"SELECT '{name}', count() FROM {name}" for name in schema)
    return dict(sorted(wire.rows(said)))


def drop_unfinished(wire: Wire) -> None:
    """Delete the raw records of commits that did not come about."""
    later = "of_version > (SELECT max(version) FROM parts)"
    said = " UNION ALL ".join(f"SELECT '{name}', count() FROM {name} WHERE {later}" for name in RAW)
    for name, found in wire.rows(said):
        if found:
            wire.run(f"DELETE FROM {name} WHERE {later}")


def drop_places(wire: Wire, name: str, places: pa.Table) -> None:
    """Delete raw records by version and place: others took their place."""
    for at in range(0, places.num_rows, _AT_ONCE):
        rows = places.slice(at, _AT_ONCE).to_pydict()
        pairs = zip(rows["of_version"], rows["of_place"], strict=True)
        said = ", ".join(f"({version}, {place})" for version, place in pairs)
        wire.run(f"DELETE FROM {name} WHERE (of_version, of_place) IN ({said})")


def later_days(wire: Wire, points: pa.Table) -> set[dt.date]:
    """Days on which cumulative series go on: a point changes what the next of its series adds."""
    cumulative = points.filter(pc.equal(points["temporality"], pa.scalar("cumulative")))
    if not cumulative.num_rows:
        return set()
    first = cumulative.group_by("series").aggregate([("day", "min")])
    begun = dict(zip(first["series"].to_pylist(), first["day_min"].to_pylist(), strict=True))
    said = ", ".join(map(str, begun))
    rows = wire.rows(f"SELECT DISTINCT series, day FROM points WHERE series IN ({said})")
    return {day for series, day in rows if day > begun[series]}


def sweep(wire: Wire, schema: Schema, seconds: int = _READERS_SECONDS) -> None:
    """Delete versions of parts that no longer count, some time after they were replaced."""
    before = (time.time_ns() // 1000) - seconds * 1_000_000
    old = {
        name: f"of_version < {before} AND NOT ({current(name)})"
        for name in sorted(schema.keys() - {*RAW})
    }
    said = (
        f"SELECT '{name}', count() FROM {name}_rows WHERE {which}" for name, which in old.items()
    )
    for name, found in wire.rows(" UNION ALL ".join(said)):
        if found:
            wire.run(f"DELETE FROM {name}_rows WHERE {old[name]}")


def purge(wire: Wire) -> None:
    """Take deleted rows off the disk now, not at some later merge."""
    masked = (
        "SELECT DISTINCT table FROM system.parts WHERE database = currentDatabase() AND active"
        " AND has_lightweight_delete"
    )
    for (table,) in wire.rows(masked):
        wire.run(f"ALTER TABLE {table} APPLY DELETED MASK")


def copy_to(wire: Wire, schema: Schema, target: Path) -> dict[str, int]:
    """Every table's rows in a new DuckDB file."""
    from steelyard.warehouse.duck import DuckWarehouse

    with DuckWarehouse(str(target)) as copy, copy.transaction() as cursor:
        for name, columns in schema.items():
            cursor.execute(f"delete from {name}")
            names = ", ".join(f"`{c.name}`" for c in columns)
            order = " ORDER BY of_version, of_place" if name in RAW else ""
            values = ", ".join(c.restored for c in columns)
            told = ", ".join(f'"{c.name}"' for c in columns)
            for rows in wire.batches(f"SELECT {names} FROM {name}{order}"):
                cursor.register("brought", rows)
                cursor.execute(f"insert into {name} ({told}) select {values} from brought")
                cursor.unregister("brought")
    return counts(wire, schema)


def export_parquet(wire: Wire, schema: Schema, folder: Path) -> dict[str, int]:
    """Each table as `name.parquet`, compressed with zstd."""
    import pyarrow.parquet as pq

    for name, columns in schema.items():
        names = ", ".join(f"`{c.name}`" for c in columns)
        file = folder / f"{name}.parquet"
        nothing = wire.arrow(f"SELECT {names} FROM {name} LIMIT 0")
        with pq.ParquetWriter(file, nothing.schema, compression="zstd") as writer:
            for rows in wire.batches(f"SELECT {names} FROM {name}"):
                writer.write_table(rows)
    return counts(wire, schema)


def forget_bodies(warehouse: ClickHouseWarehouse, first_number: int) -> None:
    """Drop the raw records that the inbox can give again, and go back to before them."""
    with warehouse.transaction() as cursor:
        cursor.execute("insert into dirty_days select distinct day from session_days")
        for name in RAW:
            _make_dirty(warehouse, cursor, f"SELECT DISTINCT day FROM {name}")
        if first_number:
            cursor.execute("update applied set position = ?", [first_number - 1])
    if first_number:
        for name in RAW:
            warehouse.wire.run(f"DELETE FROM {name} WHERE body >= {first_number:d}")


def build_again(warehouse: ClickHouseWarehouse) -> None:
    """All facts will be built by the next refresh: the schema has changed."""
    with warehouse.transaction() as cursor:
        forget_bodies(warehouse, 0)
        cursor.execute("update people_built set settings = ''")
        cursor.execute("update work_built set fingerprint = ''")
        cursor.execute("delete from shown_built")


def forget_runs(warehouse: ClickHouseWarehouse, runs: Sequence[tuple[int, int]]) -> None:
    """Delete the raw records of bodies, given as first and last numbers, and whose their sessions
    were; their days become dirty."""
    if not runs:
        return
    which = " OR ".join(f"body BETWEEN {first:d} AND {last:d}" for first, last in runs)
    with warehouse.transaction() as cursor:
        for name in RAW:
            _make_dirty(warehouse, cursor, f"SELECT DISTINCT day FROM {name} WHERE {which}")
            theirs = f"SELECT DISTINCT assistant, session FROM {name} WHERE {which}"
            cursor.register("theirs", warehouse.wire.arrow(theirs))
            cursor.execute(
                "delete from session_people where (assistant, session) in"
                " (select (assistant, session) from theirs)"
            )
            cursor.unregister("theirs")
    for name in RAW:
        warehouse.wire.run(f"DELETE FROM {name} WHERE {which}")


def drop_raw_before(warehouse: ClickHouseWarehouse, day: dt.date) -> None:
    """Retention of raw records. Facts stay; days without raw records are never built again.

    Days whose facts still have to be built keep their records until the next time. The horizon
    never moves back. It is committed first: a day before it is not built from what is left.
    """
    with warehouse.transaction() as cursor:
        day = cursor.execute(_HORIZON, [day]).fetchall()[0][0]
        cursor.execute("delete from kept_since")
        cursor.execute("insert into kept_since values (?)", [day])
    earlier = f"day < '{day}'"
    for name in RAW:
        kept = f" AND key NOT IN ({_last_of_series(day)})" if name == "points" else ""
        warehouse.wire.run(f"DELETE FROM {name} WHERE {earlier}{kept}")


_HORIZON = """
with kept as (select coalesce(max(day), '0001-01-01') as since from kept_since)
select greatest(since, least(?::date, (select min(day) from dirty_days where day >= since)))
from kept
"""


def _last_of_series(day: dt.date) -> str:
    """The last point of a cumulative series stays, for a month: the next one is counted from it."""
    return (
        "SELECT argMax(key, (time, abs(value))) FROM points WHERE temporality = 'cumulative'"
        f" AND day < '{day}' AND day >= '{day - dt.timedelta(days=30)}' GROUP BY series"
    )


def _make_dirty(warehouse: ClickHouseWarehouse, cursor: Any, sql: str) -> None:
    days = [(day,) for (day,) in warehouse.wire.rows(sql)]
    if days:
        cursor.executemany("insert into dirty_days values (?)", days)
