"""Telemetry out of a collector's ClickHouse: its figures are those of what came straight."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.recorded import SCENARIOS, Recording, asked, open_house
from tests.sources.passes import Waits, read
from tests.standins import otel_exporter as exporter
from tests.standins.server import Answer, Request, serving
from tests.warehouse.opened import address

from steelyard.app.house import House
from steelyard.app.syncing import Runner, Stopped, SyncReport
from steelyard.errors import ConfigError, SourceChanged, SourceDenied, Unreachable
from steelyard.receiver import dialects
from steelyard.sources import replies
from steelyard.sources.network import Network
from steelyard.sources.otel_clickhouse import source
from steelyard.sources.otel_clickhouse.source import OtelClickHouse, OtelClickHouseOptions
from steelyard.sources.registry import check_options
from steelyard.state.sources import Sources

MANY = "claude-code/06-many-exports-delta-http-protobuf"
FIGURES = {
    "tokens": ("assistant", "model", "token_type"),
    "spend_usd": ("assistant", "model"),
    "spend_reported_usd": ("assistant",),
    "api_requests": ("assistant", "model"),
    "sessions": ("assistant", "person"),
    "session_starts": ("assistant",),
    "tool_calls": ("assistant", "tool"),
    "tool_latency_ms_p50": ("assistant",),
    "edit_decisions": ("assistant", "tool"),
    "accept_rate": ("assistant",),
    "lines_suggested": ("assistant",),
    "prompts_per_session": ("assistant",),
}
BEGIN, END = "2020-01-01", dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_numbers = count(1)


@pytest.fixture
def place() -> Iterator[tuple[str, str]]:
    """The stand-in's address, and a database of its own with the exporter's tables."""
    url, database = (
        address().replace("clickhouse://", "http://"),
        f"otel_{os.getpid()}_{next(_numbers)}",
    )
    exporter.make(url, database)
    yield url, database
    exporter.post(url, f"DROP DATABASE {database}")


def opened(place: tuple[str, str], network: Network | None = None, **said: Any) -> OtelClickHouse:
    told = {"url": place[0], "database": place[1], "since": BEGIN, **said}
    return OtelClickHouse(OtelClickHouseOptions.model_validate(told), network or Waits().network)


def added(house: House, place: tuple[str, str], **said: str) -> None:
    told = {"url": place[0], "database": place[1], "since": BEGIN, **said}
    options = check_options("otel-clickhouse", told)
    Sources(house.state).add("collector", "otel-clickhouse", options, dt.timedelta(hours=1))


def sync(house: House) -> SyncReport:
    runner = Runner(house.inbox, Sources(house.state), network=lambda: Waits().network)
    report = runner.sync("collector")
    house.settle()
    return report


def figures(house: House) -> dict[str, dict[Any, Any]]:
    return {metric: asked(house, metric, *by) for metric, by in FIGURES.items()}


@pytest.fixture(scope="module")
def straight(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of all recordings, as clients sent them to the receiver itself."""
    with open_house(tmp_path_factory.mktemp("straight")) as house:
        house.import_otlp([recordings / name for name in SCENARIOS], lambda *_: None)
        return figures(house)


def test_the_figures_are_those_of_telemetry_that_came_straight(
    place: tuple[str, str], recordings: Path, straight: dict[str, Any], tmp_path: Path
) -> None:
    for name in SCENARIOS:
        exporter.export(*place, exporter.rows_of(recordings / name))
    with open_house(tmp_path) as house:
        added(house, place)
        report = sync(house)
        assert not report.failed, report
        assert {each.stream: each.records > 0 for each in report.streams} == {
            "logs": True,
            "sums": True,
            "histograms": True,
        }
        assert all(straight.values())
        assert figures(house) == straight
        sync(house)
        assert figures(house) == straight, "what is read again counts once"


