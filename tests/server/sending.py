"""Clients: the recorded requests, and small made-up ones, over HTTP and gRPC."""

from __future__ import annotations

import gzip
import http.client
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from tests.recorded import Recording
from tests.server.running import Running

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_GRPC: dict[str, tuple[Any, Any]] = {
    "logs": (LogsServiceStub, ExportLogsServiceRequest),
    "metrics": (MetricsServiceStub, ExportMetricsServiceRequest),
    "traces": (TraceServiceStub, ExportTraceServiceRequest),
}
FIRST_SECOND = 1_793_534_400  # 2026-11-01 12:00 UTC
_channel_number = count()


@dataclass(frozen=True)
class Request:
    """One export as it goes over the wire."""

    signal: str
    data: bytes
    content_type: str = PROTOBUF
    encoding: str = "identity"
    transport: str = "http"
    agent: str = "test"
    token: str = ""
    chunked: bool = False

    def gzipped(self) -> Request:
        if self.encoding == "gzip":
            return self
        if self.transport == "grpc":
            return replace(self, encoding="gzip")  # gRPC compresses by itself
        return replace(self, data=gzip.compress(self.data, 6, mtime=0), encoding="gzip")

    def in_chunks(self) -> Request:
        return replace(self, chunked=self.transport == "http")

    def over_grpc(self) -> Request:
        """The same over gRPC, where the bytes allow it."""
        plain = self.encoding == "identity" and self.content_type == PROTOBUF
        return replace(self, transport="grpc") if plain else self


def recorded(recording: Recording) -> Iterator[Request]:
    """The scenario's requests as the client sent them."""
    for told in recording.requests():
        yield Request(
            told["signal"],
            (recording.folder / told["file"]).read_bytes(),
            PROTOBUF if told["transport"] == "grpc" else told["content_type"],
            told["content_encoding"],
            told["transport"],
            told["headers"].get("user-agent", ""),
        )


class Listening(Protocol):
    """Where telemetry is taken, as `host:port`."""

    http: str
    grpc: str


class Client:
    """One HTTP connection and one gRPC channel to a server."""

    def __init__(self, server: Listening, timeout: float = 30) -> None:
        host, _, port = server.http.rpartition(":")
        self._http = http.client.HTTPConnection(host, int(port), timeout=timeout)
        self._target, self._timeout = server.grpc, timeout
        self._channel: Any = None

    def send(self, request: Request) -> int:
        """The answer's HTTP status; of gRPC 200, or the code's name as an exception."""
        return self._send_grpc(request) if request.transport == "grpc" else self.post(request)[0]

    def post(self, request: Request) -> tuple[int, dict[str, str]]:
        headers = {"Content-Type": request.content_type, "User-Agent": request.agent}
        if request.encoding != "identity":
            headers["Content-Encoding"] = request.encoding
        if request.token:
            headers["Authorization"] = f"Bearer {request.token}"
        body: Any = _pieces(request.data) if request.chunked else request.data
        path = f"/v1/{request.signal}"
        self._http.request("POST", path, body, headers, encode_chunked=request.chunked)
        answer = self._http.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def _send_grpc(self, request: Request) -> int:
        if self._channel is None:
            number = next(_channel_number)
            options = [("grpc.channel_id", number), ("grpc.use_local_subchannel_pool", 1)]
            self._channel = grpc.insecure_channel(self._target, options)
        stub, message = _GRPC[request.signal]
        stub(self._channel).Export(
            message.FromString(request.data),
            timeout=self._timeout,
            metadata=[("authorization", f"Bearer {request.token}")] if request.token else None,
            compression=grpc.Compression.Gzip if request.encoding == "gzip" else None,
        )
        return 200

    def close(self) -> None:
        self._http.close()
        if self._channel is not None:
            self._channel.close()


def send_all(server: Running, requests: Iterable[Request], connections: int = 1) -> None:
    """Every request is acknowledged, over so many connections at once."""
    waiting = list(requests)
    problems: list[object] = []

    def work(part: Sequence[Request]) -> None:
        client = Client(server)
        try:
            problems.extend(code for request in part if (code := client.send(request)) != 200)
        except Exception as error:
            problems.append(error)
        finally:
            client.close()

    threads = [
        threading.Thread(target=work, args=(waiting[n::connections],)) for n in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]


def _pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def made_up(*request_ids: str, session: str = "", day: int = 0) -> Request:
    """One model call each, of 100 input tokens, on the first days of November 2026."""
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = "claude-code"
    records = group.scope_logs.add().log_records
    for number, request_id in enumerate(request_ids):
        record = records.add(body={"string_value": "claude_code.api_request"})
        record.time_unix_nano = (FIRST_SECOND + day * 86_400 + number) * 1_000_000_000
        texts = {"event.name": "api_request", "request_id": request_id, "model": "claude-opus-5-5"}
        texts |= {"session.id": session or request_id, "user.id": "a" * 64}
        for key, value in texts.items():
            record.attributes.add(key=key).value.string_value = value
        for key, amount in {"input_tokens": 100, "event.sequence": number}.items():
            record.attributes.add(key=key).value.int_value = amount
    return Request("logs", message.SerializeToString())
