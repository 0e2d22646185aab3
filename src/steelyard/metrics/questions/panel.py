"""An answered question: a sentence, panels of figures with intervals, and what they rest on."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from steelyard.metrics.answer import Cell, Coverage, Note
from steelyard.metrics.plans import Plan

Kind = Literal["group", "value", "low", "high", "people", "count", "unit", "note"]
Row = tuple[Cell, ...]
TOTAL = "all"


@dataclass(frozen=True)
class Terms:
    """What a named question is asked about: UTC days (both included), filters, and settings.

    A missing day is the first or last recorded one. `where` holds dimensions with the values
    accepted. Groups of fewer than `min_people` people are not shown. `bug_types` are the types of
    issues that are bugs, in any case. `plans` are an organisation's own; else the packaged ones.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_people: int = 5
    bug_types: tuple[str, ...] = ("bug", "defect", "incident")
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True)
class PanelColumn:
    """`label` is for people, `name` for programs. `low` and `high` bound the value before them."""

    name: str
    label: str
    kind: Kind
    unit: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Panel:
    """`title` says the finding, `subtitle` measure and unit; `n` counts the people behind it.

    A row of a group too small to show holds None and says so in its note. `total` is the same
    over everybody. `association`: the groups differ in more than what names them. `hidden`: the
    filters leave too few people to show anything.
    """

    name: str
    title: str
    subtitle: str
    columns: tuple[PanelColumn, ...]
    rows: tuple[Row, ...]
    n: int | None = None
    total: Row | None = None
    association: bool = False
    metrics: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hidden: bool = False

    def to_json(self) -> dict[str, Any]:
        """The panel as the command line and the API print it."""
        names = [column.name for column in self.columns]
        return {
            "name": self.name,
            "title": self.title,
            "subtitle": self.subtitle,
            "columns": [vars(column) for column in self.columns],
            "rows": [dict(zip(names, map(_plain, row), strict=True)) for row in self.rows],
            "total": dict(zip(names, map(_plain, self.total), strict=True)) if self.total else None,
            "n": self.n,
            "association": self.association,
            "hidden": self.hidden,
            "metrics": list(self.metrics),
            "notes": list(self.notes),
        }

    def index(self, kind: Kind) -> int | None:
        """The place of the first column of that kind."""
        return next((at for at, c in enumerate(self.columns) if c.kind == kind), None)


@dataclass(frozen=True)
class QuestionAnswer:
    """`start` and `end` are the days answered for; a panel that looks at others says which."""

    name: str
    title: str
    terms: Terms
    sentence: str
    panels: tuple[Panel, ...]
    as_of: dt.datetime
    coverage: Coverage
    warnings: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The answer as the command line and the API print it."""
        return {
            "question": {
                "name": self.name,
                "from": self.terms.start.isoformat() if self.terms.start else None,
                "to": self.terms.end.isoformat() if self.terms.end else None,
                "where": {name: list(values) for name, values in self.terms.where},
            },
            "sentence": self.sentence,
            "panels": [panel.to_json() for panel in self.panels],
            "as_of": self.as_of.astimezone(dt.UTC).isoformat(timespec="seconds")[:19] + "Z",
            "coverage": {k: _plain(v) for k, v in vars(self.coverage).items()},
            "warnings": [
                {"code": w.code, "message": w.message, "affects": list(w.affects)}
                for w in self.warnings
            ],
        }

    def csv(self) -> str:
        """All panels as one table: a line for each figure, with its interval where it has one."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(
            ("question", "panel", "group", "figure", "unit", "value", "low", "high", "people")
        )
        for panel in self.panels:
            for row in (*panel.rows, *([panel.total] if panel.total else [])):
                writer.writerows((self.name, panel.name, *line) for line in _lines(panel, row))
        return out.getvalue()


def _lines(panel: Panel, row: Row) -> Iterator[tuple[Cell, ...]]:
    """Each figure of a row: group, figure, unit, value, low, high, people."""
    pairs = list(zip(panel.columns, row, strict=True))
    group = " · ".join(str(cell) for column, cell in pairs if column.kind == "group")
    unit = next((cell for column, cell in pairs if column.kind == "unit"), None)
    people = next((cell for column, cell in pairs if column.kind == "people"), None)
    for at, (column, cell) in enumerate(pairs):
        if column.kind in ("value", "count"):
            low, high = _bounds(pairs[at + 1 :])
            yield group, column.name, unit or column.unit, cell, low, high, people


def _bounds(following: list[tuple[PanelColumn, Cell]]) -> tuple[Cell, Cell]:
    kinds = [column.kind for column, _ in following[:2]]
    if kinds != ["low", "high"]:
        return None, None
    return following[0][1], following[1][1]


def _plain(value: Cell) -> str | int | float | None:
    return value.isoformat() if isinstance(value, dt.date) else value
