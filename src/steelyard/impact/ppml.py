"""Poisson regression (PPML) with unit and period effects, and all its leave-one-cluster-out fits.

Unit effects are concentrated out: given period effects exp(l_t), a unit's effect is its sum over
the sum of exp(l_t) where it was observed. What is left are T numbers and a few dummies, so Newton
steps are small whatever the number of units, and all clusters are left out in matrix products.
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
    per,
    solve,
)
from steelyard.impact.panel import Floats

TOLERANCE = 1e-11
STEPS = 200
EXACT = 150  # clusters up to which each is left out by a full refit; one Newton step beyond


def fit(cells: Cells, sums: Sums | None = None) -> Effects:
    """Effects from all units together (B = 1), by proportional fitting, then Newton.

    NaN where the data do not determine them.
    """
    sums = sums or cells.whole()
    effects = Effects((sums.period > 0).astype(float), (sums.dummy > 0).astype(float))
    for step in range(STEPS):
        gap = _gap(cells, sums, effects)
        if np.abs(gap).max() <= TOLERANCE * float(sums.period.sum()):
            return effects
        if step < 5:
            effects = _proportional(cells, sums, effects)
        else:
            hessian = information(cells, chances_of(cells, effects), sums.total[:, 0])
            moves = solve(hessian[None], gap, len(effects.period))
            effects = _moved(effects, np.clip(moves, -1, 1))
    return Effects(np.full_like(effects.period, np.nan), effects.dummy)


def left_out(cells: Cells, effects: Effects, read: Reading, exact: int = EXACT) -> Floats:
    """(C, G): the statistics with each cluster left out, refitted.

    With more than `exact` clusters one Newton step does: its error falls with the square of a
    cluster's share. NaN where the others do not determine the effects.
    """
    steps = STEPS if cells.groups <= exact else 1
    whole, chances = cells.whole(), chances_of(cells, effects)
    hessian = information(cells, chances, whole.total[:, 0])
    found = []
    for own in cells.each():
        parts = informations(cells, chances, own.total)
        rest = whole.without(own)
        refitted = _refit(cells, effects, rest, hessian - parts, steps)
        found.append(read(outcome(cells, refitted, rest)))
    return np.concatenate(found, axis=-1)


def _refit(cells: Cells, effects: Effects, rest: Sums, hessians: Floats, steps: int) -> Effects:
    """Newton steps from the full fit with the Hessians there, each less its cluster's part."""
    moved = Effects(
        effects.period * (rest.period > 0), np.where(rest.dummy > 0, effects.dummy, np.nan)
    )
    size = rest.period.sum(0)
    for _ in range(steps):
        gap = _gap(cells, rest, moved)
        if (np.abs(gap).max(0) <= TOLERANCE * size).all():
            return moved
        moved = _moved(moved, np.clip(solve(hessians, gap, len(effects.period)), -1, 1))
    if steps > 1:
        gap = _gap(cells, rest, moved)
    for at in np.nonzero(~(np.abs(gap).max(0) <= (TOLERANCE if steps > 1 else 1) * size))[0]:
        alone = fit(cells, rest.column(int(at)))
        moved.period[:, at], moved.dummy[:, at] = alone.period[:, 0], alone.dummy[:, 0]
    return moved


def outcome(cells: Cells, effects: Effects, sums: Sums | None = None) -> Outcome:
    """The imputed sums by start and period under these effects."""
    sums = sums or cells.whole()
    scale = per(sums.total, cells.fit.astype(float) @ effects.period)
    asked = cells.asked.astype(float)
    imputed = np.stack(
        [
            asked[cells.begin == start].T @ scale[cells.begin == start]
            for start in range(len(cells.starts))
        ]
    )
    return Outcome(sums, effects, imputed * effects.period)


def expected(cells: Cells, effects: Effects) -> Floats:
    """(n, T): the means that these effects give every unit in every period (B = 1)."""
    base = cells.fit[cells.pattern]
    total = (np.nan_to_num(cells.panel.outcome) * base).sum(1, keepdims=True)
    return per(total, base @ effects.period) * effects.period[:, 0]


def _masses(cells: Cells, effects: Effects) -> tuple[Floats, list[Floats]]:
    """(P, B) exp(effects) summed over fitted cells, and each dummy's part of it."""
    parts = [(cells.fit & (cells.dummy < 0)).astype(float) @ effects.period]
    for k in range(cells.dummies):
        marked = (cells.fit & (cells.dummy == k)).astype(float)
        parts.append(marked @ effects.period * effects.dummy[k])
    return np.sum(parts, axis=0), parts[1:]


def _fitted(cells: Cells, sums: Sums, effects: Effects) -> tuple[Floats, Floats]:
    """Fitted sums by period (T, B) and by dummy (K, B)."""
    mass, parts = _masses(cells, effects)
    scale = per(sums.total, mass)
    period = (cells.fit & (cells.dummy < 0)).T.astype(float) @ scale
    for k in range(cells.dummies):
        marked = (cells.fit & (cells.dummy == k)).T.astype(float)
        period += marked @ scale * effects.dummy[k]
    dummy = np.array([(scale * part).sum(0) for part in parts]).reshape(
        cells.dummies, scale.shape[1]
    )
    return period * effects.period, dummy


def _gap(cells: Cells, sums: Sums, effects: Effects) -> Floats:
    """(T + K, B): observed less fitted sums, the gradient."""
    return np.concatenate([sums.period, sums.dummy]) - np.concatenate(_fitted(cells, sums, effects))


def _proportional(cells: Cells, sums: Sums, effects: Effects) -> Effects:
    period, _ = _fitted(cells, sums, effects)
    scaled = effects.period * per(sums.period, period)
    halfway = Effects(scaled, effects.dummy)
    _, dummy = _fitted(cells, sums, halfway)
    return Effects(scaled, effects.dummy * per(sums.dummy, dummy))


def _moved(effects: Effects, step: Floats) -> Effects:
    cut = len(effects.period)
    with np.errstate(over="ignore", invalid="ignore"):
        return Effects(effects.period * np.exp(step[:cut]), effects.dummy * np.exp(step[cut:]))
