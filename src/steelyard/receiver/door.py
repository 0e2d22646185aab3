"""What both doors share: who may come in, how much may be held, and the way to the inbox."""

from __future__ import annotations

from steelyard.errors import Refused
from steelyard.receiver.access import Access
from steelyard.receiver.otlp import Limits, take_in
from steelyard.receiver.refusal_log import RefusalLog
from steelyard.receiver.writer import Done, Writer


class Door:
    """The way from a request's bytes to the inbox."""

    def __init__(
        self, writer: Writer, access: Access, refusals: RefusalLog, limits: Limits
    ) -> None:
        self.writer, self.access, self.refusals, self.limits = writer, access, refusals, limits
        self.held = 0  # bytes of all requests that are not answered yet

    def store(
        self, signal: str, encoding: str, compression: str, data: bytes, token: str, done: Done
    ) -> None:
        """Call `done` with the body's number once it is durable, or with the refusal.

        Raises Refused with 400, 413 or 503 for what is known at once.
        """
        body = take_in(signal, encoding, compression, data, token, self.limits)
        self.writer.put(body, done)


class Held:
    """The bytes of one request that count against the common bound."""

    __slots__ = ("_door", "_size")

    def __init__(self, door: Door) -> None:
        self._door, self._size = door, 0

    def add(self, size: int) -> None:
        """Raises Refused 503 when all requests together hold too much."""
        if self._door.held + size > self._door.limits.held:
            raise Refused(503, "busy", "The receiver is busy.", "Send the same data again later.")
        self._door.held += size
        self._size += size

    def release(self) -> None:
        self._door.held -= self._size
        self._size = 0
