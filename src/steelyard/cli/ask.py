"""`steelyard ask`: one question, one answer with its coverage and its warnings."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.table import coverage_line, table_text
from steelyard.errors import BadFile, UsageError

if TYPE_CHECKING:
    from steelyard.metrics import Answer

EXAMPLES = examples(
    "steelyard ask spend_usd --by team --from 2026-10-01 --to 2026-10-31",
    "steelyard ask spend_usd,tokens --by week --where assistant=codex --compare previous",
    "steelyard ask accept_rate --by person --format csv -o accept.csv",
)


def ask(
    metrics: Annotated[
        str,
        typer.Argument(
            metavar="METRICS", help="One or more, with commas; `steelyard metrics` lists them."
        ),
    ],
    by: Annotated[
        str,
        typer.Option(metavar="DIM[,DIM]", help="Break down by.", rich_help_panel="Question"),
    ] = "",
    start: Annotated[
        str,
        typer.Option("--from", metavar="DATE", help="First UTC day.", rich_help_panel="Question"),
    ] = "",
    end: Annotated[
        str,
        typer.Option("--to", metavar="DATE", help="Last UTC day.", rich_help_panel="Question"),
    ] = "",
    where: Annotated[
        list[str],
        typer.Option(
            metavar="DIM=VALUE",
            help="Only these; again for more (OR within a dimension, AND across).",
            rich_help_panel="Question",
        ),
    ] = [],  # noqa: B006
    period: Annotated[
        str,
        typer.Option(
            metavar="PERIOD",
            help="Instead of dates: 7d, 4w, month, last-month.",
            rich_help_panel="Question",
        ),
    ] = "",
    compare: Annotated[
        Literal["previous"] | None,
        typer.Option(
            metavar="previous", help="Beside the period before.", rich_help_panel="Question"
        ),
    ] = None,
    format: Annotated[
        Literal["table", "json", "csv", "parquet"] | None,
        typer.Option(
            "--format",
            metavar="table|json|csv|parquet",
            help="How to print; left out, by the file's name, else a table.",
            rich_help_panel="Output",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file.", rich_help_panel="Output"
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Answer a question: metrics, broken down, over a period."""
    from steelyard.app import connect
    from steelyard.metrics import parse_arguments

    question = parse_arguments(
        metrics,
        dt.datetime.now(dt.UTC).date(),
        by=by,
        start=start,
        end=end,
        period=period,
        where=where,
        compare=compare or "",
    )
    wanted = _format(format, output)
    with connect(settings(data)) as house:
        answer = house.ask(question)
    _write(answer, wanted, output)
    for warning in answer.warnings:
        talk.say(f"Warning: {warning.message}")
    if wanted == "table":
        talk.say(coverage_line(answer))


def _format(said: str | None, output: Path | None) -> str:
    """What --format says, else what the file's name says, else a table."""
    suffix = output.suffix[1:] if output else ""
    wanted = said or (suffix if suffix in ("json", "csv", "parquet") else "table")
    if wanted == "parquet" and output is None:
        raise UsageError("Parquet is not text.", "Name a file: -o answer.parquet.")
    return wanted


def _write(answer: Answer, wanted: str, output: Path | None) -> None:
    if wanted == "parquet" and output is not None:
        answer.parquet(output)
        return
    if output is None:
        sys.stdout.write(_text(answer, wanted, sys.stdout))
        return
    text = _text(answer, wanted, io.StringIO())
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise BadFile(
            f"{output} cannot be written: {error.strerror}.", "Choose a folder that exists."
        ) from None


def _text(answer: Answer, wanted: str, screen: IO[str]) -> str:
    if wanted == "csv":
        return answer.csv()
    if wanted == "json":
        return json.dumps(answer.to_json(), ensure_ascii=False, indent=2) + "\n"
    return table_text(answer, screen)
