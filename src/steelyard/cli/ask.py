"""`steelyard ask`: one question, one answer with its coverage and its warnings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, settings
from steelyard.cli.output import Output, json_text, write
from steelyard.cli.table import coverage_line, table_text
from steelyard.errors import UsageError

if TYPE_CHECKING:
    from steelyard.app.house import Doors
    from steelyard.metrics import Answer, Cell

EXAMPLES = examples(
    "steelyard ask spend_usd --by team --from 2026-10-01 --to 2026-10-31",
    "steelyard ask spend_usd,tokens --by week --where assistant=codex --compare previous",
    "steelyard ask accept_rate --by person --format csv -o accept.csv",
    "steelyard ask --question stuck --period 4w --where team=payments",
)


Formats = Literal["table", "json", "csv", "parquet"]


def _question(help: str, *names: str, metavar: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel="Question")


Metrics = Annotated[
    str,
    typer.Argument(
        metavar="METRICS", help="One or more, with commas; `steelyard metrics` lists them."
    ),
]
Named = Annotated[
    str,
    _question(
        "Instead of metrics: roi, experience, pricing, stuck, bugs, adoption or reconciliation.",
        "--question",
        metavar="NAME",
    ),
]
By = Annotated[str, _question("Break down by.", metavar="DIM[,DIM]")]
From = Annotated[str, _question("First UTC day.", "--from", metavar="DATE")]
To = Annotated[str, _question("Last UTC day.", "--to", metavar="DATE")]
Period = Annotated[str, _question("Instead of dates: 7d, 4w, month, last-month.", metavar="PERIOD")]
Where = Annotated[
    list[str],
    _question(
        "Only these; again for more (OR within a dimension, AND across).", metavar="DIM=VALUE"
    ),
]
Compare = Annotated[
    Literal["previous"] | None, _question("Beside the period before.", metavar="previous")
]
Format = Annotated[
    Formats | None,
    typer.Option(
        metavar="table|json|csv|parquet",
        help="How to print; left out, by the file's name, else a table.",
        rich_help_panel="Output",
    ),
]


def ask(
    metrics: Metrics = "",
    question: Named = "",
    by: By = "",
    start: From = "",
    end: To = "",
    period: Period = "",
    where: Where = [],  # noqa: B006
    compare: Compare = None,
    format: Format = None,
    output: Output = None,
    data: Data = None,
) -> None:
    """Answer a question: metrics, broken down, over a period; or one of the named ones."""
    wanted = _format(format, output)
    said = {"start": start, "end": end, "period": period, "where": where}
    if question:
        if metrics or by or compare or wanted == "parquet":
            raise UsageError(
                "A named question has metrics and breakdowns of its own, as table, json or csv.",
                f"steelyard ask --question {question} --from … --to … --where team=payments",
            )
        _answer_named(question, said, wanted, output, data)
    elif not metrics:
        raise UsageError(
            "Neither METRICS nor a question was given.",
            "`steelyard metrics` lists the metrics, `steelyard ask --help` the questions.",
        )
    else:
        _answer_metrics(metrics, said | {"by": by, "compare": compare or ""}, wanted, output, data)


def _answer_metrics(
    metrics: str, said: dict[str, Any], wanted: str, output: Path | None, data: Path | None
) -> None:
    from steelyard.app import connect
    from steelyard.metrics import parse_arguments

    question = parse_arguments(metrics, dt.datetime.now(dt.UTC).date(), **said)
    with connect(settings(data)) as house:
        answer = house.ask(question)
        if wanted == "table" and answer.question.by and answer.totals is None:
            answer = replace(answer, totals=_totals(house, answer))
    if wanted == "parquet" and output is not None:
        answer.parquet(output)
    else:
        write(lambda screen: _text(answer, wanted, screen), output)
    for warning in answer.warnings:
        talk.say(f"Warning: {warning.message}")
    if wanted == "table":
        talk.say(coverage_line(answer))


def _answer_named(
    name: str, said: dict[str, Any], wanted: str, output: Path | None, data: Path | None
) -> None:
    from steelyard.app import connect
    from steelyard.cli.panels import panels_text, rests_on
    from steelyard.metrics.questions import parse_terms

    terms = parse_terms(dt.datetime.now(dt.UTC).date(), **said)
    with connect(settings(data)) as house:
        answer = house.answer_question(name, terms)

    def text(screen: IO[str]) -> str:
        if wanted == "csv":
            return answer.csv()
        return json_text(answer.to_json()) if wanted == "json" else panels_text(answer, screen)

    write(text, output)
    for warning in answer.warnings:
        talk.say(f"Warning: {warning.message}")
    if wanted == "table":
        talk.say(rests_on(answer))


def _totals(house: Doors, answer: Answer) -> tuple[Cell, ...] | None:
    """The row of the same question without its breakdown; None where that cannot be asked."""
    try:
        whole = house.ask(replace(answer.question, by=()))
    except UsageError:
        return None
    found = next(whole.records(), {})
    return tuple(found.get(column.name) for column in answer.columns)


def _format(said: str | None, output: Path | None) -> str:
    """What --format says, else what the file's name says, else a table."""
    suffix = output.suffix[1:] if output else ""
    wanted = said or (suffix if suffix in ("json", "csv", "parquet") else "table")
    if wanted == "parquet" and output is None:
        raise UsageError("Parquet is not text.", "Name a file: -o answer.parquet.")
    return wanted


def _text(answer: Answer, wanted: str, screen: IO[str]) -> str:
    if wanted == "csv":
        return answer.csv()
    return json_text(answer.to_json()) if wanted == "json" else table_text(answer, screen)
