"""The page People as data: the same rows, behind the same floor, for .json and .csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from steelyard.errors import UnknownName
from steelyard.web.answers import Line
from steelyard.web.organisation import Organisation
from steelyard.web.people_asking import FIGURES, SCORES, Asked
from steelyard.web.people_view import TABLES, PeopleView
from steelyard.web.privacy import TOO_FEW, is_hidden
from steelyard.web.scorecard import ATTRIBUTES, record

Record = dict[str, object]
NOTE = "note"  # says why a row has no figures


def as_json(view: PeopleView, known: Organisation, asked: Asked) -> dict[str, Any]:
    """Everything the page shows."""
    tables = {name: rows(name, view, known, asked) for name in TABLES}
    return {
        "from": view.period.start.isoformat(),
        "to": view.period.end.isoformat(),
        "where": {name: list(values) for name, values in view.where.items()},
        "totals": _record(asked.totals),
        "by": view.by,
        **tables,
        "matched": dict(asked.covered.now),
    }


def rows(table: str, view: PeopleView, known: Organisation, asked: Asked) -> list[Record]:
    """The rows of one of the page's tables."""
    if table == "people":
        return [record(known, line) for line in asked.scores or ()]
    return [_record(line) for line in (asked.groups if table == "groups" else asked.managers)]


def columns(table: str, view: PeopleView) -> tuple[str, ...]:
    if table == "people":
        return ("person", "name", *ATTRIBUTES, *SCORES)
    by = (view.by,) if table == "groups" else ("rollup", "manager")
    return (*by, *FIGURES, NOTE)


def as_csv(table: str, view: PeopleView, known: Organisation, asked: Asked) -> str:
    """One table. Raises UnknownName for another."""
    if table not in TABLES:
        raise UnknownName("table", table, TABLES)
    return _written(columns(table, view), rows(table, view, known, asked))


def _written(names: Sequence[str], found: Iterable[Record]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()


def _record(line: Line) -> Record:
    if is_hidden(line):
        return {**line.names, **dict.fromkeys(FIGURES), NOTE: TOO_FEW}
    return {**line.names, **line.now, NOTE: ""}
