"""Single people with what is recorded of them: only of those whoever asks may see.

In the order of names unless a reader asks for another: this is no ranking.
"""

from __future__ import annotations

from dataclasses import replace

from steelyard.metrics import CATALOGUE
from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.formats import value
from steelyard.web.organisation import Organisation
from steelyard.web.people_asking import SCORES
from steelyard.web.people_view import BY_NAME, PATH, PeopleView
from steelyard.web.person_panels import person_url
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row

ATTRIBUTES = ("department", "role", "manager", "rollup")
LABELS = {"department": "Department", "role": "Job title", "manager": "Manager"}
LABELS["rollup"] = "Roll-up manager"


def scorecard(view: PeopleView, known: Organisation, found: list[Line]) -> Grid:
    """A row for everybody of whom anything is recorded."""
    ordered = _ordered(view, known, found)
    shown = ordered if view.whole else ordered[:ROWS_SHOWN]
    metrics = _metrics(found)
    attributes = _attributes(known, found)
    heads = [_head(view, BY_NAME, "Name")]
    heads += [Head(LABELS[name], left=True) for name in attributes]
    heads += [_head(view, name, words.metric(name), CATALOGUE[name].sentence) for name in metrics]
    return Grid(
        caption=f"Single people, {view.period.label}",
        heads=tuple(heads),
        rows=tuple(_row(view, known, line, attributes, metrics) for line in shown),
        hidden=len(ordered) - len(shown),
        everything=replace(view, whole=True).url(PATH),
    )


def record(known: Organisation, line: Line) -> dict[str, object]:
    """One person as data."""
    person = line.names["person"]
    attributes = {name: _attribute(known, person, name) for name in ATTRIBUTES}
    return {"person": person, "name": known.name(person), **attributes, **line.now}


def _metrics(found: list[Line]) -> tuple[str, ...]:
    """Those that anybody has a value of: a column of dashes says nothing."""
    return tuple(n for n in SCORES if any(line.number(n) is not None for line in found))


def _attributes(known: Organisation, found: list[Line]) -> tuple[str, ...]:
    """None of pseudonyms, whom no directory knows."""
    return ATTRIBUTES if any(line.names["person"] in known.people for line in found) else ()


def _ordered(view: PeopleView, known: Organisation, found: list[Line]) -> list[Line]:
    column, down = view.order.lstrip("-"), view.order.startswith("-")
    named = sorted(found, key=lambda line: known.name(line.names["person"]).lower())
    if column not in SCORES:
        return named[::-1] if down else named
    valued = [line for line in named if line.number(column) is not None]
    valued.sort(key=lambda line: line.number(column) or 0.0, reverse=down)
    return valued + [line for line in named if line.number(column) is None]


def _head(view: PeopleView, column: str, label: str, title: str = "") -> Head:
    sorting, down = view.order.lstrip("-"), view.order.startswith("-")
    state = ("descending" if down else "ascending") if sorting == column else ""
    largest_first = state != "descending" if column != BY_NAME else state == "ascending"
    url = replace(view, order=f"{'-' if largest_first else ''}{column}").url(PATH)
    return Head(label, f"{url}#people", state, title)


def _row(
    view: PeopleView,
    known: Organisation,
    line: Line,
    attributes: tuple[str, ...],
    metrics: tuple[str, ...],
) -> Row:
    person = line.names["person"]
    cells = [Cell(_attribute(known, person, name), left=True) for name in attributes]
    for name in metrics:
        number = line.number(name)
        text = "–" if number is None else value(number, CATALOGUE[name].unit)
        cells.append(Cell(text, number is not None))
    label = known.label("person", person)
    url = person_url(view, person) if person else ""
    return Row(label, tuple(cells), url, f"What is recorded of {label}")


def _attribute(known: Organisation, person: str, name: str) -> str:
    listed = known.people.get(person)
    text = getattr(listed, name) if listed else ""
    return known.name(text) if text and name in ("manager", "rollup") else text
