"""The bytes of HTTP answers: an empty response message, or a google.rpc.Status.

In the request's own encoding, as the OTLP specification asks. Pure functions.
"""

from __future__ import annotations

from http import HTTPStatus

import orjson
from google.rpc import code_pb2, status_pb2

from steelyard.errors import Refused
from steelyard.receiver.otlp import retry_seconds

PROTOBUF, JSON = b"application/x-protobuf", b"application/json"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
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
_FURTHER = {401: b"www-authenticate: Bearer\r\n", 405: b"allow: POST\r\n"}


def answer(status: int, kind: bytes, body: bytes, further: bytes = b"") -> bytes:
    """Head and body, without the date and the end of the head's last line; see `finished`."""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-length: {len(body)}\r\n".encode()
    )
    return b"%scontent-type: %s\r\n%s\0%s" % (head, kind, further, body)


def finished(prepared: bytes, date: bytes, close: bool) -> bytes:
    """An answer as it is sent."""
    head, _, body = prepared.partition(b"\0")
    end = b"connection: close\r\n\r\n" if close else b"\r\n"
    return b"%sdate: %s\r\n%s%s" % (head, date, end, body)


ACCEPTED = {  # an Export…ServiceResponse without fields
    "protobuf": answer(200, PROTOBUF, b""),
    "json": answer(200, JSON, b"{}"),
}
HEALTHY = answer(200, b"text/plain", b"ok\n")


def without_body(prepared: bytes) -> bytes:
    """The answer to HEAD."""
    return prepared.partition(b"\0")[0] + b"\0"


def refusal(refused: Refused, kind: bytes) -> bytes:
    """The answer to a declined request."""
    further = _FURTHER.get(refused.status, b"")
    if refused.status == 503:
        further = b"retry-after: %d\r\n" % retry_seconds(refused)
    text = " ".join(filter(None, [refused.message, refused.hint]))
    code = CODES.get(refused.status, code_pb2.UNKNOWN)
    if kind == JSON:
        body = orjson.dumps({"code": code, "message": text})
        return answer(refused.status, JSON, body, further)
    body = status_pb2.Status(code=code, message=text).SerializeToString()
    return answer(refused.status, PROTOBUF, body, further)
