from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from steelyard.receiver.content import CONTENT_KEYS, strip
from steelyard.receiver.content_rules import Place, replacement

REQUESTS: dict[str, Any] = {
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "traces": ExportTraceServiceRequest,
}
# What the recorded clients send that is content, as the recordings' notes list it.
CONTENT = CONTENT_KEYS | {"metadata", "error"}
LOG, POINT, SPAN = Place("log"), Place("point"), Place("span")


def parsed(signal: str, encoding: str, payload: bytes) -> Any:
    if encoding == "json":
        return json.loads(payload)
    return MessageToDict(REQUESTS[signal].FromString(payload))


def attribute_lists(node: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of attributes of a request, in order."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("attributes", "filteredAttributes"):
                yield value
            else:
                yield from attribute_lists(value)
    elif isinstance(node, list):
        for value in node:
            yield from attribute_lists(value)


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from texts(value)


def content_pairs(attributes: list[dict[str, Any]], content: bool) -> Iterator[dict[str, Any]]:
    """The attributes that are content, or those that are not; errors of the API are not."""
    event = {pair["key"]: pair.get("value") for pair in attributes}.get("event.name") or {}
    is_api = str(event.get("stringValue")).endswith(("api_error", "retries_exhausted"))
    for pair in attributes:
        is_kept_error = pair["key"] == "error" and is_api
        if (pair["key"] in CONTENT - {"metadata"} and not is_kept_error) is content:
            yield pair


def content_texts(request: Any) -> set[str]:
    """The texts of content attributes, and in them the texts inside of JSON."""
    found: set[str] = set()
    for attributes in attribute_lists(request):
        for pair in content_pairs(attributes, True):
            for text in texts(pair.get("value")):
                found |= {text, *inner_texts(text)}
    return {text for text in found if len(text) > 12 and text != "<REDACTED>"}


def inner_texts(text: str) -> Iterator[str]:
    try:
        yield from texts(json.loads(text))
    except ValueError:
        return


def said_elsewhere(request: Any) -> set[str]:
    """Texts that also stand in an attribute that is no content, such as a branch's name."""
    return {
        text
        for attributes in attribute_lists(request)
        for pair in content_pairs(attributes, False)
        for outer in texts(pair.get("value"))
        for text in (outer, *inner_texts(outer))
    }


NAMES_IN_PARAMETERS = {"general-purpose"}  # of agents: kept, see the rules below


def test_no_recorded_content_survives(recorded: Any) -> None:
    looked_for = 0
    for one in recorded:
        before = parsed(one.signal, one.encoding, one.payload)
        clean = parsed(one.signal, one.encoding, strip(one.signal, one.encoding, one.payload))
        kept = "\0".join(texts(clean))
        for text in content_texts(before) - said_elsewhere(before) - NAMES_IN_PARAMETERS:
            commit = text in kept and len(text) == 40 and set(text) <= set("0123456789abcdef")
            assert text not in kept or commit, (one.scenario, one.name, text[:200])
            looked_for += 1
    assert looked_for > 300


def test_no_prompt_of_any_run_is_left(recordings: Any, recorded: Any) -> None:
    """The prompts as the scenarios give them, also where clients put them unasked."""
    left, found = [], 0
    for manifest in sorted(recordings.glob("*/*/manifest.json")):
        prompts = [run.get("prompt") for run in json.loads(manifest.read_text())["runs"]]
        for one in recorded:
            if (one.client, one.scenario) == (manifest.parent.parent.name, manifest.parent.name):
                clean = strip(one.signal, one.encoding, one.payload)
                raw = [p for p in prompts if p and len(p) > 8 and p.encode() in one.payload]
                found += len(raw)
                left += [(one.scenario, one.name, p) for p in raw if p.encode() in clean]
    assert found > 10 and left == []


def test_all_other_attributes_stay_as_they_are(recorded: Any) -> None:
    compared = 0
    for one in recorded:
        before = list(attribute_lists(parsed(one.signal, one.encoding, one.payload)))
        clean = strip(one.signal, one.encoding, one.payload)
        after = list(attribute_lists(parsed(one.signal, one.encoding, clean)))
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            for pair in old:
                long = len("".join(texts(pair.get("value")))) > (
                    120 if one.signal == "traces" else 1000
                )
                if pair["key"] not in CONTENT and not long:
                    assert pair in new, (one.scenario, pair)
                    compared += 1
    assert compared > 20_000


def test_bodies_without_content_are_the_same_object(recorded: Any) -> None:
    """Claude Code's defaults redact, and metrics hold none: nothing is parsed or copied."""
    same = {
        (one.signal, one.encoding)
        for one in recorded
        if one.client == "claude-code"
        and strip(one.signal, one.encoding, one.payload) is one.payload
    }
    assert same == {(s, e) for s in ("logs", "metrics") for e in ("protobuf", "json")}
    for one in recorded:
        if one.signal == "metrics" and one.client == "claude-code":
            assert strip("metrics", one.encoding, one.payload) is one.payload


def test_stripping_twice_changes_nothing(recorded: Any) -> None:
    for one in recorded:
        once = strip(one.signal, one.encoding, one.payload)
        assert strip(one.signal, one.encoding, once) is once


def test_other_signals_pass_untouched() -> None:
    payload = b"\n\x06prompt\x12"
    assert strip("records", "arrow", payload) is payload


def value(key: str, text: Any, place: Place = LOG) -> Any:
    return replacement(key, text, place)


@pytest.mark.parametrize("key", sorted(CONTENT_KEYS - {"tool_parameters"}))
@pytest.mark.parametrize("place", [LOG, POINT, SPAN, Place("resource"), Place("scope")])
def test_content_goes_everywhere_and_leaves_its_length(key: str, place: Place) -> None:
    pairs = dict(value(key, "übel", place))
    assert list(pairs.values()) == [4] and all(name.endswith("_length") for name in pairs)


@pytest.mark.parametrize(
    ("key", "text"),
    [("prompt", "<REDACTED>"), ("prompt", "[REDACTED]"), ("tool_input", ""), ("prompt", 7)],
)
def test_what_says_nothing_stays(key: str, text: Any) -> None:
    assert value(key, text) is None


def test_command_lines_go_though_they_are_lists() -> None:
    line = ["/usr/bin/node", "gemini.js", "-p", "write a poem"]
    assert value("process.command_args", line, Place("resource")) == [
        ("process.command_args_length", 13 + 9 + 2 + 12)
    ]


def test_tool_parameters_give_names_commits_and_tickets() -> None:
    bash = {
        "bash_command": "git",
        "full_command": 'git commit -m "PAY-12, PAY-12 and OPS-7: use UTF-8" && git push',
        "description": "Commit the work",
        "git_commit_id": "f00042b81ec66778b8c59625c7d047847efdb6b1",
        "git_branch": "feature/WEB-3-login",
    }
    text = json.dumps(bash)
    assert value("tool_parameters", text) == [
        ("git_commit_id", bash["git_commit_id"]),
        ("ticket_keys", "PAY-12,OPS-7,WEB-3"),
        ("tool_parameters_length", len(text)),
    ]
    mcp = json.dumps({"mcp_server_name": "tickets", "mcp_tool_name": "get_ticket"})
    assert dict(value("tool_parameters", mcp)) == {
        "mcp_server.name": "tickets",
        "mcp_tool.name": "get_ticket",
        "tool_parameters_length": len(mcp),
    }
    agent = dict(value("tool_parameters", '{"subagent_type":"Explore","skill_name":"pdf"}'))
    assert (agent["agent.name"], agent["skill.name"]) == ("Explore", "pdf")


@pytest.mark.parametrize(
    "text",
    [
        '{"full_command": "echo ABC-123 > secret"}',  # no git command
        '{"bash_command": "git", "git_commit_id": "rm -rf"}',
        '{"full_command": "git com',  # cut off
        "[1, 2]",
        "free text about PAY-12",
    ],
)
def test_tool_parameters_give_nothing_else(text: str) -> None:
    assert value("tool_parameters", text) == [("tool_parameters_length", len(text))]


def test_errors_of_the_api_stay_cut_and_others_go() -> None:
    api = Place("log", "api_error")
    assert value("error", "Overloaded", api) is None
    assert value("error", "x" * 500, api) == [("error", "x" * 200)]
    assert value("error", "no such file /home/me/plan.txt", Place("log", "tool_result")) == [
        ("error_length", 30)
    ]
    assert value("error.message", "boom", api) == [("error.message_length", 4)]
    assert value("error", "none", POINT) is None
    assert value("error", "cannot open my file", POINT) == [("error_length", 19)]


def test_answers_to_the_survey_stay() -> None:
    assert value("response", "good", Place("log", "feedback_survey")) is None
    assert value("response", "good", Place("log", "assistant_response")) is not None
    assert value("response", "I did not like it", Place("log", "feedback_survey")) is not None


def test_geminis_counts_stay_without_what_stands_beside_them() -> None:
    counts = '{"model_added_lines": 3, "user_added_lines": 0}'
    assert value("metadata", counts) is None
    mixed = '{"model_added_lines": 3, "diff": "- secret"}'
    assert value("metadata", mixed) == [
        ("metadata", '{"model_added_lines":3}'),
        ("metadata_length", len(mixed)),
    ]
    assert value("metadata", "secret") == [("metadata_length", 6)]


def test_long_texts_nobody_knows_go() -> None:
    assert value("whatever", "x" * 1000) is None
    assert value("whatever", "x" * 1001) == [("whatever_length", 1001)]
    assert value("whatever", b"x" * 1001) == [("whatever_length", 1001)]
    assert value("whatever", ["x" * 600, "y" * 600]) == [("whatever_length", 1200)]
    assert value("whatever", {"prompt": "x"}) == [("whatever_length", 1)]
    assert value("whatever", "x" * 121, SPAN) == [("whatever_length", 121)]
    assert value("code.file.path", "x" * 121, SPAN) is None
    assert value("system_prompt_preview", "You are") == [("system_prompt_preview_length", 7)]
    assert value("system_prompt_hash", "abc") is None


def log_request(body: Any = None, **attributes: Any) -> bytes:
    """An OTLP/JSON request with one log record."""
    pairs = [{"key": key, "value": {"stringValue": text}} for key, text in attributes.items()]
    record = {"attributes": pairs} | ({} if body is None else {"body": body})
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def record_of(payload: bytes) -> Any:
    return json.loads(payload)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]


