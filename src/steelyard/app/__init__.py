"""Wiring: the rooms put together into one house that the doors open.

`connect` gives a House over the data folder, or, while a server runs on it, a stand-in that talks
to that server; the caller never has to know which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.app.backup import RestoreReport
    from steelyard.app.examine import Check
    from steelyard.app.house import Doors
    from steelyard.app.migrating import MigrateReport
    from steelyard.app.studies import Studies
    from steelyard.config import Settings
    from steelyard.state.database import State


def connect(settings: Settings) -> Doors:
    """The house on the data folder of `settings`, opened here or reached through its server."""
    from steelyard.app.control import reach
    from steelyard.app.house import House

    return reach(settings) or House.open(settings)


@contextmanager
def open_state_of(settings: Settings) -> Iterator[State]:
    """The small state of the data folder, which several processes may hold open."""
    from steelyard.app.folder import make_folder
    from steelyard.state.database import open_state

    make_folder(settings.data)
    state = open_state(settings.state_url)
    try:
        yield state
    finally:
        state.close()


@contextmanager
def open_studies(settings: Settings) -> Iterator[Studies]:
    """Saved plans and what came of them. Analyses are computed here; a running server only gives
    the figures, so that it goes on serving."""
    from steelyard.app.studies import Studies

    with connect(settings) as doors, open_state_of(settings) as state:
        yield Studies(doors, lambda: state)


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Run everything until SIGTERM or SIGINT; returns after draining."""
    from steelyard.app.server import Server

    Server(settings, say).run()


def doctor(settings: Settings) -> list[Check]:
    """Look at everything that can be wrong, without changing anything."""
    from steelyard.app.examine import examine

    return examine(settings)


def restore(settings: Settings, file: Path, replace: bool) -> RestoreReport:
    """Put a backup into the data folder; refuses a folder with data unless `replace`."""
    from steelyard.app.backup import restore_backup

    return restore_backup(settings, file, replace)


def migrate(
    settings: Settings, targets: Sequence[str], update: Callable[[int, int], None]
) -> MigrateReport:
    """Copy the folder's databases to servers, and prove that they hold the same."""
    from steelyard.app.migrating import migrate as migrate_folder

    return migrate_folder(settings, targets, update)
