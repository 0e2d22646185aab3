from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
RESPONSES = {
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
    "traces": ExportTraceServiceResponse,
}
EMPTY_GROUP = b"\n\x00"


def raw(receiver: Any, request: bytes, *, half_close: bool = True) -> bytes:
    """Everything a receiver answers to these very bytes."""
    host, port = receiver.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(request)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        parts = []
        while part := client.recv(65536):
            parts.append(part)
    return b"".join(parts)


def head(length: int | None = None, path: str = "/v1/logs", further: str = "") -> bytes:
    size = "" if length is None else f"content-length: {length}\r\n"
    return (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{size}{further}\r\n"
    ).encode()


@pytest.mark.parametrize("signal", ["logs", "metrics", "traces"])
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
@pytest.mark.parametrize("zipped", [False, True])
def test_recorded_requests_are_acknowledged_in_their_own_encoding(
    receiver: Any, recorded: Any, signal: str, encoding: str, zipped: bool
) -> None:
    sent = next(one for one in recorded if (one.signal, one.encoding) == (signal, encoding))
    headers = PROTOBUF if encoding == "protobuf" else JSON
    body = gzip.compress(sent.payload, mtime=0) if zipped else sent.payload
    more = {"content-encoding": "gzip"} if zipped else {}
    answer = receiver.post(f"/v1/{signal}", body, headers | more)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == headers["content-type"]
    if encoding == "json":
        assert answer.json() == {}
    else:
        assert not RESPONSES[signal].FromString(answer.content).HasField("partial_success")


def test_what_is_acknowledged_lies_in_the_inbox(
    receiving: Callable[..., Any], recorded: Any
) -> None:
    receiver = receiving(grpc="")
    sent = [one for one in recorded if one.scenario.startswith("01-text-only-http-protobuf")]
    for one in sent:
        assert receiver.post(f"/v1/{one.signal}", one.wire).status_code == 200
    kept = receiver.inbox().after(0)
    assert [body.signal for body in kept] == [one.signal for one in sent]
    assert [body.payload() for body in kept if body.signal == "metrics"] == [
        one.payload for one in sent if one.signal == "metrics"
    ]


def test_a_body_may_come_in_chunks(receiver: Any, recorded: Any) -> None:
    """Claude Code 2.1.191 to 2.1.211 sent chunks, later versions a length."""
    sent = next(one for one in recorded if one.encoding == "protobuf").wire
    chunks: Iterable[bytes] = (sent[at : at + 97] for at in range(0, len(sent), 97))
    assert receiver.post("/v1/metrics", chunks).status_code == 200


def test_deflate_and_identity_are_understood(receiver: Any) -> None:
    deflated = PROTOBUF | {"content-encoding": "deflate"}
    assert receiver.post("/v1/logs", zlib.compress(EMPTY_GROUP), deflated).status_code == 200
    identity = PROTOBUF | {"content-encoding": "identity"}
    assert receiver.post("/v1/logs", EMPTY_GROUP, identity).status_code == 200


