"""What a kind of CSV file is: its columns as data, and the records a row becomes.

Good rows go in, wrong ones are named by line and left out. Reading the same file again gives the
same keys, so that a row replaces what it said before.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steelyard.errors import BadFile
from steelyard.model import Record
from steelyard.sources.csv import cells
from steelyard.sources.csv.lines import (
    MAX_PROBLEMS,
    Line,
    Problem,
    Sheet,
    check_header,
    open_sheet,
    plain,
    plainer,
    width_mistake,
)

# 2026-06-01-to-2026-06-30, also with underscores: how exports of vendors name their period.
_PERIOD = re.compile(r"(\d{4}[-_]\d\d[-_]\d\d)[-_]to[-_](\d{4}[-_]\d\d[-_]\d\d)")


@dataclass(frozen=True)
class Column:
    """`aliases` are other names a vendor gave it. `read` turns a cell that is not empty into a
    value, or raises ValueError with a sentence that goes on from "it is '…', "."""

    name: str
    read: cells.Reader
    meaning: str
    example: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What one line says, by column; what is empty or has no column is not in `said`."""

    line: int
    said: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.said.get(name)

    def text(self, *names: str) -> str:
        """The cells as one text, for keys."""
        return "|".join(str(self.said.get(name, "")) for name in names)

    def fields(self, record: type[Record], **more: Any) -> dict[str, Any]:
        """The columns that the record has, as its arguments; `more` goes before them."""
        known = {f.name for f in dataclasses.fields(record)}
        return {name: value for name, value in self.said.items() if name in known} | more


@dataclass(frozen=True)
class CsvKind:
    """`later` are pairs of columns of which the second is never before the first. Exports of
    vendors are `foreign`: columns that are not known are passed over, not refused."""

    name: str
    what: str
    columns: tuple[Column, ...]
    records: Callable[[Row], Iterator[Record]]
    later: tuple[tuple[str, str], ...] = ()
    foreign: bool = False

    def template(self) -> str:
        """The header and one example row."""
        cells_ = (_quoted(column.example) for column in self.columns)
        return f"{','.join(column.name for column in self.columns)}\n{','.join(cells_)}\n"


@dataclass(frozen=True)
class CsvFile:
    """What a file says. `problems` is cut at MAX_PROBLEMS; `wrong` counts the mistakes, and a time
    that was taken to be in UTC is a problem, but no mistake."""

    records: tuple[Record, ...]
    rows: int
    wrong: int
    problems: tuple[Problem, ...]


@dataclass
class _Reading:
    """A file on its way: what is good so far, what is wrong, and on which line each key stood."""

    kind: CsvKind
    columns: list[Column | None]  # one a cell
    period: dict[str, dt.date]
    records: list[Record] = field(default_factory=list)
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)
    lines: dict[tuple[Any, ...], int] = field(default_factory=dict)
    zoneless: list[int] = field(default_factory=list)

    def take(self, line: Line) -> None:
        self.rows += 1
        said, mistakes = self._cells(line)
        if not mistakes:
            found = list(self.kind.records(Row(line.number, said)))
            mistakes = self._repeats(found, line.number)
        if mistakes:
            self.problems += [Problem(line.number, mistake) for mistake in mistakes]
        else:
            self.records += found

    def _cells(self, line: Line) -> tuple[dict[str, Any], list[str]]:
        if mistake := width_mistake(line, len(self.columns)):
            return {}, [mistake]
        said: dict[str, Any] = dict(self.period)
        mistakes = []
        for column, cell in zip(self.columns, line.cells, strict=True):
            if column is None or not cell:
                continue
            try:
                said[column.name] = self._in_utc(column.read(cell), line.number)
            except ValueError as error:
                mistakes.append(f"{column.name} is {cell!r}, {error}")
        filled = {c.name for c, cell in zip(self.columns, line.cells, strict=True) if c and cell}
        wanted = (c.name for c in self.kind.columns if c.required)
        mistakes += [f"{name} is empty" for name in wanted if name not in filled | said.keys()]
        return said, mistakes or list(self._order(said))

    def _in_utc(self, value: Any, line: int) -> Any:
        if not isinstance(value, dt.datetime):
            return value
        if value.tzinfo is None:
            self.zoneless.append(line)
            return value.replace(tzinfo=dt.UTC)
        try:
            return value.astimezone(dt.UTC)
        except OverflowError:
            raise ValueError("not a time there can be") from None

    def _order(self, said: dict[str, Any]) -> Iterator[str]:
        for first, second in self.kind.later:
            if first in said and second in said and said[second] < said[first]:
                yield f"{second} is before {first}"

    def _repeats(self, found: list[Record], number: int) -> list[str]:
        """A row with the key of an earlier one would replace it in silence."""
        for record in found:
            identity = (record.kind, record.key, getattr(record, "valid_from", None))
            earlier = self.lines.setdefault(identity, number)
            if earlier != number:
                has_id = any(column.name == "id" for column in self.kind.columns)
                hint = ": give each an id" if has_id else ""
                return [f"names the same thing as line {earlier}{hint}"]
        return []

    def done(self) -> CsvFile:
        wrong = len(self.problems)
        if self.zoneless:
            said = f"{len(self.zoneless)} times without a zone were taken to be in UTC"
            self.problems.append(Problem(self.zoneless[0], said))
        problems = sorted(self.problems, key=lambda problem: problem.line)
        return CsvFile(tuple(self.records), self.rows, wrong, tuple(problems[:MAX_PROBLEMS]))


def read_kind(kind: CsvKind, path: Path) -> CsvFile:
    """Raises BadFile or UnknownName when the file as a whole cannot be used."""
    sheet = open_sheet(path)
    period = _period(kind, sheet)
    reading = _Reading(kind, _columns(kind, sheet, period), period)
    for line in sheet.lines:
        reading.take(line)
    return reading.done()


def _columns(kind: CsvKind, sheet: Sheet, period: dict[str, dt.date]) -> list[Column | None]:
    command = f"`steelyard import csv {kind.name} --template`"
    hint = f"{command} prints the columns. Nothing was imported."
    required = [c.name for c in kind.columns if c.required and c.name not in period]
    by_name = {name: c for c in kind.columns for name in (c.name, *c.aliases)}
    if not kind.foreign:
        names = [plain(name) for name in sheet.header]
        check_header(sheet.path, names, by_name, required, hint)
        return [by_name[name] for name in names]
    columns: list[Column | None] = []
    for name in map(plainer, sheet.header):
        column = by_name.get(name)
        columns.append(column if column not in columns else None)
    found = [column.name for column in columns if column]
    check_header(sheet.path, found, found, required, hint)
    return columns


def _period(kind: CsvKind, sheet: Sheet) -> dict[str, dt.date]:
    """The days an export is about, out of its name, unless its lines say them."""
    if not kind.foreign:
        return {}
    first_day = next(column for column in kind.columns if column.name == "first_day")
    if {first_day.name, *first_day.aliases} & {plainer(name) for name in sheet.header}:
        return {}
    if found := _PERIOD.search(sheet.path.name):
        first, last = (cells.date(day.replace("_", "-")) for day in found.groups())
        return {"first_day": first, "last_day": last}
    raise BadFile(
        f"{sheet.path} does not say which days it is about.",
        "Keep the name it was downloaded under, as in"
        " spend-report-2026-06-01-to-2026-06-30.csv, or add columns first_day and last_day.",
    )


def _quoted(cell: str) -> str:
    return f'"{cell}"' if set(cell) & set(',;"\t') else cell
