"""What must never be kept: takes prompts, replies, tool arguments and commands out of a body.

Most bodies hold none, so the common path only looks at their raw bytes (`content_scan`). When in
doubt a body is parsed and judged attribute by attribute (`content_rules`).
"""

from __future__ import annotations

from steelyard.receiver.content_json import clean_json
from steelyard.receiver.content_protobuf import clean_protobuf
from steelyard.receiver.content_rules import CONTENT_KEYS
from steelyard.receiver.content_scan import json_may_hold_content, protobuf_may_hold_content

__all__ = ["CONTENT_KEYS", "strip"]


def strip(signal: str, encoding: str, payload: bytes) -> bytes:
    """The same request without content; the same object when nothing had to go.

    `payload` is inflated OTLP; for other signals it is returned as it is. Raises protobuf's
    DecodeError or ValueError for bytes that are no request.
    """
    if signal not in ("logs", "metrics", "traces"):
        return payload
    if encoding == "json":
        may_hold = json_may_hold_content(signal, payload)
        return clean_json(signal, payload) if may_hold else payload
    return (
        clean_protobuf(signal, payload) if protobuf_may_hold_content(signal, payload) else payload
    )
