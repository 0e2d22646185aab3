"""How every command below `impact` answers: as text, JSON or CSV, warnings on stderr."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.cli import talk
from steelyard.cli.output import csv_text, json_text, write

if TYPE_CHECKING:
    from steelyard.impact.result import CannotSay

Said = Mapping[str, Any]


def answer(
    said: Said,
    format: str | None,
    output: Path | None,
    text: Callable[[Said], str],
    rows: Callable[[Said], Sequence[Said]],
) -> None:
    """Print what was said; left out, the format is by the file's name, else text."""
    wanted = chosen(format, output)
    if wanted == "json":
        whole = json_text(said)
    else:
        whole = csv_text(rows(said)) if wanted == "csv" else text(said)
    write(lambda screen: whole, output)
    for warning in said.get("warnings", ()):
        talk.say(f"Warning: {warning['message']}")


def chosen(format: str | None, output: Path | None) -> str:
    """What --format says, else what the file's name says, else a table."""
    suffix = output.suffix[1:] if output else ""
    return format or (suffix if suffix in ("json", "csv") else "table")


def refused(reason: CannotSay) -> dict[str, Any]:
    """What cannot be said, in the shape of an answer."""
    verdict = {"code": "refused", "sentence": reason.message, "evidence": "none"}
    return {"verdict": verdict, "reason": reason.code, "warnings": []}
