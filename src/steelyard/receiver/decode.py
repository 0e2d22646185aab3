"""Inbox bodies to canonical records, dialect by dialect.

Pure: bodies in, Arrow tables out. It knows no database and no clock. Runs in worker processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from steelyard.receiver import read_json, read_protobuf
from steelyard.receiver.dialects import dialect_of
from steelyard.receiver.dialects.dialect import (
    Columns,
    Dialect,
    E,
    Extras,
    P,
    Row,
    S,
    iso_ns,
    text,
)
from steelyard.receiver.signals import Group, Log, Point, Span
from steelyard.records import EVENTS, POINTS, SPANS, record_key

if TYPE_CHECKING:
    from steelyard.receiver.body import Body

TABLE_OF = {"logs": "events", "metrics": "points", "traces": "spans"}
_SCHEMA = {"logs": EVENTS, "metrics": POINTS, "traces": SPANS}
_COLUMNS: dict[str, Columns] = {"logs": E, "metrics": P, "traces": S}
_READERS: dict[str, Any] = {"protobuf": read_protobuf, "json": read_json}
_DAY_NS = 86_400_000_000_000
_LEARNED_MAX = 100_000  # attribute values remembered per dialect, signal and resource
_NOT_KEPT = -1
_UNIQUE = frozenset({"event.sequence", "request_id", "message.uuid", "tool_use_id", "cost_usd"})
# Said again by a column of the record itself.
_REPEATED = frozenset({"event.timestamp", "event.name", "service.name"})
_dump = orjson.dumps


class Placer:
    """Puts the attributes of one dialect, signal and encoding into rows.

    It remembers serialised attributes it has seen, because a batch repeats most of them.
    """

    def __init__(self, dialect: Dialect, signal: str, encoding: str) -> None:
        self.columns = _COLUMNS[signal]
        self._places = dialect.points if signal == "metrics" else dialect.events
        self._key_value: Callable[[Any], tuple[str, Any]] = _READERS[encoding].attribute
        self._seen: dict[bytes, tuple[int | None, Any]] = {}

    def fill(self, row: Row, attributes: Iterable[Any]) -> Extras:
        """Set the row's columns; return what has no column."""
        extras: Extras = {}
        seen = self._seen.get
        for raw in attributes:
            placed = (seen(raw) if raw.__class__ is bytes else None) or self._learn(raw)
            index = placed[0]
            if index is None:
                extras[placed[1][0]] = placed[1][1]
            elif index >= 0:
                row[index] = placed[1]
        return extras

    def _learn(self, raw: Any) -> tuple[int | None, Any]:
        key, value = self._key_value(raw)
        placed = self._place(key, value)
        if raw.__class__ is bytes and key not in _UNIQUE:
            if len(self._seen) >= _LEARNED_MAX:
                self._seen.clear()
            self._seen[raw] = placed
        return placed

    def _place(self, key: str, value: Any) -> tuple[int | None, Any]:
        if key == "enduser.id":  # the documented way to name a person without a vendor account
            column = "email" if "@" in text(value) else "account_id"
            return self.columns.index[column], text(value).lower()
        found = self._places.get(key)
        if found is None:
            return None, (key, value)
        index = self.columns.index.get(found[0])
        return (_NOT_KEPT, None) if index is None else (index, found[1](value))


@lru_cache(maxsize=256)
def _placer(service: str, signal: str, encoding: str) -> tuple[Dialect, Placer]:
    dialect = dialect_of(service)
    return dialect, Placer(dialect, signal, encoding)


@dataclass(frozen=True)
class Decoded:
    """Records by table name, and the bodies that could not be read, with the reason."""

    tables: dict[str, pa.Table]
    failures: tuple[tuple[int, str], ...]


def decode(bodies: Sequence[Body]) -> Decoded:
    """The records of OTLP bodies; their `body` numbers go into every row.

    One table per signal for all bodies: building Arrow arrays costs the same for one row as for
    a thousand.
    """
    rows: dict[str, list[Row]] = {signal: [] for signal in TABLE_OF}
    failures = []
    for body in bodies:
        try:
            rows[body.signal].extend(_rows(body))
        except Exception as error:  # whatever a parser raises: the body is set aside, not lost
            failures.append((body.number, f"{type(error).__name__}: {error}"[:500]))
    tables = {TABLE_OF[signal]: to_table(found, signal) for signal, found in rows.items() if found}
    return Decoded(tables, tuple(failures))


def _rows(body: Body) -> list[Row]:
    reader = _READERS[body.encoding]
    groups: Iterable[Group] = getattr(reader, body.signal)(body.payload())
    received_ns = int(body.received_at.timestamp()) * 1_000_000_000
    read = _RECORDS[body.signal]
    return [row for group in groups for row in read(group, body, received_ns)]


