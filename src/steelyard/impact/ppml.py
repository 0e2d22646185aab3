"""Poisson regression (PPML) with unit and period effects, and all its leave-one-cluster-out fits.

Unit effects are concentrated out: given period effects exp(l_t), a unit's effect is its sum over
the sum of exp(l_t) where it was observed. What is left are T numbers and a few dummies, so Newton
steps are small whatever the number of units, and all clusters are left out in matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.impact.cells import Cells, Sums
from steelyard.impact.panel import Floats

TOLERANCE = 1e-11
STEPS = 200
EXACT = 150  # clusters up to which each is left out by a full refit; one Newton step beyond


@dataclass(frozen=True, eq=False)
class Effects:
    """period (T, B) = exp(l_t) and dummy (K, B) = exp of their coefficients."""

    period: Floats
    dummy: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a fit says: the sums it rests on, its effects, and imputed sums (S, T, B)."""

    sums: Sums
    effects: Effects
    imputed: Floats


Reading = Callable[[Outcome], Floats]  # an outcome to (C, B) statistics


def fit(cells: Cells, sums: Sums | None = None) -> Effects:
    """Effects from all units together (B = 1), by proportional fitting, then Newton.

    NaN where the data do not determine them.
    """
    sums = sums or cells.whole()
    effects = Effects((sums.period > 0).astype(float), (sums.dummy > 0).astype(float))
    for step in range(STEPS):
        gap = _gap(cells, sums, effects)
        if np.abs(gap).max() <= TOLERANCE * max(1.0, float(sums.period.sum())):
            return effects
        if step < 5:
            effects = _proportional(cells, sums, effects)
        else:
            hessian = _hessian(cells, _chances(cells, effects), sums.total[:, 0])
            moves = _solve(hessian[None], gap, len(effects.period))
            effects = _moved(effects, np.clip(moves, -1, 1))
    return Effects(np.full_like(effects.period, np.nan), effects.dummy)


def left_out(cells: Cells, effects: Effects, read: Reading, exact: int = EXACT) -> Floats:
    """(C, G): the statistics with each cluster left out, refitted.

    With more than `exact` clusters one Newton step does: its error falls with the square of a
    cluster's share. NaN where the others do not determine the effects.
    """
    steps = STEPS if cells.groups <= exact else 1
    whole, chances = cells.whole(), _chances(cells, effects)
    hessian = _hessian(cells, chances, whole.total[:, 0])
    found = []
    for own in cells.each():
        parts = np.stack([_hessian(cells, chances, total) for total in own.total.T])
        rest = whole.without(own)
        refitted = _refit(cells, effects, rest, hessian - parts, steps)
        found.append(read(outcome(cells, refitted, rest)))
    return np.concatenate(found, axis=-1)


def _refit(cells: Cells, effects: Effects, rest: Sums, hessians: Floats, steps: int) -> Effects:
    """Newton steps from the full fit with the Hessians there, each less its cluster's part."""
    moved = Effects(
        effects.period * (rest.period > 0), np.where(rest.dummy > 0, effects.dummy, np.nan)
    )
    size = np.maximum(1.0, rest.period.sum(0))
    for _ in range(steps):
        gap = _gap(cells, rest, moved)
        if (np.abs(gap).max(0) <= TOLERANCE * size).all():
            return moved
        moved = _moved(moved, np.clip(_solve(hessians, gap, len(effects.period)), -1, 1))
    if steps > 1:
        gap = _gap(cells, rest, moved)
    for at in np.nonzero(~(np.abs(gap).max(0) <= (TOLERANCE if steps > 1 else 1) * size))[0]:
        alone = fit(cells, rest.column(int(at)))
        moved.period[:, at], moved.dummy[:, at] = alone.period[:, 0], alone.dummy[:, 0]
    return moved


def outcome(cells: Cells, effects: Effects, sums: Sums | None = None) -> Outcome:
    """The imputed sums by start and period under these effects."""
    sums = sums or cells.whole()
    scale = _scale(sums.total, cells.base.astype(float) @ effects.period)
    asked = cells.asked.astype(float)
    imputed = np.stack(
        [
            asked[cells.begin == start].T @ scale[cells.begin == start]
            for start in range(len(cells.starts))
        ]
    )
    return Outcome(sums, effects, imputed * effects.period)


def _scale(total: Floats, mass: Floats) -> Floats:
    """Unit effects of a pattern, added up; 0 where nothing was counted."""
    return np.divide(total, mass, out=np.zeros_like(total), where=(total > 0) & (mass > 0))


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
    scale = _scale(sums.total * cells.fitted[:, None], mass)
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
    scaled = effects.period * _scale(sums.period, period)
    halfway = Effects(scaled, effects.dummy)
    _, dummy = _fitted(cells, sums, halfway)
    return Effects(scaled, effects.dummy * _scale(sums.dummy, dummy))


def _moved(effects: Effects, step: Floats) -> Effects:
    cut = len(effects.period)
    with np.errstate(over="ignore", invalid="ignore"):
        return Effects(effects.period * np.exp(step[:cut]), effects.dummy * np.exp(step[cut:]))


def _chances(cells: Cells, effects: Effects) -> Floats:
    """(P, T): the share of a unit's outcome that falls on each fitted cell, at one fit (B = 1)."""
    factor = np.append(effects.dummy[:, 0], 1.0)[cells.dummy]
    mass = cells.fit * effects.period[:, 0] * factor
    return _scale(mass, np.broadcast_to(mass.sum(1, keepdims=True), mass.shape))


def _hessian(cells: Cells, chances: Floats, total: Floats) -> Floats:
    """(T + K, T + K): what the patterns with any `total` (P,) know about the effects."""
    rows = np.flatnonzero(total)  # patterns without fitted cells have no chances: they add 0
    share, weight, dummy = chances[rows], total[rows], cells.dummy[rows]
    marks = [(dummy == k) * share for k in range(cells.dummies)]
    wide = np.column_stack([share, *(mark.sum(1) for mark in marks)])
    found: Floats = -(wide.T * weight) @ wide
    found[np.diag_indices_from(found)] += weight @ wide
    for k, mark in enumerate(marks, start=share.shape[1]):
        found[: share.shape[1], k] += weight @ mark
        found[k, : share.shape[1]] += weight @ mark
    return found


def _solve(hessian: Floats, gap: Floats, periods: int) -> Floats:
    """Newton steps (T + K, B) for Hessians (B, T + K, T + K); NaN where they cannot be told.

    Only ratios of periods matter, so the sum over periods is pinned; effects that nothing
    informs (no counts at all) do not move.
    """
    known = np.diagonal(hessian, axis1=1, axis2=2)
    idle = known <= 1e-12 * known.max(1, keepdims=True)
    scale = 1 / np.sqrt(np.where(idle, 1.0, known))
    scaled = hessian * scale[:, :, None] * scale[:, None, :]
    scaled[idle[:, :, None] | idle[:, None, :]] = 0
    pin = np.where(idle, 0.0, 1 / scale)
    pin[:, periods:] = 0
    pin /= np.linalg.norm(pin, axis=1, keepdims=True)
    scaled += pin[:, :, None] * pin[:, None, :]
    scaled[:, np.arange(known.shape[1]), np.arange(known.shape[1])] += idle
    aim = np.where(idle, 0.0, gap.T) * scale
    try:
        step: Floats = np.linalg.solve(scaled, aim[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.full_like(gap, np.nan)
    return (step * scale).T
