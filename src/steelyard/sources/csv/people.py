"""The people file: who works here, on which team and under whom, since when.

Reads one CSV and yields one Arrow table; keeps nothing and decides nothing about the warehouse.
A file with an unknown column is refused whole; a person with a wrong row is left out whole, so
that no half of a history replaces a complete one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from steelyard.sources.csv.lines import (
    EMAIL,
    Line,
    Sheet,
    check_header,
    open_sheet,
    plain,
    width_mistake,
)
from steelyard.sources.csv.lines import MAX_PROBLEMS as MAX_PROBLEMS
from steelyard.sources.csv.lines import Problem as Problem

OPEN_END = dt.date(9999, 12, 31)
LONG_AGO = dt.date(1970, 1, 1)
TEXTS = ("name", "team", "department", "role", "level", "manager", "rollup", "office", "country")
DATES = ("start_date", "end_date", "valid_from", "valid_to")
ALIASES = ("account_id", "install_id")
COLUMNS = ("email", *TEXTS, *DATES, *ALIASES)
EXAMPLE = (
    "ada@example.com,Ada Lovelace,payments,Engineering,Engineer,Senior,grace@example.com,"
    "cto@example.com,London,GB,2024-03-01,,2025-01-01,,user_01ABC,"
)

# The columns of the warehouse's table `people`, and the person's other identities.
_TYPES: list[tuple[str, pa.DataType]] = [
    ("person", pa.string()),  # the e-mail in lower case
    ("email", pa.string()),
    *[(name, pa.string()) for name in TEXTS],
    *[(name, pa.date32()) for name in DATES],
    ("account_ids", pa.list_(pa.string())),
    ("install_ids", pa.list_(pa.string())),
]
PEOPLE = pa.schema(_TYPES)
IDENTITIES = pa.schema([(name, pa.string()) for name in ("kind", "value", "person")])

_HINT = "`steelyard import csv people --template` prints the columns. Nothing was imported."


@dataclass(frozen=True)
class PeopleFile:
    """What a file says. `problems` is cut at MAX_PROBLEMS, `wrong` counts them all."""

    table: pa.Table
    people: int
    left_out: tuple[str, ...]  # people with a wrong row
    problems: tuple[Problem, ...]
    wrong: int


@dataclass(frozen=True)
class _Row:
    line: int
    texts: dict[str, str]
    dates: dict[str, dt.date | None]

    @property
    def person(self) -> str:
        return self.texts["email"]

    @property
    def since(self) -> dt.date:
        return self.dates["valid_from"] or self.dates["start_date"] or LONG_AGO


def template() -> str:
    """The header and one example row."""
    return f"{','.join(COLUMNS)}\n{EXAMPLE}\n"


def read_people(path: Path) -> PeopleFile:
    """Read a people CSV. Raises BadFile or UnknownName when the file as a whole cannot be used."""
    problems: list[Problem] = []
    rows, wrong_people = _rows(open_sheet(path), problems)
    histories = _histories(rows, problems, wrong_people)
    _check_aliases(histories, problems, wrong_people)
    good = [row for person in sorted(histories.keys() - wrong_people) for row in histories[person]]
    problems.sort(key=lambda problem: problem.line)
    return PeopleFile(
        table=pa.Table.from_pylist(good, schema=PEOPLE),
        people=len(histories.keys() - wrong_people),
        left_out=tuple(sorted(filter(None, wrong_people))),
        problems=tuple(problems[:MAX_PROBLEMS]),
        wrong=len(problems),
    )


def identities(table: pa.Table) -> pa.Table:
    """Which e-mail, account and install id belongs to which person, from a PEOPLE table."""
    found = {
        (kind, value, row["person"])
        for row in table.select(["person", "account_ids", "install_ids"]).to_pylist()
        for kind, values in (
            ("email", [row["person"]]),
            ("account", row["account_ids"]),
            ("install", row["install_ids"]),
        )
        for value in values
    }
    named = [dict(zip(IDENTITIES.names, each, strict=True)) for each in sorted(found)]
    return pa.Table.from_pylist(named, schema=IDENTITIES)


def _rows(sheet: Sheet, problems: list[Problem]) -> tuple[list[_Row], set[str]]:
    """All readable rows, and the people of those that are not."""
    header = [plain(name) for name in sheet.header]
    check_header(sheet.path, header, COLUMNS, ("email",), _HINT)
    rows, wrong = [], set()
    for line in sheet.lines:
        row, mistakes = _row(header, line)
        problems.extend(Problem(line.number, mistake) for mistake in mistakes)
        if mistakes:
            wrong.add(row.person)
        else:
            rows.append(row)
    return rows, wrong


def _row(header: list[str], line: Line) -> tuple[_Row, list[str]]:
    given = dict(zip(header, line.cells, strict=False))
    texts = {name: given.get(name, "") for name in ("email", *TEXTS, *ALIASES)}
    texts["email"] = texts["email"].lower()
    for name in ("manager", "rollup"):
        if "@" in texts[name]:
            texts[name] = texts[name].lower()
    mistakes = list(_cell_mistakes(header, line, texts["email"]))
    dates: dict[str, dt.date | None] = {}
    for name in DATES:
        try:
            dates[name] = dt.date.fromisoformat(given[name]) if given.get(name) else None
        except ValueError:
            mistakes.append(f"{name} is {given[name]!r}, not a date such as 2026-03-31")
            dates[name] = None
    row = _Row(line.number, texts, dates)
    return row, mistakes or list(_order_mistakes(row))


def _cell_mistakes(header: list[str], line: Line, email: str) -> Iterator[str]:
    if mistake := width_mistake(line, len(header)):
        yield mistake
    elif not email:
        yield "email is empty"
    elif not EMAIL.fullmatch(email):
        yield f"email is {email!r}, not an address such as ada@example.com"


def _order_mistakes(row: _Row) -> Iterator[str]:
    start, end, until = (row.dates[name] for name in ("start_date", "end_date", "valid_to"))
    if start and end and end < start:
        yield f"end_date {end} is before start_date {start}"
    if until and until < row.since:
        yield f"valid_to {until} is before valid_from {row.since}"


def _histories(
    rows: Iterable[_Row], problems: list[Problem], wrong: set[str]
) -> dict[str, list[dict[str, object]]]:
    """Rows of each person in order of time; a row without valid_to ends where the next begins."""
    by_person: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        same = any((row.texts, row.dates) == (o.texts, o.dates) for o in by_person[row.person])
        if not same:
            by_person[row.person].append(row)
    histories = {}
    for person, history in by_person.items():
        history.sort(key=lambda row: row.since)
        ends = [*(row.since - dt.timedelta(1) for row in history[1:]), OPEN_END]
        for row, end in zip(history, ends, strict=True):
            if end < max(row.since, row.dates["valid_to"] or row.since):
                problems.append(Problem(row.line, f"the time of {person} overlaps another row's"))
                wrong.add(person)
        histories[person] = [_record(row, end) for row, end in zip(history, ends, strict=True)]
    return histories


def _record(row: _Row, end: dt.date) -> dict[str, object]:
    return {
        "person": row.person,
        **{name: row.texts[name] for name in ("email", *TEXTS)},
        **row.dates,
        "valid_from": row.since,
        "valid_to": row.dates["valid_to"] or end,
        "account_ids": row.texts["account_id"].split(),
        "install_ids": row.texts["install_id"].split(),
        "line": row.line,
    }


def _check_aliases(
    histories: dict[str, list[dict[str, object]]], problems: list[Problem], wrong: set[str]
) -> None:
    """An account or install id belongs to one person."""
    owner: dict[tuple[str, str], str] = {}
    for person, records in histories.items():
        for record in records:
            for column in ("account_ids", "install_ids"):
                for value in record[column]:  # type: ignore[attr-defined]
                    other = owner.setdefault((column, value), person)
                    if other != person:
                        what = f"{column[:-1]} {value} belongs to {other} too"
                        problems.append(Problem(int(str(record["line"])), what))
                        wrong.update((person, other))
