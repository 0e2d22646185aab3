"""`steelyard import transcripts`: the assistants' own session files on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steelyard.cli import talk
from steelyard.cli.layout import examples
from steelyard.cli.options import Data, Format, settings

EXAMPLES = examples(
    "steelyard import transcripts --person ada@example.com",
    "steelyard import transcripts /backup/ada/.claude/projects --person ada@example.com",
)


def import_transcripts(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="A folder or file; left out, the places where the tools keep them.",
        ),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL",
            help="Whose sessions these are: transcripts name nobody.",
            rich_help_panel="What",
        ),
    ] = None,
    data: Data = None,
    format: Format = "table",
) -> None:
    """Import local session files of Claude Code, Codex and Gemini CLI, without any text."""
    from steelyard.app import connect

    with connect(settings(data)) as house, talk.progress("Reading") as update:
        report = house.import_transcripts(path, person, update)
    talk.print_report(report, format == "json")
