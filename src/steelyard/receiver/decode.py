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
    text,
)
from steelyard.receiver.signals import Group, Log, Point, Span
from steelyard.records import EVENTS, POINTS, SPANS, record_key, text_key

if TYPE_CHECKING:
    from steelyard.receiver.body import Body

TABLE_OF = {"logs": "events", "metrics": "points", "traces": "spans"}
_SCHEMA = {"logs": EVENTS, "metrics": POINTS, "traces": SPANS}
_COLUMNS: dict[str, Columns] = {"logs": E, "metrics": P, "traces": S}
_READERS: dict[str, Any] = {"protobuf": read_protobuf, "json": read_json}
_DAY_NS = 86_400_000_000_000
_LEARNED_MAX = 100_000  # attribute values remembered per dialect, signal and resource
_NOT_KEPT, _EXTRA = -1, -2
_TIMESTAMP = b"\n\x0fevent.timestamp\x12"  # an attribute that repeats the record's own time
_UNIQUE = frozenset({"request_id", "message.uuid", "tool_use_id", "cost_usd", "cost_usd_micros"})
_dump = orjson.dumps


class Placer:
    """Puts the attributes of one dialect, signal and encoding into rows.

    It remembers serialised attributes it has seen, because a batch repeats most of them.
    """

    def __init__(self, dialect: Dialect, signal: str, encoding: str) -> None:
        self.columns = _COLUMNS[signal]
        self._places = dialect.points if signal == "metrics" else dialect.events
        self._key_value: Callable[[Any], tuple[str, Any]] = _READERS[encoding].attribute
        self._seen: dict[bytes, tuple[int, Any]] = {}
        self.fill = self._fill_raw if encoding == "protobuf" else self._fill_plain

    def _fill_raw(self, row: Row, extras: Extras, attributes: Iterable[bytes]) -> None:
        """Set the row's columns; what has no column goes to `extras`."""
        seen = self._seen
        for raw in attributes:
            try:
                index, value = seen[raw]
            except KeyError:
                index, value = self._learn(raw)
            if index >= 0:
                row[index] = value
            elif index == _EXTRA:
                extras[value[0]] = value[1]

    def _fill_plain(self, row: Row, extras: Extras, attributes: Iterable[Any]) -> None:
        for raw in attributes:
            index, value = self._place(*self._key_value(raw))
            if index >= 0:
                row[index] = value
            elif index == _EXTRA:
                extras[value[0]] = value[1]

    def _learn(self, raw: bytes) -> tuple[int, Any]:
        if raw.startswith(_TIMESTAMP):  # in every record, never twice the same
            return _NOT_KEPT, None
        key, value = self._key_value(raw)
        placed = self._place(key, value)
        if key not in _UNIQUE:
            if len(self._seen) >= _LEARNED_MAX:
                self._seen.clear()
            self._seen[raw] = placed
        return placed

    def _place(self, key: str, value: Any) -> tuple[int, Any]:
        """The column's index, or _EXTRA with the pair, or _NOT_KEPT."""
        found = self._places.get(key)
        if found is not None:
            index = self.columns.index.get(found[0])
            return (_NOT_KEPT, None) if index is None else (index, found[1](value))
        if key == "enduser.id":  # the documented way to name a person without a vendor account
            column = "email" if "@" in text(value) else "account_id"
            return self.columns.index[column], text(value).lower()
        return _EXTRA, (key, value)


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
        self._key_value = _READERS[body.encoding].attribute
        attributes = [self._key_value(raw) for raw in group.resource]
        service = next((text(v) for k, v in attributes if k == "service.name"), "")
        self.dialect, self.placer = _placer(service, body.signal, body.encoding)
        self.row = _blank(body.signal)
        index = self.placer.columns.index
        self.row[index["assistant"]] = self.dialect.assistant
        self.row[index["provider"]] = self.dialect.provider
        self.row[index["witness"]] = witness
        self.row[index["body"]] = body.number
        self.extras: Extras = {}
        self.placer.fill(self.row, self.extras, group.resource)
        self.row[index["resource"]] = _json(self.extras, orjson.OPT_SORT_KEYS)
        self._begin: list[Any] | None = None
        self._begun: tuple[Row, Extras] = self.row, {}

    def read(self, attributes: Iterable[Any]) -> tuple[Row, Extras]:
        """A new row with these attributes, and those without a column.

        Records of one resource begin with the same attributes (user, session, team): those are
        placed once and copied.
        """
        found = list(attributes)
        if self._begin is None:
            self._learn_begin(found)
        begin = self._begin or []
        size = len(begin)
        if found[:size] != begin:
            row, extras, rest = self.row.copy(), Extras(), found
        else:
            row, extras, rest = self._begun[0].copy(), self._begun[1].copy(), found[size:]
        self.placer.fill(row, extras, rest)
        return row, extras

    def _learn_begin(self, found: list[Any]) -> None:
        """Remember the first record's attributes, up to the one that names it."""
        keys = (self._key_value(raw)[0] for raw in found)
        at = next((i for i, key in enumerate(keys) if key == "event.name"), 0)
        self._begin, self._begun = found[:at], (self.row.copy(), {})
        self.placer.fill(*self._begun, self._begin)

    def left(self, extras: Extras) -> str:
        """The record's own attributes without a column; copies of the resource's said once."""
        shared = self.extras
        own = {k: v for k, v in extras.items() if k not in shared or shared[k] != v}
        return _json(own)