def test_a_zipped_body_in_two_members_is_read_whole(receiver: Any) -> None:
    body = gzip.compress(b'{"resourceLogs"', mtime=0) + gzip.compress(b":[]}")
    assert receiver.post("/v1/logs", body, JSON | {"content-encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize("body", [b"", EMPTY_GROUP])
def test_an_empty_request_is_a_success(receiver: Any, body: bytes) -> None:
    assert receiver.post("/v1/traces", body).status_code == 200


def test_a_charset_beside_the_content_type_does_no_harm(receiver: Any) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = receiver.post("/v1/logs", b"{}", headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


BAD = [
    ("/v1/logs", PROTOBUF, b"garbage"),
    ("/v1/logs", PROTOBUF, b"\x0a\xff\xff\xff\xff\x0f"),
    ("/v1/metrics", PROTOBUF, b"{}"),
    ("/v1/logs", JSON, b"{"),
    ("/v1/logs", JSON, b"[]"),
    ("/v1/logs", JSON, b'{"resourceLogs": 3}'),
    ("/v1/logs", JSON, b'{"resourceLogs": ["x"]}'),
    ("/v1/traces", JSON, b"\xff\xfe"),
    ("/v1/traces", JSON, b"[" * 100_000),
    ("/v1/logs", PROTOBUF | {"content-encoding": "gzip"}, b"not gzip"),
    ("/v1/logs", PROTOBUF | {"content-encoding": "gzip"}, gzip.compress(bytes(99), mtime=0)[:-6]),
    ("/v1/logs", PROTOBUF | {"content-encoding": "deflate"}, b"\x01"),
]


@pytest.mark.parametrize(("path", "headers", "body"), BAD)
def test_garbage_is_a_400_with_a_status_in_the_requests_encoding(
    receiver: Any, path: str, headers: dict[str, str], body: bytes
) -> None:
    answer = receiver.post(path, body, headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == headers["content-type"]
    if headers == JSON:
        said = answer.json()
        assert said["code"] == 3 and "OTLP" in said["message"]
    else:
        status = Status.FromString(answer.content)
        assert status.code == 3 and status.message


def test_other_content_types_are_a_415(receiver: Any) -> None:
    for headers in ({}, {"content-type": "text/plain"}, {"content-type": "application/xml"}):
        assert receiver.post("/v1/logs", b"{}", headers).status_code == 415
    brotli = JSON | {"content-encoding": "br"}
    assert receiver.post("/v1/logs", b"{}", brotli).status_code == 415


def test_other_paths_are_a_404_and_other_methods_a_405(receiver: Any) -> None:
    import httpx

    assert receiver.post("/v1/profiles", b"{}", JSON).status_code == 404
    assert receiver.post("/", b"{}", JSON).status_code == 404
    got = httpx.get(f"{receiver.http}/v1/logs")
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    options = httpx.options(f"{receiver.http}/v1/logs", headers={"origin": "http://evil.example"})
    assert options.status_code == 405
    assert "access-control-allow-origin" not in options.headers


def test_health(receiver: Any) -> None:
    import httpx

    assert httpx.get(f"{receiver.http}/healthz").text == "ok\n"
    head = httpx.head(f"{receiver.http}/healthz")
    assert (head.status_code, head.content) == (200, b"")


@pytest.fixture(scope="module")
def strict(starting: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A receiver with small limits."""
    from types import SimpleNamespace

    import httpx

    from steelyard.receiver.otlp import Limits
    from steelyard.receiver.service import ReceiverConfig

    limits = Limits(body=10_000, inflated=100_000, held=40_000, seconds=1)
    data = tmp_path_factory.mktemp("strict")
    config = ReceiverConfig(data=data, http="127.0.0.1:0", grpc="", limits=limits)
    process, (word, port, _) = starting(config)
    assert word == "ready"
    url = f"http://127.0.0.1:{port}"

    def post(path: str, content: Any, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(url + path, content=content, headers=headers, timeout=30)

    yield SimpleNamespace(http=url, post=post, process=process, config=config)
    process.kill()
    process.join()


def spaces(size: int) -> bytes:
    return b"{" + b" " * (size - 2) + b"}"


def test_a_body_at_the_limit_passes_and_beyond_it_is_a_413(strict: Any) -> None:
    assert strict.post("/v1/logs", spaces(10_000), JSON).status_code == 200
    assert strict.post("/v1/logs", spaces(10_001), JSON).status_code == 413
    chunks = (b" " * 1000 for _ in range(11))
    answer = strict.post("/v1/logs", chunks, JSON)
    assert answer.status_code == 413
    assert "10000 bytes" in answer.json()["message"]


def test_a_body_is_bounded_after_inflating_too(strict: Any) -> None:
    headers = JSON | {"content-encoding": "gzip"}
    assert strict.post("/v1/logs", gzip.compress(spaces(100_000)), headers).status_code == 200
    assert strict.post("/v1/logs", gzip.compress(spaces(100_001)), headers).status_code == 413
    bomb = gzip.compress(gzip.compress(bytes(200_000_000), 9), 9)
    bomb = gzip.decompress(bomb)[:10_000] if len(bomb) > 10_000 else gzip.decompress(bomb)
    assert strict.post("/v1/logs", bomb[:10_000], headers).status_code in (400, 413)


def test_a_413_is_said_before_an_announced_body_is_sent(strict: Any) -> None:
    said = raw(strict, head(50_000, further="expect: 100-continue\r\n"), half_close=False)
    assert said.startswith(b"HTTP/1.1 413 ") and b"100 Continue" not in said


def test_an_announced_body_is_asked_for(receiver: Any) -> None:
    host, port = receiver.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(head(2, further="Expect: 100-Continue\r\n"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_an_endless_body_is_cut_off(strict: Any) -> None:
    endless = head(further="transfer-encoding: chunked\r\n") + b"3e8\r\n" + b" " * 1000 + b"\r\n"
    more = b"3e8\r\n" + b" " * 1000 + b"\r\n"
    said = raw(strict, endless + more * 60, half_close=False)
    assert said.startswith(b"HTTP/1.1 413 ") and b"connection: close" in said


def test_a_body_that_does_not_come_is_a_408(strict: Any) -> None:
    said = raw(strict, head(100) + b"{", half_close=False)
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_cut_off(receiver: Any) -> None:
    said = raw(receiver, b"POST /v1/logs HTTP/1.1\r\nx: " + b"y" * 200_000, half_close=False)
    assert said.startswith(b"HTTP/1.1 400 ") and b"too large" in said


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",  # HTTP/2
        b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/logs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_a_400_and_the_end(receiver: Any, request_: bytes) -> None:
    said = raw(receiver, request_, half_close=False)
    assert said.startswith(b"HTTP/1.1 400 ") and said.count(b"HTTP/1.1") == 1


def test_pipelined_requests_are_answered_in_order(receiver: Any) -> None:
    requests = []
    for at in range(60):
        body = json.dumps({"resourceLogs": [], "at": at}).encode()
        path = "/nowhere" if at % 3 == 1 else "/v1/logs"
        requests.append(head(len(body), path) + body)
    last = head(2, further="connection: close\r\n") + b"{}"
    said = raw(receiver, b"".join(requests) + last, half_close=False)
    statuses = [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"404" if at % 3 == 1 else b"200" for at in range(60)] + [b"200"]
    assert said.count(b"connection: close") == 1


def test_a_connection_is_kept_until_the_client_wants_it_closed(receiver: Any) -> None:
    body = head(2) + b"{}"
    closing = head(2, further="Connection: close\r\n") + b"{}"
    assert raw(receiver, body + closing + body, half_close=False).count(b" 200 OK") == 2
    old = b"POST /v1/logs HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    assert b"connection: close" in raw(receiver, old, half_close=False)


def test_an_offer_to_upgrade_is_declined_in_words(receiver: Any) -> None:
    offer = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    said = raw(receiver, head(2, further=offer) + b"{}", half_close=False)
    assert said.startswith(b"HTTP/1.1 400 ") and said.count(b"HTTP/1.1") == 1
    assert b"another protocol" in said


def test_clients_that_go_away_leave_nothing_behind(strict: Any) -> None:
    """The bytes they had sent no longer count against the common bound of 40,000."""
    host, port = strict.http.removeprefix("http://").split(":")
    for _ in range(30):
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(head(9_000) + b" " * 8_000)
    assert strict.post("/v1/logs", spaces(9_999), JSON).status_code == 200


def test_all_requests_together_hold_no_more_than_the_bound(strict: Any) -> None:
    host, port = strict.http.removeprefix("http://").split(":")
    clients = [socket.create_connection((host, int(port)), timeout=20) for _ in range(6)]
    for client in clients:
        client.sendall(head(9_500) + b" " * 9_400)
    answer = strict.post("/v1/logs", spaces(9_000), JSON)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    for client in clients:
        client.close()


def test_many_clients_at_once_share_commits(receiver: Any) -> None:
    before = receiver.inbox().status().received
    statuses: list[int] = []

    def send(name: int) -> None:
        for at in range(10):
            body = json.dumps({"resourceLogs": [], "name": name, "at": at}).encode()
            statuses.append(receiver.post("/v1/logs", body, JSON).status_code)

    threads = [threading.Thread(target=send, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80
    assert receiver.inbox().status().received == before + 80


def test_refusals_are_noted_without_secrets(receiver: Any, eventually: Callable[..., Any]) -> None:
    import httpx

    headers = JSON | {"user-agent": "test/7", "authorization": "Bearer sty_secret"}
    httpx.post(f"{receiver.http}/v1/nothing", content=b"{}", headers=headers)
    inbox = receiver.inbox()
    (noted,) = eventually(
        lambda: [one for one in inbox.refusals(500) if one.path == "/v1/nothing"], "it is noted"
    )
    assert (noted.status, noted.reason, noted.peer) == (404, "no_such_path", "127.0.0.1")
    assert noted.agent == "test/7" and "sty_" not in repr(inbox.refusals(500))
