"""What cells of a panel know about period effects: information, Newton steps, degrees of freedom.

Shared by Poisson regression and least squares, which is the same with equal chances for all cells.
Effects are those of fits with unit effects concentrated out; nothing is fitted here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.impact.cells import Cells, Sums
from steelyard.impact.inference import matched_dof
from steelyard.impact.panel import Floats


@dataclass(frozen=True, eq=False)
class Effects:
    """Of periods (T, B) and dummies (K, B): factors (Poisson) or terms (least squares)."""

    period: Floats
    dummy: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a fit says: the sums it rests on, its effects, and imputed sums (S, T, B)."""

    sums: Sums
    effects: Effects
    imputed: Floats


Reading = Callable[[Outcome], Floats]  # an outcome to (C, B) statistics
Weight = Callable[[Sums], Floats]  # sums to (P, B), what each pattern weighs


def per(total: Floats, mass: Floats) -> Floats:
    """Total over mass; 0 where either is (nothing counted, nothing expected)."""
    return np.divide(total, mass, out=np.zeros_like(total), where=(total > 0) & (mass > 0))


def chances_of(cells: Cells, effects: Effects) -> Floats:
    """(P, T): the share of a unit's outcome that falls on each fitted cell, at one fit (B = 1)."""
    factor = np.append(effects.dummy[:, 0], 1.0)[cells.dummy]
    mass = cells.fit * effects.period[:, 0] * factor
    return per(mass, np.broadcast_to(mass.sum(1, keepdims=True), mass.shape))


def information(cells: Cells, chances: Floats, total: Floats) -> Floats:
    """(T + K, T + K): what the patterns with any `total` (P,) know about the effects."""
    rows = np.flatnonzero(total)
    share, weight, dummy = chances[rows], total[rows], cells.dummy[rows]
    marks = [(dummy == k) * share for k in range(cells.dummies)]
    wide = np.column_stack([share, *(mark.sum(1) for mark in marks)])
    found: Floats = -(wide.T * weight) @ wide
    found[np.diag_indices_from(found)] += weight @ wide
    for k, mark in enumerate(marks, start=share.shape[1]):
        found[: share.shape[1], k] += weight @ mark
        found[k, : share.shape[1]] += weight @ mark
    return found


def informations(cells: Cells, chances: Floats, totals: Floats) -> Floats:
    """(B, T + K, T + K): the same of every column of `totals` (P, B).

    It is a sum over patterns, so with few of them each one's part is found once.
    """
    if totals.shape[1] <= len(totals):
        return np.stack([information(cells, chances, total) for total in totals.T])
    each = np.stack([information(cells, chances, one) for one in np.eye(len(totals))])
    return np.tensordot(totals.T, each, axes=1)


def solve(hessian: Floats, gap: Floats, periods: int) -> Floats:
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
        step = np.asarray(np.linalg.solve(scaled, aim[:, :, None]), dtype=np.float64)[:, :, 0]
    except np.linalg.LinAlgError:
        return np.full_like(gap, np.nan)
    return (step * scale).T


def imputed_dof(cells: Cells, effects: Effects, weight: Weight) -> float:
    """Degrees of freedom of the jackknife of the overall imputed effect (see `matched_dof`).

    Scores of fitted cells have the Hessian as covariance; those of imputed cells and of units'
    own sums come on top, as one more score that is independent of them.
    """
    chances, period = chances_of(cells, effects), effects.period[:, 0]
    mass, ahead = cells.fit @ period, cells.asked @ period
    share = per(cells.fit * period, np.broadcast_to(mass[:, None], cells.fit.shape))
    pull = cells.asked * period - share * ahead[:, None]
    parts, pulls, sizes = [], [], []
    for own in cells.each():
        total = weight(own)
        scale = per(total, np.broadcast_to(mass[:, None], total.shape))
        alone = scale.T @ (ahead + np.divide(ahead**2, mass, out=ahead * 0, where=mass > 0))
        pulls.append(scale.T @ pull)
        sizes.append(scale.T @ ahead)
        parts.append(_framed(informations(cells, chances, total), alone))
    known, pulled, size = (np.concatenate(each) for each in (parts, pulls, sizes))
    whole = _weights(known.sum(0)[None], pulled.sum(0)[None], size.sum(keepdims=True))[0]
    each = _weights(known.sum(0) - known, pulled.sum(0) - pulled, size.sum() - size)
    return matched_dof(known, each, whole)


def _framed(hessians: Floats, extra: Floats) -> Floats:
    """One more row and column before the others, with `extra` (B,) in their corner."""
    framed = np.pad(hessians, ((0, 0), (1, 0), (1, 0)))
    framed[:, 0, 0] = extra
    return framed


def _weights(known: Floats, pull: Floats, size: Floats) -> Floats:
    """(B, 1 + T): what the effect loses by each score, per replicate."""
    periods = pull.shape[1]
    steps = solve(known[:, 1:, 1:], pull.T, periods)
    return np.column_stack([np.ones(len(size)), steps.T]) / size[:, None]


def dummy_dof(cells: Cells, effects: Effects) -> float:
    """Degrees of freedom of the jackknife of the first dummy's coefficient (see `matched_dof`)."""
    chances = chances_of(cells, effects)
    known = np.concatenate([informations(cells, chances, own.total) for own in cells.each()])
    periods = len(effects.period)
    aim = np.zeros((known.shape[1], 1))
    aim[periods] = 1
    whole = solve(known.sum(0)[None], aim, periods)[:, 0]
    each = solve(known.sum(0) - known, np.repeat(aim, len(known), axis=1), periods).T
    return matched_dof(known, each, whole)
