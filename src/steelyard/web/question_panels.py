"""Panels of named questions as pages print them: bars with whiskers, the figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Cell as Figure
from steelyard.metrics.questions import Panel, PanelColumn
from steelyard.metrics.questions.panel import TOTAL
from steelyard.web import roi_files
from steelyard.web.bars import Bar, bars
from steelyard.web.formats import UNKNOWN, count, value
from steelyard.web.table import Cell, Grid, Head, Row

TILED = "unit_costs"
LONG = 8  # bars, above which a panel takes the whole width
MOST = 24  # rows that are read on a page; files hold all of them
# What brings in the facts a figure rests on, by the fact's table.
SOURCES = {
    "work_commits": "Commits come from `steelyard source add git` or a code host.",
    "work_pull_requests": "Pull requests come from `steelyard source add github` (or gitlab).",
    "work_issues": "Issues come from `steelyard source add jira` (or linear, github, gitlab).",
    "bills": "Bills come from `steelyard source add anthropic-usage-cost` or an invoice as CSV.",
    "decisions": "Decisions come with the assistants' events: switch the logs exporter on.",
    "prompts": "Lengths of prompts come with the assistants' events: switch the logs exporter on.",
}
PEOPLE = "Teams and roles come from a people file: `steelyard import csv people FILE`."
_LEFT = ("group", "unit", "note")


@dataclass(frozen=True)
class Drawn:
    """A panel as the template prints it."""

    panel: Panel
    bars: tuple[Bar, ...]
    grid: Grid
    metric: str
    measure: str
    rest: str
    advice: str
    wide: bool
    downloads: Mapping[str, str] = field(default_factory=dict)


def draw(panel: Panel, path: str, query: str) -> Drawn:
    """A panel as the template prints it; `path` and `query` are where its files are."""
    measure, _, rest = panel.subtitle.partition(" · ")
    found = () if panel.name == TILED else bars(panel, 1)[:MOST]
    return Drawn(
        panel,
        found,
        _grid(panel),
        _metric(panel),
        measure,
        rest,
        _advice(panel),
        wide=bool(panel.rows) and (not found or len(found) > LONG),
        downloads=roi_files.links(panel, path, query),
    )


def _metric(panel: Panel) -> str:
    """Whose definition the measure shows on hover."""
    at = panel.index("value")
    return "" if at is None else panel.columns[at].metric


def _advice(panel: Panel) -> str:
    """What would fill an empty panel, or one without known groups."""
    at = panel.index("value")
    if panel.hidden:
        return ""
    if panel.rows and any(at is not None and row[at] is not None for row in panel.rows):
        known = [row for row in panel.rows if not str(row[0]).startswith(("no ", "role not"))]
        return "" if known else PEOPLE
    tables = {table for name in panel.metrics for table in CATALOGUE[name].facts}
    return next((text for table, text in SOURCES.items() if table in tables), "")


def _grid(panel: Panel) -> Grid:
    shown = [n for n, column in enumerate(panel.columns) if _is_used(panel, n, column)]
    return Grid(
        caption=f"{panel.title}. {panel.subtitle}",
        heads=tuple(_head(panel.columns[n]) for n in shown),
        rows=tuple(_row(panel, row, shown) for row in panel.rows[:MOST]),
        totals=_row(panel, panel.total, shown) if panel.total else None,
        hidden=max(0, len(panel.rows) - MOST),
    )


def _is_used(panel: Panel, at: int, column: PanelColumn) -> bool:
    """Columns of notes only where there is one to read."""
    return column.kind != "note" or any(row[at] for row in panel.rows)


def _head(column: PanelColumn) -> Head:
    label = column.label[:1].upper() + column.label[1:] or "Note"
    return Head(label, left=column.kind in _LEFT)


def _row(panel: Panel, row: tuple[Figure, ...], shown: list[int]) -> Row:
    units = panel.index("unit")
    unit = str(row[units]) if units is not None else ""
    first, *rest = shown
    label = "All together" if row[first] == TOTAL else str(row[first])
    hidden = any(str(cell).startswith(("fewer than", "nobody")) for cell in row)
    return Row(label, tuple(_cell(panel.columns[n], row[n], unit, hidden) for n in rest))


def _cell(column: PanelColumn, cell: Figure, unit: str, hidden: bool) -> Cell:
    left = column.kind in _LEFT
    if cell is None:
        said = column.kind in ("value", "count") and not hidden
        return Cell(UNKNOWN if said else "", False, left=left)
    if isinstance(cell, int | float):
        text = count(cell) if column.kind == "people" else value(cell, unit or column.unit)
        return Cell(text, left=left)
    return Cell(str(cell), left=left)
