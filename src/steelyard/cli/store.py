"""`steelyard backup`, `restore` and `rebuild`: looking after the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

BACKUP_EXAMPLES = examples(
    "steelyard backup steelyard-2026-11-22.tar",
    "steelyard backup /mnt/backup/steelyard.tar --data ./data",
)
RESTORE_EXAMPLES = examples(
    "steelyard restore steelyard-2026-11-22.tar --data ./new",
    "steelyard restore steelyard-2026-11-22.tar --replace",
)
REBUILD_EXAMPLES = examples("steelyard rebuild", "steelyard rebuild --data ./data")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    data: Data = None,
    format: Format = "table",
) -> None:
    """Write everything into one file, also while a server runs."""
    from steelyard.app import connect

    with connect(settings(data)) as house:
        report = house.backup(file)
    talk.print_report(report, format == "json")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace the data in the folder.", rich_help_panel="What"),
    ] = False,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Put a backup into the data folder. The server must not be running."""
    from steelyard import app

    report = app.restore(settings(data), file, replace)
    talk.print_report(report, format == "json")


def rebuild(data: Data = None, format: Format = "table") -> None:
    """Decode what the inbox still holds again, and compute every figure anew."""
    from steelyard.app import connect

    with connect(settings(data)) as house, talk.progress("Rebuilding") as update:
        report = house.rebuild(update)
    talk.print_report(report, format == "json")
