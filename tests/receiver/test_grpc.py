from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

from steelyard.receiver.otlp import Limits

METHODS = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
}


@pytest.fixture
def channel(receiver: Any) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(receiver.grpc) as channel:
        yield channel


def call(channel: grpc.Channel, signal: str, body: bytes, **options: Any) -> bytes:
    answer: bytes = channel.unary_unary(METHODS[signal])(body, timeout=20, **options)
    return answer


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_recorded_requests_are_acknowledged(
    channel: grpc.Channel, recorded: Any, compression: grpc.Compression
) -> None:
    sent = [one for one in recorded if one.scenario.startswith("03-commit-and-pr-grpc")]
    assert {one.signal for one in sent} == {"logs", "metrics", "traces"}
    for one in sent:
        assert call(channel, one.signal, one.wire, compression=compression) == b""


def test_the_official_client_understands_the_answer(channel: grpc.Channel) -> None:
    answer = logs_service_pb2_grpc.LogsServiceStub(channel).Export(ExportLogsServiceRequest())
    assert answer == logs_service_pb2.ExportLogsServiceResponse()
    assert not answer.HasField("partial_success")


def test_what_is_acknowledged_lies_in_the_inbox(receiver: Any, channel: grpc.Channel) -> None:
    group = ResourceLogs(schema_url="https://example.com/" + "x" * 1000)
    body = ExportLogsServiceRequest(resource_logs=[group]).SerializeToString()
    call(channel, "logs", body)
    (kept,) = receiver.inbox().after(receiver.inbox().status().last_number - 1)
    assert (kept.signal, kept.encoding, kept.payload()) == ("logs", "protobuf", body)


@pytest.mark.parametrize("body", [b"garbage", b"\x0a\xff\xff\xff\xff\x0f", b"{}"])
def test_garbage_is_an_invalid_argument(channel: grpc.Channel, body: bytes) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, "traces", body)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(refused.value)
    assert status is not None and "OTLP" in status.message


def test_other_methods_are_unimplemented_and_noted(
    receiver: Any, channel: grpc.Channel, eventually: Callable[..., Any]
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/some.Other/Method")(b"", timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    inbox = receiver.inbox()
    eventually(
        lambda: [one for one in inbox.refusals() if one.path == "/some.Other/Method"], "noted"
    )


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_sizes_are_bounded_also_after_inflating(
    receiving: Callable[..., Any], compression: grpc.Compression
) -> None:
    """64 MB of zeros are a few kilobytes on the wire."""
    receiver = receiving(limits=Limits(inflated=1_000_000))
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(receiver.grpc, options) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "logs", bytes(64_000_000), compression=compression)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        status = rpc_status.from_call(refused.value)
        assert status is None or not status.details, "not to be sent again"
        assert call(channel, "logs", b"") == b""


def test_back_pressure_says_when_to_come_again(receiving: Callable[..., Any]) -> None:
    receiver = receiving(limits=Limits(held=1000))
    body = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(schema_url="x" * 2000)]
    ).SerializeToString()
    with grpc.insecure_channel(receiver.grpc) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "logs", body)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        status = rpc_status.from_call(refused.value)
        retry = error_details_pb2.RetryInfo()
        assert status is not None and status.details[0].Unpack(retry)
        assert retry.retry_delay.seconds > 0
        assert call(channel, "logs", b"") == b""
