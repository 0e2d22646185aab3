"""What sources tell, as bodies of the inbox: a table of one kind, or the end of a whole pass.

Each body says which source it is from and when it was read, so that applying it again, or later,
gives the same rows.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from steelyard.receiver.body import Body, NewBody
from steelyard.warehouse import told

if TYPE_CHECKING:
    from steelyard.model import Record

SIGNAL = "work"
_IPC = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class Told:
    """One body, read. `complete` are kinds whose pass, begun at `began`, ends with it."""

    source: str
    kind: str
    at: dt.datetime
    table: pa.Table
    complete: tuple[str, ...] = ()
    began: dt.datetime | None = None

    def store(self, cursor: Any) -> None:
        """Into the warehouse, in the caller's transaction."""
        if self.kind:
            told.store(cursor, self.source, self.kind, self.table, self.at)
        for kind in self.complete:
            told.complete(cursor, self.source, kind, self.began or self.at, self.at)


def page_bodies(
    source: str, records: Iterable[Record], at: dt.datetime, place: str
) -> list[NewBody]:
    """A page's records, a body a kind. `place` makes equal pages at different places differ:
    A, then B, then A again ends with A."""
    from steelyard.sources.tables import to_tables

    return [
        _body(table, source=source, kind=kind, at=at.isoformat(), place=place)
        for kind, table in to_tables(records).items()
    ]


def completion(source: str, kinds: Iterable[str], began: dt.datetime, at: dt.datetime) -> NewBody:
    """Says that a pass over everything has ended. Accounts never go: who had one did things."""
    ended = [kind for kind in kinds if kind != "accounts"]
    return _body(
        pa.table({}),
        source=source,
        complete=json.dumps(ended),
        began=began.isoformat(),
        at=at.isoformat(),
    )


def read(body: Body) -> Told:
    """Raises ValueError or KeyError for a body that is not one of ours."""
    table = pa.ipc.open_stream(body.payload()).read_all()
    said = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    kind = said.get("kind", "")
    return Told(
        source=said["source"],
        kind=kind,
        at=dt.datetime.fromisoformat(said["at"]),
        table=_canonical(table, kind) if kind else table,
        complete=tuple(json.loads(said.get("complete", "[]"))),
        began=dt.datetime.fromisoformat(said["began"]) if "began" in said else None,
    )


def together(told: Iterable[Told]) -> list[Told]:
    """Pages of one kind that one run read, as one table: storing costs a body, not a row.

    Kinds have tables of their own, so their order among each other does not matter; the end of a
    pass stays after all before it. Of two rows with one key (and, of people, one beginning) the
    later counts, as it would alone.
    """
    found: list[Told] = []
    waiting: dict[tuple[str, str, dt.datetime], list[Told]] = {}
    for each in told:
        if each.kind:
            waiting.setdefault((each.source, each.kind, each.at), []).append(each)
        else:
            found += [*map(_one, waiting.values()), each]
            waiting = {}
    return [*found, *map(_one, waiting.values())]


def _one(pages: list[Told]) -> Told:
    if len(pages) == 1:
        return pages[0]
    return replace(pages[0], table=_latest([page.table for page in pages]))


def _latest(tables: list[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(tables)
    names = [name for name in ("key", "valid_from") if name in whole.column_names]
    keys = zip(*(whole.column(name).to_pylist() for name in names), strict=True)
    return whole.take(sorted({key: at for at, key in enumerate(keys)}.values()))


def _canonical(table: pa.Table, kind: str) -> pa.Table:
    """In the columns of today: a body of another release may lack some or have more."""
    from steelyard.sources.tables import empty_of, schema_of

    schema = schema_of(kind)
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else empty_of(field, table.num_rows)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _body(table: pa.Table, **said: str) -> NewBody:
    metadata: Mapping[str, str] = said
    table = table.replace_schema_metadata(dict(metadata))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_IPC) as writer:
        writer.write_table(table)
    return NewBody(SIGNAL, "arrow", sink.getvalue().to_pybytes())
