"""Options that several commands share, and how they become settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from steelyard.config import Settings

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data folder. Else STEELYARD_DATA, else the user's data folder.",
        rich_help_panel="Where",
    ),
]
Format = Annotated[
    Literal["table", "json"],
    typer.Option("--format", metavar="table|json", help="How to print.", rich_help_panel="Output"),
]


def settings(data: Path | None = None, **flags: Any) -> Settings:
    """The settings in force, with what was given as flags; imported only when a command runs."""
    from steelyard.config import load_settings

    return load_settings(data, **flags)
