"""The big table of Spend: one breakdown with in-cell bars, changes and a row of totals."""

from __future__ import annotations

from dataclasses import dataclass, replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Answer
from steelyard.web import sorting, words
from steelyard.web.answers import Line, lines
from steelyard.web.formats import change, share, short_count, value
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row, bar
from steelyard.web.view import View

BARRED = {"spend_usd": 1, "spend_reported_usd": 0}  # column and colour of its bar


@dataclass(frozen=True)
class _Layout:
    """What every row of one table shares."""

    view: View
    metrics: tuple[str, ...]
    spent: float | None
    largest: dict[str, float]


def breakdown(view: View, answer: Answer, totals: Line) -> Grid:
    """Spend and its companions by the page's dimension."""
    found = sorting.ordered(view, lines(answer))
    shown = found if view.whole else found[:ROWS_SHOWN]
    metrics = answer.question.metrics
    largest = {
        name: max((line.number(name) or 0.0 for line in found), default=0.0) for name in BARRED
    }
    layout = _Layout(view, metrics, totals.number("spend_usd"), largest)
    return Grid(
        caption=f"Spend by {words.dimension(view.by)}, {view.period.label}",
        heads=tuple(_heads(view, metrics)),
        rows=tuple(_row(layout, line) for line in shown),
        totals=Row("All together", _cells(layout, totals, bars=False)),
        hidden=len(found) - len(shown),
        everything=replace(view, whole=True).url(sorting.PATH),
    )


def _heads(view: View, metrics: tuple[str, ...]) -> list[Head]:
    label = words.dimension(view.by)
    heads = [_head(view, view.by, label[:1].upper() + label[1:])]
    for name in metrics:
        heads.append(_head(view, name, words.metric(name), CATALOGUE[name].sentence))
        if name == "spend_usd":
            heads.append(Head("Share"))
            if view.compare:
                heads.append(_head(view, sorting.CHANGE, "Change"))
    return heads


def _head(view: View, column: str, label: str, title: str = "") -> Head:
    return Head(label, sorting.link(view, column), sorting.state(view, column), title)


def _row(layout: _Layout, line: Line) -> Row:
    view, name = layout.view, line.names[layout.view.by]
    label, cells = words.value(view.by, name), _cells(layout, line)
    if view.by in sorting.TIMES:
        return Row(label, cells)
    return Row(label, cells, view.with_filter(view.by, name).url(sorting.PATH), f"Only {label}")


def _cells(layout: _Layout, line: Line, bars: bool = True) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for name in layout.metrics:
        cells.append(_cell(layout, line, name, bars))
        if name == "spend_usd":
            cells += _beside_spend(layout, line)
    return tuple(cells)


def _cell(layout: _Layout, line: Line, name: str, bars: bool) -> Cell:
    number, unit = line.number(name), CATALOGUE[name].unit
    text = value(number, unit)
    if unit == "tokens" and number is not None:
        text = short_count(number)
    width = None
    if name in BARRED:
        width = bar(number, layout.largest[name]) if bars else 0.0
    return Cell(text, number is not None, width, BARRED.get(name, 1))


def _beside_spend(layout: _Layout, line: Line) -> list[Cell]:
    """Share of the total, and change against the period before."""
    now = line.number("spend_usd")
    cells = [Cell(share(now / layout.spent) if now is not None and layout.spent else "–")]
    if layout.view.compare:
        moved = change(now, line.earlier("spend_usd"))
        cells.append(Cell(moved or "–", bool(moved)))
    return cells
