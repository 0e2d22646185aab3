"""OTLP over HTTP, as an ASGI callable: protobuf and JSON, plain or compressed.

Answers what the OTLP specification asks for: an empty response message once the body is durable,
a google.rpc.Status in the request's encoding otherwise. Never a 500 for what a client sends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson
from google.rpc import code_pb2, status_pb2

from steelyard.errors import Refused
from steelyard.receiver.door import Door
from steelyard.receiver.inflate import FORMATS
from steelyard.receiver.otlp import SIGNALS, retry_seconds

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

PATHS = {f"/v1/{signal}": signal for signal in SIGNALS}
HEALTH = "/healthz"
PROTOBUF, JSON = b"application/x-protobuf", b"application/json"
ENCODINGS = {PROTOBUF: "protobuf", JSON: "json"}
EMPTY = {"protobuf": b"", "json": b"{}"}  # an Export…ServiceResponse without fields
CODES = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    404: code_pb2.NOT_FOUND,
    405: code_pb2.UNIMPLEMENTED,
    408: code_pb2.DEADLINE_EXCEEDED,
    413: code_pb2.RESOURCE_EXHAUSTED,
    415: code_pb2.INVALID_ARGUMENT,
    503: code_pb2.UNAVAILABLE,
}
DISCARD_FACTOR = 4  # how much of an oversized body is read away, so that the client sees the answer

log = logging.getLogger(__name__)


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class HttpDoor:
    """The ASGI callable."""

    def __init__(self, door: Door) -> None:
        self.door = door

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        try:
            status, body, more = await self._answer(scope, headers, kind, receive)
        except ClientGoneError:
            return
        except Refused as refused:
            self._note(refused, scope, headers)
            status, body, more = refusal(refused, kind)
        await respond(send, status, body, JSON if kind == JSON else PROTOBUF, more)

    async def _answer(
        self, scope: Message, headers: dict[bytes, bytes], kind: bytes, receive: Receive
    ) -> tuple[int, bytes, Headers]:
        path, method = scope["path"], scope["method"]
        if path == HEALTH and method in ("GET", "HEAD"):
            return 200, b"", []
        if path not in PATHS:
            raise Refused(404, "no_such_path", f"There is no {path[:200]} here.", _where())
        if method != "POST":
            raise Refused(405, "not_post", f"{path} takes POST only.")
        token = self.door.access.token_of(headers.get(b"authorization", b"").decode("latin-1"))
        if kind not in ENCODINGS:
            raise Refused(415, "content_type", "The Content-Type is neither protobuf nor JSON.")
        compression = _compression(headers)
        with self.door.holding() as held:
            data = await self._read(headers, receive, held.add)
            await self.door.store(PATHS[path], ENCODINGS[kind], compression, data, token)
        return 200, EMPTY[ENCODINGS[kind]], []

    async def _read(
        self, headers: dict[bytes, bytes], receive: Receive, hold: Callable[[int], None]
    ) -> bytes:
        limit = self.door.limits.body
        if int(headers.get(b"content-length", b"0")) > limit:
            raise _too_large(limit)
        message = await receive()
        if not message.get("more_body"):  # nearly always
            data: bytes = message.get("body", b"")
            hold(len(data))
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            if len(data) > limit:
                raise _too_large(limit)
            return data
        try:
            async with asyncio.timeout(self.door.limits.seconds):
                return await _read_on(message, receive, limit, hold)
        except TimeoutError:
            raise Refused(408, "slow", "The body did not arrive in time.") from None

    def _note(self, refused: Refused, scope: Message, headers: dict[bytes, bytes]) -> None:
        peer = scope.get("client") or ("", 0)
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        self.door.refusals.note(refused, "http", scope["path"], peer[0], agent)


def refusal(refused: Refused, kind: bytes) -> tuple[int, bytes, Headers]:
    """Status, body and further headers of a declined request."""
    headers: Headers = []
    if refused.status == 503:
        headers.append((b"retry-after", str(retry_seconds(refused)).encode()))
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.status == 405:
        headers.append((b"allow", b"POST"))
    if refused.status in (408, 413):
        headers.append((b"connection", b"close"))
    text = " ".join(filter(None, [refused.message, refused.hint]))
    code = CODES.get(refused.status, code_pb2.UNKNOWN)
    if kind == JSON:
        return refused.status, orjson.dumps({"code": code, "message": text}), headers
    return refused.status, status_pb2.Status(code=code, message=text).SerializeToString(), headers


async def respond(send: Send, status: int, body: bytes, kind: bytes, more: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", kind), length, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read_on(
    message: Message, receive: Receive, limit: int, hold: Callable[[int], None]
) -> bytes:
    """The rest of a body. Past the limit it is read and thrown away, up to a point."""
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limit * DISCARD_FACTOR or (size > limit and not message.get("more_body")):
            raise _too_large(limit)
        if size <= limit:
            hold(len(part))
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


def _compression(headers: dict[bytes, bytes]) -> str:
    name = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
    if name in ("", "identity"):
        return ""
    if name not in FORMATS:
        raise Refused(415, "content_encoding", "The Content-Encoding is not gzip or deflate.")
    return name


def _too_large(limit: int) -> Refused:
    hint = "Let the client export more often, or raise the receiver's limit."
    return Refused(413, "too_large", f"The body has more than {limit} bytes.", hint)


def _where() -> str:
    return f"OTLP goes to {', '.join(PATHS)} ({HTTPStatus.OK.phrase} is all it answers)."
