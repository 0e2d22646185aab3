"""Loads and removes the demo company in a server, beside everything else it does."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from steelyard.app import demo
from steelyard.demo import Shape
from steelyard.errors import SteelyardError, UsageError

if TYPE_CHECKING:
    from steelyard.app.house import House


class DemoBeside:
    """At most one thread at a time; what went wrong is kept until the next try."""

    def __init__(self, house: House) -> None:
        self.house, self.trouble = house, ""
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def load(self, day: dt.date) -> None:
        """The usual company, up to the day before. Raises HasData at once, before anything."""
        shape = Shape.of(day - dt.timedelta(days=1))
        with self._lock:
            self._refuse_twice()
            mark = demo.begin(self.house, shape)
            self._start(lambda: demo.fill(self.house, mark))

    def remove(self) -> None:
        with self._lock:
            self._refuse_twice()
            self._start(lambda: demo.remove(self.house))

    def stage(self) -> str:
        """Of `demo.Mark`; interrupted, where nobody goes on with it; '' without a demo."""
        mark = demo.read_mark(self.house.settings)
        if mark is None or mark.stage == "loaded":
            return mark.stage if mark else ""
        return mark.stage if self._is_busy() else "interrupted"

    def _start(self, work: Callable[[], object]) -> None:
        self.trouble = ""
        self._thread = threading.Thread(target=self._try, args=(work,), name="demo", daemon=True)
        self._thread.start()

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # said on the page; the server goes on
            known = isinstance(error, SteelyardError)
            self.trouble = error.message if known else f"It failed: {error}."  # type: ignore[attr-defined]

    def _refuse_twice(self) -> None:
        if self._is_busy():
            raise UsageError("The demo company is being loaded or removed.", "Wait until it is.")

    def _is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()
