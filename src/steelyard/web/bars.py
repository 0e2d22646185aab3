"""Bars with interval whiskers, as widths in per cent: drawn by the server, the same in print."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.metrics.answer import Cell
from steelyard.metrics.questions import Panel, PanelColumn
from steelyard.web.formats import count, value

FURTHEST = 2.5  # how many times the largest figure an interval may reach before it is cut


@dataclass(frozen=True)
class Bar:
    """One row of a chart. `width`, `low` and `high` are per cent of the scale; None: not drawn.

    `cut` says that the interval goes on beyond the scale. `tint` is a class of the style sheet.
    """

    label: str
    text: str
    interval: str
    base: str
    width: float | None
    low: float | None
    high: float | None
    cut: bool
    tint: int


def bars(panel: Panel, tint: int) -> tuple[Bar, ...]:
    """The panel's rows as bars; none where its figures have no scale in common."""
    at, unit = panel.index("value"), panel.index("unit")
    if at is None or unit is not None or _is_ledger(panel, at):
        return ()
    figures = [row for row in panel.rows if not _negative(row[at])]
    scale = _scale(panel, at)
    if not scale or len(figures) < 1:
        return ()
    return tuple(_bar(panel, row, at, scale, tint) for row in figures)


def _is_ledger(panel: Panel, at: int) -> bool:
    """Amounts side by side, of nobody in particular, are read as a table."""
    return panel.columns[at].unit == "USD" and panel.index("people") is None


def _negative(cell: Cell) -> bool:
    """A difference: told in the title and the table, not on the scale of what it compares."""
    return isinstance(cell, int | float) and cell < 0


def _scale(panel: Panel, at: int) -> float:
    largest = max((_number(row[at]) or 0.0 for row in panel.rows), default=0.0)
    high = panel.index("high")
    if high is None:
        return largest
    reach = max((_number(row[high]) or 0.0 for row in panel.rows), default=0.0)
    return max(largest, min(reach, FURTHEST * largest) if largest else reach)


def _bar(panel: Panel, row: tuple[Cell, ...], at: int, scale: float, tint: int) -> Bar:
    unit = panel.columns[at].unit
    number = _number(row[at])
    low, high = _end(panel, row, "low"), _end(panel, row, "high")
    interval = f"{value(low, unit)} – {value(high, unit)}" if None not in (low, high) else ""
    label = " · ".join(_label(c, row[n]) for n, c in enumerate(panel.columns) if c.kind == "group")
    return Bar(
        label,
        value(number, unit) if number is not None else "",
        interval,
        _base(panel, row),
        None if number is None else _per_cent(number, scale),
        None if low is None else _per_cent(low, scale),
        None if high is None else _per_cent(high, scale),
        high is not None and high > scale,
        tint,
    )


def _label(column: PanelColumn, cell: Cell) -> str:
    return f"{column.name} {cell}" if isinstance(cell, int) else str(cell)


def _base(panel: Panel, row: tuple[Cell, ...]) -> str:
    """What the figure rests on, or why it is not shown."""
    note, people = panel.index("note"), panel.index("people")
    at = panel.index("value")
    if note is not None and at is not None and row[at] is None:
        return str(row[-1])
    number = _number(row[people]) if people is not None else None
    return "" if number is None else f"{count(number)} {'person' if number == 1 else 'people'}"


def _end(panel: Panel, row: tuple[Cell, ...], kind: str) -> float | None:
    at = panel.index("low" if kind == "low" else "high")
    return None if at is None else _number(row[at])


def _per_cent(number: float, scale: float) -> float:
    return round(100 * min(max(number, 0.0) / scale, 1.0), 2)


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