def _json(value: Extras, option: int = 0) -> str:
    return _dump(value, option=option).decode() if value else ""


def _blank(signal: str) -> Row:
    return ["" if field.type == pa.string() else None for field in _SCHEMA[signal]]


def _set_time(row: Row, columns: Columns, time_ns: int) -> None:
    row[columns.time] = time_ns // 1_000
    row[columns.day] = time_ns // _DAY_NS


def _events(group: Group, body: Body, received_ns: int) -> Iterable[Row]:
    resource = _Resource(group, body, "events")
    dialect, read, left = resource.dialect, resource.read, resource.left
    prefix, finish, sequenced = dialect.prefix, dialect.finish_event, dialect.sequenced
    log: Log
    for log in group.records:
        row, extras = read(log.attributes)
        name = row[E.name] = (row[E.name] or log.event_name).removeprefix(prefix)
        time_ns = log.time_ns or log.observed_ns
        sequence = row[E.sequence]
        if sequenced and sequence is not None:
            row[E.key] = text_key(f"{row[E.session]}\x1f{sequence}\x1f{time_ns}\x1f{name}")
        else:
            row[E.key] = _whole_key(row, extras, time_ns, log.observed_ns)
        _set_time(row, E, time_ns or received_ns)
        finish(row, extras)
        row[E.attributes] = left(extras)
        yield row


def _whole_key(row: Row, extras: Extras, *times: int) -> int:
    """A key from everything a record says; the number of its body is no part of it."""
    return record_key(*times, *row[: E.body], *row[E.body + 1 :], *extras.items())


def _points(group: Group, body: Body, received_ns: int) -> Iterable[Row]:
    resource = _Resource(group, body, "metrics")
    dialect = resource.dialect
    point: Point
    for point in group.records:
        row, extras = resource.read(point.attributes)
        row[P.metric] = point.metric
        row[P.name] = dialect.measures.get(point.metric, point.metric)
        row[P.temporality], row[P.value] = point.temporality, point.value
        row[P.start] = point.start_ns // 1_000 or None
        _set_time(row, P, point.time_ns or received_ns)
        row[P.attributes] = resource.left(extras)
        who = [v for i, v in enumerate(row) if i not in _POINT_OWN]
        if point.observations is not None:  # after `who`: a series is not told apart by its count
            row[P.attributes] = resource.left(extras | {"count": point.observations})
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
        row, extras = resource.read(span.attributes)
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
