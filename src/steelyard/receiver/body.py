"""What lies in the inbox: bodies on their way in, refusals, and the inbox's own figures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from steelyard.receiver.inflate import MAX_INFLATED_BYTES, inflate


@dataclass(frozen=True)
class NewBody:
    """One request body as a door puts it in: content already stripped, plain or gzip."""

    signal: str  # logs | metrics | traces (OTLP), records | people (Arrow IPC)
    encoding: str  # protobuf | json | arrow
    data: bytes
    compression: str = ""  # "" | gzip
    token: str = ""  # id of the token it came with; "" on loopback without one

    def digest(self) -> int:
        """Equal for equal bodies; 64 bits, so equal bytes have the last word."""
        head = f"{self.signal}\x1f{self.encoding}\x1f{self.compression}\x1f{self.token}\x1f"
        hashed = hashlib.blake2b(head.encode(), digest_size=8)
        hashed.update(self.data)
        return int.from_bytes(hashed.digest(), "little", signed=True)

    def payload(self, limit: int = MAX_INFLATED_BYTES) -> bytes:
        """The inflated bytes. Raises Refused when they are damaged or more than `limit`."""
        return inflate(self.data, self.compression, limit)


@dataclass(frozen=True, kw_only=True)
class Body(NewBody):
    """A body as it lies in the inbox."""

    number: int
    received_at: datetime

    def new(self) -> NewBody:
        """As it came, without its place in an inbox."""
        return NewBody(self.signal, self.encoding, self.data, self.compression, self.token)


@dataclass(frozen=True)
class SetAside:
    """A body that could not be decoded, and why."""

    number: int
    signal: str
    encoding: str
    size_bytes: int
    received_at: datetime
    error: str
    at: datetime


@dataclass(frozen=True)
class Refusal:
    """Requests that reached the port and were declined; `count` of the same kind together."""

    time: datetime  # of the latest
    status: int  # HTTP's, also for gRPC
    reason: str
    path: str = ""
    peer: str = ""
    agent: str = ""
    protocol: str = "http"
    count: int = 1


@dataclass(frozen=True)
class InboxStatus:
    received: int  # bodies ever taken in; repeats are not counted
    applied: int  # the last body's number that is known to be in the warehouse
    pending: int
    bytes: int  # on disk
    first_number: int  # of the bodies still kept; 0: none
    last_number: int
    last_received_at: datetime | None
    refused: int
    set_aside: int
    repeated: int  # identical bodies that were acknowledged and not stored again


@dataclass(frozen=True)
class ReceiverNode:
    """A receiver with an inbox of its own, by its last word, and what of it is on the way.

    Numbers are bodies; what was taken a moment ago may still count as handed over.
    """

    name: str  # its machine's
    told_at: datetime
    last_received_at: datetime | None
    pending: int  # in its inbox, not handed over yet
    handed: int  # handed over, not taken yet
    handed_since: datetime | None
