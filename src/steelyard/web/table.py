"""Tables as data: headings with links, rows of cells, one row of totals. No HTML, no questions."""

from __future__ import annotations

from dataclasses import dataclass

ROWS_SHOWN = 50


@dataclass(frozen=True)
class Head:
    """A column's heading. `sort` is ascending, descending or empty; `title` its definition."""

    label: str
    url: str = ""
    sort: str = ""
    title: str = ""
    left: bool = False


@dataclass(frozen=True)
class Cell:
    """A value as text; `bar` is its share of the column's largest in per cent."""

    text: str
    known: bool = True
    bar: float | None = None
    tint: int = 1
    left: bool = False


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]
    url: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Grid:
    """`hidden` counts the rows that are not shown, `everything` links to all of them."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    totals: Row | None = None
    hidden: int = 0
    everything: str = ""


def bar(value: float | None, largest: float) -> float | None:
    """Width in per cent; a small value is still seen."""
    if value is None or largest <= 0:
        return 0.0
    return round(max(1.5 if value > 0 else 0.0, 100 * max(value, 0.0) / largest), 1)
