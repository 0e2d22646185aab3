"""Who is paired with whom: distances, calipers and the optimal assignment.

Outcomes after the start are never looked at here, and neither the order of rows nor labels decide
between ties: a seeded draw over units in an order of their contents does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Flags, Floats, Ints

EXACT_DIGITS = 9  # distances closer than this (in SDs) are ties, whatever rounding made of them
SEPARATED = 25.0  # log odds beyond which a covariate tells the treated apart for certain


@dataclass(frozen=True, eq=False)
class Pairs:
    """Indices of the paired, treated[i] with control[i], and how far apart they are in SDs."""

    treated: Ints
    control: Ints
    distance: Floats

    def __len__(self) -> int:
        return len(self.treated)


def optimal(distance: Floats) -> Pairs:
    """As many pairs as possible, and of those the least total distance; inf = may not be paired.

    Rosenbaum 1989, J. American Statistical Association 84 (optimal matching), by scipy's
    linear_sum_assignment. `distance` is (treated, controls); each is used once at most.
    """
    from scipy.optimize import linear_sum_assignment

    allowed = np.isfinite(distance)
    if not allowed.any():
        none = np.empty(0, dtype=np.int64)
        return Pairs(none, none, np.empty(0))
    top = float(distance[allowed].max())
    forbidden = (top + 1.0) * (min(distance.shape) + 1)
    row, column = linear_sum_assignment(np.where(allowed, distance, forbidden))
    kept = allowed[row, column]
    return Pairs(row[kept], column[kept], distance[row[kept], column[kept]])


def within(cells: tuple[Ints, Ints], distance: Floats, orders: tuple[Ints, Ints]) -> Pairs:
    """Optimal pairs inside each exact cell (codes of treated, of controls).

    `orders` says in which order treated and controls are presented: it decides between ties only.
    """
    rows, columns = orders
    found = []
    for cell in np.intersect1d(*cells):
        mine, theirs = rows[cells[0][rows] == cell], columns[cells[1][columns] == cell]
        here = optimal(distance[np.ix_(mine, theirs)])
        found.append(Pairs(mine[here.treated], theirs[here.control], here.distance))
    empty = np.empty(0, dtype=np.int64)
    treated = np.concatenate([empty, *(each.treated for each in found)])
    control = np.concatenate([empty, *(each.control for each in found)])
    apart = np.concatenate([np.empty(0), *(each.distance for each in found)])
    order = np.argsort(treated, kind="stable")
    return Pairs(treated[order], control[order], apart[order])


def mahalanobis(treated: Floats, controls: Floats, spread: Floats) -> Floats:
    """(nt, nc) distances in SDs; `spread` is the covariance (k, k). A constant column counts 0."""
    scale = np.sqrt(np.maximum(np.diag(spread), 0))
    used = scale > 0
    if not used.any():
        return np.zeros((len(treated), len(controls)))
    correlation = spread[np.ix_(used, used)] / np.outer(scale[used], scale[used])
    values, vectors = np.linalg.eigh(correlation)
    kept = values > 1e-9
    turn = (vectors[:, kept] / np.sqrt(values[kept])) / scale[used][:, None]
    left, right = treated[:, used] @ turn, controls[:, used] @ turn
    square = np.zeros((len(treated), len(controls)))
    for k in range(left.shape[1]):  # by column: never (nt, nc, k) in memory
        square += (left[:, k][:, None] - right[:, k][None, :]) ** 2
    return np.asarray(np.round(np.sqrt(square), EXACT_DIGITS))


def pooled(treated: Floats, controls: Floats) -> Floats:
    """The covariance (k, k) inside the two groups, pooled."""
    inside = np.vstack([treated - treated.mean(0), controls - controls.mean(0)])
    dof = max(len(inside) - 2, 1)
    return np.asarray(inside.T @ inside / dof)


def gaps(treated: Floats, controls: Floats) -> Floats:
    """(nt, nc) absolute differences of one number, in SDs of the treated."""
    spread = treated.std(ddof=1) if len(treated) > 1 else 0.0
    if spread == 0:
        spread = controls.std(ddof=1) if len(controls) > 1 else 0.0
    difference = np.abs(treated[:, None] - controls[None, :])
    return np.asarray(np.round(difference / spread if spread > 0 else difference, EXACT_DIGITS))


def log_odds(covariates: Floats, treated: Flags) -> Floats | None:
    """(n,) log odds of being treated by logistic regression; None where they run away.

    The propensity score of Rosenbaum and Rubin 1983, Biometrika 70, on its straight scale. It runs
    away where the covariates tell the treated apart for certain: then nobody is comparable.
    """
    spread = covariates.std(0)
    used = (covariates - covariates.mean(0))[:, spread > 0] / spread[spread > 0]
    design = np.column_stack([np.ones(len(used)), used])
    y, b = treated.astype(float), np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ b, -40, 40)))
        curve = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.lstsq(curve, design.T @ (y - p), rcond=1e-10)[0]
        b = b + step
        if np.abs(step).max() < 1e-10:
            odds = design @ b
            return None if np.median(np.abs(odds[treated])) > SEPARATED else np.asarray(odds)
    return None


def presented(content: Floats, seed: int) -> Ints:
    """A seeded random order of units that depends on their contents (n, k), not on their rows."""
    order = np.lexsort(content.T[::-1]) if content.size else np.arange(len(content))
    return np.asarray(order[np.random.default_rng(seed).permutation(len(order))], dtype=np.int64)
