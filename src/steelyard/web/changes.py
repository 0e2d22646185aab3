"""What changed against the period before: the largest moves that are more than noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.errors import UsageError
from steelyard.metrics import CATALOGUE, Question
from steelyard.web import asking, words
from steelyard.web.answers import Line, lines, uncompared
from steelyard.web.formats import UNKNOWN, change, value
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row
from steelyard.web.view import View

SHOWN = 8
OWN, WHOLE = 0.1, 0.02  # of its own amount before, and of everything's: less is no news
ASKED: tuple[tuple[str, str], ...] = (
    ("spend_usd", "team"),
    ("spend_usd", "model"),
    ("spend_usd", "assistant"),
    ("prs_merged", "team"),
)
ABOUT = (
    "Spend that moved by a tenth of itself and a fiftieth of everything; counts that moved by more"
    " than twice what chance moves them"
)
COLUMNS = ("metric", "dimension", "value", "before", "now", "change")


@dataclass(frozen=True)
class Move:
    """One value of a dimension, with a metric before and now; 0 where nothing is recorded."""

    metric: str
    dimension: str
    value: str
    before: float
    now: float
    part: float  # of everything, as which moves of different metrics are compared

    def row(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in COLUMNS if name != "change"}
        return said | {"change": self.now - self.before}


@dataclass(frozen=True)
class Changes:
    """The moves, the largest first; `why` where there is nothing to compare with."""

    moves: tuple[Move, ...] = ()
    why: str = ""


def changes(services: Services, view: View) -> Changes:
    """Of the page's period and filters. Comparison needs a period before that is recorded."""
    if not view.compare:
        return Changes(why="Nothing is compared: choose a comparison above.")
    days = (view.period.start, view.period.end)
    asked = services.ask(Question(("spend_usd",), *days, compare="previous"))
    if asked.coverage.first_day is None:
        return Changes(why="Nothing is recorded in this period.")
    if why := uncompared(asked).get("spend_usd"):
        return Changes(why=f"Spend is {why}: nothing is compared.")
    found = [move for metric, by in ASKED for move in _moves(services, view, metric, by)]
    found.sort(key=lambda move: (-abs(move.part), move.metric, move.dimension, move.value))
    why = "" if found else "Nothing moved by more than usual."
    return Changes(tuple(found), why)


def _moves(services: Services, view: View, metric: str, by: str) -> Iterator[Move]:
    if by in view.where or not asking.fitting((metric,), (by, *view.where)):
        return
    if by not in asking.shown_by(services, view, (by,)):
        return
    try:
        rows = lines(services.ask(asking.question(view, (metric,), (by,), compare=True)))
    except UsageError:  # not shown to this viewer: other rows may be
        return
    whole = sum(max(line.number(metric) or 0.0, line.earlier(metric) or 0.0) for line in rows)
    for line in rows:
        if whole and not line.uncompared(metric) and is_news(metric, line, whole):
            before, now = line.earlier(metric) or 0.0, line.number(metric) or 0.0
            yield Move(metric, by, line.names[by], before, now, (now - before) / whole)


def is_news(metric: str, line: Line, whole: float) -> bool:
    """Amounts by their size; counts by what chance alone would move them, which is about the root
    of their sum. Who was not there before, or is no longer, had nothing."""
    now, before = line.number(metric) or 0.0, line.earlier(metric) or 0.0
    moved = abs(now - before)
    if CATALOGUE[metric].whole:
        return moved > 2 * math.sqrt(now + before)
    return moved >= OWN * before and moved >= WHOLE * whole


def grid(found: Changes, view: View) -> Grid:
    """As the page prints it."""
    heads = (Head("What"), Head("Figure", left=True), Head("Before"), Head("Now"), Head("Change"))
    shown = found.moves[:SHOWN]
    rows = tuple(_row(move, view) for move in shown)
    return Grid("What changed", heads, rows, hidden=len(found.moves) - len(shown))


def _row(move: Move, view: View) -> Row:
    unit = CATALOGUE[move.metric].unit
    page = "/spend" if move.metric == "spend_usd" else "/delivery"
    label = (
        f"{words.dimension(move.dimension).capitalize()}: {words.value(move.dimension, move.value)}"
    )
    cells = (
        Cell(words.metric(move.metric), left=True),
        Cell(value(move.before, unit) if move.before else "–"),
        Cell(value(move.now, unit) if move.now else "–"),
        Cell(change(move.now, move.before) or UNKNOWN),
    )
    return Row(label, cells, view.with_filter(move.dimension, move.value).url(page))


def rows(found: Changes) -> list[Mapping[str, Any]]:
    """All of them, as files hold them."""
    return [move.row() for move in found.moves]