@pytest.mark.parametrize(
    ("body", "event", "stays"),
    [
        ({"stringValue": "claude_code.api_request"}, "api_request", True),
        ({"stringValue": "codex.user_prompt"}, "codex.user_prompt", True),
        ({"stringValue": "claude_code.user_prompt"}, None, True),
        ({"stringValue": "please write a poem"}, "user_prompt", False),
        ({"stringValue": "please write an api_request"}, "api_request", False),
        ({"kvlistValue": {"values": []}}, "api_request", False),
        ({"stringValue": "please"}, None, False),
    ],
)
def test_a_records_body_stays_only_as_the_events_name(body: Any, event: Any, stays: bool) -> None:
    attributes = {"event.name": event} if event else {}
    kept = record_of(strip("logs", "json", log_request(body, **attributes)))
    assert ("body" in kept) is stays


def test_a_length_that_is_there_already_stays() -> None:
    kept = record_of(strip("logs", "json", log_request(prompt="secret", prompt_length="3")))
    assert kept["attributes"] == [{"key": "prompt_length", "value": {"stringValue": "3"}}]


def test_escapes_do_not_hide_content() -> None:
    payload = log_request(prompt="secret text").replace(b'"prompt"', b'"\\u0070rompt"')
    assert b"secret" not in strip("logs", "json", payload)


