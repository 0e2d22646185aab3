"""Reads telemetry of assistants from a ClickHouse that an OpenTelemetry collector fills.

Over ClickHouse's HTTP interface by GET, which cannot change anything there: hour by hour, in pages
of a fixed order. Rows arrive a little after their time, so each run looks back; what it reads again
counts once.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Any, ClassVar

import httpx
from pydantic import AfterValidator, Field

from steelyard.errors import SourceChanged
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.network import Http
from steelyard.sources.otel_clickhouse import otlp, tables
from steelyard.sources.otel_clickhouse.tables import HISTOGRAMS, LOGS, SUMS, Shape, Table

PAGE = 2000  # rows; an answer may have 64 MiB
_HOUR = 3600 * 1_000_000_000
_USUAL_PAST = dt.timedelta(days=30)
# `service.name` of the assistants the receiver knows.
SERVICES = (
    *("claude-code", "claude-code-desktop", "gemini-cli"),
    *("codex", "codex-cli", "codex_cli_rs", "codex_exec", "codex_tui", "codex_vscode"),
)


def _address(text: str) -> str:
    parts = httpx.URL(text)
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ValueError("an address of ClickHouse's HTTP interface: https://host:8443")
    if parts.userinfo:
        raise ValueError("an address without user and password: give those as user, password")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"\w+", text, re.ASCII):
        raise ValueError("a name of letters, digits and underscores")
    return text


def _services(text: str) -> str:
    if not all(re.fullmatch(r"[\w ./:@-]+", each, re.ASCII) for each in tables.names(text)):
        raise ValueError("names of services with commas between")
    return text


class OtelClickHouseOptions(Options):
    url: Annotated[str, AfterValidator(_address)] = Field(
        description="ClickHouse's HTTP interface: `https://clickhouse.internal:8443`."
    )
    user: str = Field("default", description="A user that may read the tables; reading is enough.")
    password: Secret | None = Field(None, description="The user's password.")
    database: Annotated[str, AfterValidator(_name)] = Field(
        "default", description="The exporter's `database`."
    )
    logs: Annotated[str, AfterValidator(_name)] = Field(
        "otel_logs", description="The exporter's `logs_table_name`."
    )
    metrics: Annotated[str, AfterValidator(_name)] = Field(
        "otel_metrics",
        description="What the names of the exporter's tables of metrics begin with.",
    )
    services: Annotated[str, AfterValidator(_services)] = Field(
        ",".join(SERVICES), description="Which `service.name` are read, with commas between."
    )
    since: dt.date | None = Field(
        None, description="First UTC day to read. Else 30 days before the first run."
    )
    late: int = Field(
        15, ge=1, le=1440, description="Minutes that rows may arrive after their time."
    )


class OtelClickHouse(Source):
    kind: ClassVar[str] = "otel-clickhouse"
    title: ClassVar[str] = "A collector's ClickHouse"
    Options: ClassVar[type[Options]] = OtelClickHouseOptions

    options: OtelClickHouseOptions

    @cached_property
    def http(self) -> Http:
        said = self.options
        password = said.password.get_secret_value() if said.password else ""
        auth = httpx.BasicAuth(said.user, password)
        return self.network.client(said.url, auth=auth)

    def streams(self) -> Sequence[Stream]:
        return tuple(
            Stream(name, partial(self._pages, shape, table), ())
            for name, (shape, table) in self._tables().items()
        )

    def check(self) -> Iterator[Check]:
        for shape, name in self._tables().values():
            table, problem = self._table(shape, name)
            yield Check(f"{self.options.database}.{name}", table is not None, "", problem)

    def _tables(self) -> dict[str, tuple[Shape, str]]:
        said = self.options
        return {
            "logs": (LOGS, said.logs),
            "sums": (SUMS, f"{said.metrics}_sum"),
            "histograms": (HISTOGRAMS, f"{said.metrics}_histogram"),
        }

    def _table(self, shape: Shape, name: str) -> tuple[Table | None, str]:
        """The table as it is there, or what is wrong with it."""
        said = self.options
        there = {
            str(column): str(kind)
            for column, kind in self._ask(tables.columns(said.database, name))
        }
        if not there:
            return None, f"There is no table {said.database}.{name} that {said.user} may read."
        if lacking := tables.missing(shape, there):
            return None, f"{said.database}.{name} lacks {', '.join(lacking)}."
        if "JSON" in there["ResourceAttributes"]:
            return (
                None,
                f"{said.database}.{name} keeps attributes as JSON; maps are read (`json: false`).",
            )
        services = tuple(tables.names(said.services))
        columns = tables.read_columns(shape, there)
        return Table(shape, said.database, name, services, columns, shape.coarse in there), ""

    def _pages(
        self, shape: Shape, name: str, cursor: str | None, now: dt.datetime
    ) -> Iterator[Page]:
        table, problem = self._table(shape, name)
        if table is None:
            raise SourceChanged(problem, "`steelyard source test` tells of every table it needs.")
        since, until = self._first(cursor, now), tables.nanos(now)
        hours = [(int(hour), int(count)) for hour, count in self._ask(table.hours(since, until))]
        done, total = 0, sum(count for _, count in hours)
        for hour, _ in hours:
            for rows in self._hour(table, max(since, hour), min(until, hour + _HOUR)):
                done += len(rows)
                yield _page(table, rows, done, max(done, total))
        yield Page((), str(until), done, max(done, total))

    def _first(self, cursor: str | None, now: dt.datetime) -> int:
        """Where a run begins: a while before where the last one stood."""
        if cursor:
            return int(cursor) - self.options.late * 60 * 1_000_000_000
        since = self.options.since or (now - _USUAL_PAST).astimezone(dt.UTC).date()
        return tables.nanos(dt.datetime.combine(since, dt.time(), dt.UTC))

    def _hour(self, table: Table, since: int, until: int) -> Iterator[Sequence[Mapping[str, Any]]]:
        names = ("at", "mark", *table.columns)
        after = (since - 1, 0)
        while True:
            sql = table.rows(since, until, after, PAGE)
            rows = [dict(zip(names, row, strict=True)) for row in self._ask(sql)]
            if rows:
                after = int(rows[-1]["at"]), int(rows[-1]["mark"])
                yield rows
            if len(rows) < PAGE:
                return

    def _ask(self, sql: str) -> list[list[Any]]:
        data = self.http.get("/", {"query": sql}, tries=3).data
        rows = data.get("data") if isinstance(data, dict) else None
        if not isinstance(rows, list):
            raise SourceChanged(
                f"{self.http.host} does not answer as ClickHouse does.",
                "Give the address of its HTTP interface, usually port 8123 or 8443.",
            )
        return rows


def _page(table: Table, rows: Sequence[Mapping[str, Any]], done: int, total: int) -> Page:
    """A page's rows as one request. What is no number (NaN) comes as null, and tells nothing."""
    told = {"Value", "Sum"} & {*table.columns}
    whole = [row for row in rows if all(row[name] is not None for name in told)]
    lost = len(rows) - len(whole)
    notes = (f"{lost} rows of {table.name} have no number.",) if lost else ()
    cursor = str(rows[-1]["at"])
    try:
        requests = (otlp.request(table.shape, whole),) if whole else ()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceChanged(
            f"A row of {table.database}.{table.name} cannot be read: {error}.",
            "Its columns are not those that the collector's exporter makes.",
        ) from error
    return Page((), cursor, done, total, notes, requests)