def to_table(rows: list[Row], signal: str) -> pa.Table:
    schema = _SCHEMA[signal]
    columns: Iterable[Any] = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


class _Resource:
    """What all records of one resource share: dialect, placer, a row to copy, what is left."""

    def __init__(self, group: Group, body: Body, witness: str) -> None:
        key_value = _READERS[body.encoding].attribute
        attributes = [key_value(raw) for raw in group.resource]
        service = next((text(v) for k, v in attributes if k == "service.name"), "")
        self.dialect, self.placer = _placer(service, body.signal, body.encoding)
        self.row = _blank(body.signal)
        index = self.placer.columns.index
        self.row[index["assistant"]] = self.dialect.assistant
        self.row[index["provider"]] = self.dialect.provider
        self.row[index["witness"]] = witness
        self.row[index["body"]] = body.number
        self.extras = self.placer.fill(self.row, group.resource)
        self.extras.pop("service.name", None)
        self.text = _dump(self.extras, option=orjson.OPT_SORT_KEYS).decode() if self.extras else ""
        self.row[index["resource"]] = self.text

    def left(self, extras: Extras) -> str:
        """The record's own attributes without a column; resource copies said once."""
        shared = self.extras
        own = {k: v for k, v in extras.items() if k not in _REPEATED and shared.get(k) != v}
        return _dump(own).decode() if own else ""


def _blank(signal: str) -> Row:
    return ["" if field.type == pa.string() else None for field in _SCHEMA[signal]]


def _set_time(row: Row, columns: Columns, time_ns: int) -> None:
    row[columns.time] = time_ns // 1_000
    row[columns.day] = time_ns // _DAY_NS


def _events(group: Group, body: Body, received_ns: int) -> Iterable[Row]:
    resource = _Resource(group, body, "events")
    dialect, fill = resource.dialect, resource.placer.fill
    prefix = dialect.prefix
    log: Log
    for log in group.records:
        row = resource.row.copy()
        extras = fill(row, log.attributes)
        row[E.name] = text(extras.get("event.name") or log.event_name).removeprefix(prefix)
        time_ns = log.time_ns or iso_ns(text(extras.get("event.timestamp"))) or log.observed_ns
        if dialect.sequenced and row[E.sequence] is not None:
            key = (row[E.session], row[E.sequence], time_ns, row[E.name])
        else:
            key = (time_ns, log.observed_ns, *row, *extras.items())
            key = (*key[: 2 + E.body], *key[3 + E.body :])  # the body's number is no part of it
        row[E.key] = record_key(*key)
        _set_time(row, E, time_ns or received_ns)
        dialect.finish_event(row, extras)
        row[E.attributes] = resource.left(extras)
        yield row


def _points(group: Group, body: Body, received_ns: int) -> Iterable[Row]:
    resource = _Resource(group, body, "metrics")
    dialect, fill = resource.dialect, resource.placer.fill
    point: Point
    for point in group.records:
        row = resource.row.copy()
        extras = fill(row, point.attributes)
        row[P.metric] = point.metric
        row[P.name] = dialect.measures.get(point.metric, point.metric)
        row[P.temporality], row[P.value] = point.temporality, point.value
        row[P.start] = point.start_ns // 1_000 or None
        _set_time(row, P, point.time_ns or received_ns)
        if point.count is not None:
            extras["count"] = point.count
        row[P.attributes] = resource.left(extras)
        who = [v for i, v in enumerate(row) if i not in _POINT_OWN]
        for n, part in enumerate(dialect.finish_point(row, extras)):
            # The series is the point without its time and value, the key is the point itself.
            part[P.series] = record_key(*who, point.start_ns, n)
            part[P.key] = record_key(part[P.series], point.time_ns, part[P.value])
            yield part



_POINT_OWN = frozenset({P.key, P.time, P.day, P.series, P.start, P.value, P.body})


def _spans(group: Group, body: Body, received_ns: int) -> Iterable[Row]:
    resource = _Resource(group, body, "spans")
    span: Span
    for span in group.records:
        row = resource.row.copy()
        extras = resource.placer.fill(row, span.attributes)
        row[S.name] = span.name.removeprefix(resource.dialect.prefix)
        row[S.trace_id], row[S.span_id] = span.trace_id, span.span_id
        row[S.parent_id] = span.parent_id
        row[S.duration_ms] = (span.end_ns - span.start_ns) / 1e6 if span.end_ns else None
        _set_time(row, S, span.start_ns or received_ns)
        row[S.key] = record_key(span.trace_id, span.span_id, span.start_ns)
        if span.failed:
            extras["failed"] = True
        row[S.attributes] = resource.left(extras)
        yield row


_RECORDS: dict[str, Callable[[Group, Body, int], Iterable[Row]]] = {
    "logs": _events,
    "metrics": _points,
    "traces": _spans,
}
