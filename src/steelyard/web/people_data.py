"""The page Organisation as data: the same rows, for .json, .csv and .parquet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from steelyard.errors import BadValue, UnknownName
from steelyard.web.answers import Line
from steelyard.web.files import Table, table_file
from steelyard.web.organisation import Organisation
from steelyard.web.people_asking import FIGURES, SCORES, Asked
from steelyard.web.people_view import TABLES, PeopleView
from steelyard.web.scorecard import ATTRIBUTES, record

Record = dict[str, object]
WHY_NOT = "The page Organisation says why, and who can change it."


def as_json(
    view: PeopleView, known: Organisation, asked: Asked, strangers: Iterable[str]
) -> dict[str, Any]:
    """Everything the page shows; `people` is null where single people are not shown."""
    tables = {
        name: None if name == "people" and asked.scores is None else rows(name, known, asked)
        for name in TABLES
    }
    return {
        "from": view.period.start.isoformat(),
        "to": view.period.end.isoformat(),
        "where": {name: list(values) for name, values in view.where.items()},
        "totals": _record(asked.totals),
        "by": view.by,
        **tables,
        "matched": dict(asked.covered.now),
        "unmatched": list(strangers),
    }


def rows(table: str, known: Organisation, asked: Asked) -> list[Record]:
    """The rows of one of the page's tables; the tree's are those of its lowest level."""
    if table == "people":
        return [record(known, line) for line in asked.scores or ()]
    return [_record(line) for line in (asked.groups if table == "groups" else asked.below[-1])]


def columns(table: str, view: PeopleView, asked: Asked) -> tuple[str, ...]:
    if table == "people":
        return ("person", "name", *ATTRIBUTES, *SCORES)
    places = ("rollup", "manager") if len(asked.below) == 1 else ("rollup", "department", "team")
    return (*((view.by,) if table == "groups" else places), *FIGURES)


def file(table: str, kind: Table, view: PeopleView, known: Organisation, asked: Asked) -> Response:
    """One table. Raises UnknownName for another, BadValue where it may not be shown."""
    if table not in TABLES:
        raise UnknownName("table", table, TABLES)
    if table == "people" and asked.scores is None:
        raise BadValue("Single people are not shown here.", WHY_NOT)
    name = f"organisation-{table}-{view.period.start}-{view.period.end}"
    return table_file(rows(table, known, asked), columns(table, view, asked), kind, name)


def _record(line: Line) -> Record:
    return {**line.names, **{name: _plain(number) for name, number in line.now.items()}}


def _plain(number: float | None) -> float | None:
    """Counts without a decimal point."""
    return int(number) if number is not None and number.is_integer() else number
