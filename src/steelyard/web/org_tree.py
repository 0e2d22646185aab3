"""The organisation as a tree: roll-up managers, and managers or places below, figures at each.

In a large organisation only the open branch carries what is below; the others are links to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.sight import SMALL
from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.formats import UNKNOWN, short, value
from steelyard.web.organisation import Organisation
from steelyard.web.people_asking import FIGURES
from steelyard.web.people_view import PATH, PeopleView
from steelyard.web.table import bar

ADOPTION = "adoption_rate"
CARRIED = 120  # so many managers, and all branches come with the page
SHOWN = 80  # managers of a branch before "show all"
DEEPEST = 5  # steps of indentation the style sheet knows
LOOSE = (
    "The top of the organisation, people whose line of managers ends with somebody unknown or runs"
    " in a circle, and the work of those no directory knows."
)


@dataclass(frozen=True)
class Figure:
    """A value beside a name. `bar` is a share in per cent."""

    metric: str
    label: str
    text: str
    exact: str
    known: bool
    bar: float | None = None


@dataclass(frozen=True)
class Twig:
    """The people who report to a manager, or of a department or team."""

    name: str
    address: str
    url: str
    depth: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Branch:
    """All people of a roll-up manager; `size` says how much is below. `url` opens or closes it
    where `twigs` are not carried."""

    key: str
    name: str
    address: str
    note: str
    size: str
    figures: tuple[Figure, ...]
    twigs: tuple[Twig, ...]
    hidden: int
    is_open: bool
    url: str
    narrow: str
    everything: str


@dataclass(frozen=True)
class Tree:
    """Roll-up managers, those without one last; `title` and `about` say what is below them."""

    title: str
    about: str
    branches: tuple[Branch, ...]


MANAGERS = (
    "Roll-up managers and the managers below them",
    "A manager's figures are those of the people who report to them; a roll-up manager's are those"
    " of everybody below",
)
PLACES = (
    "Roll-up managers, with departments and teams",
    "Small groups are shown together, so that nobody's figures stand alone",
)


def tree(
    view: PeopleView,
    known: Organisation,
    rollups: Sequence[Line],
    levels: tuple[Sequence[Line], ...],
) -> Tree:
    """Roll-up managers by headcount, those without one last. `levels` are the lines below them:
    their managers, or their departments and then the teams of these."""
    below: list[dict[str, list[Line]]] = []
    for level in levels:
        found: dict[str, list[Line]] = {}
        for line in sorted(level, key=_size, reverse=True):
            found.setdefault(line.names["rollup"], []).append(line)
        below.append(found)
    shown = sorted(rollups, key=lambda line: (not line.names["rollup"], -_size(line)))
    carry_all = len(levels[-1]) <= CARRIED or "rollup" in view.where
    branches = (
        _branch(view, known, line, [b.get(line.names["rollup"], []) for b in below], carry_all)
        for line in shown
    )
    return Tree(*(MANAGERS if len(levels) == 1 else PLACES), tuple(branches))


def _size(line: Line) -> float:
    return line.number("headcount") or 0.0


def _branch(
    view: PeopleView, known: Organisation, line: Line, below: list[list[Line]], carry_all: bool
) -> Branch:
    key = line.names["rollup"]
    above = known.manager_of(key)  # to whom nobody here reports but the roll-up manager
    first = [each for each in below[0] if not above or each.names.get("manager") != above]
    is_open = view.node == key or "rollup" in view.where
    twigs: list[Twig] = []
    if carry_all or is_open:
        made = _managers(view, known, key, first) if len(below) == 1 else _places(view, key, *below)
        twigs = list(made)
    limit = len(twigs) if view.whole else SHOWN
    noun = "manager" if len(below) == 1 else "department"
    return Branch(
        key=key,
        name=known.label("rollup", key),
        address=key if known.label("rollup", key) != key and key != SMALL else "",
        note="" if key else LOOSE,
        size=f"{len(first)} {noun}{'' if len(first) == 1 else 's'}",
        figures=figures(line),
        twigs=tuple(twigs[:limit]),
        hidden=max(0, len(twigs) - limit),
        is_open=is_open,
        url="" if carry_all else _link(replace(view, node=None if is_open else key), key),
        narrow=view.narrowed("rollup", key).url(PATH),
        everything=_link(replace(view, node=key, whole=True), key),
    )


def _link(view: PeopleView, key: str) -> str:
    return f"{view.url(PATH)}#branch-{key}"


def _managers(
    view: PeopleView, known: Organisation, rollup: str, below: list[Line]
) -> Iterable[Twig]:
    rows = {line.names["manager"]: line for line in below}
    direct = [(rollup, 0)] if rollup and rollup in rows else []
    for manager, depth in [
        *direct,
        *known.nested(each for each in rows if (each, 0) not in direct),
    ]:
        narrowed = view.narrowed("rollup", rollup).narrowed("manager", manager)
        yield Twig(
            name=known.label("manager", manager)
            + (", directly" if direct and manager == rollup else ""),
            address=manager,
            url=narrowed.url(PATH),
            depth=min(depth, DEEPEST),
            figures=figures(rows[manager]),
        )


def _places(
    view: PeopleView, rollup: str, departments: list[Line], teams: list[Line]
) -> Iterable[Twig]:
    """Departments, each with its teams where there is more than one of them."""
    held = view.narrowed("rollup", rollup)
    for line in departments:
        name = line.names["department"]
        inside = held.narrowed("department", name)
        yield _place(line, "department", 0, inside)
        own = [each for each in teams if each.names["department"] == name]
        for each in own if len(own) > 1 else ():
            yield _place(each, "team", 1, inside.narrowed("team", each.names["team"]))


def _place(line: Line, dimension: str, depth: int, view: PeopleView) -> Twig:
    label = words.value(dimension, line.names[dimension])
    return Twig(label, label, view.url(PATH), depth, figures(line))


def figures(line: Line) -> tuple[Figure, ...]:
    """The columns of the tree."""
    return tuple(_figure(line, name) for name in FIGURES)


def _figure(line: Line, metric: str) -> Figure:
    number, unit = line.number(metric), CATALOGUE[metric].unit
    if metric == ADOPTION and number is not None and number > 1:
        number = None  # strangers are active and in no headcount
    text = "–" if number is None else short(number, unit)
    width = bar(number, 1.0) if metric == ADOPTION else None
    exact = UNKNOWN if number is None else value(number, unit)
    return Figure(metric, words.metric(metric), text, exact, number is not None, width)