def test_spaces_do_not_hide_content() -> None:
    payload = json.dumps(json.loads(log_request(prompt="secret text")), indent=3).encode()
    assert b"secret" not in strip("logs", "json", payload)


def test_spans_lose_status_messages_and_events_with_content() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="tool " + "x" * 500)
    span.status.message = "cannot open secret"
    event = span.events.add(name="exception")
    event.attributes.add(key="exception.message").value.string_value = "secret"
    event.attributes.add(key="attempt").value.int_value = 2
    span.links.add().attributes.add(key="prompt").value.string_value = "secret"
    payload = request.SerializeToString()
    kept = REQUESTS["traces"].FromString(strip("traces", "protobuf", payload))
    assert b"secret" not in kept.SerializeToString()
    (span,) = kept.resource_spans[0].scope_spans[0].spans
    assert len(span.name) == 120
    assert [pair.key for pair in span.events[0].attributes] == [
        "attempt",
        "exception.message_length",
    ]
    as_json = json.dumps(MessageToDict(request)).encode()
    assert b"secret" not in strip("traces", "json", as_json)


def test_exemplars_and_metric_metadata_are_looked_at() -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    point = metric.histogram.data_points.add()
    point.exemplars.add().filtered_attributes.add(key="prompt").value.string_value = "secret"
    metric.metadata.add(key="prompt").value.string_value = "secret"
    assert b"secret" not in strip("metrics", "protobuf", request.SerializeToString())
    as_json = json.dumps(MessageToDict(request)).encode()
    assert b"secret" not in strip("metrics", "json", as_json)
