"""Finds bodies that cannot hold content by looking at their raw bytes: the common path.

Errs on the side of "may hold": then the body is parsed and judged attribute by attribute. It looks
for the key of every content attribute as clients write it (key before value), for long values, and
at the bodies of log records. Redacted values, Claude Code's default, count as no content.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Any

from steelyard.receiver.content_rules import CONTENT_KEYS, CONTENT_PREFIXES, MAX_TEXT
from steelyard.receiver.shallow import records

try:  # one pass over the bytes, whatever the number of keys; many times as fast as `re`
    import re2  # type: ignore[import-untyped, unused-ignore]
except ImportError:  # no wheel for this platform
    re2 = None

JUDGED_KEYS = CONTENT_KEYS | {"error", "metadata"}
REDACTED_BY_DEFAULT = ("prompt", "prompt_text", "response", "user_prompt")
_STRIDE = 500  # a text of 1,000 bytes spans a whole block of this size without a quote


def protobuf_may_hold_content(signal: str, payload: bytes) -> bool:
    """Raises protobuf's DecodeError when the bytes are no OTLP request."""
    found = records(payload)
    if signal == "traces" or (signal == "logs" and not _are_event_names(found)):
        return True
    return _PROTOBUF_KEY.search(payload) is not None or _holds_long_text(payload, found)


def json_may_hold_content(signal: str, payload: bytes) -> bool:
    """For bytes that are known to be JSON."""
    if signal == "traces" or b"\\" in payload:  # escapes can hide a key or a text's end
        return True
    if _JSON_KEY.search(payload) or _JSON_BODY.search(payload):
        return True
    starts = range(0, len(payload) - _STRIDE, _STRIDE)
    return any(payload.find(b'"', at, at + _STRIDE) < 0 for at in starts)


# A Claude Code record: 8-byte time (tag 9), then its body, a text that is the event's name.
_HEAD = itemgetter(slice(9, 25))
_NAME = b"claude_code."
_KNOWN_HEADS = frozenset(
    bytes((0x2A, size + 2, 0x0A, size)) + _NAME for size in range(len(_NAME) + 1, 49)
)


def _are_event_names(found: list[bytes]) -> bool:
    """Whether all records' bodies are names of Claude Code's events."""
    return _KNOWN_HEADS.issuperset(map(_HEAD, found))


def _holds_long_text(payload: bytes, found: list[bytes]) -> bool:
    """Whether there is a text of 1,000 bytes; small records and resources need no look."""
    rest = len(payload) - sum(map(len, found)) - 4 * len(found)
    large = [payload] if rest > MAX_TEXT else [item for item in found if len(item) > MAX_TEXT]
    return bool(large) and _LONG_TEXT.search(b"".join(large)) is not None


def _bytes(raw: bytes) -> bytes:
    """A pattern for exactly these bytes."""
    return b"".join(b"\\x%02x" % byte for byte in raw)


def _not(raw: bytes) -> bytes:
    """A pattern for what differs from these bytes, without looking ahead."""
    head = _bytes(raw[:1])
    return b"[^%s]" % head if len(raw) == 1 else b"(?:[^%s]|%s%s)" % (head, head, _not(raw[1:]))


def _protobuf_key(key: str) -> bytes:
    redacted = _not(b"\x0c\n\n<REDACTED>") if key in REDACTED_BY_DEFAULT else b""
    return _bytes(bytes((len(key),)) + key.encode() + b"\x12") + redacted


def _json_key(key: str) -> bytes:
    redacted = _not(b',"value":{"stringValue":"<REDACTED>"')
    return _bytes(key.encode() + b'"') + (redacted if key in REDACTED_BY_DEFAULT else b"")


def _compiled(start: bytes, alternatives: list[bytes]) -> Any:
    pattern = start + b"(?:" + b"|".join(alternatives) + b")"
    if re2 is None:
        return re.compile(pattern, re.DOTALL)
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    return re2.compile(pattern, options)


_PROTOBUF_KEY = _compiled(
    rb"\n",
    [
        *map(_protobuf_key, sorted(JUDGED_KEYS)),
        *(rb"[\x01-\x7f]" + _bytes(prefix.encode()) for prefix in CONTENT_PREFIXES),
    ],
)
# A value (tag 0x12) that is a text (tag 0x0a), both with lengths from 896 on: the second byte of
# such a varint is at least 7, or there is a third.
_LONG = rb"[\x80-\xff](?:[\x07-\x7f]|[\x80-\xff]{1,3}[\x01-\x7f])"
_LONG_TEXT = _compiled(rb"\x12", [_LONG + rb"\n" + _LONG])
_JSON_KEY = _compiled(
    b'"key"',
    [
        b"[^:]",  # spaces: not as the clients write it
        b':[^"]',
        *(b':"' + _json_key(key) for key in sorted(JUDGED_KEYS)),
        *(b':"' + _bytes(prefix.encode()) for prefix in CONTENT_PREFIXES),
    ],
)
_JSON_BODY = _compiled(b'"body"', [_not(b':{"stringValue":"' + _NAME)])
