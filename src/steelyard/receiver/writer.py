"""The group commit: all requests that wait share one transaction.

One thread writes to the inbox; requests wait for it without holding a thread. A request is only
acknowledged after the commit that holds it returned.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from steelyard.errors import Refused, SteelyardError
from steelyard.receiver.body import NewBody
from steelyard.receiver.inbox import Inbox

MAX_GROUP = 256  # bodies in a transaction
MAX_GROUP_BYTES = 32 * 1024**2
GATHER_SECONDS = 0.004  # under load a commit waits this long for company

log = logging.getLogger(__name__)
Outcome = int | Refused
Done = Callable[[Outcome], None]
Waiting = tuple[NewBody, Done]


class Writer:
    """Puts bodies into the inbox, many at a time. Belongs to one event loop."""

    def __init__(self, inbox: Inbox, max_waiting: int = 2000) -> None:
        self.inbox, self.max_waiting = inbox, max_waiting
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._waiting = 0
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._thread.start()

    def put(self, body: NewBody, done: Done) -> None:
        """Call `done` with the body's number once it is durable, or with the refusal.

        `done` is called on the loop. Raises Refused 503 when too many wait already.
        """
        if self._waiting >= self.max_waiting or self._stopping:
            raise Refused(503, "busy", "The receiver is busy.", "Send the same data again later.")
        self._waiting += 1
        self._queue.put((body, done))

    async def close(self) -> None:
        """Write what still waits, then stop."""
        self._stopping = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        alone = True  # a client by itself is not made to wait
        while (first := self._queue.get()) is not None:
            if not alone:
                time.sleep(GATHER_SECONDS)
            group, more = self._gather(first)
            alone = len(group) == 1
            self._write(group)
            if not more:
                return

    def _gather(self, first: Waiting) -> tuple[list[Waiting], bool]:
        """What waits by now, within bounds, and whether more may come."""
        group, size = [first], len(first[0].data)
        while len(group) < MAX_GROUP and size < MAX_GROUP_BYTES:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return group, False
            group.append(waiting)
            size += len(waiting[0].data)
        return group, True

    def _write(self, group: Sequence[Waiting]) -> None:
        outcome: Sequence[int] | Refused
        try:
            outcome = self.inbox.put([body for body, _ in group])
        except Refused as refused:
            outcome = refused
        except Exception as error:  # whatever it is, the clients must keep their data
            if not isinstance(error, SteelyardError):
                log.exception("the inbox failed")
            outcome = Refused(503, "disk", f"The inbox failed: {error}.")
        self._loop.call_soon_threadsafe(self._settle, group, outcome)

    def _settle(self, group: Sequence[Waiting], outcome: Sequence[int] | Refused) -> None:
        self._waiting -= len(group)
        for at, (_, done) in enumerate(group):
            done(outcome if isinstance(outcome, Refused) else outcome[at])
