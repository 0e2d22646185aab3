"""`steelyard import otlp`: recorded OTLP bodies, through the same pipeline as the receiver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

EXAMPLES = examples(
    "steelyard import otlp recordings/claude-code/02-edits-accepted-http-json",
    "steelyard import otlp export-*.pb.gz --format json",
)


def import_otlp(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Files of OTLP bodies (.pb, .json, also .gz), or folders; a folder's manifest.json"
            " is followed where there is one.",
        ),
    ],
    data: Data = None,
    format: Format = "table",
) -> None:
    """Import recorded OTLP bodies. Doing it twice changes nothing."""
    from steelyard.app import connect

    with connect(settings(data)) as house, talk.progress("Importing") as update:
        report = house.import_otlp(paths, update)
    talk.print_report(report, format == "json")
