"""Where a command's answer goes: to the screen, or to a file as if there were none."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from steelyard.errors import BadFile

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to a file.", rich_help_panel="Output"
    ),
]


def write(text: Callable[[IO[str]], str], output: Path | None) -> None:
    """To the screen, or to a file as if there were none."""
    if output is None:
        sys.stdout.write(text(sys.stdout))
        return
    try:
        output.write_text(text(io.StringIO()), encoding="utf-8", newline="")
    except OSError as error:
        raise BadFile(
            f"{output} cannot be written: {error.strerror}.", "Choose a folder that exists."
        ) from None


def json_text(said: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV under the names of the first; unknown is empty."""
    file = io.StringIO()
    if rows:
        writer = csv.DictWriter(file, list(rows[0]), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file.getvalue()
