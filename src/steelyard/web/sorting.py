"""How a table's rows are ordered, and the links that order them otherwise."""

from __future__ import annotations

from dataclasses import replace

from steelyard.web.answers import Line
from steelyard.web.view import View

PATH = "/spend"
TIMES = ("day", "week", "month")
CHANGE = "change"


def order(view: View) -> tuple[str, bool]:
    """The column, and whether the largest comes first."""
    sort = view.sort or (f"-{view.by}" if view.by in TIMES else "-spend_usd")
    return sort.lstrip("-"), sort.startswith("-")


def ordered(view: View, found: list[Line]) -> list[Line]:
    """The rows in the address's order; unknown values come last either way."""
    column, down = order(view)
    if column == view.by:
        return sorted(found, key=lambda line: line.names[view.by].lower(), reverse=down)
    known = [(value, line) for line in found if (value := _value(line, column)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=down)
    return [line for _, line in known] + [line for line in found if _value(line, column) is None]


def state(view: View, column: str) -> str:
    """What aria-sort says of the column; empty when another one sorts."""
    sorting, down = order(view)
    if sorting != column:
        return ""
    return "descending" if down else "ascending"


def link(view: View, column: str, path: str = PATH) -> str:
    """Sorts by the column: numbers largest first, names from A; the other way when sorted so."""
    now = state(view, column)
    down = now == "ascending" if column == view.by else now != "descending"
    return replace(view, sort=f"{'-' if down else ''}{column}").url(path)


def _value(line: Line, column: str) -> float | None:
    if column != CHANGE:
        return line.number(column)
    now, before = line.number("spend_usd"), line.earlier("spend_usd")
    return None if now is None or not before else now / before
