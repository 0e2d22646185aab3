"""From rows to the arrays of a Panel: one cell a unit and period, units in an order of their own.

The order follows what was observed, not labels or rows, so that sums, draws and ties fall alike
however the table was sorted or its units called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.errors import BadPanel
from steelyard.impact.axis import Axis
from steelyard.impact.columns import Columns, bare, line, numbers, words
from steelyard.impact.panel import Floats, Ints, Panel, Words
from steelyard.impact.result import Note

if TYPE_CHECKING:
    import pandas as pd

CELLS_MAX = 200_000_000


@dataclass(frozen=True, eq=False)
class Rows:
    """A table with the unit and the period of every row as numbers; `labels` names the units."""

    table: pd.DataFrame
    columns: Columns
    labels: tuple[str, ...]
    codes: Ints
    period: Ints

    def said(self, at: int) -> tuple[str, str]:
        """Unit and period of a row as the table writes them."""
        unit, time = self.columns.unit, self.columns.time
        return words(self.table, unit).iloc[at], words(self.table, time).iloc[at]


@dataclass(frozen=True, eq=False)
class Cells:
    """Outcomes (n, T) with NaN where nothing was seen, and items a cell (None where rows are)."""

    outcome: Floats
    weight: Floats | None


def fill(rows: Rows, kind: str, values: Floats, length: int) -> tuple[Cells, list[Note]]:
    """Put rows into cells. Raises BadPanel for two rows of one unit and period, unless rows are
    items (durations, shares): then a cell is their mean and knows how many they are."""
    shape = (len(rows.labels), length)
    size = shape[0] * shape[1]
    if size > CELLS_MAX:
        raise BadPanel(f"{shape[0]:,} units by {shape[1]:,} periods are too many cells.")
    place = rows.codes * length + rows.period
    _, first = np.unique(place, return_index=True)
    notes = _empty(values, rows.columns)
    if kind not in ("duration", "share"):
        if len(first) < len(place):
            _refuse_twins(rows, first)
        outcome = np.full(size, np.nan)
        outcome[place] = values
        return Cells(outcome.reshape(shape), None), notes
    if len(first) < len(place):
        notes.append(Note("rows_are_items", "Several rows a unit and period: cells are means."))
    weight = _weights(rows, values)
    total = np.bincount(place, np.nan_to_num(values) * weight, size)
    items = np.bincount(place, weight, size).astype(float)
    mean = np.divide(total, items, out=np.full(size, np.nan), where=items > 0)
    return Cells(mean.reshape(shape), items.reshape(shape)), notes


def _weights(rows: Rows, values: Floats) -> Floats:
    weight = np.ones(len(values))
    if rows.columns.weight:
        weight = np.nan_to_num(numbers(rows.table, rows.columns.weight))
        if (weight < 0).any():
            at = int(np.argmax(weight < 0))
            raise BadPanel(f"{rows.columns.weight} is negative.", row=line(rows.table, at))
    weight[np.isnan(values)] = 0
    return weight


def _refuse_twins(rows: Rows, first: Ints) -> None:
    again = np.ones(len(rows.codes), dtype=bool)
    again[first] = False
    at = int(np.argmax(again))
    unit, when = rows.said(at)
    raise BadPanel(
        f"{unit} has more than one row for {when} ({int(again.sum()):,} rows too many in all).",
        "One row a unit and period: add counts up first; single tasks need --block, or --kind"
        " duration.",
        line(rows.table, at),
    )


def _empty(values: Floats, columns: Columns) -> list[Note]:
    empty = int(np.isnan(values).sum())
    if not empty:
        return []
    return [Note("empty_outcomes", f"{empty:,} rows have no {columns.outcome}: missing, never 0.")]


def in_order(rows: Rows, axis: Axis, cells: Cells, start: Ints, notes: tuple[Note, ...]) -> Panel:
    """The panel, its units in the order of start and outcomes, clusters as they first come."""
    known, lacking = covariates(rows, start, len(axis.labels))
    cluster, moved = _clusters(rows)
    filled = np.nan_to_num(cells.outcome, nan=-np.inf)
    order = np.lexsort((*filled.T[::-1], start))
    names, coded = _as_they_come(cluster[order])
    own = rows.columns
    return Panel(
        outcome=cells.outcome[order],
        start=start[order],
        cluster=coded,
        steps=axis.steps.astype(np.int64),
        units=tuple(rows.labels[i] for i in order),
        periods=axis.labels,
        clusters=names,
        clustered=own.cluster not in ("", own.unit),
        weight=None if cells.weight is None else cells.weight[order],
        covariates={name: values[order] for name, values in known.items()},
        traits={name: first_said(rows, name)[order] for name in own.exact},
        notes=(*notes, *lacking, *moved),
    )


def _as_they_come(names: Words) -> tuple[tuple[str, ...], Ints]:
    distinct, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return tuple(str(distinct[i]) for i in np.argsort(first)), rank[inverse].astype(np.int64)


def first_said(rows: Rows, name: str) -> Words:
    """What each unit's earliest row says in a column."""
    order = np.lexsort((rows.period, rows.codes))
    _, at = np.unique(rows.codes[order], return_index=True)
    said: Words = words(rows.table, name).to_numpy().astype(np.str_)[order][at]
    return said


def _clusters(rows: Rows) -> tuple[Words, list[Note]]:
    name = rows.columns.cluster
    if name in ("", rows.columns.unit):
        return np.array(rows.labels, dtype=np.str_), []
    said = words(rows.table, name).to_numpy().astype(np.str_)
    if (said == "").any():
        raise BadPanel(f"{name} is empty.", row=line(rows.table, int(np.argmax(said == ""))))
    first = first_said(rows, name)
    moved = len(np.unique(rows.codes[said != first[rows.codes]]))
    if not moved:
        return first, []
    told = f"{moved:,} units change their {name}: each stays with its first one."
    return first, [Note("moved_units", told)]


def covariates(rows: Rows, start: Ints, length: int) -> tuple[dict[str, Any], list[Note]]:
    """Means over rows before anybody's treatment: what comes after may be its consequence."""
    dates = start[(start > 0) & (start < length)]
    before = rows.period < (dates.min() if len(dates) else length)
    found: dict[str, Any] = {}
    notes: list[Note] = []
    n = len(start)
    for name in map(bare, rows.columns.covariates):
        values = numbers(rows.table, name)
        known = before & ~np.isnan(values)
        count = np.bincount(rows.codes[known], minlength=n)
        total = np.bincount(rows.codes[known], values[known], minlength=n)
        found[name] = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
        if (count == 0).any():
            told = f"{int((count == 0).sum()):,} units have no {name} before the first start."
            notes.append(Note("covariate_missing", told))
    return found, notes
