"""A named question's answer for people: the sentence, then panel by panel a finding and a table."""

from __future__ import annotations

import datetime as dt
import textwrap
from typing import IO, TYPE_CHECKING

from steelyard.cli.table import WIDE, figure

if TYPE_CHECKING:
    from steelyard.metrics.answer import Cell
    from steelyard.metrics.questions import Panel, PanelColumn, QuestionAnswer

_LEFT = ("group", "unit", "note")
_LINE = 100


def panels_text(answer: QuestionAnswer, screen: IO[str]) -> str:
    """The whole answer; styled only when `screen` is a terminal."""
    from rich.console import Console

    console = Console(file=screen, width=None if screen.isatty() else WIDE)
    parts = [textwrap.fill(answer.sentence, _LINE)]
    for panel in answer.panels:
        with console.capture() as captured:
            console.print(_table(panel))
        lines = [line.rstrip() for line in captured.get().splitlines() if line.strip()]
        said = [panel.title, panel.subtitle, *(lines if panel.rows else [])]
        parts.append("\n".join([*said, *(textwrap.fill(note, _LINE) for note in panel.notes)]))
    return "\n\n".join(parts) + "\n"


def rests_on(answer: QuestionAnswer) -> str:
    """The sentence under the tables: period, coverage and freshness."""
    coverage, terms = answer.coverage, answer.terms
    parts = [f"{terms.start} to {terms.end}"]
    if coverage.sessions is not None:
        parts.append(f"{coverage.sessions:,} sessions")
    if coverage.people_matched is not None:
        parts.append(f"{coverage.people_matched:.0%} of active people in the people file")
    parts.append(f"as of {answer.as_of.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC")
    return " · ".join(parts)


def _table(panel: Panel) -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=panel.total is not None)
    total = _cells(panel, panel.total) if panel.total else [""] * len(panel.columns)
    for column, foot in zip(panel.columns, total, strict=True):
        side = "left" if column.kind in _LEFT else "right"
        table.add_column(Text(column.label), Text(foot), justify=side, no_wrap=True)  # type: ignore[arg-type]
    for row in panel.rows:
        table.add_row(*map(Text, _cells(panel, row)))
    return table


def _cells(panel: Panel, row: tuple[Cell, ...]) -> list[str]:
    units = panel.index("unit")
    unit = str(row[units]) if units is not None else ""
    return [_cell(column, cell, unit) for column, cell in zip(panel.columns, row, strict=True)]


def _cell(column: PanelColumn, cell: Cell, unit: str) -> str:
    if cell is None:
        return "" if column.kind in ("low", "high", "people", "count") else "–"
    if isinstance(cell, int | float):
        whole = column.kind == "people"
        return f"{cell:,}" if whole else figure(cell, unit or column.unit)
    return str(cell)
