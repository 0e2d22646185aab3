"""Rows of the exporter's tables back into the OTLP requests they came from.

Attributes stay the texts that the exporter made of them, in its order: the receiver reads numbers
from texts as well. A row becomes the same record whatever stands beside it, so that a row read
again is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from steelyard.sources.contract import Request
from steelyard.sources.otel_clickhouse.tables import EPOCH, HISTOGRAMS, LOGS, Shape

Row = Mapping[str, Any]


def request(shape: Shape, rows: Sequence[Row]) -> Request:
    """One request with all rows. Raises ValueError or TypeError for a row that is none of ours."""
    newest = EPOCH + dt.timedelta(microseconds=max(int(row["at"]) for row in rows) // 1000)
    data = _logs(rows) if shape is LOGS else _metrics(rows, shape is HISTOGRAMS)
    return Request(shape.signal, data, len(rows), newest)


def _logs(rows: Iterable[Row]) -> bytes:
    sent = ExportLogsServiceRequest()
    scopes: dict[str, Any] = {}
    for row in rows:
        record = _scope(sent.resource_logs, "scope_logs", scopes, row).log_records.add()
        record.time_unix_nano = int(row["at"])
        record.severity_number = int(row["SeverityNumber"])
        record.severity_text = row["SeverityText"]
        record.body.string_value = row["Body"]
        record.event_name = row.get("EventName", "")
        record.trace_id = _identity(row["TraceId"])
        record.span_id = _identity(row["SpanId"])
        _attributes(record, row["LogAttributes"])
    return bytes(sent.SerializeToString())


def _metrics(rows: Iterable[Row], histograms: bool) -> bytes:
    sent = ExportMetricsServiceRequest()
    scopes: dict[str, Any] = {}
    for row in rows:
        metric = _scope(sent.resource_metrics, "scope_metrics", scopes, row).metrics.add()
        metric.name, metric.unit = row["MetricName"], row["MetricUnit"]
        data = metric.histogram if histograms else metric.sum
        data.aggregation_temporality = int(row["AggregationTemporality"])
        point = data.data_points.add()
        if histograms:
            point.count, point.sum = int(row["Count"]), float(row["Sum"])
        else:
            data.is_monotonic = bool(row["IsMonotonic"])
            point.as_double = float(row["Value"])
        point.start_time_unix_nano = int(row["StartTimeUnix"])
        point.time_unix_nano = int(row["at"])
        _attributes(point, row["Attributes"])
    return bytes(sent.SerializeToString())


def _scope(resources: Any, below: str, known: dict[str, Any], row: Row) -> Any:
    """The scope of the row's resource, made when it is the first."""
    told = row["ResourceAttributes"]
    key = repr((*told.items(), row["ScopeName"], row["ScopeVersion"]))
    if key not in known:
        resource = resources.add()
        _attributes(resource.resource, told)
        scope = getattr(resource, below).add()
        scope.scope.name, scope.scope.version = row["ScopeName"], row["ScopeVersion"]
        known[key] = scope
    return known[key]


def _identity(text: str) -> bytes:
    """Of a trace or a span; nothing where somebody else filled the column."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _attributes(holder: Any, told: Mapping[str, str]) -> None:
    for name, value in told.items():
        attribute = holder.attributes.add()
        attribute.key, attribute.value.string_value = name, value
