"""A thread that does the same work again and again, and goes on after trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable

from steelyard.errors import SteelyardError

_RETRY_SECONDS = (0.5, 30.0)  # the first pause after trouble, and the longest


class Steady(threading.Thread):
    """Work that is done again and again, with rests of as many seconds as it says; after trouble,
    which is told once, with growing pauses."""

    def __init__(self, name: str, work: Callable[[], float], say: Callable[[str], None]) -> None:
        super().__init__(name=name)
        self.work, self.say = work, say
        self.trouble = ""
        self._pause = _RETRY_SECONDS[0]
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._attempt())

    def stop(self) -> None:
        """Returns when what is under way is done."""
        self._stopping.set()
        self.join()

    def _attempt(self) -> float:
        try:
            rest = self.work()
        except Exception as error:  # whatever it is, receiving and applying go on
            return self._meet(error)
        if self.trouble:
            self.say(f"The {self.name} works again.")
        self.trouble, self._pause = "", _RETRY_SECONDS[0]
        return rest

    def _meet(self, error: Exception) -> float:
        said = error.message if isinstance(error, SteelyardError) else str(error)
        if not self.trouble:
            self.say(f"Trouble with the {self.name}: {said} Nothing is lost; it is tried again.")
        self.trouble = said
        pause, self._pause = self._pause, min(2 * self._pause, _RETRY_SECONDS[1])
        return pause
