"""Reading Answers: rows by name, with each metric's earlier value beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from steelyard.metrics.answer import Answer, Cell


@dataclass(frozen=True)
class Line:
    """One row. A dimension that was not said is the empty string; None is an unknown number."""

    names: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, float | None] = field(default_factory=dict)
    before: Mapping[str, float | None] = field(default_factory=dict)

    def number(self, metric: str) -> float | None:
        return self.now.get(metric)

    def earlier(self, metric: str) -> float | None:
        return self.before.get(metric)


def lines(answer: Answer) -> list[Line]:
    """All rows of an answer, in its order."""
    return [_line(answer, row) for row in answer.rows]


def single(answer: Answer) -> Line:
    """The row of a question without breakdown; empty when nothing was recorded."""
    return _line(answer, answer.rows[0]) if answer.rows else Line()


def _line(answer: Answer, row: tuple[Cell, ...]) -> Line:
    names: dict[str, str] = {}
    values: dict[str, dict[str, float | None]] = {"metric": {}, "previous": {}, "change": {}}
    for column, cell in zip(answer.columns, row, strict=True):
        if column.kind == "dimension":
            names[column.name] = _text(cell)
        else:
            values[column.kind][column.metric] = _number(cell)
    return Line(names, values["metric"], values["previous"])


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
