"""`steelyard export`: every table as Parquet, for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

EXAMPLES = examples("steelyard export ./out", "steelyard export ./out --data ./data")


def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go.")],
    data: Data = None,
    format: Format = "table",
) -> None:
    """Write every table of the warehouse as a Parquet file."""
    from steelyard.app import connect

    with connect(settings(data)) as house:
        report = house.export(folder)
    talk.print_report(report, format == "json")
