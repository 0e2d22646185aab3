"""The server's steady work: apply what came in, build facts, tidy; go on after trouble.

A failing disk or database ends nothing here. What was acknowledged waits in the inbox, the trouble
is told by status, doctor and readyz, and the work is tried again with growing pauses.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from steelyard.app.applier import BATCH_BODIES

if TYPE_CHECKING:
    from steelyard.app.house import House

_PAUSE_SECONDS = 0.05  # how long to rest when nothing waits
# A transaction costs the same for one body as for hundreds: few come at a time, so let some gather.
_GATHER_REST = 4  # rests for so many times as long as applying took, unless much waits
_GATHER_SECONDS = 1.0  # and never longer than this
_REFRESH_REST = 5  # facts are built at most one part in six of the time
_TIDY_SECONDS = 3600
_RETRY_SECONDS = (0.5, 30.0)  # the first pause after trouble, and the longest
_DRAIN_SECONDS = 20


class Upkeep(threading.Thread):
    """One thread over an open house, until it is told to stop; then it drains."""

    def __init__(self, house: House, say: Callable[[str], None]) -> None:
        super().__init__(name="upkeep")
        self.house, self.say = house, say
        self._stop_asked = threading.Event()
        self._next_refresh = self._next_tidy = 0.0
        self._retry_seconds = _RETRY_SECONDS[0]

    def run(self) -> None:
        while not self._stop_asked.is_set():
            pause = self._attempt(self._round)
            if pause:
                self._stop_asked.wait(pause)
        self._attempt(self._drain)

    def stop(self) -> None:
        """Apply what waits, as far as time allows, then end. Returns when it has."""
        self._stop_asked.set()
        self.join()

    def _attempt(self, work: Callable[[], float]) -> float:
        """Seconds to pause: what the work says, or more and more after trouble."""
        try:
            pause = work()
        except Exception as error:  # whatever it is, receiving and showing must go on
            return self._meet(error)
        if self.house.trouble():
            self.say("The warehouse works again.")
            self.house.troubled("")
        self._retry_seconds = _RETRY_SECONDS[0]
        return pause

    def _meet(self, error: Exception) -> float:
        said = _first_cause(error)
        if not self.house.trouble():
            self.say(f"Trouble: {said} Nothing is lost; it is tried again.")
        self.house.troubled(said)
        try:
            self.house.reopen()
        except Exception as again:  # shown, and tried again with the rest
            self.house.troubled(f"{said} {again}")
        pause = self._retry_seconds
        self._retry_seconds = min(2 * pause, _RETRY_SECONDS[1])
        return pause

    def _round(self) -> float:
        began = time.monotonic()
        bodies = self.house.applier.run().bodies
        now = time.monotonic()
        rest = max(_PAUSE_SECONDS, min(_GATHER_SECONDS, _GATHER_REST * (now - began)))
        if self.house.applier.is_stale and now >= self._next_refresh:
            self.house.refresh()
            took = time.monotonic() - now
            self._next_refresh = time.monotonic() + max(0.5, _REFRESH_REST * took)
        if now >= self._next_tidy:
            self.house.tidy(dt.datetime.now(dt.UTC))
            self._next_tidy = now + _TIDY_SECONDS
        return rest if bodies < BATCH_BODIES else 0.0

    def _drain(self) -> float:
        """What is not applied in time lies in the inbox and is applied after the next start."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self.house.applier.run().bodies and time.monotonic() < deadline:
            continue
        self.house.refresh()
        return 0.0


def _first_cause(error: BaseException) -> str:
    """What went wrong first: a failed write is followed by a failed rollback."""
    while error.__context__ is not None:
        error = error.__context__
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[-1].removeprefix("Original error: ").strip('"')
