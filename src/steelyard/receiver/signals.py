"""The plain shapes in which both OTLP encodings hand over what they read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

Attributes = Iterable[Any]  # in the encoding's own form; the reader's `attribute` tells key, value


class Log(NamedTuple):
    time_ns: int
    observed_ns: int
    event_name: str
    attributes: Attributes


class Point(NamedTuple):
    metric: str
    temporality: str  # delta | cumulative | gauge
    start_ns: int
    time_ns: int
    value: float | None  # of a histogram: its sum
    observations: int | None  # of a histogram
    attributes: Attributes


class Span(NamedTuple):
    name: str
    start_ns: int
    end_ns: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Attributes


class Group(NamedTuple):
    """The records of one resource."""

    resource: Attributes
    records: Iterable[Any]
