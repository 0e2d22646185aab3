"""One row a department, team or role: headcount, use and work; the lowest adoption first."""

from __future__ import annotations

from dataclasses import replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.sight import SMALL
from steelyard.web import sorting, words
from steelyard.web.answers import Line
from steelyard.web.formats import points, share, value
from steelyard.web.people_asking import FIGURES
from steelyard.web.people_view import PATH, PeopleView
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row, bar

ADOPTION = "adoption_rate"
FEWEST = 5  # people of a group that a sentence speaks of


def groups(view: PeopleView, found: list[Line], totals: Line) -> Grid:
    """Headcount, use and work by the page's breakdown."""
    ordered = sorting.ordered(view, found)
    shown = ordered if view.whole else ordered[:ROWS_SHOWN]
    return Grid(
        caption=f"Adoption by {words.dimension(view.by)}, {view.period.label}",
        heads=tuple(_heads(view)),
        rows=tuple(_row(view, line) for line in shown),
        totals=Row("All together", _cells(view, totals)),
        hidden=len(ordered) - len(shown),
        everything=replace(view, whole=True).url(PATH),
    )


def _heads(view: PeopleView) -> list[Head]:
    label = words.dimension(view.by)
    heads = [_head(view, view.by, label[:1].upper() + label[1:])]
    for name in FIGURES:
        heads.append(_head(view, name, words.metric(name), CATALOGUE[name].sentence))
        if name == ADOPTION and view.compare:
            heads.append(Head("Change"))
    return heads


def _head(view: PeopleView, column: str, label: str, title: str = "") -> Head:
    return Head(label, sorting.link(view, column, PATH), sorting.state(view, column), title)


def _row(view: PeopleView, line: Line) -> Row:
    name = line.names[view.by]
    label = words.value(view.by, name)
    url = view.narrowed(view.by, name).url(PATH)
    return Row(label, _cells(view, line), url, f"Only {label}")


def _cells(view: PeopleView, line: Line) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for name in FIGURES:
        cells.append(_cell(line, name))
        if name == ADOPTION and view.compare:
            moved = points(adoption(line), line.earlier(name))
            cells.append(Cell(moved or "–", bool(moved)))
    return tuple(cells)


def _cell(line: Line, name: str) -> Cell:
    if name == ADOPTION:
        number = adoption(line)
        text = "–" if number is None else share(number)
        return Cell(text, number is not None, bar(number, 1.0), 2)
    number = line.number(name)
    return Cell("–" if number is None else value(number, CATALOGUE[name].unit), number is not None)


def adoption(line: Line) -> float | None:
    """Above one it counts people whom no directory knows, and says nothing."""
    number = line.number(ADOPTION)
    return None if number is None or number > 1 else number


def is_group(line: Line) -> bool:
    """Whether it is enough people to be spoken of, and they have a name."""
    named = all(name and name != SMALL for name in line.names.values())
    return named and (line.number("headcount") or 0) >= FEWEST


def title(view: PeopleView, totals: Line) -> str:
    """What the table shows, in a few words."""
    whole, label = adoption(totals), words.dimension(view.by)
    if whole is None:
        return f"Use and work by {label}"
    return f"{share(whole)} work with an assistant: use and work by {label}"
