"""What a collector's ClickHouse exporter does: its tables, and OTLP requests as their rows.

Attributes become texts in the order they were sent, as its documentation says; what has no column
(the time of observation, types) is lost.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from steelyard.receiver.inflate import inflate
from steelyard.sources.otlp_files import find_bodies

_MAP = "Map(LowCardinality(String), String)"
_ABOUT = f"ServiceName LowCardinality(String), ResourceAttributes {_MAP}, ScopeName String,"
_ABOUT += " ScopeVersion String,"
_METRIC = (
    f"{_ABOUT} MetricName LowCardinality(String), MetricDescription String, MetricUnit String,"
    f" Attributes {_MAP}, StartTimeUnix DateTime64(9), TimeUnix DateTime64(9), Flags UInt32,"
    " AggregationTemporality Int32,"
)
_ORDER = "ENGINE = MergeTree ORDER BY (ServiceName, MetricName, TimeUnix)"
TABLES = (
    f"CREATE TABLE {{}}.otel_logs ({_ABOUT} Timestamp DateTime64(9), TimestampTime DateTime DEFAULT"
    " toDateTime(Timestamp), TraceId String, SpanId String, TraceFlags UInt8, SeverityText String,"
    f" SeverityNumber UInt8, Body String, LogAttributes {_MAP}, EventName String)"
    " ENGINE = MergeTree PARTITION BY toDate(TimestampTime)"
    " ORDER BY (ServiceName, TimestampTime, Timestamp)",
    f"CREATE TABLE {{}}.otel_metrics_sum ({_METRIC} Value Float64, IsMonotonic Bool) {_ORDER}",
    f"CREATE TABLE {{}}.otel_metrics_histogram ({_METRIC} Count UInt64, Sum Float64) {_ORDER}",
)
_KINDS = {"sum": "otel_metrics_sum", "histogram": "otel_metrics_histogram"}
Rows = dict[str, list[dict[str, Any]]]


def make(url: str, database: str) -> None:
    post(url, f"CREATE DATABASE {database}")
    for statement in TABLES:
        post(url, statement.format(database))


def export(url: str, database: str, rows: Rows) -> None:
    """Rows into their tables, as they come."""
    for table, found in rows.items():
        lines = "\n".join(json.dumps(row) for row in found)
        post(url, f"INSERT INTO {database}.{table} FORMAT JSONEachRow", lines)


def post(url: str, sql: str, body: str = "") -> None:
    httpx.post(url, params={"query": sql}, content=body.encode(), timeout=60).raise_for_status()


def rows_of(folder: Path) -> Rows:
    """The rows of a recording's logs and metrics."""
    found: Rows = {"otel_logs": [], "otel_metrics_sum": [], "otel_metrics_histogram": []}
    for file in find_bodies([folder]):
        data, compression = file.read()
        payload = inflate(data, compression)
        if file.signal == "logs":
            found["otel_logs"] += _logs(_parsed(ExportLogsServiceRequest(), file.encoding, payload))
        elif file.signal == "metrics":
            sent = _parsed(ExportMetricsServiceRequest(), file.encoding, payload)
            for kind, row in _metrics(sent):
                found[_KINDS[kind]].append(row)
    return {table: rows for table, rows in found.items() if rows}


def _parsed(message: Any, encoding: str, payload: bytes) -> Any:
    if encoding == "json":
        return json_format.Parse(payload, message, ignore_unknown_fields=True)
    message.ParseFromString(payload)
    return message


def _logs(sent: Any) -> Iterator[dict[str, Any]]:
    for resource in sent.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                at = record.time_unix_nano or record.observed_time_unix_nano
                yield {
                    **_about(resource.resource, scope.scope),
                    "Timestamp": _time(at),
                    "TraceId": record.trace_id.hex(),
                    "SpanId": record.span_id.hex(),
                    "SeverityText": record.severity_text,
                    "SeverityNumber": record.severity_number,
                    "Body": _text(record.body),
                    "LogAttributes": _map(record.attributes),
                    "EventName": record.event_name,
                }


def _metrics(sent: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in sent.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                if kind not in _KINDS:
                    continue
                data = getattr(metric, kind)
                for point in data.data_points:
                    yield (
                        kind,
                        {
                            **_about(resource.resource, scope.scope),
                            "MetricName": metric.name,
                            "MetricDescription": metric.description,
                            "MetricUnit": metric.unit,
                            "Attributes": _map(point.attributes),
                            "StartTimeUnix": _time(point.start_time_unix_nano),
                            "TimeUnix": _time(point.time_unix_nano),
                            "AggregationTemporality": data.aggregation_temporality,
                            **_value(kind, data, point),
                        },
                    )


def _value(kind: str, data: Any, point: Any) -> dict[str, Any]:
    if kind == "histogram":
        return {"Count": point.count, "Sum": point.sum}
    return {"Value": getattr(point, point.WhichOneof("value")), "IsMonotonic": data.is_monotonic}


def _about(resource: Any, scope: Any) -> dict[str, Any]:
    told = _map(resource.attributes)
    return {
        "ServiceName": told.get("service.name", ""),
        "ResourceAttributes": told,
        "ScopeName": scope.name,
        "ScopeVersion": scope.version,
    }


def _map(attributes: Iterable[Any]) -> dict[str, str]:
    return {each.key: _text(each.value) for each in attributes}


def _text(value: Any) -> str:
    """A value as the collector writes it: whole floats without a fraction, lists as JSON."""
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    found = getattr(value, kind)
    match kind:
        case "string_value":
            return str(found)
        case "bool_value":
            return str(found).lower()
        case "double_value":
            return str(int(found)) if found == int(found) else repr(found)
        case "bytes_value":
            return base64.b64encode(found).decode()
        case "int_value":
            return str(found)
    return json.dumps(json_format.MessageToDict(value))


def _time(nanos: int) -> str:
    return f"{nanos // 1_000_000_000}.{nanos % 1_000_000_000:09d}"
