"""`steelyard import csv`: tables that no telemetry carries, such as who works on which team."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import UnknownName, UsageError

EXAMPLES = examples(
    "steelyard import csv people --template > people.csv", "steelyard import csv people people.csv"
)
KINDS = ("people",)


def import_csv(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What the file holds: people.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The CSV file, with a header.")
    ] = None,
    template: Annotated[
        bool,
        typer.Option(
            "--template",
            help="Print the columns and an example row instead.",
            rich_help_panel="What",
        ),
    ] = False,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Import a CSV file. A new file replaces the rows of the people it names, and no others."""
    if kind not in KINDS:
        raise UnknownName("kind of CSV", kind, KINDS, f"Known: {', '.join(KINDS)}.")
    if template:
        from steelyard.sources.csv.people import template as people_template

        print(people_template(), end="")
        return
    if file is None:
        raise UsageError(
            "No file was named.",
            f"`steelyard import csv {kind} FILE`, or --template for the columns.",
        )
    _people(file, data, format == "json")


def _people(file: Path, data: Path | None, as_json: bool) -> None:
    from steelyard.app import connect

    with connect(settings(data)) as house:
        report = house.import_people(file)
    talk.print_report(report, as_json)
    if report.wrong:
        talk.say(
            f"{report.wrong} mistakes in {file}; those people were left as they were."
            " Mend the lines and import again."
        )
        raise typer.Exit(1)
