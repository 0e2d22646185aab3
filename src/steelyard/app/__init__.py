"""Wiring: the rooms put together into one house that the doors open.

`connect` gives a House over the data folder, or, while a server runs on it, a stand-in that talks
to that server; the caller never has to know which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.app.backup import RestoreReport
    from steelyard.app.examine import Check
    from steelyard.app.house import Doors
    from steelyard.config import Settings


def connect(settings: Settings) -> Doors:
    """The house on the data folder of `settings`, opened here or reached through its server."""
    from steelyard.app.control import reach
    from steelyard.app.house import House

    return reach(settings) or House.open(settings)


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
