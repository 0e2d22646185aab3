"""Reading Answers: rows by name, with each metric's earlier value beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.metrics.answer import Answer, Cell

Sums = dict[str, float | None]


@dataclass(frozen=True)
class Line:
    """One row. A dimension that was not said is the empty string; None is an unknown number.

    `alone` says, by metric, why nothing is compared where a comparison was asked for.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, float | None] = field(default_factory=dict)
    before: Mapping[str, float | None] = field(default_factory=dict)
    alone: Mapping[str, str] = field(default_factory=dict)

    def number(self, metric: str) -> float | None:
        return self.now.get(metric)

    def earlier(self, metric: str) -> float | None:
        return self.before.get(metric)

    def uncompared(self, metric: str) -> str:
        """Why there is no whole period before, inside a sentence; empty where there is one."""
        return self.alone.get(metric, "")


def lines(answer: Answer) -> list[Line]:
    """All rows of an answer, in its order."""
    places = list(enumerate(answer.columns))
    names = [(at, column.name) for at, column in places if column.kind == "dimension"]
    now = [(at, column.metric) for at, column in places if column.kind == "metric"]
    before = [(at, column.metric) for at, column in places if column.kind == "previous"]
    alone = uncompared(answer)
    return [
        Line(
            {name: _text(row[at]) for at, name in names},
            {metric: _number(row[at]) for at, metric in now},
            {metric: _number(row[at]) for at, metric in before},
            alone,
        )
        for row in answer.rows
    ]


def uncompared(answer: Answer) -> dict[str, str]:
    """Per metric, since when it is recorded, where that leaves no whole period before."""
    return {
        metric: note.message[:1].lower() + note.message[1:].rstrip(".")
        for note in answer.warnings
        if note.code == "not_compared"
        for metric in note.affects
    }


def single(answer: Answer) -> Line:
    """The row of a question without breakdown; empty when nothing was recorded."""
    return next(iter(lines(answer)), Line())


def sums_by(answer: Answer, metric: str, dimension: str) -> Sums:
    """The metric summed per value of one dimension of the answer; None where nothing is known."""
    found: Sums = {}
    for line in lines(answer):
        name, number = line.names[dimension], line.number(metric)
        before = found.get(name)
        found[name] = before if number is None else (before or 0.0) + number
    return found


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
