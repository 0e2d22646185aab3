"""Receiver nodes hand over what they took, and the worker takes it into its own inbox.

A node acknowledges what is in its own inbox; everything here only copies from there on. First the
copy is durable, then the original may go, so being cut off anywhere means that something is copied
again. The worker's inbox knows equal bodies, and the ledger equal records: they count once. Order
matters to neither.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from steelyard.errors import SteelyardError, StoreError
from steelyard.receiver.inbox import REPEAT_WINDOW
from steelyard.warehouse.handed import Batch, Handed

if TYPE_CHECKING:
    from steelyard.receiver.inbox import Inbox

_BODIES, _BYTES = 500, 8 * 1024**2  # of a batch
_MOST_WAITING = 4 * 1024**3  # bytes in the warehouse; more stays with the nodes, which answer 503
_REST_SECONDS = 1.0  # few bodies come at a time, so let some gather
_TELL_SECONDS = 15.0
_TIDY_SECONDS = 3600.0
_FORGET_SECONDS = 10.0  # what was taken is deleted together: each deletion is a change of the table
_MANY_TAKEN = 500
_DRAIN_SECONDS = 20.0


class Handing:
    """A receiver node's side. The inbox's position is how far it has handed over."""

    def __init__(self, inbox: Inbox, url: str, name: str = "") -> None:
        self.inbox, self.handed, self.name = inbox, Handed(url), name or socket.gethostname()
        self.node = inbox.belong(to_node=True)
        self._next_word = self._next_tidy = 0.0

    def round(self) -> float:
        """Hand over a batch, if there is one; seconds until it is worth looking again."""
        now = time.monotonic()
        if now >= self._next_tidy:  # what was handed over is needed only to know it again
            self.inbox.prune(self.inbox.clock() - REPEAT_WINDOW)
            self._next_tidy = now + _TIDY_SECONDS
        self.handed.make()
        if now >= self._next_word:
            self.handed.tell(self.node, self.name, self.inbox.status())
            self._next_word = now + _TELL_SECONDS
        bodies = self.inbox.after(self.inbox.status().applied, _BODIES, _BYTES)
        if not bodies:
            return _REST_SECONDS
        _check_room(self.handed)
        self.handed.put(self.node, bodies)
        self.inbox.mark_applied(bodies[-1].number)
        is_full = len(bodies) == _BODIES or sum(len(body.data) for body in bodies) >= _BYTES
        return 0.0 if is_full else _REST_SECONDS

    def end(self) -> None:
        """Hand over what is left, as far as time and the warehouse allow; the rest stays here."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        with suppress(SteelyardError):
            while self.inbox.status().pending and time.monotonic() < deadline:
                self.round()
            self.handed.tell(self.node, self.name, self.inbox.status(), ended=True)
        self.handed.close()


class Taking:
    """The worker's side. Safe to use from any thread."""

    def __init__(self, inbox: Inbox, url: str) -> None:
        self.inbox, self.handed = inbox, Handed(url)
        self._turn = threading.Lock()
        self._taken: dict[str, Batch] = {}  # not deleted yet
        self._next_forgetting = 0.0

    def round(self) -> float:
        """Take what was handed over; seconds until it is worth looking again."""
        with self._turn:
            self.handed.make()
            waiting = [batch for batch in self.handed.batches() if batch.name not in self._taken]
            for group in _groups(waiting):
                self.inbox.take(self.handed.bodies(group))
                self._taken |= {batch.name: batch for batch in group}
            if len(self._taken) >= _MANY_TAKEN or time.monotonic() >= self._next_forgetting:
                self._forget()
            return 0.0 if len(waiting) >= _MANY_TAKEN else _REST_SECONDS

    def end(self) -> None:
        """Delete what was taken; after being cut off, it is taken again and known."""
        with self._turn, suppress(SteelyardError):
            self._forget()
        self.handed.close()

    def _forget(self) -> None:
        if self._taken:
            self.handed.forget([*self._taken.values()])
        self._taken = {}
        self._next_forgetting = time.monotonic() + _FORGET_SECONDS


def _check_room(handed: Handed) -> None:
    if handed.bytes() > _MOST_WAITING:
        raise StoreError(
            "Too much waits for the worker already.",
            "See that a worker runs: `steelyard serve --role worker`.",
        )


def _groups(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """As many as fit into one transaction of the inbox, or one."""
    group: list[Batch] = []
    for batch in batches:
        if group and sum(each.bytes for each in group) + batch.bytes > _BYTES:
            yield group
            group = []
        group.append(batch)
    if group:
        yield group