def test_interrupted_and_late_and_twice_it_ends_the_same(
    place: tuple[str, str], recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(recordings / MANY)
    rows = exporter.rows_of(recording.folder)
    late = {table: found[1::3] for table, found in rows.items()}
    early = {table: found[0::3] + found[2::3] for table, found in rows.items()}
    newest = max(float(row["Timestamp"]) for row in rows["otel_logs"])
    ended = dt.datetime.fromtimestamp(newest, dt.UTC)
    exporter.export(*place, early)
    monkeypatch.setattr(source, "PAGE", 7)
    with open_house(tmp_path) as house:
        added(house, place)
        stop = threading.Event()
        pages = count(1)
        cut = runner(house, ended, stop, lambda *_: next(pages) == 4 and stop.set())
        with pytest.raises(Stopped):
            cut.sync("collector")
        assert 0 < house.inbox.status().received < 6
        assert not runner(house, ended).sync("collector").failed
        exporter.export(*place, late)
        exporter.export(*place, late)
        assert not runner(house, ended + dt.timedelta(minutes=5)).sync("collector").failed
        house.settle()
        assert asked(house, "tokens", "model", "token_type") == recording.tokens()


def test_content_that_lies_there_is_not_kept(
    place: tuple[str, str], recordings: Path, tmp_path: Path
) -> None:
    rows = exporter.rows_of(recordings / MANY)
    secret = "xyzzy-the-prompt"
    for row in rows["otel_logs"]:
        row["LogAttributes"] |= {"prompt": secret, "tool_input": secret, "tool_parameters": secret}
        row["Body"] = secret
    exporter.export(*place, rows)
    with open_house(tmp_path) as house:
        added(house, place)
        assert not sync(house).failed
        assert asked(house, "api_requests")
    kept = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert kept and not any(secret.encode() in file.read_bytes() for file in kept)


def test_long_texts_stay_where_they_are(
    place: tuple[str, str], recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = exporter.rows_of(recordings / MANY)["otel_logs"]
    for row in rows:
        row["LogAttributes"] |= {"prompt": "é" * 100_000}
    exporter.export(*place, {"otel_logs": rows})
    monkeypatch.setattr(replies, "MAX_BYTES", 1024 * 1024)
    assert _rows(opened(place), "logs") == len(rows)


def test_it_reads_only_the_services_asked_for(place: tuple[str, str], recordings: Path) -> None:
    for name in (MANY, "codex/02-edits-http-protobuf"):
        exporter.export(*place, exporter.rows_of(recordings / name))
    whole, one = opened(place), opened(place, services="codex_exec, gemini-cli")
    assert 0 < _rows(one, "logs") < _rows(whole, "logs")
    assert {*source.SERVICES} == {name for each in dialects.DIALECTS for name in each.services}


def test_the_pages_say_how_far_they_are(place: tuple[str, str], recordings: Path) -> None:
    exporter.export(*place, exporter.rows_of(recordings / MANY))
    pages = read(opened(place), "logs", now=END).pages
    assert pages[-1].done == pages[-1].total == _rows(opened(place), "logs")
    empty = read(opened(place), "histograms", now=END).pages
    assert [page.requests for page in empty] == [()]


def test_what_is_not_there_is_said(place: tuple[str, str]) -> None:
    url, database = place
    assert [check.ok for check in opened(place).check()] == [True, True, True]
    other = opened(place, logs="elsewhere")
    assert [check.ok for check in other.check()] == [False, True, True]
    with pytest.raises(SourceChanged, match=rf"no table {database}\.elsewhere"):
        read(other, "logs")
    exporter.post(url, f"CREATE TABLE {database}.of_another (Timestamp DateTime) ENGINE = Memory")
    with pytest.raises(SourceChanged, match="lacks ServiceName, ResourceAttributes"):
        read(opened(place, logs="of_another"), "logs")
    as_json = exporter.TABLES[0].replace(
        "ResourceAttributes Map(LowCardinality(String), String)", "ResourceAttributes JSON"
    )
    exporter.post(url, as_json.replace("otel_logs", "as_json").format(database))
    with pytest.raises(SourceChanged, match="keeps attributes as JSON"):
        read(opened(place, logs="as_json"), "logs")


def test_a_number_that_is_none_is_left_out_and_said(
    place: tuple[str, str], recordings: Path
) -> None:
    rows = exporter.rows_of(recordings / MANY)
    exporter.export(*place, {"otel_metrics_sum": rows["otel_metrics_sum"]})
    before = _rows(opened(place), "sums")
    rows["otel_metrics_sum"][0]["Value"] = float("nan")
    exporter.export(*place, {"otel_metrics_sum": rows["otel_metrics_sum"][:1]})
    done = read(opened(place), "sums", now=END)
    assert sum(each.records for page in done.pages for each in page.requests) == before
    assert done.notes == ["1 rows of otel_metrics_sum have no number."]


def test_a_server_that_refuses_or_is_away_is_told_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Request] = []

    def refuse(request: Request) -> Answer:
        seen.append(request)
        raw = b"Code: 516. DB::Exception: default: Authentication failed"
        return Answer(raw=raw, status=403, headers={"X-ClickHouse-Exception-Code": "516"})

    with serving(refuse) as stand_in:
        asked_of = opened((stand_in.url, "otel"), password="hunter2")
        with pytest.raises(SourceDenied) as denied:
            read(asked_of, "logs")
        assert "hunter2" not in f"{denied.value.message} {denied.value.hint}"
        assert all("hunter2" not in f"{each.path} {each.query}" for each in seen)
        assert seen[0].method == "GET" and seen[0].headers["authorization"].startswith("Basic ")
    with pytest.raises(Unreachable):
        read(opened((stand_in.url, "otel")), "logs")
    other = serving(lambda _: Answer({"hello": "world"}))
    with other as stand_in, pytest.raises(SourceChanged, match="not answer as ClickHouse"):
        read(opened((stand_in.url, "otel")), "logs")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"url": "https://eve:hunter2@db:8443"}, "without user and password"),
        ({"url": "db:9000"}, "http interface"),
        ({"url": "https://db", "database": "a`b"}, "letters, digits"),
        ({"url": "https://db", "services": "a') OR ('1"}, "names of services"),
        ({"url": "https://db", "late": "0"}, "late"),
    ],
)
def test_options_that_cannot_be_are_refused(said: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        check_options("otel-clickhouse", said)
    assert "hunter2" not in refused.value.message


def runner(
    house: House,
    now: dt.datetime,
    stop: threading.Event | None = None,
    update: Callable[..., object] = lambda *_: None,
) -> Runner:
    found = Sources(house.state)
    told: dict[str, Any] = {"clock": lambda: now, "network": lambda: Waits().network}
    return Runner(house.inbox, found, update, stop=stop or threading.Event(), **told)


def _rows(reading: OtelClickHouse, stream: str) -> int:
    pages = read(reading, stream, now=END).pages
    return sum(each.records for page in pages for each in page.requests)
