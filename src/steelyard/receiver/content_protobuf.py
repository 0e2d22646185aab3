"""Taking content out of OTLP protobuf bodies, by way of the official messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from steelyard.receiver import shallow
from steelyard.receiver.content_rules import (
    MAX_SPAN_TEXT,
    Place,
    is_judged,
    keeps_body,
    replacement,
)
from steelyard.receiver.content_scan import record_may_hold_content

_NUMBERS = (None, "string_value", "bool_value", "int_value", "double_value")
_RESOURCE, _SCOPE, _POINT, _SPAN = (Place(kind) for kind in ("resource", "scope", "point", "span"))


def clean_protobuf(signal: str, payload: bytes) -> bytes:
    """The request without content; the same object when nothing had to go.

    Raises protobuf's DecodeError when the bytes are no such request.
    """
    kind, clean = _REQUESTS[signal]
    request = kind(payload)
    if not clean(request):
        return payload
    cleaned: bytes = request.SerializeToString()
    return cleaned


def _logs(request: Any) -> bool:
    """Of a batch often a few records hold content: only those are parsed."""
    changed = False
    for group in request.groups:
        changed |= _part(group, "resource", resource_pb2.Resource, _RESOURCE)
        for scope in group.scopes:
            changed |= _part(scope, "scope", common_pb2.InstrumentationScope, _SCOPE)
            for index, raw in enumerate(scope.records):
                if record_may_hold_content(raw):
                    record = logs_pb2.LogRecord.FromString(raw)
                    if _record(record):
                        scope.records[index] = record.SerializeToString()
                        changed = True
    return changed


def _part(owner: Any, name: str, kind: Any, place: Place) -> bool:
    """Clean a resource or a scope that lies in its owner as bytes."""
    part = kind.FromString(getattr(owner, name))
    changed = _attributes(part.attributes, place)
    if changed:
        setattr(owner, name, part.SerializeToString())
    return changed


def _record(record: Any) -> bool:
    event = next(
        (pair.value.string_value for pair in record.attributes if pair.key == "event.name"),
        record.event_name,
    )
    changed = _attributes(record.attributes, Place("log", event.rpartition(".")[2]))
    if record.HasField("body") and not keeps_body(record.body.string_value, event):
        record.ClearField("body")
        changed = True
    return changed


def _metrics(request: Any) -> bool:
    changed = False
    for group in request.resource_metrics:
        changed |= _attributes(group.resource.attributes, _RESOURCE)
        for scope in group.scope_metrics:
            changed |= _attributes(scope.scope.attributes, _SCOPE)
            for metric in scope.metrics:
                changed |= _metric(metric)
    return changed


def _metric(metric: Any) -> bool:
    changed = _attributes(metric.metadata, _POINT)
    kind = metric.WhichOneof("data")
    for point in getattr(metric, kind).data_points if kind else ():
        changed |= _attributes(point.attributes, _POINT)
        for exemplar in getattr(point, "exemplars", ()):
            changed |= _attributes(exemplar.filtered_attributes, _POINT)
    return changed


def _traces(request: Any) -> bool:
    changed = False
    for group in request.resource_spans:
        changed |= _attributes(group.resource.attributes, _RESOURCE)
        for scope in group.scope_spans:
            changed |= _attributes(scope.scope.attributes, _SCOPE)
            for span in scope.spans:
                changed |= _span(span)
    return changed


def _span(span: Any) -> bool:
    changed = _attributes(span.attributes, _SPAN)
    for inner in (*span.events, *span.links):
        changed |= _attributes(inner.attributes, _SPAN)
    if span.status.message:
        span.status.ClearField("message")
        changed = True
    for named in (span, *span.events):
        if len(named.name) > MAX_SPAN_TEXT:
            named.name = named.name[:MAX_SPAN_TEXT]
            changed = True
    return changed


def _attributes(attributes: Any, place: Place) -> bool:
    """Replace what has to go in one list of attributes; whether anything had to."""
    found = {
        index: pairs
        for index, pair in enumerate(attributes)
        if not _is_harmless(pair)
        and (pairs := replacement(pair.key, _plain(pair.value), place)) is not None
    }
    if not found:
        return False
    kept = [pair for index, pair in enumerate(attributes) if index not in found]
    taken = {pair.key for pair in kept}
    fresh = {key: value for pairs in found.values() for key, value in pairs if key not in taken}
    copies = [common_pb2.KeyValue.FromString(pair.SerializeToString()) for pair in kept]
    del attributes[:]
    attributes.extend(copies)
    attributes.extend(_pair(*pair) for pair in fresh.items())
    return True


def _is_harmless(pair: Any) -> bool:
    """A quick look: a key without a rule, and a number or a text that is short everywhere."""
    if is_judged(pair.key):
        return False
    value = pair.value
    size = len(value.string_value)
    return 0 < size <= MAX_SPAN_TEXT or (size == 0 and value.WhichOneof("value") in _NUMBERS)


def _pair(key: str, value: int | str) -> Any:
    if isinstance(value, int):
        return common_pb2.KeyValue(key=key, value=common_pb2.AnyValue(int_value=value))
    return common_pb2.KeyValue(key=key, value=common_pb2.AnyValue(string_value=value))


def _plain(value: Any) -> Any:
    """An AnyValue as plain Python."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: _plain(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind)


_REQUESTS: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bool]]] = {
    "logs": (shallow.parse, _logs),
    "metrics": (metrics_service_pb2.ExportMetricsServiceRequest.FromString, _metrics),
    "traces": (trace_service_pb2.ExportTraceServiceRequest.FromString, _traces),
}
