"""Finds bodies that cannot hold content by looking at their raw bytes: the common path.

Errs on the side of "may hold": then the body is parsed and judged attribute by attribute. It looks
for the key of every content attribute as clients write it (key before value), for long values, and
at the bodies of log records. Redacted values, Claude Code's default, count as no content.
"""

from __future__ import annotations

from operator import itemgetter

from steelyard.receiver.content_rules import CONTENT_KEYS, CONTENT_PREFIXES, MAX_TEXT
from steelyard.receiver.json_shape import is_plain
from steelyard.receiver.patterns import compiled, exactly, other_than
from steelyard.receiver.shallow import records

JUDGED_KEYS = CONTENT_KEYS | {"error", "metadata"}
REDACTED_BY_DEFAULT = ("prompt", "prompt_text", "response", "user_prompt")
_STRIDE = 500  # a text of 1,000 bytes spans a whole block of this size without a quote


def protobuf_may_hold_content(signal: str, payload: bytes) -> bool:
    """Raises protobuf's DecodeError when the bytes are no OTLP request."""
    found = records(payload)
    if signal == "traces" or (signal == "logs" and not _are_event_names(found)):
        return True
    return _PROTOBUF_KEY.search(payload) is not None or _holds_long_text(payload, found)


def record_may_hold_content(record: bytes) -> bool:
    """The same for one serialised log record."""
    if _HEAD(record) not in _KNOWN_HEADS or _PROTOBUF_KEY.search(record) is not None:
        return True
    return len(record) > MAX_TEXT and _LONG_TEXT.search(record) is not None


def json_may_hold_content(signal: str, payload: bytes) -> bool:
    """Also true for what is no OTLP/JSON: to parse it will tell."""
    if not is_plain(signal, payload) or _JSON_KEY.search(payload) is not None:
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


def _protobuf_key(key: str) -> bytes:
    redacted = other_than(b"\x0c\n\n<REDACTED>") if key in REDACTED_BY_DEFAULT else b""
    return exactly(bytes((len(key),)) + key.encode() + b"\x12") + redacted


def _json_key(key: str) -> bytes:
    redacted = other_than(b',"value":{"stringValue":"<REDACTED>"')
    return exactly(key.encode() + b'"') + (redacted if key in REDACTED_BY_DEFAULT else b"")


def _keys(begin: bytes, keys: list[bytes], any_length: bytes) -> bytes:
    prefixes = [any_length + exactly(prefix.encode()) for prefix in CONTENT_PREFIXES]
    return begin + b"(?:" + b"|".join([*keys, *prefixes]) + b")"


_PROTOBUF_KEY = compiled(
    _keys(rb"\n", list(map(_protobuf_key, sorted(JUDGED_KEYS))), rb"[\x01-\x7f]")
)
_JSON_KEY = compiled(_keys(b'"key":"', list(map(_json_key, sorted(JUDGED_KEYS))), b""))
# A value (tag 0x12) that is a text (tag 0x0a), both with lengths from 896 on: the second byte of
# such a varint is at least 7, or there is a third.
_LONG = rb"[\x80-\xff](?:[\x07-\x7f]|[\x80-\xff]{1,3}[\x01-\x7f])"
_LONG_TEXT = compiled(rb"\x12" + _LONG + rb"\n" + _LONG)
