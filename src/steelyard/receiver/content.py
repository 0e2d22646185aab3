"""What must never be kept: takes prompts, replies, tool arguments and commands out of a body.

Most bodies hold none, so the common path only looks for their keys in the raw bytes and parses
nothing. When in doubt a body is parsed and judged attribute by attribute.
"""

from __future__ import annotations

from steelyard.receiver.content_json import clean_json
from steelyard.receiver.content_protobuf import clean_protobuf
from steelyard.receiver.content_rules import CONTENT_KEYS

__all__ = ["CONTENT_KEYS", "strip"]


def strip(signal: str, encoding: str, payload: bytes) -> bytes:
    """The same request without content; the same object when nothing had to go.

    `payload` is inflated OTLP. Raises the parser's error (ValueError for JSON, protobuf's
    DecodeError) when it has to be parsed and cannot be.
    """
    if signal not in ("logs", "metrics", "traces"):
        return payload
    return clean_json(payload) if encoding == "json" else clean_protobuf(signal, payload)
