"""The variance between studies' true effects (tau2), by three methods.

statsmodels has DerSimonian-Laird (which it lets go below 0) and Paule-Mandel, but not REML; the
tests hold these against it and against published figures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from steelyard.impact.panel import Floats


def dersimonian_laird(y: Floats, v: Floats) -> float:
    """The variance between studies by the method of moments, not below 0."""
    w = 1 / v
    scale = w.sum() - (w**2).sum() / w.sum()
    return max(0.0, float((cochran_q(y, v, 0.0) - (len(y) - 1)) / scale))


def paule_mandel(y: Floats, v: Floats) -> float:
    """The variance between studies at which Cochran's Q equals its degrees of freedom."""
    return _root(lambda t: cochran_q(y, v, t) - (len(y) - 1), y, v)


def reml(y: Floats, v: Floats) -> float:
    """The variance between studies by restricted maximum likelihood, not below 0."""
    from scipy.optimize import minimize_scalar

    top = _top(y, v)

    def loss(t: float) -> float:
        w = 1 / (v + t)
        return float(-np.log(w).sum() + np.log(w.sum()) + cochran_q(y, v, t)) / 2

    grid = np.concatenate([[0.0], np.geomspace(top * 1e-8, top, 60)])
    best = int(np.argmin([loss(float(t)) for t in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": top * 1e-12}
    )
    return 0.0 if best == 0 and loss(0.0) <= found.fun + 1e-12 else float(found.x)


def cochran_q(y: Floats, v: Floats, tau2: float) -> float:
    """Squared distances from the weighted mean, in variances."""
    w = 1 / (v + tau2)
    return float((w * (y - (w @ y) / w.sum()) ** 2).sum())


def _top(y: Floats, v: Floats) -> float:
    """More than any variance between studies that the results allow."""
    return float(10 * (np.var(y, ddof=1) + v.max()))


def _root(equation: Callable[[float], float], y: Floats, v: Floats) -> float:
    from scipy.optimize import brentq

    if equation(0.0) <= 0:
        return 0.0
    return float(brentq(equation, 0.0, _top(y, v), xtol=1e-14))
