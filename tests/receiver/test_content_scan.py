"""The quick look at the bytes must never say "no content" where the rules would take some out."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from steelyard.receiver import content_scan, patterns
from steelyard.receiver.content_json import clean_json
from steelyard.receiver.content_protobuf import clean_protobuf
from steelyard.receiver.content_scan import (
    JUDGED_KEYS,
    json_may_hold_content,
    protobuf_may_hold_content,
)
from steelyard.receiver.json_shape import is_plain

NAMES = st.sampled_from(["claude_code.api_request", "claude_code.user_prompt", "codex.x", "hello"])
KEYS = st.sampled_from(
    [*sorted(JUDGED_KEYS), "system_prompt", "system_prompt_x", "session.id", "duration_ms"]
)
TEXTS = st.one_of(
    st.sampled_from(["", "<REDACTED>", "<REDACTED>!", "<REDACTE", "<Redacted>", "a b"]),
    st.text(max_size=20),
    st.integers(890, 1200).map("x".__mul__),
    st.integers(990, 1010).map("é".__mul__),
)
VALUES = st.one_of(
    TEXTS.map(lambda text: AnyValue(string_value=text)),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: AnyValue(int_value=number)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda n: AnyValue(double_value=n)),
    st.lists(TEXTS.map(lambda text: AnyValue(string_value=text)), max_size=3).map(
        lambda values: AnyValue(array_value=ArrayValue(values=values))
    ),
)
PAIRS = st.lists(st.builds(KeyValue, key=KEYS, value=VALUES), max_size=6)
TIMES = st.integers(0, 2**64 - 1)


@st.composite
def log_requests(draw: Any) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    for _ in range(draw(st.integers(0, 2))):
        group = request.resource_logs.add()
        group.resource.attributes.extend(draw(PAIRS))
        records = group.scope_logs.add().log_records
        for _ in range(draw(st.integers(0, 3))):
            record = records.add(time_unix_nano=draw(TIMES))
            if draw(st.booleans()):
                record.body.string_value = draw(NAMES)
            record.attributes.extend(draw(PAIRS))
    return request


@st.composite
def metric_requests(draw: Any) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    for _ in range(draw(st.integers(0, 3))):
        point = metric.sum.data_points.add(start_time_unix_nano=draw(TIMES))
        point.attributes.extend(draw(PAIRS))
    return request


@given(log_requests())
@settings(max_examples=300, deadline=None)
def test_no_log_record_with_content_is_passed_over(request_: ExportLogsServiceRequest) -> None:
    payload = request_.SerializeToString()
    if not protobuf_may_hold_content("logs", payload):
        assert clean_protobuf("logs", payload) is payload
    as_json = json.dumps(MessageToDict(request_), separators=(",", ":"), ensure_ascii=False)
    encoded = as_json.encode(errors="surrogatepass")
    if not json_may_hold_content("logs", encoded):
        assert clean_json("logs", encoded) is encoded


@given(metric_requests())
@settings(max_examples=200, deadline=None)
def test_no_point_with_content_is_passed_over(request_: ExportMetricsServiceRequest) -> None:
    payload = request_.SerializeToString()
    if not protobuf_may_hold_content("metrics", payload):
        assert clean_protobuf("metrics", payload) is payload


def claude_record(**attributes: str) -> Any:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    record.body.string_value = "claude_code.user_prompt"
    for key, text in attributes.items():
        record.attributes.add(key=key).value.string_value = text
    return request


def as_claude_code_writes_it(request: Any) -> bytes:
    """OTLP/JSON with the fields in Claude Code's order."""
    (group,) = MessageToDict(request)["resourceLogs"]
    records = [
        {
            "timeUnixNano": record["timeUnixNano"],
            "observedTimeUnixNano": "0",
            "body": record["body"],
            "attributes": record["attributes"],
            "droppedAttributesCount": 0,
        }
        for record in group["scopeLogs"][0]["logRecords"]
    ]
    scoped = {"scope": {"name": "events", "version": "2"}, "logRecords": records}
    resource = {"attributes": [], "droppedAttributesCount": 0}
    written = {"resourceLogs": [{"resource": resource, "scopeLogs": [scoped]}]}
    return json.dumps(written, separators=(",", ":")).encode()


@pytest.mark.parametrize("key", sorted(JUDGED_KEYS))
def test_every_key_is_found(key: str) -> None:
    request = claude_record(**{"session.id": "1", key: "some text"})
    assert protobuf_may_hold_content("logs", request.SerializeToString())
    as_json = as_claude_code_writes_it(request)
    assert is_plain("logs", as_json)
    assert json_may_hold_content("logs", as_json)


def test_defaults_need_no_second_look() -> None:
    request = claude_record(prompt="<REDACTED>", prompt_text="<REDACTED>", response="<REDACTED>")
    assert not protobuf_may_hold_content("logs", request.SerializeToString())
    assert not json_may_hold_content("logs", as_claude_code_writes_it(request))


def test_a_content_key_as_a_value_needs_no_second_look() -> None:
    request = claude_record(**{"event.name": "tool_result", "kind": "prompt"})
    assert not protobuf_may_hold_content("logs", request.SerializeToString())
    assert not json_may_hold_content("logs", as_claude_code_writes_it(request))


def test_the_patterns_work_without_re2(monkeypatch: pytest.MonkeyPatch, recorded: Any) -> None:
    """Where there is no wheel of RE2, the standard library's engine finds the same."""
    keys = [content_scan._protobuf_key(key) for key in sorted(JUDGED_KEYS)]
    pattern = content_scan._keys(rb"\n", keys, rb"[\x01-\x7f]")
    fast = patterns.compiled(pattern)
    monkeypatch.setattr(patterns, "re2", None)
    slow = patterns.compiled(pattern)
    assert isinstance(slow, re.Pattern)
    for one in recorded:
        if one.encoding == "protobuf":
            assert (slow.search(one.payload) is None) == (fast.search(one.payload) is None)


def test_most_of_what_claude_code_writes_is_of_the_plain_shape(recorded: Any) -> None:
    """Bodies with tool details hold escapes and are parsed; all others are not."""
    written = [one for one in recorded if one.client == "claude-code" and one.encoding == "json"]
    odd = [one for one in written if not is_plain(one.signal, one.payload)]
    assert len(written) > 80
    assert all(b"\\" in one.payload for one in odd)


@given(st.sampled_from(["logs", "metrics"]), st.integers(0, 1000), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_what_is_of_the_plain_shape_is_json(recorded: Any, signal: str, at: int, seed: int) -> None:
    """Also after bytes were changed, cut out or put in."""
    ones = [one for one in recorded if (one.signal, one.encoding) == (signal, "json")]
    data, dice = bytearray(ones[at % len(ones)].payload), random.Random(seed)
    for _ in range(dice.randrange(3)):
        where = dice.randrange(len(data))
        data[where : where + dice.randrange(2)] = dice.choice(
            [b"", b",", b"}", b'"', b"0", b"\xff"]
        )
    if is_plain(signal, bytes(data)):
        assert clean_json(signal, bytes(data))
