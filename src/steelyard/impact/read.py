"""From a table to a Panel or a Trial: what rows say is checked here, and only here.

What is wrong raises BadPanel with the line of the file; what is handled is said in notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steelyard.errors import BadPanel, BadValue
from steelyard.impact.axis import Axis, read_axis
from steelyard.impact.columns import MISSING, NEVER, Columns, bare, flags, line, numbers, words
from steelyard.impact.panel import Flags, Floats, Ints, Panel, Trial, Words
from steelyard.impact.result import Note
from steelyard.impact.rows import Cells, Rows, fill, in_order
from steelyard.impact.study import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "read_panel", "read_trial"]


def read_panel(
    table: pd.DataFrame, columns: Columns, kind: Kind, start: str = "", end: str = ""
) -> Panel:
    """The panel that a table says, between two periods (both included) where they are given.

    Durations are kept as mean logarithms, durations and shares with how many items a cell has.
    """
    columns.check(table)
    if not columns.unit or not columns.time:
        raise BadPanel(
            "A panel needs a unit and a time column.",
            "--unit and --time; single tasks that were assigned at random need --block instead.",
        )
    table, axis = _between(table, columns.time, start, end)
    rows = _rows(table, columns, axis)
    cells, notes = fill(rows, kind, _outcomes(table, columns, kind), len(axis.labels))
    begin, more = _starts(rows, axis, cells)
    return in_order(rows, axis, cells, begin, (*axis.notes, *notes, *more))


def _between(table: pd.DataFrame, time: str, start: str, end: str) -> tuple[pd.DataFrame, Axis]:
    said = words(table, time)
    empty = said.str.lower().isin(MISSING).to_numpy()
    if empty.any():
        raise BadPanel(f"{time} is empty.", row=line(table, int(np.argmax(empty))))
    axis = read_axis(said.unique())
    if not start and not end:
        return table, axis
    low = _limit(axis, start) if start else axis.numbers[0]
    high = _limit(axis, end) if end else axis.numbers[-1]
    by_label = zip(axis.labels, axis.numbers, strict=True)
    inside = {label for label, number in by_label if low <= number <= high}
    kept = table[said.isin(inside).to_numpy()]
    if kept.empty:
        raise BadValue(
            f"No rows from {start or axis.labels[0]} to {end or axis.labels[-1]}.",
            f"The table has {axis.labels[0]} to {axis.labels[-1]}.",
        )
    return kept, read_axis(words(kept, time).unique())


def _limit(axis: Axis, text: str) -> int:
    try:
        return axis.number(text)
    except ValueError:
        raise BadValue(
            f"{text!r} is no {axis.form} as the time column has them.",
            f"Write it like {axis.labels[0]}.",
        ) from None


def _rows(table: pd.DataFrame, columns: Columns, axis: Axis) -> Rows:
    codes, labels = _codes(table, columns.unit)
    said = words(table, columns.time)
    distinct = said.unique()
    index, _ = axis.place(distinct)
    where = dict(zip(distinct, index.tolist(), strict=True))
    return Rows(table, columns, labels, codes, said.map(where).to_numpy().astype(np.int64))


def _codes(table: pd.DataFrame, name: str) -> tuple[Ints, tuple[str, ...]]:
    import pandas as pd

    said = words(table, name)
    empty = (said == "").to_numpy()
    if empty.any():
        raise BadPanel(f"{name} is empty.", row=line(table, int(np.argmax(empty))))
    codes, labels = pd.factorize(said, sort=True)
    return codes.astype(np.int64), tuple(map(str, labels))


def _outcomes(table: pd.DataFrame, columns: Columns, kind: Kind) -> Floats:
    """Outcomes as numbers that the kind allows; durations as logarithms."""
    values = _allowed(table, columns, kind)
    return np.log(values) if kind == "duration" else values


def _allowed(table: pd.DataFrame, columns: Columns, kind: Kind) -> Floats:
    values = numbers(table, columns.outcome)
    rules = {
        "count": (values < 0, "A count cannot be negative", "--kind amount takes any number."),
        "duration": (values <= 0, "A duration must be above 0", "Leave unknown ones empty."),
        "share": ((values < 0) | (values > 1), "A share is from 0 to 1", "30 % is written 0.3."),
    }
    bad, told, hint = rules.get(kind, (np.zeros(len(values), dtype=bool), "", ""))
    if bad.any():
        at = int(np.argmax(bad))
        raise BadPanel(f"{told}: {values[at]:g} in {columns.outcome}.", hint, line(table, at))
    return values


def _starts(rows: Rows, axis: Axis, cells: Cells) -> tuple[Ints, list[Note]]:
    """First treated index of every unit (T = never) from the flag or from the date."""
    columns = rows.columns
    if bool(columns.treated) == bool(columns.adopted):
        raise BadPanel(
            "It is not said who was treated when.",
            "Either --treated (1 in treated rows) or --adopted (each unit's first treated period).",
        )
    n, length = cells.outcome.shape
    return _adoptions(rows, axis, n, length) if columns.adopted else _switches(rows, n, length)


def _switches(rows: Rows, n: int, length: int) -> tuple[Ints, list[Note]]:
    on = flags(rows.table, rows.columns.treated)
    start = np.full(n, length, dtype=np.int64)
    np.minimum.at(start, rows.codes[on], rows.period[on])
    off = ~on & (rows.period >= start[rows.codes])
    if off.any():
        at = int(np.argmax(off))
        unit, when = rows.said(at)
        raise BadPanel(
            f"The treatment of {unit} switches off at {when}: weeks with the assistant against"
            " weeks without are chosen by who works how, so comparing them says nothing of cause.",
            "Mark a unit as treated from its first treated period on, whether or not it was used.",
            line(rows.table, at),
        )
    return _around_gaps(rows, on, start, length)


def _around_gaps(rows: Rows, on: Flags, start: Ints, length: int) -> tuple[Ints, list[Note]]:
    """A unit not seen just before its first treated row may have started in the gap: then it is
    taken to have started with most of those whose start was seen."""
    last = np.full(len(start), -1, dtype=np.int64)
    np.maximum.at(last, rows.codes[~on], rows.period[~on])
    unsure = (start < length) & (last >= 0) & (last < start - 1)
    sure = np.bincount(start[(start < length) & (last == start - 1)], minlength=length)
    moved = 0
    for unit in np.flatnonzero(unsure):
        gap = sure[last[unit] + 1 : start[unit] + 1]
        if gap.any():
            begun = last[unit] + 1 + int(np.argmax(gap))
            moved += int(begun < start[unit])
            start[unit] = begun
    if not moved:
        return start, []
    told = f"{moved:,} units were not seen when others started and are taken to have started then."
    return start, [Note("start_in_gap", told)]


def _adoptions(rows: Rows, axis: Axis, n: int, length: int) -> tuple[Ints, list[Note]]:
    name = rows.columns.adopted
    said = words(rows.table, name)
    distinct = list(said[~said.str.lower().isin(NEVER)].unique())
    try:
        index, exact = axis.place(distinct)
    except ValueError:
        raise BadPanel(
            f"{name} cannot be read on the calendar of {rows.columns.time}.",
            f"Write it like {axis.labels[0]}; empty, 0 or never for units without treatment.",
        ) from None
    where = dict(zip(distinct, np.maximum(index, 0).tolist(), strict=True))
    each = said.map(where).fillna(length).to_numpy().astype(np.int64)
    start = np.full(n, -1, dtype=np.int64)
    start[rows.codes] = each
    differs = start[rows.codes] != each
    if differs.any():
        at = int(np.argmax(differs))
        raise BadPanel(
            f"{rows.said(at)[0]} has more than one value in {name}.",
            "A unit's first treated period is the same in all its rows.",
            line(rows.table, at),
        )
    if np.any((index < length) & (index >= 0) & ~exact):
        told = "Some start inside a period: that whole period counts as treated."
        return start, [Note("start_inside_period", told)]
    return start, []


def read_trial(table: pd.DataFrame, columns: Columns, kind: Kind) -> Trial:
    """The trial that a table of single tasks says. Tasks without an outcome are left out, said.

    Durations stay as they are (not logarithms): what has not ended yet may be among them.
    """
    columns.check(table)
    if not columns.treated:
        raise BadPanel("It is not said which tasks were treated.", "--treated: 1 or 0 a task.")
    values = _allowed(table, columns, kind)
    known = ~np.isnan(values)
    notes = []
    if not known.all():
        told = f"{int((~known).sum()):,} tasks have no {columns.outcome} and are left out."
        notes.append(Note("empty_outcomes", told))
    table, values = table[known], values[known]
    known_before = {name: numbers(table, bare(name)) for name in columns.covariates}
    lacking = np.zeros(len(values), dtype=bool)
    for each in known_before.values():
        lacking |= np.isnan(each)
    if lacking.any():
        told = f"{int(lacking.sum()):,} tasks lack a covariate and are left out."
        notes.append(Note("covariate_missing", told))
        table, values = table[~lacking], values[~lacking]
        known_before = {name: each[~lacking] for name, each in known_before.items()}
    return _trial(table, columns, values, known_before, tuple(notes))


def _trial(
    table: pd.DataFrame,
    columns: Columns,
    values: Floats,
    known_before: dict[str, Floats],
    notes: tuple[Note, ...],
) -> Trial:
    treated = flags(table, columns.treated)
    named = columns.cluster or columns.block
    block, blocks = _grouping(table, columns.block, treated, values)
    cluster, clusters = _grouping(table, named, treated, values)
    order = np.lexsort((*known_before.values(), values, treated, cluster, block))
    if not columns.cluster:  # each task is its own
        cluster, clusters = np.argsort(order), tuple(map(str, range(len(values))))
    return Trial(
        outcome=values[order],
        treated=treated[order],
        block=block[order],
        cluster=cluster[order],
        blocks=blocks,
        clusters=clusters,
        blocked=bool(columns.block),
        clustered=bool(columns.cluster) and len(clusters) < len(values),
        covariates={name: each[order] for name, each in known_before.items()},
        traits={name: _words(table, name)[order] for name in columns.exact},
        notes=notes,
    )


def _words(table: pd.DataFrame, name: str) -> Words:
    said: Words = words(table, name).to_numpy().astype(np.str_)
    return said


def _grouping(
    table: pd.DataFrame, name: str, treated: Flags, values: Floats
) -> tuple[Ints, tuple[str, ...]]:
    """Codes of a column, its values in the order of what was observed in them."""
    if not name:
        return np.zeros(len(values), dtype=np.int64), ("",)
    codes, labels = _codes(table, name)
    seen: list[list[tuple[bool, float]]] = [[] for _ in labels]
    for code, flag, value in zip(codes.tolist(), treated.tolist(), values.tolist(), strict=True):
        seen[code].append((flag, value))
    order = sorted(range(len(labels)), key=lambda code: sorted(seen[code]))
    return np.argsort(order)[codes], tuple(labels[code] for code in order)
