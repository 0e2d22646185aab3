"""Decoding, dialect by dialect: what clients say in their own way becomes the same records."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from steelyard.receiver.body import Body
from steelyard.receiver.decode import decode
from steelyard.records import TABLES

Json = dict[str, Any]
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TIME_NS = 1_795_326_465_000_000_000  # 2026-11-22 06:27:45
ENCODINGS = pytest.mark.parametrize("encoding", ["json", "protobuf"])


def any_value(value: object) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def attributes(given: Json) -> list[Json]:
    return [{"key": key, "value": any_value(value)} for key, value in given.items()]


def log(name: str, time_ns: int = TIME_NS, observed_ns: int = 0, **given: object) -> Json:
    named = {key.replace("__", "."): value for key, value in given.items()}
    return {
        "timeUnixNano": str(time_ns),
        "observedTimeUnixNano": str(observed_ns),
        "attributes": attributes({"event.name": name, **named}),
    }


def logs(service: str, *records: Json, resource: Json | None = None) -> Json:
    about = {"service.name": service, **(resource or {})}
    inside = {"resource": {"attributes": attributes(about)}}
    return {"resourceLogs": [{**inside, "scopeLogs": [{"logRecords": list(records)}]}]}


def metrics(service: str, metric: Json, resource: Json | None = None) -> Json:
    about = {"service.name": service, **(resource or {})}
    inside = {"resource": {"attributes": attributes(about)}}
    return {"resourceMetrics": [{**inside, "scopeMetrics": [{"metrics": [metric]}]}]}


def total(name: str, *points: Json, temporality: int = 1) -> Json:
    data = {"aggregationTemporality": temporality, "isMonotonic": True, "dataPoints": list(points)}
    return {"name": name, "sum": data}


def point(value: float, **given: object) -> Json:
    named = {key.replace("__", "."): value for key, value in given.items()}
    times = {"startTimeUnixNano": str(TIME_NS - 10**9), "timeUnixNano": str(TIME_NS)}
    return {**times, "asDouble": value, "attributes": attributes(named)}


def body_of(request: Json, encoding: str = "json", number: int = 1) -> Body:
    signal = "logs" if "resourceLogs" in request else "metrics"
    if encoding == "json":
        data = json.dumps(request).encode()
    else:
        kinds: dict[str, Any] = {
            "logs": ExportLogsServiceRequest,
            "metrics": ExportMetricsServiceRequest,
        }
        data = ParseDict(request, kinds[signal]()).SerializeToString()
    return Body(signal, encoding, data, number=number, received_at=NOW)


def read(request: Json, encoding: str = "json") -> list[Json]:
    """The rows of one request; nothing may fail."""
    decoded = decode([body_of(request, encoding)])
    assert decoded.failures == ()
    (table,) = decoded.tables.values()
    rows: list[Json] = table.to_pylist()
    return rows


def claude(name: str, **given: object) -> Json:
    return read(logs("claude-code", log(name, **given)))[0]


@ENCODINGS
def test_numbers_may_come_as_text(encoding: str) -> None:
    said: Json = {
        "input_tokens": "12",
        "output_tokens": 7,
        "duration_ms": "15.5",
        "cost_usd": "0.25",
    }
    row = read(logs("claude-code", log("api_request", **said)), encoding)[0]
    assert (row["input_tokens"], row["output_tokens"]) == (12, 7)
    assert (row["duration_ms"], row["cost_nanos"]) == (15.5, 250_000_000)


@pytest.mark.parametrize("value", ["", "many", "1e999", "nan", "9" * 30])
def test_numbers_that_cannot_be_read_are_unknown(value: str) -> None:
    row = claude("api_request", input_tokens=value, cost_usd=value, output_tokens="3")
    assert (row["input_tokens"], row["cost_nanos"], row["output_tokens"]) == (None, None, 3)


@pytest.mark.parametrize(
    ("said", "speed"), [({}, ""), ({"speed": "normal"}, ""), ({"speed": "fast"}, "fast")]
)
def test_normal_speed_is_no_speed(said: Json, speed: str) -> None:
    assert claude("api_request", **said)["speed"] == speed


@pytest.mark.parametrize(
    "model", ["claude-opus-4-8[1m]", "claude-sonnet-4-5-20250929", "house-model"]
)
def test_models_are_kept_as_reported(model: str) -> None:
    assert claude("api_request", model=model)["model"] == model


def test_cost_in_micros_stands_in_for_cost() -> None:
    assert claude("api_request", cost_usd_micros=1234)["cost_nanos"] == 1_234_000
    both = claude("api_request", cost_usd=0.5, cost_usd_micros=1)
    assert both["cost_nanos"] == 500_000_000
    assert claude("api_request")["cost_nanos"] is None


def test_booleans_come_as_text_or_not() -> None:
    assert claude("tool_result", success="True")["success"] == "true"
    assert claude("tool_result", success=False)["success"] == "false"


@pytest.mark.parametrize("name", ["api_request", "claude_code.api_request"])
def test_event_names_come_with_and_without_prefix(name: str) -> None:
    assert claude(name)["name"] == "api_request"


def test_fine_query_sources_become_the_classes_of_metrics() -> None:
    fine = {
        "sdk": "main",
        "repl_main_thread": "main",
        "agent:builtin:Explore": "subagent",
        "compact": "auxiliary",
        "": "",
    }
    assert {s: claude("api_request", query_source=s)["query_source"] for s in fine} == fine


def test_whoever_enduser_names_is_the_person() -> None:
    """The documented remedy where nobody signs in; set on the resource or on each record."""
    request = logs("claude-code", log("x"), resource={"enduser.id": "Ada@ACME.example"})
    assert read(request)[0]["email"] == "ada@acme.example"
    assert claude("x", enduser__id="e4711")["account_id"] == "e4711"
    assert claude("x", user__email="Ada@ACME.example")["email"] == "ada@acme.example"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/app.git",
        "https://ada:s3cret@github.com/acme/app.git",
        "git@github.com:acme/app.git",
        "ssh://git@github.com/acme/app",
    ],
)
def test_repositories_lose_their_secrets(url: str) -> None:
    row = claude("x", vcs__repository__url__full=url)
    assert row["repo"] == "github.com/acme/app"
    assert "s3cret" not in str(row)


def test_team_tags_stay_on_the_record() -> None:
    row = read(logs("claude-code", log("x"), resource={"team.id": "search", "os.type": "linux"}))[0]
    assert json.loads(row["resource"]) == {"team.id": "search", "os.type": "linux"}


@ENCODINGS
def test_what_is_unknown_is_kept_under_its_own_name(encoding: str) -> None:
    request = logs("house-assistant", log("thought", mood="bright", session__id="h1"))
    row = read(request, encoding)[0]
    assert (row["assistant"], row["name"], row["session"]) == ("house-assistant", "thought", "h1")
    assert json.loads(row["attributes"]) == {"mood": "bright"}
    request = metrics("claude-code", total("claude_code.new.count", point(3.0, colour="red")))
    row = read(request, encoding)[0]
    assert (row["name"], row["metric"], row["value"]) == (
        *("claude_code.new.count", "claude_code.new.count"),
        3.0,
    )
    assert json.loads(row["attributes"]) == {"colour": "red"}


@ENCODINGS
def test_histograms_are_kept_with_sum_and_count(encoding: str) -> None:
    times = {"startTimeUnixNano": str(TIME_NS - 1), "timeUnixNano": str(TIME_NS)}
    data = {"aggregationTemporality": 1, "dataPoints": [{**times, "count": "4", "sum": 10.5}]}
    row = read(metrics("codex_exec", {"name": "codex.turn.e2e", "histogram": data}), encoding)[0]
    assert (row["value"], row["temporality"]) == (10.5, "delta")
    assert json.loads(row["attributes"])["count"] == 4


def test_gauges_are_no_deltas() -> None:
    gauge = {"name": "claude_code.token.usage", "gauge": {"dataPoints": [point(4.0)]}}
    assert read(metrics("claude-code", gauge))[0]["temporality"] == "gauge"


@pytest.mark.parametrize(("number", "name"), [(1, "delta"), (2, "cumulative")])
def test_temporality(number: int, name: str) -> None:
    request = metrics("claude-code", total("x", point(1.0), temporality=number))
    assert read(request)[0]["temporality"] == name


# Codex


def codex(name: str, **given: object) -> Json:
    said = {"conversation__id": "c1", **given}
    return read(logs("codex_exec", log(name, 0, TIME_NS, **said)))[0]


def test_codex_tells_time_as_observed() -> None:
    row = codex("codex.user_prompt", prompt_length="12")
    assert row["time"] == dt.datetime.fromtimestamp(TIME_NS / 1e9, dt.UTC)
    assert (row["name"], row["session"], row["chars"]) == ("user_prompt", "c1", 12)


def test_only_the_codex_event_with_counts_is_a_model_call() -> None:
    """Each response gives two completed events; one of them carries the counts."""
    counts = {
        "input_token_count": "100",
        "cached_token_count": "60",
        "cache_write_token_count": "10",
        "output_token_count": "20",
        "reasoning_token_count": "5",
        "tool_token_count": "120",
    }
    bare = codex("codex.sse_event", event__kind="response.completed")
    full = codex("codex.sse_event", event__kind="response.completed", **counts)
    assert (bare["name"], bare["input_tokens"]) == ("sse_event", None)
    assert full["name"] == "api_request"
    found = [full[f"{kind}_tokens"] for kind in ("input", "cache_read", "cache_creation", "output")]
    assert found == [30, 60, 10, 20]
    assert codex("codex.api_request")["name"] == "api_attempt"


@pytest.mark.parametrize(
    ("decision", "source", "told"),
    [
        ("Approved", "User", ("accept", "user_temporary")),
        ("approved_for_session", "user", ("accept", "user_permanent")),
        ("denied", "User", ("reject", "user_reject")),
        ("approved", "Config", ("accept", "config")),
    ],
)
def test_codex_decisions(decision: str, source: str, told: tuple[str, str]) -> None:
    row = codex("codex.tool_decision", decision=decision, source=source)
    assert (row["decision"], row["source"]) == told


def test_codex_tokens_come_as_histogram_and_count_once() -> None:
    said = {"input": 100, "cached_input": 60, "output": 20, "reasoning_output": 5, "total": 120}
    times = {"startTimeUnixNano": str(TIME_NS - 1), "timeUnixNano": str(TIME_NS)}
    points = [
        {**times, "count": "1", "sum": value, "attributes": attributes({"token_type": kind})}
        for kind, value in said.items()
    ]
    data = {"aggregationTemporality": 1, "dataPoints": points}
    rows = read(metrics("codex_exec", {"name": "codex.turn.token_usage", "histogram": data}))
    sums: dict[str, float] = {}
    for row in rows:
        if row["name"] == "tokens":
            sums[row["type"]] = sums.get(row["type"], 0) + row["value"]
    assert sums == {"input": 40, "cacheRead": 60, "output": 20}
    assert len({row["key"] for row in rows}) == len(rows)


# Gemini CLI


def test_gemini_input_includes_cache_and_thoughts_stand_beside() -> None:
    counts = {
        "input_token_count": 100,
        "cached_content_token_count": 60,
        "output_token_count": 20,
        "thoughts_token_count": 7,
        "tool_token_count": 3,
    }
    row = read(logs("gemini-cli", log("gemini_cli.api_response", **counts)))[0]
    assert row["name"] == "api_request"
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]) == (43, 60, 27)
    for other in ("api_request", "gen_ai.client.inference.operation.details"):
        assert read(logs("gemini-cli", log(other, **counts)))[0]["name"] != "api_request"


def test_gemini_running_totals_are_split_alike() -> None:
    said = {"input": 100.0, "cache": 60.0, "output": 20.0, "thought": 7.0, "tool": 3.0}
    points = [point(value, type=kind) for kind, value in said.items()]
    rows = read(metrics("gemini-cli", total("gemini_cli.token.usage", *points, temporality=2)))
    sums: dict[str, float] = {}
    for row in rows:
        assert row["temporality"] == "cumulative"
        sums[row["type"]] = sums.get(row["type"], 0) + row["value"]
    assert sums == {"input": 43, "cacheRead": 60, "output": 27}
    assert len({row["series"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        ("accept", ("accept", "user_temporary")),
        ("auto_accept", ("accept", "config")),
        ("modify", ("accept", "user_temporary")),
        ("reject", ("reject", "user_reject")),
    ],
)
def test_gemini_decisions(decision: str, told: tuple[str, str]) -> None:
    request = logs("gemini-cli", log("gemini_cli.tool_call", decision=decision))
    row = read(request)[0]
    assert (row["name"], row["decision"], row["source"]) == ("tool_result", *told)


def test_the_version_of_node_is_not_the_clients() -> None:
    request = logs("gemini-cli", log("x"), resource={"service.version": "v22.0.0"})
    assert read(request)[0]["app_version"] == ""


# Copies, damage


@ENCODINGS
def test_copies_have_equal_keys_and_others_have_not(encoding: str) -> None:
    request = logs(
        "claude-code",
        log("api_request", session__id="s1", event__sequence=1),
        log("api_request", session__id="s1", event__sequence=2),
        log("api_request", session__id="s1", event__sequence=1, time_ns=TIME_NS + 10**6),
        log("user_prompt", session__id="s1", event__sequence=1),
        log("api_request", session__id="s2", event__sequence=1),
    )
    again = decode([body_of(request, encoding, n) for n in (1, 2)]).tables["events"]
    keys = again.column("key").to_pylist()
    assert keys[:5] == keys[5:]
    assert len(set(keys)) == 5


def test_records_without_sequence_differ_by_any_attribute() -> None:
    rows = read(logs("claude-code", log("x", a=1), log("x", a=2), log("x", a=1)))
    keys = [row["key"] for row in rows]
    assert keys[0] == keys[2] != keys[1]


def test_points_of_one_series_share_it_and_nothing_else_does() -> None:
    later = {**point(5.0, type="input"), "timeUnixNano": str(TIME_NS + 10**9)}
    restart = {**point(5.0, type="input"), "startTimeUnixNano": str(TIME_NS - 5)}
    other = point(5.0, type="output")
    request = metrics(
        "claude-code",
        total("claude_code.token.usage", point(5.0, type="input"), later, restart, other),
    )
    first, second, third, fourth = (row["series"] for row in read(request))
    assert first == second
    assert len({first, third, fourth}) == 3


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"not json",
        b"[]",
        b'{"resourceLogs": 7}',
        json.dumps(logs("claude-code", log("x", 9 * 10**29))).encode(),
        json.dumps(logs("claude-code", log("x", -(10**20)))).encode(),
    ],
)
def test_a_body_that_cannot_be_read_is_named_and_stops_no_other(damage: bytes) -> None:
    good = logs("claude-code", log("api_request"))
    bad = Body("logs", "json", damage, number=2, received_at=NOW)
    decoded = decode([body_of(good, number=1), bad, body_of(good, number=3)])
    assert [number for number, _ in decoded.failures] == [2]
    assert decoded.tables["events"].column("body").to_pylist() == [1, 3]


def test_protobuf_cut_short_is_named_too() -> None:
    whole = body_of(logs("claude-code", log("api_request", model="m")), "protobuf").data
    bodies = [
        Body("logs", "protobuf", data, number=n, received_at=NOW)
        for n, data in enumerate((whole, whole[:-3], whole), 1)
    ]
    decoded = decode(bodies)
    assert [number for number, _ in decoded.failures] == [2]
    assert decoded.tables["events"].num_rows == 2


def test_every_table_has_the_canonical_columns() -> None:
    tables = decode(
        [body_of(logs("x", log("y"))), body_of(metrics("x", total("y", point(1.0))))]
    ).tables
    assert {name: table.schema for name, table in tables.items()} == {
        name: TABLES[name] for name in ("events", "points")
    }
