"""Asks again, after the facts changed, what readers asked lately, so that no reader waits for it.

Answers are remembered per version of the facts (`metrics.door`); this only asks them before
somebody does. It takes at most one part in five of the time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress

from steelyard.errors import SteelyardError

_MOST = 1000  # questions that are remembered
_LATELY_SECONDS = 900.0  # what was asked longer ago than this is not asked again
_LOOK_SECONDS = 0.5
_REST = 4  # rests for so many times as long as asking took
Again = Callable[[], object]


class Ahead(threading.Thread):
    """One thread; `version` tells whether the facts changed since it last asked."""

    def __init__(
        self, version: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(name="ahead", daemon=True)
        self._version, self._clock = version, clock
        self._lately: OrderedDict[Hashable, tuple[float, Again]] = OrderedDict()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._asked_at = version()

    def note(self, key: Hashable, again: Again) -> None:
        """Somebody asked; `again` asks the same."""
        with self._lock:
            self._lately[key] = (self._clock(), again)
            self._lately.move_to_end(key)
            while len(self._lately) > _MOST:
                self._lately.popitem(last=False)

    def catch_up(self) -> int:
        """Ask everything again if the facts changed, the newest first; how many were asked."""
        version = self._version()
        if version == self._asked_at:
            return 0
        self._asked_at = version
        waiting = self._fresh()
        for asked, again in enumerate(waiting):
            if self._ended.is_set() or self._version() != version:
                return asked
            with suppress(SteelyardError):
                again()
        return len(waiting)

    def run(self) -> None:
        rest = _LOOK_SECONDS
        while not self._ended.wait(rest):
            began = self._clock()
            with suppress(SteelyardError):
                self.catch_up()
            rest = max(_LOOK_SECONDS, _REST * (self._clock() - began))

    def stop(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join()

    def _fresh(self) -> list[Again]:
        oldest = self._clock() - _LATELY_SECONDS
        with self._lock:
            for key in [k for k, (at, _) in self._lately.items() if at < oldest]:
                del self._lately[key]
            return [again for _, again in reversed(self._lately.values())]
