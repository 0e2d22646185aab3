"""Inflating request bodies with a bound: a small body must not become a large memory."""

from __future__ import annotations

import zlib
from typing import Any

from isal import isal_zlib

from steelyard.errors import Refused

MAX_INFLATED_BYTES = 256 * 1024 * 1024  # what any setting may allow
# Window bits of zlib's formats, by the name the Content-Encoding header uses.
FORMATS = {"gzip": 31, "deflate": 15}
_DAMAGED: Any = (isal_zlib.error, zlib.error, EOFError)  # isal's stubs call it an instance


def inflate(data: bytes, compression: str, limit: int = MAX_INFLATED_BYTES) -> bytes:
    """The bytes behind `compression` ("", "gzip", "deflate").

    Raises Refused 400 for damaged data and 413 as soon as more than `limit` bytes come out.
    """
    if not compression:
        return _bounded(data, limit)
    try:
        return _members(data, FORMATS[compression], limit)
    except _DAMAGED as error:
        raise Refused(
            400, "bad_compression", f"The body is not valid {compression} data."
        ) from error


def deflate(data: bytes) -> bytes:
    """Gzip at the cheapest level that still finds the repetition OTLP is full of."""
    compressed: bytes = isal_zlib.compress(data, 1, 31)
    return compressed


def _members(data: bytes, wbits: int, limit: int) -> bytes:
    """All members of a stream: gzip allows several, one after the other."""
    parts: list[bytes] = []
    size = 0
    while data:
        stream: Any = isal_zlib.decompressobj(wbits=wbits)
        part = stream.decompress(data, limit - size + 1)
        size += len(_bounded(part, limit - size))
        if not stream.eof:
            raise EOFError("the compressed data ends too early")
        parts.append(part)
        data = stream.unused_data.lstrip(b"\0")  # some tools pad with zeros
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _bounded(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise Refused(
            413,
            "too_large",
            f"The body holds more than {limit} bytes.",
            "Let the client export more often, or raise the receiver's limit.",
        )
    return data
