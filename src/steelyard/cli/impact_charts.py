"""Pictures as SVG files, drawn by `reports`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.cli import talk
from steelyard.errors import BadFile

if TYPE_CHECKING:
    from steelyard.reports.picture import Picture


def write_charts(pictures: Iterable[Picture | None], folder: Path) -> None:
    """Each picture as FOLDER/NAME.svg; says which."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in pictures:
            if each is not None:
                (folder / f"{each.name}.svg").write_bytes(each.draw())
                talk.say(f"Chart: {folder / f'{each.name}.svg'}")
    except OSError as error:
        raise BadFile(
            f"Charts cannot be written to {folder}: {error.strerror}.", "Choose another folder."
        ) from None
