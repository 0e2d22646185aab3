"""OTLP export requests as clients send them, put together with the official messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Metric,
    NumberDataPoint,
)

DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
Value = str | int | float | bool
Attributes = Mapping[str, Value]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def at_ns(begins: dt.datetime, seconds: float) -> int:
    """Whole milliseconds, as clients' clocks tell them, in nanoseconds since 1970."""
    passed = begins - _EPOCH
    return ((passed.days * 86_400 + passed.seconds) * 1000 + int(seconds * 1000)) * 1_000_000


def iso(ns: int) -> str:
    moment = _EPOCH + dt.timedelta(milliseconds=ns // 1_000_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Logs:
    """One logs request; `client` begins what one process sends."""

    def __init__(self) -> None:
        self.request = ExportLogsServiceRequest()

    def client(self, resource: Attributes, scope: str, version: str, common: Attributes) -> None:
        group = self.request.resource_logs.add()
        group.resource.attributes.extend(_all(resource))
        inside = group.scope_logs.add()
        inside.scope.name, inside.scope.version = scope, version
        self._records, self._common = inside.log_records, LogRecord(attributes=_all(common))

    def event(self, name: str, ns: int, own: Attributes, timed: bool = True) -> None:
        """`timed`: whether the record carries its time, and not only its attribute."""
        record = self._records.add()
        record.observed_time_unix_nano = ns
        if timed:
            record.time_unix_nano = ns
            record.body.string_value = name
        record.MergeFrom(self._common)
        record.attributes.append(_seldom("event.timestamp", AnyValue(string_value=iso(ns))))
        record.attributes.extend(_all(own))


class Metrics:
    """One metrics request; `client` begins what one process sends."""

    def __init__(self, temporality: int = DELTA) -> None:
        self.request, self.temporality = ExportMetricsServiceRequest(), temporality

    def client(self, resource: Attributes, scope: str, version: str, common: Attributes) -> None:
        group = self.request.resource_metrics.add()
        group.resource.attributes.extend(_all(resource))
        inside = group.scope_metrics.add()
        inside.scope.name, inside.scope.version = scope, version
        self._metrics, self._common = inside.metrics, NumberDataPoint(attributes=_all(common))
        self._by_name: dict[str, Metric] = {}

    def point(
        self, name: str, value: float, start: int, end: int, own: Attributes, unit: str = ""
    ) -> None:
        metric = self._by_name.get(name)
        if metric is None:
            metric = self._by_name[name] = self._metrics.add(name=name, unit=unit)
            metric.sum.aggregation_temporality = self.temporality
            metric.sum.is_monotonic = True
        point = metric.sum.data_points.add()
        point.start_time_unix_nano, point.time_unix_nano = start, end
        if isinstance(value, int):
            point.as_int = value
        else:
            point.as_double = value
        point.MergeFrom(self._common)
        point.attributes.extend(_all(own))


def _all(attributes: Attributes) -> list[KeyValue]:
    return [
        _seldom(key, AnyValue(double_value=value))
        if isinstance(value, float)
        else _often(key, value, type(value).__name__)
        for key, value in attributes.items()
    ]


def _seldom(key: str, value: AnyValue) -> KeyValue:
    return KeyValue(key=key, value=value)


@lru_cache(20_000)
def _often(key: str, value: Any, kind: str) -> KeyValue:
    """Most attributes come again; True and 1 are told apart by their `kind`."""
    fields = {"str": "string_value", "bool": "bool_value", "int": "int_value"}
    return KeyValue(key=key, value=AnyValue(**{fields[kind]: value}))
