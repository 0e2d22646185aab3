"""Least squares with unit and period effects, and all its leave-one-cluster-out fits.

The same shape as `ppml`, for outcomes in levels: unit effects are concentrated out, and what is
left are normal equations in T period effects and a few dummies, solved exactly.
"""

from __future__ import annotations

import numpy as np

from steelyard.impact.cells import Cells, Sums
from steelyard.impact.information import (
    Effects,
    Outcome,
    Reading,
    chances_of,
    information,
    informations,
    solve,
)
from steelyard.impact.panel import Floats


def fit(cells: Cells) -> Effects:
    """Effects from all units together (B = 1)."""
    whole = cells.whole()
    chances = chances_of(cells, flat(cells))
    known = information(cells, chances, weight(cells, whole)[:, 0])
    return _solved(cells, chances, whole, known[None])


def left_out(cells: Cells, effects: Effects, read: Reading) -> Floats:
    """(C, G): the statistics with each cluster left out, refitted exactly."""
    whole, chances = cells.whole(), chances_of(cells, flat(cells))
    known = information(cells, chances, weight(cells, whole)[:, 0])
    found = []
    for own in cells.each():
        parts = informations(cells, chances, weight(cells, own))
        rest = whole.without(own)
        found.append(read(outcome(cells, _solved(cells, chances, rest, known - parts), rest)))
    return np.concatenate(found, axis=-1)


def outcome(cells: Cells, effects: Effects, sums: Sums | None = None) -> Outcome:
    """The imputed sums by start and period under these effects."""
    sums = sums or cells.whole()
    level = (sums.total - sums.units * (cells.fit @ effects.period)) / _cells(cells)
    asked = cells.asked.astype(float)
    imputed = []
    for start in range(len(cells.starts)):
        rows = cells.begin == start
        plain = asked[rows].T @ level[rows]
        imputed.append(plain + asked[rows].T @ sums.units[rows] * effects.period)
    return Outcome(sums, effects, np.stack(imputed))


def expected(cells: Cells, effects: Effects) -> Floats:
    """(n, T): the means that these effects give every unit in every period (B = 1)."""
    base, terms = cells.fit[cells.pattern], effects.period[:, 0]
    rest = np.where(base, np.nan_to_num(cells.panel.outcome) - terms, 0.0)
    return np.asarray(rest.sum(1, keepdims=True) / base.sum(1, keepdims=True) + terms)


def flat(cells: Cells) -> Effects:
    """Effects under which every cell of a unit has the same chance."""
    return Effects(np.ones((cells.panel.length, 1)), np.ones((cells.dummies, 1)))


def weight(cells: Cells, sums: Sums) -> Floats:
    """(P, B): how many fitted cells each pattern has in all."""
    return sums.units * _cells(cells)


def _cells(cells: Cells) -> Floats:
    return np.asarray(cells.fit.sum(1, keepdims=True), dtype=float)


def _solved(cells: Cells, chances: Floats, sums: Sums, known: Floats) -> Effects:
    means = sums.total
    marks = np.array([(chances * (cells.dummy == k)).sum(1) for k in range(cells.dummies)])
    period = sums.period - chances.T @ means
    dummy = sums.dummy - marks.reshape(cells.dummies, len(chances)) @ means
    terms = solve(known, np.concatenate([period, dummy]), len(period))
    return Effects(terms[: len(period)], terms[len(period) :])
