"""What OTLP says, the same for HTTP and gRPC: from a request's bytes to a body for the inbox.

Inflates within bounds, checks that the bytes are a request at all, takes content out. It knows no
connection and stores nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from steelyard.errors import Refused
from steelyard.receiver.body import NewBody
from steelyard.receiver.content import strip
from steelyard.receiver.inflate import deflate, inflate

SIGNALS = ("logs", "metrics", "traces")
_WORTH_DEFLATING = 512  # bytes
RETRY_SECONDS = {"full": 60, "disk": 30}
DEFAULT_RETRY_SECONDS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Bounds on what a client may make the receiver hold, in bytes."""

    body: int = 16 * 1024**2  # on the wire
    inflated: int = 64 * 1024**2
    held: int = 256 * 1024**2  # all requests together, until they are stored
    seconds: float = 60.0  # for a request to arrive in full


def take_in(
    signal: str, encoding: str, compression: str, data: bytes, token: str, limits: Limits
) -> NewBody:
    """The body to store. Raises Refused with 400 or 413."""
    payload = inflate(data, compression, limits.inflated)
    try:
        stripped = strip(signal, encoding, payload)
    except (DecodeError, ValueError, RecursionError) as error:
        raise Refused(400, "bad_data", f"The body is no OTLP {signal} request: {error}.") from None
    except Exception as error:  # a fault of ours; to send the same data again would not help
        log.exception("a %s body (%s, %d bytes) cannot be read", signal, encoding, len(payload))
        raise Refused(400, "unreadable", "The body cannot be read.") from error
    if stripped is payload and compression == "gzip":
        return NewBody(signal, encoding, data, "gzip", token)
    if len(stripped) < _WORTH_DEFLATING:
        return NewBody(signal, encoding, stripped, "", token)
    return NewBody(signal, encoding, deflate(stripped), "gzip", token)


def retry_seconds(refused: Refused) -> int:
    """How long a client should keep its data before it tries again."""
    return RETRY_SECONDS.get(refused.reason, DEFAULT_RETRY_SECONDS)
