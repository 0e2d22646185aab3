"""OTLP over HTTP/1.1: protobuf and JSON, plain or compressed, on httptools' parser.

A protocol of its own and not an ASGI application, because a receiver does one thing: measured, the
way through a general server costs as much CPU as everything else together. Answers keep the order
of their requests; one is given only once the body is durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any

import httptools

from steelyard.errors import Refused
from steelyard.receiver.door import Door, Held
from steelyard.receiver.http_answers import (
    ACCEPTED,
    CONTINUE,
    HEALTHY,
    JSON,
    PROTOBUF,
    finished,
    refusal,
    without_body,
)
from steelyard.receiver.http_listener import HttpListener
from steelyard.receiver.inflate import FORMATS
from steelyard.receiver.otlp import SIGNALS

PATHS = {f"/v1/{signal}".encode(): signal for signal in SIGNALS}
ENCODINGS = {PROTOBUF: "protobuf", JSON: "json"}
MAX_HEAD_BYTES = 64 * 1024
MAX_PIPELINED = 16  # requests on one connection that wait for their answer
DISCARDED_FACTOR = 4  # how much of an oversized body is read away, so that its answer is seen
LINGER_SECONDS = 2.0
FOREVER = float("inf")


class Slot:
    """The place of one answer in the order of answers."""

    __slots__ = ("answer", "close")

    def __init__(self, close: bool) -> None:
        self.answer, self.close = b"", close


class HttpConnection(asyncio.Protocol):
    """One client's connection."""

    _refused: Refused | None

    def __init__(self, door: Door, listener: HttpListener) -> None:
        self.door, self.listener = door, listener
        self.deadline = FOREVER
        self._slots: deque[Slot] = deque()
        self._stopping = self._deaf = self._paused = self._full = False
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._begin()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.deadline = self.listener.now + self.listener.idle_seconds
        if not self.listener.enter(self):
            self._refuse(Refused(503, "connections", "There are too many connections."), True)

    def connection_lost(self, error: Exception | None) -> None:
        self._held.release()
        self._slots.clear()
        self.listener.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf or (self._stopping and not self._in_request):
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._malformed("it asks for another protocol")
        except httptools.HttpParserError as error:
            self._malformed(str(error))
        if not self._head_complete:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._malformed("the request's head is too large")

    def pause_writing(self) -> None:
        self._full = True
        self._pace()

    def resume_writing(self) -> None:
        self._full = False
        self._pace()

    # the parser's side

    def on_message_begin(self) -> None:
        self._begin()
        self._in_request = True
        self.deadline = self.listener.now + self.door.limits.seconds

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _HEADERS:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        self._head_complete = True
        if self._parser.should_upgrade():  # the parser would not tell the body from what follows
            self._malformed("it asks for another protocol")
            return
        self._method = self._parser.get_method()
        try:
            self._check_head()
        except Refused as refused:
            self._refused = refused
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            if self._refused is None:
                self._transport.write(CONTINUE)
            else:  # the client waits with its body
                self._malformed(refused=self._refused)

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        if self._deaf:
            return
        if self._refused is not None:
            if self._size > self.door.limits.body * DISCARDED_FACTOR:
                self._malformed(refused=self._refused)
        elif self._size > self.door.limits.body:
            self._drop(_too_large(self.door.limits.body))
        else:
            self._parts.append(part)
            try:
                self._held.add(len(part))
            except Refused as refused:
                self._drop(refused)

    def on_message_complete(self) -> None:
        if self._deaf:
            return
        self._in_request = False
        self.deadline = FOREVER
        close = self._stopping or not self._parser.should_keep_alive()
        slot = Slot(close)
        self._slots.append(slot)
        self._pace()
        try:
            refused = self._refused
            if refused is not None:
                raise refused
            self._take_in(slot)
        except Refused as declined:
            self._held.release()
            self._decline(slot, declined)

    # one request

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._size = self._head_bytes = 0
        self._head_complete = self._in_request = False
        self._refused = None
        self._held = Held(self.door)
        self._kind = self._method = b""
        self._compression = self._token = self._signal = ""

    def _check_head(self) -> None:
        """Everything that can be said before the body has come. Raises Refused."""
        headers, method = self._headers, self._method
        self._kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        path = self._url.partition(b"?")[0]
        if path == b"/healthz" and method in (b"GET", b"HEAD"):
            return
        if path not in PATHS:
            raise Refused(404, "no_such_path", "Nothing is here.", f"OTLP goes to {_PATHS}.")
        if method != b"POST":
            raise Refused(405, "not_post", f"{path.decode()} takes POST only.")
        self._signal = PATHS[path]
        self._token = self.door.access.token_of(
            headers.get(b"authorization", b"").decode("latin-1")
        )
        if self._kind not in ENCODINGS:
            raise Refused(415, "content_type", "The Content-Type is neither protobuf nor JSON.")
        self._compression = _compression(headers.get(b"content-encoding", b""))
        if int(headers.get(b"content-length", b"0")) > self.door.limits.body:
            raise _too_large(self.door.limits.body)

    def _take_in(self, slot: Slot) -> None:
        if not self._signal:
            self._settle(slot, HEALTHY)
            return
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        encoding, self._parts = ENCODINGS[self._kind], []
        stored = partial(self._stored, slot, self._held, self._kind)
        self.door.store(self._signal, encoding, self._compression, data, self._token, stored)

    def _stored(self, slot: Slot, held: Held, kind: bytes, outcome: int | Refused) -> None:
        held.release()
        if isinstance(outcome, Refused):
            self._note(outcome)
            self._settle(slot, refusal(outcome, kind))
        else:
            self._settle(slot, ACCEPTED[ENCODINGS[kind]])

    def _decline(self, slot: Slot, refused: Refused) -> None:
        self._note(refused)
        self._settle(slot, refusal(refused, self._kind))

    def _settle(self, slot: Slot, answer: bytes) -> None:
        """An answer is known; send it and those behind it, as far as the order allows."""
        slot.answer = answer if self._method != b"HEAD" else without_body(answer)
        ready: list[bytes] = []
        while self._slots and self._slots[0].answer:
            first = self._slots.popleft()
            ready.append(finished(first.answer, self.listener.date, first.close))
            if first.close:
                self._slots.clear()
                self._stopping = True
        if ready:
            self._transport.write(b"".join(ready))
            self._rest()

    def _rest(self) -> None:
        """Nothing may be left to do: close, or wait for the next request."""
        if not self._slots and not self._in_request:
            if self._deaf:
                self._linger()
            elif self._stopping:
                self._transport.close()
            else:
                self.deadline = self.listener.now + self.listener.idle_seconds
        self._pace()

    def _linger(self) -> None:
        """Close our side only: to close a connection with unread data would wipe the answer."""
        if not self._transport.is_closing():
            self._transport.write_eof()
            self.deadline = self.listener.now + LINGER_SECONDS

    def _pace(self) -> None:
        """Read no faster than the client reads answers, and no further than a few requests."""
        pause = self._full or len(self._slots) >= MAX_PIPELINED
        if pause != self._paused and not self._transport.is_closing():
            self._paused = pause
            (self._transport.pause_reading if pause else self._transport.resume_reading)()

    # the end

    def stop(self) -> None:
        """Answer what was asked, then close."""
        self._stopping = True
        for slot in self._slots:
            slot.close = slot is self._slots[-1]
        self._rest()

    def expire(self) -> None:
        """The deadline has passed: a body that does not come, or a connection nobody uses."""
        if self._in_request and not self._deaf:
            self._malformed(refused=Refused(408, "slow", "The request did not arrive in time."))
        elif not self._slots:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _drop(self, refused: Refused) -> None:
        """Refuse the rest of a body while it comes in."""
        self._refused, self._parts = refused, []
        self._held.release()

    def _malformed(self, why: str = "", refused: Refused | None = None) -> None:
        """Answer now and read no further: what follows cannot be told apart."""
        if self._deaf or self._transport.is_closing():
            return
        self._deaf = True
        self._held.release()
        self._in_request = False
        self._refuse(refused or Refused(400, "bad_http", f"This is no HTTP request: {why}."), True)

    def _refuse(self, refused: Refused, close: bool) -> None:
        slot = Slot(close)
        self._slots.append(slot)
        self._decline(slot, refused)

    def _note(self, refused: Refused) -> None:
        peer = (self._transport.get_extra_info("peername") or ("",))[0]
        path = self._url.partition(b"?")[0].decode("latin-1")
        agent = self._headers.get(b"user-agent", b"").decode("latin-1")
        self.door.refusals.note(refused, "http", path, str(peer), agent)


_PATHS = ", ".join(path.decode() for path in PATHS)
_HEADERS = frozenset(
    (
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"expect",
        b"user-agent",
    )
)


def _compression(header: bytes) -> str:
    name = header.decode("latin-1").strip().lower()
    if name in ("", "identity"):
        return ""
    if name not in FORMATS:
        raise Refused(415, "content_encoding", "The Content-Encoding is not gzip or deflate.")
    return name


def _too_large(limit: int) -> Refused:
    hint = "Let the client export more often, or raise the receiver's limit."
    return Refused(413, "too_large", f"The body has more than {limit} bytes.", hint)
