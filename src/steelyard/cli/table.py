"""An Answer as a table for people: figures right-aligned with their unit, totals last.

Rounds for reading; --format json and csv carry the exact figures.
"""

from __future__ import annotations

import datetime as dt
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from steelyard.metrics import Answer
    from steelyard.metrics.answer import Cell, Column

WIDE = 10_000  # columns, where no terminal cuts
NOT_SAID, UNKNOWN = "(not said)", "unknown"


def table_text(answer: Answer, screen: IO[str]) -> str:
    """The table; styled and cut to the width of `screen` only when that is a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    totals = answer.totals if answer.rows and answer.question.by else None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=totals is not None)
    for index, column in enumerate(answer.columns):
        foot = _total(column, totals[index], index) if totals is not None else ""
        justify: Literal["left", "right"] = "left" if column.kind == "dimension" else "right"
        table.add_column(Text(heading(column)), Text(foot), justify=justify, no_wrap=True)
    for row in answer.rows:
        pairs = zip(answer.columns, row, strict=True)
        table.add_row(*(Text(cell_text(column, value)) for column, value in pairs))
    console = Console(file=screen, width=None if screen.isatty() else WIDE)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    kept = lines[1:] if lines and not lines[0] else lines
    return "\n".join(kept).rstrip("\n") + "\n"


def coverage_line(answer: Answer) -> str:
    """The sentence under the table: period, what it rests on, and how fresh it is."""
    coverage, question = answer.coverage, answer.question
    parts = [f"{question.start} to {question.end}" if question.start else "nothing recorded"]
    if coverage.sessions is not None:
        parts.append(_counted(coverage.sessions, "session"))
    if coverage.people_matched is not None:
        parts.append(f"{coverage.people_matched:.0%} of active people in the people file")
    if coverage.silent_people:
        parts.append(f"{_counted(coverage.silent_people, 'person', 'people')} without any work")
    parts.append(f"as of {answer.as_of.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC")
    return " · ".join(parts)


def heading(column: Column) -> str:
    """`spend_usd [USD]`; a unit that the name says already is not repeated."""
    if column.kind == "change" or not column.unit or column.unit in column.name:
        return column.name
    return f"{column.name} [{column.unit}]"


def cell_text(column: Column, value: Cell) -> str:
    """One figure or name, rounded for reading."""
    if value is None:
        return NOT_SAID if column.kind == "dimension" else UNKNOWN
    if column.kind == "dimension" or not isinstance(value, int | float):
        return value.isoformat() if isinstance(value, dt.date) else str(value)
    if column.kind == "change":
        return f"{value:+.1%}"
    return figure(value, column.unit)


def figure(value: float, unit: str) -> str:
    """A number with its unit's digits: dollars to the cent, small ones to four digits."""
    if unit == "share":
        return f"{value:.1%}"
    if unit.startswith("USD"):
        sign = "-" if value < 0 else ""
        digits = 4 if 0 < abs(value) < 1 else 2
        return f"{sign}${abs(value):,.{digits}f}"
    if isinstance(value, int) or value.is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _total(column: Column, value: Cell, index: int) -> str:
    if column.kind == "dimension":
        return "total" if index == 0 else ""
    return cell_text(column, value)
