"""Least squares of an outcome on treatment and what was known before, with honest errors.

The errors are those of small samples: HC2 and HC3 for units that were assigned one by one, a
delete-one jackknife (CRV3) and a wild bootstrap for clusters. Written here and not taken from
statsmodels, whose import takes longer than all of it; the tests hold it against statsmodels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.inference import interval, jackknife, relative_interval
from steelyard.impact.result import UNKNOWN, Estimate, level_estimate, log_estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Fit:
    """A regression (n rows, k terms) and what is asked of it.

    design (n, k); outcome (n,); bread (k, k) is the inverse of X'X; `term` is the column of the
    treatment; asked (k,) weighs the coefficients, 1 for the treatment alone.
    """

    design: Floats
    outcome: Floats
    bread: Floats
    coefficients: Floats
    term: int
    asked: Floats

    @property
    def b(self) -> float:
        return float(self.asked @ self.coefficients)

    @property
    def dof(self) -> int:
        """n - k."""
        return len(self.outcome) - len(self.coefficients)

    @property
    def residuals(self) -> Floats:
        left: Floats = self.outcome - self.design @ self.coefficients
        return left

    @property
    def leverage(self) -> Floats:
        """The diagonal of the hat matrix."""
        return np.asarray(np.einsum("ij,jk,ik->i", self.design, self.bread, self.design))

    @property
    def pull(self) -> Floats:
        """(n,): how much each row's outcome moves what is asked."""
        return np.asarray(self.design @ (self.bread @ self.asked))


def fit(design: Floats, outcome: Floats, term: int = 1) -> Fit:
    """Least squares; the design must have full rank (see `independent`)."""
    bread = np.asarray(np.linalg.inv(design.T @ design), dtype=np.float64)
    asked = np.zeros(design.shape[1])
    asked[term] = 1.0
    return Fit(design, outcome, bread, bread @ (design.T @ outcome), term, asked)


def independent(design: Floats) -> Ints:
    """The columns that say something the columns before them do not, in order."""
    basis: list[Floats] = []
    kept = []
    for column in range(design.shape[1]):
        rest = design[:, column].astype(float)
        size = float(np.linalg.norm(rest))
        for _ in range(2):  # the second pass takes out what rounding left of the first
            for each in basis:
                rest = rest - (each @ rest) * each
        left = float(np.linalg.norm(rest))
        if size > 0 and left > TOLERANCE * size:
            basis.append(rest / left)
            kept.append(column)
    return np.array(kept, dtype=np.int64)


def homoskedastic(fitted: Fit) -> float:
    """The textbook standard error, right only where all rows vary alike."""
    spread = float(fitted.residuals @ fitted.residuals) / fitted.dof
    return float(np.sqrt(spread * (fitted.asked @ fitted.bread @ fitted.asked)))


def robust(fitted: Fit, power: int) -> float:
    """HC2 (`power` 1) or HC3 (`power` 2) of MacKinnon and White 1985, J. of Econometrics 29.

    A row that nothing else determines (leverage 1) has no residual to judge it by: NaN.
    """
    room = 1 - fitted.leverage
    if float(room.min()) < TOLERANCE:
        return float("nan")
    scores = fitted.pull * fitted.residuals
    return float(np.sqrt(np.sum(scores**2 / room**power)))


def clustered(fitted: Fit, cluster: Ints) -> float:
    """CRV1: sums of scores per cluster with Stata's factor; too small with few clusters."""
    sums = np.bincount(cluster, fitted.pull * fitted.residuals)
    return float(np.sqrt(stata_factor(fitted, cluster) * np.sum(sums**2)))


def stata_factor(fitted: Fit, cluster: Ints) -> float:
    """G / (G - 1) (n - 1) / (n - k), by which Stata and others widen a clustered variance."""
    groups, rows = len(np.unique(cluster)), len(fitted.outcome)
    return groups / (groups - 1) * (rows - 1) / fitted.dof


def leave_out(fitted: Fit, cluster: Ints) -> Floats:
    """(G,): the estimate without each cluster; NaN where the rest does not determine it."""
    whole = fitted.design.T @ fitted.design
    moments = fitted.design.T @ fitted.outcome
    left = np.full(int(cluster.max()) + 1, np.nan)
    for group in range(len(left)):
        rows = np.flatnonzero(cluster == group)
        part = fitted.design[rows]
        rest = whole - part.T @ part
        if np.linalg.cond(rest) < 1 / TOLERANCE:
            without = np.linalg.solve(rest, moments - part.T @ fitted.outcome[rows])
            left[group] = fitted.asked @ without
    return left


def crv3(fitted: Fit, cluster: Ints) -> float:
    """The jackknife standard error over clusters; NaN where one of them carries the estimate."""
    return jackknife(leave_out(fitted, cluster), fitted.b)


def crv3_widened(fitted: Fit, cluster: Ints) -> float:
    """CRV3 as pyfixest prints it: Stata's factor in the place of (G - 1) / G, so a little wider."""
    groups = len(np.unique(cluster))
    scale = groups / (groups - 1) * stata_factor(fitted, cluster)
    return crv3(fitted, cluster) * float(np.sqrt(scale))


def bell_mccaffrey(fitted: Fit) -> float:
    """Satterthwaite's degrees of freedom for HC2, few where few units were treated.

    Bell and McCaffrey 2002, Survey Methodology 28; Imbens and Kolesar 2016, Review of Economics
    and Statistics 98. Written so that no n by n matrix is made.
    """
    leverage = fitted.leverage
    squares = fitted.pull**2 / (1 - leverage)
    spread = fitted.bread @ (fitted.design.T * squares) @ fitted.design
    crossed = float(np.sum(squares**2 * (1 - 2 * leverage)) + np.trace(spread @ spread))
    return float(np.sum(fitted.pull**2) ** 2 / crossed)


def told(
    estimator: str,
    fitted: Fit,
    error: Callable[[Fit], float],
    dof: float,
    inference: str,
    is_ratio: bool,
) -> Estimate:
    """The estimate of a fit and its interval by the standard error that `error` finds.

    Of logarithms it is a ratio, else it is set against the intercept: the mean there would have
    been, where what was known is centred. An error that is nothing but rounding (everything
    fitted exactly) is unknown, not certainty.
    """
    se, known, ci, p = error(fitted), None, UNKNOWN, None
    if np.isfinite(se) and se > 1e-12 * float(np.abs(fitted.outcome).max()):
        known = se
        ci, p = interval(fitted.b, se, dof)
    if is_ratio:
        return log_estimate(estimator, fitted.b, known, ci, p, inference)
    base = float(fitted.coefficients[0])
    level = level_estimate(estimator, fitted.b, known, ci, p, inference, base)
    percent = (
        relative_interval(fitted.b, base, _variances(fitted, error), dof) if known else UNKNOWN
    )
    return replace(level, ci_pct=percent)


def _variances(fitted: Fit, error: Callable[[Fit], float]) -> tuple[float, float, float]:
    """Of what is asked, of it and the intercept together, and of the intercept."""
    first = np.zeros_like(fitted.asked)
    first[0] = 1.0
    asked = (fitted.asked, fitted.asked + first, first)
    of_b, of_sum, of_base = (error(replace(fitted, asked=each)) ** 2 for each in asked)
    return of_b, (of_sum - of_b - of_base) / 2, of_base
