"""Units at one time that may be paired: from a table, and their optimal pairs.

What was measured after treatment must not be among the covariates; nobody but the user knows that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steelyard.errors import BadPanel, UnknownName
from steelyard.impact.balance import Balance, balance, refusal
from steelyard.impact.columns import flags, numbers, words
from steelyard.impact.pairing import gaps, log_odds, mahalanobis, pooled, presented, within
from steelyard.impact.panel import Flags, Floats, Ints
from steelyard.impact.result import CannotSay, Note

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Candidates:
    """(n,) units in an order of their contents, whatever order the rows had.

    covariates (n, k) with `names`; cell (n,) codes of what must agree exactly, `cells` in words;
    outcome (n,) with NaN where unknown, or None where none was given.
    """

    units: tuple[str, ...]
    treated: Flags
    names: tuple[str, ...]
    covariates: Floats
    cell: Ints
    cells: tuple[str, ...]
    outcome: Floats | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Choice:
    """Pairs of a table: (P,) indices of units, with their balance and why they may not do."""

    treated: Ints
    control: Ints
    distance: Floats
    unmatched: Ints
    balance: tuple[Balance, ...]
    refusal: CannotSay | None

    @property
    def coverage(self) -> float:
        asked = len(self.treated) + len(self.unmatched)
        return len(self.treated) / asked if asked else 0.0

    def differences(self, units: Candidates) -> Floats:
        """(P,) treated less control in the outcome; empty without one."""
        if units.outcome is None:
            return np.empty(0)
        return np.asarray(units.outcome[self.treated] - units.outcome[self.control])


def read_candidates(
    table: pd.DataFrame,
    unit: str,
    treated: str,
    covariates: Sequence[str],
    exact: Sequence[str] = (),
    outcome: str = "",
) -> Candidates:
    """The candidates that a table says, one row a unit. Raises BadPanel for what cannot be read."""
    for name in filter(None, (unit, treated, outcome, *covariates, *exact)):
        if name not in table.columns:
            raise UnknownName("column", name, map(str, table.columns))
    if not covariates and not exact:
        raise BadPanel("Nothing to match on.", "--covariates for numbers, --exact for words.")
    units = words(table, unit)
    if units.duplicated().any():
        twice = units[units.duplicated()].iloc[0]
        raise BadPanel(
            f"{twice!r} has several rows: a table to match has one row a unit.",
            "Give --time for a panel of units by periods.",
        )
    known = [numbers(table, name) for name in covariates]
    content = np.column_stack(known) if known else np.empty((len(table), 0))
    with_it = flags(table, treated)
    seen = numbers(table, outcome) if outcome else None
    complete = np.asarray(~np.isnan(content).any(axis=1), dtype=np.bool_)
    both = with_it[complete]
    if both.all() or not both.any():
        raise BadPanel(
            f"{treated} is the same in all rows: there are no two groups to match.",
            "1 in rows of treated units, 0 in rows of those that may be controls.",
        )
    cells, code = _exact(table, exact)
    order = _order(code, with_it, content, seen, units.tolist())
    order = order[complete[order]]
    return Candidates(
        units=tuple(str(units.iloc[i]) for i in order),
        treated=with_it[order],
        names=tuple(covariates),
        covariates=content[order],
        cell=code[order],
        cells=cells,
        outcome=None if seen is None else seen[order],
        notes=_notes(complete, seen, outcome),
    )


def _exact(table: pd.DataFrame, exact: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    columns = [(name + "=" + words(table, name)).tolist() for name in exact]
    told = [" x ".join(parts) for parts in zip(*columns, strict=True)] or [""] * len(table)
    cells, code = np.unique(told, return_inverse=True)
    return tuple(map(str, cells)), code.astype(np.int64)


def _order(
    code: Ints, treated: Flags, content: Floats, outcome: Floats | None, units: list[str]
) -> Ints:
    """By contents; labels only tell rows apart that are the same in everything."""
    _, label = np.unique(units, return_inverse=True)
    seen = np.zeros(len(code)) if outcome is None else np.nan_to_num(outcome, nan=np.inf)
    keys = [label, seen, *np.nan_to_num(content, nan=np.inf).T[::-1], treated, code]
    return np.asarray(np.lexsort(keys), dtype=np.int64)


def _notes(complete: Flags, outcome: Floats | None, name: str) -> tuple[Note, ...]:
    notes = []
    if not complete.all():
        told = f"{int((~complete).sum())} units without one of the covariates are left out."
        notes.append(Note("incomplete_units", told))
    if outcome is not None and np.isnan(outcome[complete]).any():
        many = int(np.isnan(outcome[complete]).sum())
        notes.append(
            Note("unknown_outcomes", f"{many} units have no {name}: matched, not compared.")
        )
    return tuple(notes)


def pair(units: Candidates, caliper: float | None, distance: str, seed: int) -> Choice:
    """Optimal pairs within exact cells. `seed` decides between equally good ones only."""
    own, others = np.flatnonzero(units.treated), np.flatnonzero(~units.treated)
    apart = _distances(units, own, others, caliper, distance)
    if isinstance(apart, CannotSay):
        none = np.empty(0, dtype=np.int64)
        return _choice(units, (own, others), (none, none, np.empty(0)), apart)
    content = np.column_stack([units.cell, units.covariates])
    orders = (presented(content[own], seed), presented(content[others], seed + 1_000_003))
    found = within((units.cell[own], units.cell[others]), apart, orders)
    pairs = (own[found.treated], others[found.control], found.distance)
    return _choice(units, (own, others), pairs, None)


def _distances(
    units: Candidates, own: Ints, others: Ints, caliper: float | None, distance: str
) -> Floats | CannotSay:
    """(treated, controls); inf where the caliper forbids a pair.

    The caliper is on the propensity score (on the covariate itself where there is only one), also
    where pairs are chosen by another distance: Rosenbaum and Rubin 1985, American Statistician 39.
    """
    x = units.covariates
    if not x.shape[1]:
        return np.zeros((len(own), len(others)))
    shared = np.isin(units.cell, np.intersect1d(units.cell[own], units.cell[others]))
    score = np.zeros(len(x))
    if x.shape[1] == 1:
        score = x[:, 0]
    elif shared.any() and (caliper is not None or distance == "propensity"):
        odds = log_odds(x[shared], units.treated[shared])
        if odds is None:
            return CannotSay(
                "no_overlap",
                f"No overlap: {', '.join(units.names)} together tell the treated from the controls"
                " for certain.",
            )
        score[shared] = odds
    by_score = gaps(score[own], score[others])
    found = by_score
    if distance != "propensity":
        spread = pooled(x[own], x[others])
        spread = np.diag(np.diag(spread)) if distance == "standardised" else spread
        found = mahalanobis(x[own], x[others], spread)
    return found if caliper is None else np.where(by_score > caliper, np.inf, found)


def _choice(
    units: Candidates,
    sides: tuple[Ints, Ints],
    pairs: tuple[Ints, Ints, Floats],
    unable: CannotSay | None,
) -> Choice:
    own, others = sides
    mine, theirs, apart = pairs
    names, x = with_cells(units)
    rows = balance(names, (x[own], x[others]), (x[mine], x[theirs]))
    shared = len(np.intersect1d(units.cell[own], units.cell[others]))
    refused = unable or refusal(len(mine), len(own), shared, rows)
    return Choice(mine, theirs, apart, np.setdiff1d(own, mine), rows, refused)


def with_cells(units: Candidates) -> tuple[list[str], Floats]:
    """The covariates and a flag for each exact cell, for the balance table."""
    if len(units.cells) < 2:
        return list(units.names), units.covariates
    member = (units.cell[:, None] == np.arange(len(units.cells))[None, :]).astype(float)
    return [*units.names, *units.cells], np.column_stack([units.covariates, member])
