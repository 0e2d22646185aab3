"""The organisation as a tree: roll-up managers, the managers below them, figures at each.

In a large organisation only the open branch carries its managers; the others are links to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from steelyard.metrics import CATALOGUE
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
    """The people who report to a manager."""

    name: str
    address: str
    url: str
    depth: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Branch:
    """All people of a roll-up manager. `url` opens or closes it where `twigs` are not carried."""

    key: str
    name: str
    address: str
    note: str
    managers: int
    figures: tuple[Figure, ...]
    twigs: tuple[Twig, ...]
    hidden: int
    is_open: bool
    url: str
    narrow: str
    everything: str


@dataclass(frozen=True)
class Tree:
    """Roll-up managers, those without one last."""

    branches: tuple[Branch, ...]


def tree(
    view: PeopleView, known: Organisation, rollups: Sequence[Line], managers: Sequence[Line]
) -> Tree:
    """Roll-up managers by headcount, those without one last."""
    below: dict[str, list[Line]] = {}
    for line in sorted(managers, key=_size, reverse=True):
        below.setdefault(line.names["rollup"], []).append(line)
    shown = sorted(rollups, key=lambda line: (not line.names["rollup"], -_size(line)))
    carry_all = len(managers) <= CARRIED or "rollup" in view.where
    return Tree(
        tuple(
            _branch(view, known, line, below.get(line.names["rollup"], []), carry_all)
            for line in shown
        )
    )


def _size(line: Line) -> float:
    return line.number("headcount") or 0.0


def _branch(
    view: PeopleView, known: Organisation, line: Line, below: list[Line], carry_all: bool
) -> Branch:
    key = line.names["rollup"]
    above = known.manager_of(key)  # to whom nobody here reports but the roll-up manager
    below = [each for each in below if not above or each.names["manager"] != above]
    is_open = view.node == key or "rollup" in view.where
    twigs = list(_twigs(view, known, key, below)) if carry_all or is_open else []
    limit = len(twigs) if view.whole else SHOWN
    return Branch(
        key=key,
        name=known.label("rollup", key),
        address=key,
        note="" if key else LOOSE,
        managers=len(below),
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


def _twigs(view: PeopleView, known: Organisation, rollup: str, below: list[Line]) -> Iterable[Twig]:
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
