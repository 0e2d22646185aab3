"""Were the sides alike before a draw by lot? If they differ beyond what lots give, it was none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import Check, Status
from steelyard.impact.study import Study

NAME = "imbalance"
FAIL, WARN = 0.001, 0.05
DRAWS = 9_999
MANY = 200  # clusters from which the chi-squared limit stands for draws


@dataclass(frozen=True, eq=False)
class Balance:
    """The omnibus statistic, its p, and each column's standardised difference."""

    d2: float
    p: float
    smd: dict[str, float]
    how: str


def imbalance(panel: Panel, study: Study) -> Check:
    """The omnibus test of Hansen and Bowers over what was known before anybody started: the mean
    outcome and its movement, and covariates, at the level that was assigned.

    "fail" (p < 0.001) means that the sides cannot be taken for drawn by lot.
    """
    names, columns = before(panel)
    if not names:
        return Check(NAME, "not_run", "All units were alike before the start: nothing to compare.")
    codes = np.unique(panel.cluster, return_inverse=True)[1]
    count = np.bincount(codes).astype(float)
    side = np.bincount(codes, ~panel.never) / count >= 0.5
    means = np.column_stack([np.bincount(codes, each) / count for each in columns.T])
    if min(side.sum(), (~side).sum()) < 2:
        return Check(NAME, "not_run", "Fewer than two clusters on a side: nothing to compare.")
    zero = np.zeros(len(side), dtype=np.int64)
    found = omnibus(means, side, zero, names, study.seed)
    return conclude(found)


def conclude(found: Balance) -> Check:
    """The check that a balance amounts to."""
    worst = max(found.smd, key=lambda name: abs(found.smd[name]))
    status: Status = "fail" if found.p < FAIL else "warn" if found.p < WARN else "ok"
    words = {
        "fail": "The sides differed before the start by far more than drawing lots gives",
        "warn": "The sides differed before the start by more than drawing lots usually gives",
        "ok": "Before the start the sides differed by no more than drawing lots gives",
    }[status]
    told = f"{words} (p = {found.p:.2g}, {found.how}); most in {worst}"
    told = f"{told} ({found.smd[worst]:+.2f} standard deviations)."
    figures = {"p": found.p, "d2": found.d2, "smd": found.smd}
    return Check(NAME, status, told, figures)


def before(panel: Panel) -> tuple[list[str], Floats]:
    """Names and (n, k) columns: level and movement before the first start, then covariates.

    What is missing takes the column's mean: it then says neither for nor against.
    """
    first = int(panel.dates[0]) if len(panel.dates) else panel.length
    columns = {"level before": _mean(panel, 0, first)}
    if first >= 4:
        half = first // 2
        moved = _mean(panel, half, first) - _mean(panel, 0, half)
        columns["movement before"] = moved
    columns |= dict(panel.covariates)
    filled = {name: _filled(each) for name, each in columns.items()}
    told = {name: each for name, each in filled.items() if each.std() > 1e-12}
    return list(told), np.column_stack(list(told.values())) if told else np.empty((panel.n, 0))


def _mean(panel: Panel, first: int, last: int) -> Floats:
    part = panel.outcome[:, first:last]
    count = (~np.isnan(part)).sum(axis=1)
    total = np.nansum(part, axis=1)
    mean: Floats = np.divide(total, count, out=np.full(panel.n, np.nan), where=count > 0)
    return mean


def _filled(values: Floats) -> Floats:
    known = np.isfinite(values)
    middle = values[known].mean() if known.any() else 0.0
    return np.where(known, values, middle)


def omnibus(x: Floats, side: Flags, block: Ints, names: list[str], seed: int) -> Balance:
    """Hansen and Bowers 2008, Statistical Science 23(2): the sides' differences in all columns
    together, against drawing the same numbers again within blocks. x is (units, columns)."""
    spread = x.std(axis=0, ddof=1)
    centred = _within((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1), block)
    weight, covariance = _expected(centred, side, block)
    inverse = np.asarray(np.linalg.pinv(covariance, hermitian=True), dtype=np.float64)
    d = weight @ centred
    d2 = float(d @ inverse @ d)
    sizes = 1 / side.sum() + 1 / (~side).sum()
    smd = {name: float(value * sizes) for name, value in zip(names, d, strict=True)}
    if len(side) > MANY:
        from scipy.special import chdtrc

        rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
        return Balance(d2, float(chdtrc(rank, d2)), smd, "chi-squared limit")
    return Balance(d2, _drawn(centred, side, block, inverse, d2, seed), smd, f"{DRAWS:,} draws")


def _within(x: Floats, block: Ints) -> Floats:
    codes = np.unique(block, return_inverse=True)[1]
    count = np.bincount(codes)[:, None]
    means = np.column_stack([np.bincount(codes, each) for each in x.T]) / count
    return x - means[codes]


def _expected(x: Floats, side: Flags, block: Ints) -> tuple[Floats, Floats]:
    """The assignment, and the covariance of its sums over x when drawn within blocks."""
    k = x.shape[1]
    covariance = np.zeros((k, k))
    for each in np.unique(block):
        rows = block == each
        n, treated = int(rows.sum()), int(side[rows].sum())
        if 0 < treated < n:
            covariance += treated * (n - treated) / (n * (n - 1)) * x[rows].T @ x[rows]
    return side.astype(float), covariance


def _drawn(x: Floats, side: Flags, block: Ints, inverse: Floats, d2: float, seed: int) -> float:
    rng = np.random.default_rng(seed)
    order = np.lexsort((*x.T, block))  # draws do not follow the order of rows
    x, side, block = x[order], side[order], block[order]
    bounds = np.flatnonzero(np.diff(block)) + 1
    parts = np.split(np.arange(len(side)), bounds)
    drawn = np.empty((DRAWS, len(side)))
    for rows in parts:
        drawn[:, rows] = rng.permuted(np.tile(side[rows].astype(float), (DRAWS, 1)), axis=1)
    d = drawn @ x
    each = np.einsum("ij,jk,ik->i", d, inverse, d)
    return float((1 + (each >= d2 * (1 - 1e-9)).sum()) / (DRAWS + 1))
