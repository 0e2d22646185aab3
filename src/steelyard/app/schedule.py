"""Reads the sources that are due while a server runs, in a process of its own.

Reading is HTTP, parsing and git: none of it may slow pages or the receiver. The process can be
ended at any moment; the next one goes on from the last saved cursor.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.app.decoding import end_with_parent

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.config import Settings

_LOOK_SECONDS = 2.0
_STOP_SECONDS = 10


class Schedule(threading.Thread):
    """Looks for due sources every few seconds and reads them, one process at a time; what another
    node is reading is left to it."""

    def __init__(self, house: House, say: Callable[[str], None]) -> None:
        super().__init__(name="schedule", daemon=True)
        self.house, self.say = house, say
        self._stop_asked = threading.Event()

    def run(self) -> None:
        while not self._stop_asked.wait(_LOOK_SECONDS):
            try:
                if due := self._due():
                    self._read(due)
            except Exception as error:  # the next look may find all well again
                self.say(f"Sources could not be read: {error}")

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()

    def _due(self) -> list[str]:
        from steelyard.state.leases import Leases
        from steelyard.state.sources import Sources

        now, state = dt.datetime.now(dt.UTC), self.house.state
        due = [known for known in Sources(state).list() if known.is_due(now)]
        taken = Leases(state).taken() if due else ()
        return [known.name for known in due if known.job not in taken]

    def _read(self, names: Sequence[str]) -> None:
        process: Any = multiprocessing.get_context("spawn").Process(
            target=read_sources,
            args=(self.house.settings, tuple(names), self.house.seen_people()),
            name="sources",
            daemon=False,
        )
        process.start()
        while process.is_alive() and not self._stop_asked.is_set():
            process.join(0.2)
        if process.is_alive():
            process.terminate()
            process.join(_STOP_SECONDS)
        if process.is_alive():
            process.kill()


def read_sources(
    settings: Settings, names: Sequence[str], people: tuple[Sequence[str], Sequence[str]]
) -> None:
    """The process: read the named sources into the inbox, until done or told to stop."""
    from steelyard.app.syncing import Runner, Stopped
    from steelyard.receiver.inbox import Inbox
    from steelyard.state.database import open_state
    from steelyard.state.sources import Sources

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    end_with_parent()
    inbox = Inbox(settings.inbox_path, int(settings.inbox_max_bytes))
    with contextlib.closing(inbox), contextlib.closing(open_state(settings.state_url)) as state:
        runner = Runner(inbox, Sources(state), stop=stop, seen=people[0], unknown=people[1])
        for name in names:
            with contextlib.suppress(Stopped):
                runner.sync(name)
            if stop.is_set():
                return
