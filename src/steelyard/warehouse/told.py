"""What sources told: the latest row of each key, and of people and memberships each change.

Storing the same again changes nothing. What a source no longer has is marked gone, not deleted:
its past was true.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pyarrow as pa

from steelyard.model import KINDS, VERSIONED

_HEAD = ("source", "key", "seen_at", "gone", "seen_day")


def store(cursor: Any, source: str, kind: str, records: pa.Table, seen_at: dt.datetime) -> None:
    """Put one page's records of a kind into its table, inside the caller's transaction."""
    if kind not in KINDS:
        raise ValueError(f"there is no kind of record called {kind!r}")
    cursor.register("page", _plain(records))
    told = f"select '{_quoted(source)}' as source, * from page"
    if kind in VERSIONED:
        _store_versions(cursor, kind, told, seen_at)
    else:
        cursor.execute(
            f"delete from raw_{kind} using page"
            f" where raw_{kind}.source = ? and raw_{kind}.key = page.key",
            [source],
        )
        cursor.execute(
            f"insert into raw_{kind} by name select *, ?::timestamp as seen_at, false as gone"
            f" from ({told})",
            [_naive(seen_at)],
        )
    cursor.unregister("page")
    _changed(cursor, kind)


def _store_versions(cursor: Any, kind: str, told: str, seen_at: dt.datetime) -> None:
    """A new row where something differs from the latest; what was seen again is noted."""
    fields = [column for column in _columns(cursor, kind) if column not in _HEAD]
    same = " and ".join(f"t.{name} is not distinct from l.{name}" for name in fields)
    cursor.execute(f"create or replace temp table told as {told}")
    cursor.execute(
        f"create or replace temp table latest as select r.* from raw_{kind} r semi join told"
        " on r.source = told.source and r.key = told.key"
        " qualify row_number() over (partition by r.source, r.key, r.valid_from"
        " order by r.seen_day desc, r.seen_at desc) = 1"
    )
    match = (
        "t.source = l.source and t.key = l.key and t.valid_from is not distinct from l.valid_from"
    )
    cursor.execute(
        f"create or replace temp table changed as select t.* from told t"
        f" anti join latest l on {match} and {same} and not l.gone"
    )
    now = _naive(seen_at)
    cursor.execute(
        f"update raw_{kind} as r set seen_at = ? from told t where r.source = t.source"
        " and r.key = t.key",
        [now],
    )
    cursor.execute(
        f"delete from raw_{kind} as r using changed c where r.source = c.source and r.key = c.key"
        " and r.valid_from is not distinct from c.valid_from and r.seen_day = ?",
        [now.date()],
    )
    cursor.execute(
        f"insert into raw_{kind} by name select *, ?::timestamp as seen_at, false as gone,"
        " ?::date as seen_day from changed",
        [now, now.date()],
    )


def complete(cursor: Any, source: str, kind: str, began: dt.datetime, at: dt.datetime) -> None:
    """A whole pass has ended: rows it did not bring are gone."""
    if kind not in KINDS:
        raise ValueError(f"there is no kind of record called {kind!r}")
    began, at = _naive(began), _naive(at)
    missing = "source = ? and seen_at < ? and not gone"
    if kind not in VERSIONED:
        cursor.execute(f"update raw_{kind} set gone = true where {missing}", [source, began])
    else:
        cursor.execute(
            f"create or replace temp table leaving as select * from raw_{kind}"
            " where source = ? and seen_at < ?"
            " qualify row_number() over"
            " (partition by key order by seen_day desc, seen_at desc) = 1",
            [source, began],
        )
        cursor.execute("delete from leaving where gone")
        cursor.execute(
            f"delete from raw_{kind} as r using leaving l where r.source = l.source"
            " and r.key = l.key and r.seen_day = ?",
            [at.date()],
        )
        cursor.execute(
            f"insert into raw_{kind} by name select * replace (true as gone, ?::date as seen_day)"
            " from leaving",
            [at.date()],
        )
    _changed(cursor, kind)


def forget(cursor: Any, source: str) -> None:
    """Delete all that a source told."""
    for kind in KINDS:
        cursor.execute(f"delete from raw_{kind} where source = ?", [source])
        _changed(cursor, kind)


def drop_before(cursor: Any, day: dt.date) -> bool:
    """Delete records of work whose latest time is before a day; whether there were any. Records
    without a time go by when they were last told; people and accounts stay."""
    found = False
    for kind in KINDS.keys() - {*VERSIONED, "accounts"}:
        last = ", ".join([*_times(kind), "null"])
        sql = f"delete from raw_{kind} where coalesce(greatest({last}), seen_at)::date < ?"
        if cursor.execute(sql, [day]).fetchall()[0][0]:
            found = True
            _changed(cursor, kind)
    return found


def _times(kind: str) -> list[str]:
    """The fields of a kind that hold a day or a time."""
    return [
        f"{field.name}::timestamp"
        for field in dataclasses.fields(KINDS[kind])
        if "dt.date" in str(field.type)
    ]


def _changed(cursor: Any, kind: str) -> None:
    cursor.execute("delete from dirty_work where kind = ?", [kind])
    cursor.execute("insert into dirty_work values (?)", [kind])


def _columns(cursor: Any, kind: str) -> list[str]:
    return [row[0] for row in cursor.execute(f"describe raw_{kind}").fetchall()]


def _plain(table: pa.Table) -> pa.Table:
    """Times in UTC without a zone, and no null texts or lists."""
    fields = [
        f.with_type(pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _naive(time: dt.datetime) -> dt.datetime:
    return time.astimezone(dt.UTC).replace(tzinfo=None)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
