"""Copies out of and deletions from the DuckDB warehouse: backup, export, rebuild, retention."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from steelyard.records import TABLES


def table_names(cursor: Any) -> list[str]:
    rows = cursor.execute(
        "select table_name from information_schema.tables"
        " where table_schema = 'main' and table_catalog = current_database() order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def counts(cursor: Any) -> dict[str, int]:
    """Rows of each table."""
    return {
        name: cursor.execute(f"select count(*) from {name}").fetchall()[0][0]
        for name in table_names(cursor)
    }


def copy_to(cursor: Any, target: Path) -> dict[str, int]:
    """A whole copy of the database in a new file, taken in one snapshot."""
    here = cursor.execute("select current_database()").fetchall()[0][0]
    cursor.execute(f"attach '{_quoted(target)}' as copy (storage_version 'v1.5.0')")
    try:
        cursor.execute(f'copy from database "{here}" to copy')
    finally:
        cursor.execute("detach copy")
    return counts(cursor)


def export_parquet(cursor: Any, folder: Path) -> dict[str, int]:
    """Each table as `name.parquet`, compressed with zstd; all of one moment."""
    cursor.execute("begin")
    try:
        for name in table_names(cursor):
            file = _quoted(folder / f"{name}.parquet")
            cursor.execute(f"copy {name} to '{file}' (format parquet, compression zstd)")
        return counts(cursor)
    finally:
        cursor.execute("rollback")


def forget_bodies(cursor: Any, first_number: int) -> None:
    """Drop the raw records that the inbox can give again, and go back to before them."""
    if first_number:
        for name in TABLES:
            cursor.execute(f"delete from {name} where body >= ?", [first_number])
        cursor.execute("update applied set position = ?", [first_number - 1])
    cursor.execute("insert into dirty_days select distinct day from session_days")
    for name in TABLES:
        cursor.execute(f"insert into dirty_days select distinct day from {name}")


def forget_runs(cursor: Any, runs: Sequence[tuple[int, int]]) -> None:
    """Delete the raw records of bodies, given as first and last numbers, and whose their sessions
    were; their days become dirty."""
    for name in TABLES:
        for run in runs:
            where = f"from {name} where body between ? and ?"
            cursor.execute(f"insert into dirty_days select distinct day {where}", run)
            theirs = f"select assistant, session {where}"
            cursor.execute(
                f"delete from session_people where (assistant, session) in ({theirs})", run
            )
            cursor.execute(f"delete {where}", run)


def drop_raw_before(cursor: Any, day: dt.date) -> None:
    """Retention of raw records. Facts stay; days without raw records are never built again.

    Days whose facts still have to be built keep their records until the next time. The horizon
    never moves back: what was deleted does not return.
    """
    day = cursor.execute(_HORIZON, [day]).fetchall()[0][0]
    cursor.execute(_POINTS_BEFORE, {"day": day})
    for name in TABLES.keys() - {"points"}:
        cursor.execute(f"delete from {name} where day < ?", [day])
    cursor.execute("delete from kept_since")
    cursor.execute("insert into kept_since values (?)", [day])


_HORIZON = """
with kept as (select coalesce(max(day), '0001-01-01') as since from kept_since)
select greatest(since, least(?::date, (select min(day) from dirty_days where day >= since)))
from kept
"""

# The last point of a cumulative series stays, for a month: the next one is counted from it.
_POINTS_BEFORE = """
delete from points
where day < $day and rowid not in (
  select rowid from points
  where day < $day and day >= $day::date - 30 and temporality = 'cumulative'
  qualify row_number() over (partition by series order by time desc, abs(value) desc) = 1)
"""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
