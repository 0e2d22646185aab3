"""Taking content out of OTLP protobuf bodies, by way of the official messages."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2

from steelyard.receiver.content_rules import MAX_SPAN_TEXT, Place, keeps_body, replacement

_REQUESTS: dict[str, Any] = {
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
    "traces": trace_service_pb2.ExportTraceServiceRequest,
}
_RESOURCE, _SCOPE, _POINT, _SPAN = (Place(kind) for kind in ("resource", "scope", "point", "span"))


def clean_protobuf(signal: str, payload: bytes) -> bytes:
    """The request without content; the same object when nothing had to go.

    Raises protobuf's DecodeError when the bytes are no such request.
    """
    request = _REQUESTS[signal].FromString(payload)
    changed = _CLEAN[signal](request)
    cleaned: bytes = request.SerializeToString(deterministic=True)
    return cleaned if changed else payload


def _logs(request: Any) -> bool:
    changed = False
    for group in request.resource_logs:
        changed |= _attributes(group.resource.attributes, _RESOURCE)
        for scope in group.scope_logs:
            changed |= _attributes(scope.scope.attributes, _SCOPE)
            for record in scope.log_records:
                changed |= _record(record)
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
    kept: list[Any] = []
    fresh: dict[str, int | str] = {}
    for pair in attributes:
        pairs = replacement(pair.key, _plain(pair.value), place)
        if pairs is None:
            kept.append(pair)
        else:
            fresh.update(pairs)
    if len(kept) == len(attributes):
        return False
    taken = {pair.key for pair in kept}
    copies = [common_pb2.KeyValue.FromString(pair.SerializeToString()) for pair in kept]
    del attributes[:]
    attributes.extend(copies)
    attributes.extend(_pair(*pair) for pair in fresh.items() if pair[0] not in taken)
    return True


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


_CLEAN = {"logs": _logs, "metrics": _metrics, "traces": _traces}
