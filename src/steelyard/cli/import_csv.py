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
    "steelyard import csv people --template > people.csv",
    "steelyard import csv people people.csv",
    "steelyard import csv spend spend-report-2026-06-01-to-2026-06-30.csv",
)
KINDS = (
    *("people", "teams", "issues", "pull_requests", "commits", "deployments", "incidents"),
    *("surveys", "worklogs", "invoices", "usage", "spend", "vendor-users"),
)
USUAL_SOURCE = "csv"


def import_csv(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"What the file holds: {', '.join(KINDS)}.")
    ],
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
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="NAME",
            help="Keep these rows apart from others of the same kind: rows replace only rows of"
            " their source. Not for people.",
            rich_help_panel="What",
        ),
    ] = USUAL_SOURCE,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Import a CSV file. Rows replace what earlier files said of the same things, nothing else."""
    if kind not in KINDS:
        raise UnknownName("kind of CSV", kind, KINDS, f"Known: {', '.join(KINDS)}.")
    if template:
        print(_template(kind), end="")
        return
    if file is None:
        raise UsageError(
            "No file was named.",
            f"`steelyard import csv {kind} FILE`, or --template for the columns.",
        )
    if kind == "people":
        _people(file, data, format == "json")
    else:
        _records(kind, file, source, data, format == "json")


def _template(kind: str) -> str:
    if kind == "people":
        from steelyard.sources.csv.people import template as people_template

        return people_template()
    from steelyard.sources.csv.kinds import template

    return template(kind)


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


def _records(kind: str, file: Path, source: str, data: Path | None, as_json: bool) -> None:
    from steelyard.app import connect

    with connect(settings(data)) as house:
        report = house.import_csv(kind, file, source)
    talk.print_report(report, as_json)
    if report.wrong:
        talk.say(
            f"{report.wrong} mistakes in {file}; those lines were left out."
            " Mend them and import again."
        )
        raise typer.Exit(1)
