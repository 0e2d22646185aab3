"""A chart with its finding, its rows and what its columns mean: for a page, a file or a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from steelyard.reports.draw import Format, draw

Unit = Literal["words", "percent", "number", "count"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table under a chart. `percent` is signed and out of 100."""

    key: str
    label: str
    unit: Unit = "number"


@dataclass(frozen=True, eq=False)
class Picture:
    """`title` says what is to be seen, `measure` what is drawn; `rows` are all figures of both."""

    name: str
    title: str
    measure: str
    spec: Mapping[str, Any]
    rows: Sequence[Row]
    columns: tuple[Column, ...]

    def draw(self, kind: Format = "svg") -> bytes:
        return draw(self.spec, self.rows, self.title, self.measure, kind)
