"""Where adoption stalled: one row a department, team or role, the lowest first; and its title."""

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
STILL = 0.005  # half a point: what rounds to no change
NAMED = 3
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


def stalled(view: PeopleView, found: list[Line], totals: Line) -> list[str]:
    """Groups below the whole whose adoption did not rise, the lowest first."""
    whole = totals.number(ADOPTION)
    rows = [
        (now, line.names[view.by])
        for line in found
        if (now := adoption(line)) is not None
        and (before := line.earlier(ADOPTION)) is not None
        and is_group(line)
        and whole is not None
        and now < whole
        and now - before < STILL
    ]
    return [words.value(view.by, name) for _, name in sorted(rows)]


def title(view: PeopleView, found: list[Line], totals: Line) -> str:
    """What the table shows, in a few words; without a period before, only what it is."""
    plain = f"Adoption by {words.dimension(view.by)}"
    comparable = [line for line in found if line.earlier(ADOPTION) is not None]
    if not view.compare or len(comparable) < 2:
        return plain
    names = stalled(view, found, totals)
    if not names:
        return f"Adoption rises, or is above the whole, in every {words.dimension(view.by)}"
    return f"Adoption stands still in {_listed(names)}"


def _listed(names: list[str]) -> str:
    rest = len(names) - NAMED
    if rest > 0:
        return f"{', '.join(names[:NAMED])} and {rest} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
