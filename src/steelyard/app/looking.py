"""Notes who looked at whom: whenever somebody's own figures are answered to another.

Notes wait in memory for some seconds and are written together, so that pages stay fast; what
waits is written before the server ends.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from steelyard.metrics.memory import Recent
from steelyard.state.looks import Look, Looks
from steelyard.web.viewer import current

if TYPE_CHECKING:
    from steelyard.metrics import Answer
    from steelyard.metrics.questions import QuestionAnswer
    from steelyard.state.database import State

_SECONDS = 5.0  # how long notes wait
_MOST_WAITING = 20_000  # beyond, whoever looks waits for the writing
_AGAIN = dt.timedelta(minutes=10)  # the same look within that time is one
_LONGEST = 200  # of what was asked, as it is kept


class Looking:
    """The log of looks of a running server. Safe between threads."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._waiting: list[Look] = []
        self._timer: threading.Timer | None = None
        self._noted: Recent[dt.datetime] = Recent(50_000)

    def answered(self, answer: Answer) -> None:
        """An answer of the engine was shown to whoever asks now."""
        names = [column.name for column in answer.columns]
        named: list[object] = list(answer.question.where.get("person", ()))
        if "person" in names:
            at = names.index("person")
            named += [row[at] for row in answer.rows]
        if named:
            self.note(named, ", ".join(answer.question.metrics))

    def answered_question(self, answer: QuestionAnswer) -> None:
        """A named question was answered to whoever asks now."""
        named: list[object] = [
            value for name, values in answer.terms.where if name == "person" for value in values
        ]
        for panel in answer.panels:
            names = [column.name for column in panel.columns]
            if "person" in names:
                at = names.index("person")
                named += [row[at] for row in panel.rows]
        if named:
            self.note(named, answer.name)

    def note(self, people: Iterable[object], what: str) -> None:
        """People's own figures were shown; one's own are no look at anybody."""
        viewer, now = current.get(), dt.datetime.now(dt.UTC)
        if not viewer.looks:
            return
        seen = {str(person) for person in people if person} - {viewer.person}
        with self._lock:
            for person in sorted(seen):
                key = (viewer.account, viewer.name, viewer.role, person, what)
                before = self._noted.get(key)
                if before is None or now - before > _AGAIN:
                    self._noted.put(key, now)
                    self._waiting.append(
                        Look(
                            *(now, viewer.account, viewer.name, viewer.role, person),
                            *(what[:_LONGEST], len(seen)),
                        )
                    )
            full = len(self._waiting) >= _MOST_WAITING
            if self._waiting and self._timer is None and not full:
                self._timer = threading.Timer(_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()
        if full:
            self.write()

    def write(self) -> None:
        """Write what waits; what cannot be written waits on."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        try:
            Looks(self._state()).add(waiting)
        except BaseException:
            with self._lock:
                self._waiting = [*waiting, *self._waiting]
            raise
