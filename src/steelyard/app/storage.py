"""How much room the data folder's databases take."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.config import shown
from steelyard.web.services import Stored

if TYPE_CHECKING:
    from steelyard.config import Settings

_BESIDE = ("", ".wal", "-wal", "-shm")  # what databases keep next to their file


def stored(settings: Settings) -> tuple[Stored, ...]:
    """The databases with their sizes, and what is free on the disk of the data folder."""
    places = {
        "Facts and records": ("warehouse", settings.warehouse_url),
        "Accounts, sources, decisions": ("state", settings.state_url),
    }
    found = [Stored(what, shown(*place), _size(place[1])) for what, place in places.items()]
    found.append(Stored("Inbox", str(settings.inbox_path), _size(str(settings.inbox_path))))
    free = shutil.disk_usage(settings.data).free
    return (*found, Stored("Free on this disk", str(settings.data), free))


def _size(url: str) -> int | None:
    """Bytes of a database in a file; None for one elsewhere."""
    scheme, slashes, place = url.rpartition(":///")
    if slashes and scheme not in ("duckdb", "sqlite"):
        return None
    if not slashes and "://" in url:
        return None
    files = [Path(f"{place}{end}") for end in _BESIDE]
    return sum(file.stat().st_size for file in files if file.is_file())
