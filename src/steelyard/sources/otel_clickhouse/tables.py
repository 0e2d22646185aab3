"""The tables that the collector's exporter makes in ClickHouse, and the statements that read them.

Its DDL: opentelemetry-collector-contrib, exporter/clickhouseexporter/internal/sqltemplates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND = 1_000_000_000  # in nanoseconds


@dataclass(frozen=True)
class Shape:
    """One kind of table: the column of its time, those that must be there, and those that may."""

    signal: str
    time: str
    columns: tuple[str, ...]
    may: tuple[str, ...] = ()
    coarse: str = ""  # a column of whole seconds that the table is ordered by


_ABOUT = ("ServiceName", "ResourceAttributes", "ScopeName", "ScopeVersion")
_METRIC = ("MetricName", "MetricUnit", "Attributes", "AggregationTemporality")
LOGS = Shape(
    "logs",
    "Timestamp",
    (*_ABOUT, "LogAttributes", "Body", "SeverityText", "SeverityNumber", "TraceId", "SpanId"),
    ("EventName",),
    "TimestampTime",
)
SUMS = Shape("metrics", "TimeUnix", (*_ABOUT, *_METRIC, "StartTimeUnix", "Value", "IsMonotonic"))
HISTOGRAMS = Shape("metrics", "TimeUnix", (*_ABOUT, *_METRIC, "StartTimeUnix", "Count", "Sum"))
_TIMES = {"StartTimeUnix"}
# What is longer is content, which is dropped anyway: it stays there, and answers stay small.
_LONGEST = 4000


@dataclass(frozen=True)
class Table:
    """A table that is there. `columns` are those read, in the order of an answer's rows."""

    shape: Shape
    database: str
    name: str
    services: tuple[str, ...]
    columns: tuple[str, ...]
    has_coarse: bool

    @property
    def _place(self) -> str:
        return f"`{self.database}`.`{self.name}`"

    def hours(self, since: int, until: int) -> str:
        """The hours, as nanoseconds since 1970, that have rows, and how many."""
        hour = f"toUnixTimestamp(toStartOfHour({self._precise}, 'UTC')) * {_SECOND}"
        return (
            f"SELECT {hour} AS hour, count() FROM {self._place}"
            f" WHERE {self._within(since, until)} GROUP BY hour ORDER BY hour FORMAT JSONCompact"
        )

    def rows(self, since: int, until: int, after: tuple[int, int], limit: int) -> str:
        """Rows in an order that nothing changes: by time, then by a digest of all that is read."""
        digest = f"cityHash64({', '.join(self.columns)})"
        read = ", ".join(_read(column) for column in self.columns)
        return (
            f"SELECT {_nanos(self.shape.time)} AS at, {digest} AS mark, {read} FROM {self._place}"
            f" WHERE {self._within(max(since, after[0]), until)}"
            f" AND (at, mark) > ({after[0]}, {after[1]})"
            f" ORDER BY at, mark LIMIT {limit} FORMAT JSONCompact"
        )

    @property
    def _precise(self) -> str:
        return f"toDateTime64({self.shape.time}, 9, 'UTC')"

    def _within(self, since: int, until: int) -> str:
        said = ", ".join(f"'{service}'" for service in self.services)
        time, coarse = self.shape.time, self.shape.coarse
        tests = [
            f"ServiceName IN ({said})",
            f"{time} >= {_time(since)}",
            f"{time} < {_time(until)}",
        ]
        if self.has_coarse:
            tests += [f"{coarse} >= {_time(since, 0)}", f"{coarse} <= {_time(until, 0)}"]
        return " AND ".join(tests)


def columns(database: str, name: str) -> str:
    """What columns a table has, with their types; nothing where there is no such table."""
    return (
        "SELECT name, type FROM system.columns"
        f" WHERE database = '{database}' AND table = '{name}' FORMAT JSONCompact"
    )


def missing(shape: Shape, there: Collection[str]) -> list[str]:
    return [name for name in (shape.time, *shape.columns) if name not in there]


def read_columns(shape: Shape, there: Collection[str]) -> tuple[str, ...]:
    return (*shape.columns, *(name for name in shape.may if name in there))


def nanos(moment: dt.datetime) -> int:
    """Since 1970, exactly."""
    return (moment - EPOCH) // dt.timedelta(microseconds=1) * 1000


def _read(column: str) -> str:
    if column in _TIMES:
        return _nanos(column)
    if column == "Body":
        return f"substringUTF8({column}, 1, {_LONGEST})"
    if column == "LogAttributes":
        return f"mapApply((name, value) -> (name, substringUTF8(value, 1, {_LONGEST})), {column})"
    return column


def _nanos(column: str) -> str:
    return f"toUnixTimestamp64Nano(toDateTime64({column}, 9, 'UTC'))"


def _time(moment: int, digits: int = 9) -> str:
    """A time as ClickHouse reads it, whole seconds rounded down."""
    at = EPOCH + dt.timedelta(seconds=moment // _SECOND)
    if not digits:
        return f"toDateTime('{at:%Y-%m-%d %H:%M:%S}', 'UTC')"
    return f"toDateTime64('{at:%Y-%m-%d %H:%M:%S}.{moment % _SECOND:09d}', 9, 'UTC')"


def names(text: str) -> Sequence[str]:
    """The parts between commas."""
    return [each.strip() for each in text.split(",") if each.strip()]
