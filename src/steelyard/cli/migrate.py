"""`steelyard migrate`: from databases in the data folder to ClickHouse and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings
from steelyard.errors import StoreError

if TYPE_CHECKING:
    from steelyard.app.migrating import MigrateReport

EXAMPLES = examples(
    "steelyard migrate --to clickhouse://steelyard@clickhouse.internal:8123/steelyard",
    "steelyard migrate --to postgresql://steelyard@db.internal/steelyard --format json",
)


def migrate(
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="URL",
            help="clickhouse://… for the warehouse, postgresql://… for the state. May be repeated.",
        ),
    ],
    data: Data = None,
    format: Format = "table",
) -> None:
    """Copy the data folder to ClickHouse or PostgreSQL, and prove that all is there.

    The folder is only read, and no server may run on it. Every table and every metric is compared;
    the command fails when something differs.
    """
    from steelyard import app

    with talk.progress("Copying") as update:
        report = app.migrate(settings(data), to, update)
    if format == "json":
        talk.print_json(report)
    else:
        talk.print_rows(_rows(report))
    _conclude(report)


def _rows(report: MigrateReport) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("database", "table", "rows in the folder", "rows there", "equal")
    ]
    for table in report.tables:
        counts = f"{table.before:,}", f"{table.after:,}"
        said = ", ".join(table.different)
        equal = "yes" if table.equal else f"NO: {said}" if said else "NO"
        rows.append((table.database, table.table, *counts, equal))
    if report.metrics:
        said = ", ".join(report.metrics_different)
        equal = "yes" if not said else f"NO: {said}"
        rows.append(("metrics", "all of them", *[f"{report.metrics:,}"] * 2, equal))
    return rows


def _conclude(report: MigrateReport) -> None:
    """What to do now. Raises StoreError when something differs."""
    if report.equal:
        talk.say("Everything is there, and equal. Set this, then start `steelyard serve` again:")
        for name, value in report.settings.items():
            talk.say(f"  {name}={value}")
        return
    places = " and ".join(report.settings.values())
    if all(report.copied.values()):
        raise StoreError(
            f"The copy at {places} differs from the folder: do not use it.",
            "The folder is as it was. Delete the copy, and migrate again.",
        )
    raise StoreError(
        f"What {places} held before is not what is in the folder: do not use it for that.",
        "The folder is as it was. Name databases that hold nothing, and migrate again.",
    )
