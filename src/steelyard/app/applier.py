"""Takes bodies from the inbox, in order, and puts their records into the warehouse.

The position moves in the transaction that appends the records, so a body counts once whatever
crashes when. A body that cannot be read is set aside, counted and shown; it never stops the rest.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from steelyard.app import work_bodies
from steelyard.app.decoding import Decoders
from steelyard.app.work_bodies import Told
from steelyard.people.file import keep_people
from steelyard.people.forgotten import Forgotten, Session
from steelyard.receiver.body import Body
from steelyard.receiver.decode import TABLE_OF, Decoded
from steelyard.records import TABLES
from steelyard.sources.csv.people import PEOPLE

if TYPE_CHECKING:
    from steelyard.receiver.inbox import Inbox
    from steelyard.warehouse import Warehouse

BATCH_BODIES = 500
_BATCH_BYTES = 8 * 1024**2


@dataclass
class Applied:
    """What one run put into the warehouse."""

    bodies: int = 0
    records: dict[str, int] = field(default_factory=dict)
    set_aside: int = 0

    def add(self, tables: dict[str, pa.Table], bodies: int, failures: int) -> None:
        self.bodies += bodies
        self.set_aside += failures
        for name, table in tables.items():
            self.records[name] = self.records.get(name, 0) + table.num_rows


class Applier:
    """One writer over one inbox and one warehouse."""

    def __init__(
        self,
        inbox: Inbox,
        warehouse: Warehouse,
        decoders: Decoders,
        forgotten: Callable[[], Forgotten] = Forgotten,
        learned: Callable[[Mapping[Session, bool]], None] = lambda sessions: None,
    ) -> None:
        self.inbox, self.warehouse, self.decoders = inbox, warehouse, decoders
        self._read_forgotten, self._learned = forgotten, learned
        self.forgotten: Forgotten | None = None  # looked up when the first bodies come
        self._position: int | None = None  # the warehouse's, remembered: looking costs a query
        self.is_stale = True  # whether records may have come since facts were built
        self.turn = threading.RLock()  # two at once would apply the same bodies twice
        self.newest: dict[str, Any] | None = None  # the latest event applied, for the first screen

    def run(self, up_to: int | None = None) -> Applied:
        """Apply what waits: all up to a body's number, or else one round of batches."""
        with self.turn:
            start = self.warehouse.position() if self._position is None else self._position
            self._position = None  # until all went well
            done, self._position = self._run(start, up_to)
            return done

    def use(self, warehouse: Warehouse) -> None:
        """Go on with another warehouse, or with the same after its position was changed."""
        with self.turn:
            self.warehouse, self._position = warehouse, None

    def _run(self, position: int, up_to: int | None) -> tuple[Applied, int]:
        done = Applied()
        under_way: deque[tuple[Sequence[Body], Future[Decoded]]] = deque()
        first = True
        while True:
            while len(under_way) < self.decoders.ahead and (
                first if up_to is None else position < up_to
            ):
                bodies = self.inbox.after(position, BATCH_BODIES, _BATCH_BYTES)
                if not bodies:
                    break
                position = bodies[-1].number
                otlp = [body for body in bodies if body.signal in TABLE_OF]
                under_way.append((bodies, self.decoders.submit(otlp)))
            first = False
            if not under_way:
                return done, position
            self._store(*under_way.popleft(), done)

    def _store(self, bodies: Sequence[Body], future: Future[Decoded], done: Applied) -> None:
        otlp = [body for body in bodies if body.signal in TABLE_OF]
        decoded = self.decoders.result(future, otlp)
        tables = {name: [table] for name, table in decoded.tables.items()}
        failures = list(decoded.failures)
        people: list[pa.Table] = []
        told: list[Told] = []
        for body in bodies:
            if body.signal not in TABLE_OF:
                self._read_arrow(body, tables, people, told, failures)
        for number, error in failures:
            self.inbox.set_aside(number, error)
        merged = {name: pa.concat_tables(parts) for name, parts in tables.items()}
        merged, people, told = self._without_forgotten(merged, people, told)
        self._write(merged, people, told, bodies[-1].number)
        self.inbox.mark_applied(bodies[-1].number)
        self._remember(merged.get("events"))
        done.add(merged, len(bodies), len(failures))

    def _without_forgotten(
        self, tables: dict[str, pa.Table], people: list[pa.Table], told: list[Told]
    ) -> tuple[dict[str, pa.Table], list[pa.Table], list[Told]]:
        """What came of people who were forgotten: without a name, or not at all."""
        if self.forgotten is None:
            self.forgotten = self._read_forgotten()
        if not self.forgotten:
            return tables, people, told
        if sessions := self.forgotten.unknown_sessions(tables):
            self._learned(sessions)
            self.forgotten = self._read_forgotten()
        clean = self.forgotten
        return (
            clean.records(tables),
            [clean.file(table) for table in people],
            [replace(one, table=clean.told(one.kind, one.table)) for one in told],
        )

    def _read_arrow(
        self,
        body: Body,
        tables: dict[str, list[pa.Table]],
        people: list[pa.Table],
        told: list[Told],
        failures: list[tuple[int, str]],
    ) -> None:
        """Bodies that importers made: records of one table, people, or what a source told."""
        try:
            if body.signal == work_bodies.SIGNAL:
                told.append(work_bodies.read(body))
                return
            table = pa.ipc.open_stream(body.payload()).read_all()
            if body.signal == "people":
                people.append(table.cast(PEOPLE))
                return
            name = (table.schema.metadata or {})[b"table"].decode()
            tables.setdefault(name, []).append(_numbered(table, name, body.number))
        except Exception as error:  # set aside like any body that is not what it claims to be
            failures.append((body.number, f"{type(error).__name__}: {error}"[:500]))

    def _write(
        self,
        tables: dict[str, pa.Table],
        people: list[pa.Table],
        told: list[Told],
        position: int,
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        with self.warehouse.transaction() as cursor:
            self.warehouse.append(tables, position, now)
            for table in people:
                keep_people(cursor, table, now)
            for each in work_bodies.together(told):
                each.store(cursor)
        self.is_stale = True

    def _remember(self, events: pa.Table | None) -> None:
        if events is not None and events.num_rows:
            last = events.slice(events.num_rows - 1, 1).to_pylist()[0]
            self.newest = {k: last[k] for k in ("assistant", "name", "time", "session")}


def _numbered(table: pa.Table, name: str, number: int) -> pa.Table:
    """The table in its canonical columns, with the number of the body it came in."""
    schema = TABLES[name]
    numbers = pa.array([number] * table.num_rows, pa.int64())
    at = schema.get_field_index("body")
    columns = [numbers if i == at else table.column(f.name) for i, f in enumerate(schema)]
    return pa.Table.from_arrays([*columns], schema=schema)
