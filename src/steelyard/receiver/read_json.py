"""Reads OTLP/JSON: 64-bit numbers as text or numbers, ids in hexadecimal, enums as numbers.

Source: the OTLP specification, "JSON Protobuf Encoding". Missing fields mean their defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from steelyard.receiver.signals import Group, Log, Point, Span

Json = dict[str, Any]
_TEMPORALITY = {
    1: "delta",
    2: "cumulative",
    "AGGREGATION_TEMPORALITY_DELTA": "delta",
    "AGGREGATION_TEMPORALITY_CUMULATIVE": "cumulative",
}
_KINDS = ("sum", "gauge", "histogram", "exponentialHistogram", "summary")


def attribute(raw: Json) -> tuple[str, Any]:
    return raw["key"], plain_value(raw.get("value") or {})


def plain_value(value: Json) -> Any:
    """An OTLP AnyValue as text, number, boolean, list or dictionary; bytes as their length."""
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "doubleValue":
            return float(content)
        if kind == "arrayValue":
            return [plain_value(item) for item in content.get("values") or ()]
        if kind == "kvlistValue":
            return dict(attribute(item) for item in content.get("values") or ())
        if kind == "bytesValue":
            return {"bytes_length": len(content) * 3 // 4}
        return content
    return None


def logs(payload: bytes) -> Iterator[Group]:
    for resource in _list(orjson.loads(payload), "resourceLogs"):
        yield Group(_attributes(resource.get("resource")), _log_records(resource))


def metrics(payload: bytes) -> Iterator[Group]:
    for resource in _list(orjson.loads(payload), "resourceMetrics"):
        yield Group(_attributes(resource.get("resource")), _points(resource))


def traces(payload: bytes) -> Iterator[Group]:
    for resource in _list(orjson.loads(payload), "resourceSpans"):
        yield Group(_attributes(resource.get("resource")), _spans(resource))


def _list(holder: Json, name: str) -> list[Json]:
    return holder.get(name) or []


def _attributes(holder: Json | None) -> list[Json]:
    return (holder or {}).get("attributes") or []


def _int(holder: Json, name: str) -> int:
    """A time or count, which are unsigned 64-bit numbers on the wire."""
    number = int(holder.get(name) or 0)
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{name} is out of range")
    return number


def _log_records(resource: Json) -> Iterator[Log]:
    for scope in _list(resource, "scopeLogs"):
        for r in _list(scope, "logRecords"):
            yield Log(
                _int(r, "timeUnixNano"),
                _int(r, "observedTimeUnixNano"),
                r.get("eventName") or "",
                _attributes(r),
            )


def _points(resource: Json) -> Iterator[Point]:
    for scope in _list(resource, "scopeMetrics"):
        for metric in _list(scope, "metrics"):
            for kind in _KINDS:
                yield from _points_of(metric, kind)


def _points_of(metric: Json, kind: str) -> Iterator[Point]:
    data = metric.get(kind) or {}
    temporality = _TEMPORALITY.get(data.get("aggregationTemporality") or 0, "")
    for p in _list(data, "dataPoints"):
        plain = kind in ("sum", "gauge")
        value = p.get("asDouble", p.get("asInt")) if plain else p.get("sum", 0)
        yield Point(
            metric.get("name") or "",
            "gauge" if kind == "gauge" else temporality,
            _int(p, "startTimeUnixNano"),
            _int(p, "timeUnixNano"),
            None if value is None else float(value),
            None if plain else _int(p, "count"),
            _attributes(p),
        )


def _spans(resource: Json) -> Iterator[Span]:
    for scope in _list(resource, "scopeSpans"):
        for s in _list(scope, "spans"):
            yield Span(
                s.get("name") or "",
                _int(s, "startTimeUnixNano"),
                _int(s, "endTimeUnixNano"),
                s.get("traceId") or "",
                s.get("spanId") or "",
                s.get("parentSpanId") or "",
                (s.get("status") or {}).get("code") in (2, "STATUS_CODE_ERROR"),
                _attributes(s),
            )
