"""Intervals that stay right when trends were not parallel: bent by at most M from step to step.

Rambachan and Roth 2023, Review of Economic Studies 90(5), smoothness restriction, with their
optimal fixed-length interval. Bounds relative to the largest movement before the start are not
offered: the only implementation at hand gives intervals that are too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Floats
from steelyard.impact.result import Interval

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Bent:
    """Effects before the start (nearest first, steps 1 … K) and after it (steps 1 … P).

    `covariance` is that of (before, after) in this order; `weights` (P,) say which mean of the
    effects after the start is asked for. The step just before the start is the reference, 0.
    """

    before: Floats
    after: Floats
    steps: Floats
    covariance: Floats
    weights: Floats

    @property
    def estimate(self) -> float:
        return float(self.weights @ self.after)

    @property
    def se(self) -> float:
        k = len(self.before)
        return float(np.sqrt(self.weights @ self.covariance[k:, k:] @ self.weights))


def bent_interval(bent: Bent, m: float, dof: float | None = None) -> Interval:
    """The interval that holds in 95 % where the trend's slope changes by at most `m` a step.

    `m` = 0 allows for any straight difference in trends. With `dof` the standard error is
    widened as Student's t is against the normal distribution.
    """
    known, turn = _linear(bent)
    c = _best(bent, known, turn, m)
    v = known + turn @ c
    se = float(np.sqrt(v @ bent.covariance @ v)) * widened(dof)
    if not np.isfinite(se) or se <= 0:
        return (None, None)
    bias = m * (_fixed_bias(bent) + float(np.abs(c).sum()))
    half = critical(bias / se) * se
    centre = float(v @ np.concatenate([bent.before, bent.after]))
    return (centre - half, centre + half)


def _linear(bent: Bent) -> tuple[Floats, Floats]:
    """The estimator as known + turn @ c, with c (K - 1,) how much each bend before -1 weighs.

    A difference in trends is its slope at the start and its bends. Its slope must not matter, so
    the weight of the bend at the reference step is the mean step asked for; the weight v of the
    effect q steps before the reference is then the second difference of c at q.
    """
    k = len(bent.before)
    second = np.zeros((k, k + 1))  # rows: effects q = 1 … K; columns: bends 0 … K
    for q in range(1, k + 1):
        for at, weight in ((q - 1, 1.0), (q, -2.0), (q + 1, 1.0)):
            if at < k:
                second[q - 1, at] += weight
    slope = float(bent.weights @ bent.steps)
    known = np.concatenate([second[:, 0] * slope, bent.weights])
    turn = np.vstack([second[:, 1:k], np.zeros((len(bent.weights), k - 1))])
    return known, turn


def _fixed_bias(bent: Bent) -> float:
    """Bias in units of M from bends at the start and after it, which no estimator avoids."""
    later = np.arange(1, int(bent.steps.max()))
    lever = np.maximum(bent.steps[None, :] - later[:, None], 0) @ bent.weights
    return float(abs(bent.weights @ bent.steps) + np.abs(lever).sum())


def _best(bent: Bent, known: Floats, turn: Floats, m: float) -> Floats:
    """The c with the shortest interval: a convex problem in c = up - down, both at least 0."""
    spread = np.linalg.cholesky(bent.covariance + np.eye(len(known)) * 1e-18).T
    a, y = spread @ turn, spread @ known
    straight = np.asarray(np.linalg.lstsq(a, -y, rcond=None)[0], dtype=np.float64)
    if m == 0 or a.shape[1] == 0:
        return straight
    from scipy.optimize import minimize

    fixed, scale = m * _fixed_bias(bent), float(np.linalg.norm(y + a @ straight))
    unit = scale / np.maximum(np.linalg.norm(a, axis=0), 1e-300)
    a = a * unit

    def length(x: Floats) -> tuple[float, Floats]:
        c = x[: len(unit)] - x[len(unit) :]
        residual = (y + a @ c) / scale
        se = float(np.linalg.norm(residual))
        bias = (fixed + m * float(unit @ (x[: len(unit)] + x[len(unit) :]))) / scale
        z = critical(bias / se)
        lean = float(np.tanh(z * bias / se))  # d critical / d (bias / se)
        by_c = (z - lean * bias / se) / se * (a.T @ residual) / scale
        by_bias = lean * m * unit / scale
        return z * se, np.concatenate([by_c + by_bias, by_bias - by_c])

    first = np.concatenate([np.maximum(straight / unit, 0), np.maximum(-straight / unit, 0)])
    found = minimize(
        length, first, jac=True, method="SLSQP", bounds=[(0, None)] * len(first),
        options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    return np.asarray((found.x[: len(unit)] - found.x[len(unit) :]) * unit)


def critical(t: float) -> float:
    """The 95 % quantile of |X| for X normal with mean `t`."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    t = abs(t)

    def short(x: float) -> float:
        return float(ndtr(x - t) - ndtr(-x - t)) - LEVEL

    return float(brentq(short, t, t + 2.0, xtol=1e-13))


def widened(dof: float | None) -> float:
    """By how much Student's t with `dof` makes an interval wider than the normal distribution."""
    from scipy.special import ndtri, stdtrit

    if dof is None or not np.isfinite(dof):
        return 1.0
    return float(stdtrit(dof, 0.5 + LEVEL / 2) / ndtri(0.5 + LEVEL / 2))
