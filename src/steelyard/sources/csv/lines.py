"""A CSV file as a header and numbered lines: what reading has in common, whatever the file holds.

Commas, semicolons and tabs, with or without a byte order mark. Nothing here knows a column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import BadFile, UnknownName

MAX_PROBLEMS = 50
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+")
_SIGNS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one line of the file."""

    line: int
    message: str


@dataclass(frozen=True)
class Line:
    """The cells of one line; `number` is that of its last row of text, as editors count."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Sheet:
    """A file, opened: the names of its columns as they stand, and the lines that are not blank."""

    path: Path
    header: list[str]
    lines: Iterator[Line]


def open_sheet(path: Path) -> Sheet:
    """Raises BadFile when the file cannot be read as a table at all."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines = _lines(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), path)
    header = next(lines, Line(0, []))
    return Sheet(path, header.cells, (line for line in lines if any(line.cells)))


def plain(name: str) -> str:
    """A column's name without case and blanks: `Valid From` is `valid_from`."""
    return name.lower().replace(" ", "_")


def plainer(name: str) -> str:
    """A column's name in letters, digits and underscores only, as exports of vendors need it."""
    return _SIGNS.sub("_", name.lower()).strip("_")


def check_header(
    path: Path, names: Iterable[str], known: Iterable[str], required: Iterable[str], hint: str
) -> None:
    """Raises UnknownName for a column that is not known, BadFile for one missing or doubled."""
    names, known = list(names), list(known)
    for name in names:
        if name not in known:
            raise UnknownName("column", name, known, hint)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"{path} has the column {twice[0]} twice.", "Remove one. " + hint)
    for name in required:
        if name not in names:
            raise BadFile(f"{path} has no column {name}.", hint)


def width_mistake(line: Line, width: int) -> str:
    """What is wrong with the number of cells, or ''."""
    cells = len(line.cells)
    return "" if cells == width else f"{cells} cells where the header has {width}"


def _lines(reader: Iterator[list[str]], path: Path) -> Iterator[Line]:
    try:
        for cells in reader:
            yield Line(reader.line_num, [cell.strip() for cell in cells])  # type: ignore[attr-defined]
    except csv.Error as error:
        raise BadFile(
            f"{path} is no CSV file: {error}.", "Save it as CSV in UTF-8 from a spreadsheet."
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadFile(f"There is no file {path}.", "Check the path.") from None
    except UnicodeDecodeError:
        raise BadFile(
            f"{path} is not UTF-8 text.", "Save it as CSV in UTF-8 (in Excel: 'CSV UTF-8')."
        ) from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.", "Check its rights.") from None
