"""An answer: rows with the question they answer, how fresh they are and what they rest on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from steelyard.errors import UsageError
from steelyard.metrics.question import Question

Cell = str | int | float | dt.date | None


@dataclass(frozen=True)
class Column:
    """One column of the rows. `unit` is empty for dimensions; `metric` names the definition.

    `whole` numbers are counts.
    """

    name: str
    kind: Literal["dimension", "metric", "previous", "change"]
    unit: str = ""
    metric: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Coverage:
    """What the numbers rest on. None means unknown.

    `people_matched`: share of active people found in the people table. `sessions`: distinct
    sessions with work in scope. `silent_people`: employed people in scope without any work.
    `first_day` and `last_day`: between which anything in scope was recorded.
    """

    people_matched: float | None = None
    sessions: int | None = None
    silent_people: int | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None


@dataclass(frozen=True)
class Note:
    """Something a careful reader must know; `affects` names the metrics concerned."""

    code: str
    message: str
    affects: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """`rows` follow `columns`; a dimension that was not said is None, so is an unknown number.

    `question` has real dates. `totals` is the row of the same question without its breakdown,
    asked anew (ratios do not add up), or None when it was not wanted.
    """

    question: Question
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    as_of: dt.datetime
    coverage: Coverage
    warnings: tuple[Note, ...] = ()
    totals: tuple[Cell, ...] | None = None

    def records(self) -> Iterator[dict[str, Cell]]:
        """Each row by column name."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def value(self, metric: str) -> Cell:
        """The metric's single value; a UsageError when the answer has not exactly one row."""
        if len(self.rows) != 1:
            raise UsageError(f"{metric} has {len(self.rows)} values here.", "Ask without `by`.")
        return next(self.records())[metric]

    def to_json(self) -> dict[str, Any]:
        """The answer as the command line and the API print it."""
        said: dict[str, Any] = {
            "question": self.question.to_json(),
            "rows": [{k: _plain(v) for k, v in row.items()} for row in self.records()],
            "as_of": self.as_of.astimezone(dt.UTC).isoformat(timespec="seconds")[:19] + "Z",
            "coverage": {k: _plain(v) for k, v in vars(self.coverage).items()},
            "warnings": [
                {"code": w.code, "message": w.message, "affects": list(w.affects)}
                for w in self.warnings
            ],
        }
        if self.totals is not None:
            names = [c.name for c in self.columns]
            pairs = zip(names, self.totals, strict=True)
            said["totals"] = {k: _plain(v) for k, v in pairs if k not in self.question.by}
        return said

    def csv(self) -> str:
        """The rows as CSV with a header line."""
        from steelyard.metrics.export import to_csv

        return to_csv(self)

    def parquet(self, path: Path) -> None:
        """Write the rows to a Parquet file."""
        from steelyard.metrics.export import to_parquet

        to_parquet(self, path)


def _plain(value: Cell) -> str | int | float | None:
    return value.isoformat() if isinstance(value, dt.date) else value
