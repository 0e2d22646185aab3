"""`steelyard metrics`: the catalogue, as a list or one metric in full."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Format

EXAMPLES = examples("steelyard metrics", "steelyard metrics accept_rate")


def metrics(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One metric, in full.")
    ] = None,
    format: Format = "table",
) -> None:
    """List the metrics, or define one."""
    from steelyard.metrics import CATALOGUE, describe

    if name is not None:
        _print_one(describe(name), format == "json")
    else:
        _print_all([describe(each) for each in CATALOGUE], format == "json")


def _print_all(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        talk.print_json(found)
        return
    talk.print_rows([(each["name"], each["sentence"]) for each in found])


def _print_one(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        talk.print_json(found)
        return
    rows = ((key, _text(value)) for key, value in found.items())
    talk.print_rows([row for row in rows if row[1]])


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
