"""The data folder: made where it is missing, and tried before anything is kept in it."""

from __future__ import annotations

from pathlib import Path

from steelyard.errors import StoreError


def make_folder(path: Path) -> None:
    """Create the data folder, readable by its owner alone."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreError(
            f"The data folder {path} cannot be used: {error.strerror}.",
            "Choose another with --data or STEELYARD_DATA, or correct its rights.",
        ) from error
