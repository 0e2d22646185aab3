"""Reads OTLP protobuf, with attributes as bytes: the same wire format, parsed by the same library.

An OTLP batch repeats most attributes in every record (user, session, team). In these variants of
the official messages each attribute is the `bytes` of its KeyValue, so a reader can look up what
it has seen before in a dictionary. Measured: a third of the CPU of walking the official messages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from steelyard.receiver.signals import Group, Log, Point, Span

_FILES = (
    common_pb2,
    resource_pb2,
    logs_pb2,
    metrics_pb2,
    trace_pb2,
    logs_service_pb2,
    metrics_service_pb2,
    trace_service_pb2,
)
# Wire tags of an AnyValue's string, int and double.
_STRING, _INT, _DOUBLE = 0x0A, 0x18, 0x21
_DOUBLE_FORMAT = struct.Struct("<d")
_KEY_VALUE = ".opentelemetry.proto.common.v1.KeyValue"


def _with_raw_attributes(module: Any) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    for message in file.message_type:
        for field in message.field:
            if field.type_name == _KEY_VALUE and field.name == "attributes":
                field.type = FieldDescriptorProto.TYPE_BYTES
                field.ClearField("type_name")
    return file


def _messages() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        pool.AddSerializedFile(_with_raw_attributes(module).SerializeToString())
    return pool


_POOL = _messages()


def _request(name: str) -> Any:
    full = f"opentelemetry.proto.collector.{name}"
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(full))


REQUESTS: dict[str, Any] = {
    "logs": _request("logs.v1.ExportLogsServiceRequest"),
    "metrics": _request("metrics.v1.ExportMetricsServiceRequest"),
    "traces": _request("trace.v1.ExportTraceServiceRequest"),
}


def attribute(raw: bytes) -> tuple[str, Any]:
    """Key and plain value of a serialised KeyValue.

    Short texts, whole numbers and doubles, nearly all there are, are read in place; anything else
    goes through the official message. Raises what protobuf raises when the bytes are no KeyValue.
    """
    size = len(raw)
    if 6 <= size < 128 and raw[0] == 0x0A:
        at = 2 + raw[1]
        # key, then a value (field 2) that fills the rest
        if at + 3 < size and raw[at] == 0x12 and raw[at + 1] == size - at - 2:
            kind = raw[at + 2]
            if kind == _STRING and raw[at + 3] == size - at - 4:
                return raw[2:at].decode(), raw[at + 4 :].decode()
            if kind == _DOUBLE and size == at + 11:
                return raw[2:at].decode(), _DOUBLE_FORMAT.unpack_from(raw, at + 3)[0]
            if kind == _INT and size < at + 12 and raw[-1] < 0x80:
                return raw[2:at].decode(), _varint(raw, at + 3)
    pair = common_pb2.KeyValue.FromString(raw)
    return pair.key, plain_value(pair.value)


def _varint(raw: bytes, at: int) -> int:
    """The base-128 number that fills the rest of `raw`; fewer than ten bytes, so not negative."""
    value = shift = 0
    for byte in raw[at:]:
        value |= (byte & 0x7F) << shift
        shift += 7
    return value


def plain_value(value: Any) -> Any:
    """An OTLP AnyValue as text, number, boolean, list or dictionary; bytes as their length."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: plain_value(item.value) for item in value.kvlist_value.values}
    if kind == "bytes_value":
        return {"bytes_length": len(value.bytes_value)}
    return getattr(value, kind)


def logs(payload: bytes) -> Iterator[Group]:
    for resource in REQUESTS["logs"].FromString(payload).resource_logs:
        yield Group(resource.resource.attributes, _log_records(resource))


def metrics(payload: bytes) -> Iterator[Group]:
    for resource in REQUESTS["metrics"].FromString(payload).resource_metrics:
        yield Group(resource.resource.attributes, _points(resource))


def traces(payload: bytes) -> Iterator[Group]:
    for resource in REQUESTS["traces"].FromString(payload).resource_spans:
        yield Group(resource.resource.attributes, _spans(resource))


def _log_records(resource: Any) -> Iterator[Log]:
    for scope in resource.scope_logs:
        for r in scope.log_records:
            yield Log(r.time_unix_nano, r.observed_time_unix_nano, r.event_name, r.attributes)


_TEMPORALITY = {0: "", 1: "delta", 2: "cumulative"}


def _points(resource: Any) -> Iterator[Point]:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            kind = metric.WhichOneof("data")
            if kind is None:
                continue
            data = getattr(metric, kind)
            temporality = _TEMPORALITY.get(getattr(data, "aggregation_temporality", 0), "")
            for p in data.data_points:
                value, count = _number(p) if kind in ("sum", "gauge") else (p.sum, p.count)
                yield Point(
                    metric.name,
                    "gauge" if kind == "gauge" else temporality,
                    p.start_time_unix_nano,
                    p.time_unix_nano,
                    value,
                    count,
                    p.attributes,
                )


def _number(point: Any) -> tuple[float | None, None]:
    kind = point.WhichOneof("value")
    return (None if kind is None else float(getattr(point, kind))), None


def _spans(resource: Any) -> Iterator[Span]:
    for scope in resource.scope_spans:
        for s in scope.spans:
            yield Span(
                s.name,
                s.start_time_unix_nano,
                s.end_time_unix_nano,
                s.trace_id.hex(),
                s.span_id.hex(),
                s.parent_span_id.hex(),
                s.status.code == 2,
                s.attributes,
            )
