"""The wild cluster bootstrap of a regression with few clusters, the hypothesis imposed.

Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90; Webb 2023, Canadian J. of
Economics 56. Every pattern of signs is used once where there are few.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.inversion import Draws, from_sums
from steelyard.impact.regression import Fit, fit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DRAWS = 9_999
ENUMERATED_MAX = 65_536
RADEMACHER = (1.0, -1.0)
WEBB = (1.0, 1.5**0.5, 0.5**0.5, -(0.5**0.5), -1.0, -(1.5**0.5))
WEBB_BELOW = 11  # two signs give 2^10 patterns with 11 clusters, too few to judge by with less


def wild(fitted: Fit, cluster: Ints, seed: int) -> tuple[Draws, str]:
    """Draws of the term's t (CRV1), and in words how they were made.

    Rademacher's two signs, or Webb's six numbers where clusters are few.
    """
    _, codes = np.unique(cluster, return_inverse=True)
    weights, words = _weights(int(codes.max()) + 1, seed)
    design = fitted.design
    others = np.delete(design, fitted.term, axis=1)
    scores, sums = [], []
    for outcome in (fitted.outcome, design[:, fitted.term]):
        moved, shifts = _parts(fitted, codes, fit(others, outcome, 0).residuals)
        scores.append(weights @ moved)
        sums.append(weights * moved - weights @ shifts)
    return from_sums(scores[0], scores[1], sums[0], sums[1]), words


def _weights(groups: int, seed: int) -> tuple[Floats, str]:
    """(draws, G) with the pattern that happened, all ones, first."""
    name, values = ("Rademacher", RADEMACHER) if groups >= WEBB_BELOW else ("Webb", WEBB)
    if len(values) ** groups <= ENUMERATED_MAX:
        # A pattern and its mirror image are equally far out: the first sign may stay.
        first = values[: len(values) // 2]
        each = np.array(list(itertools.product(first, *[values] * (groups - 1))))
        words = f"all {len(values) ** groups:,} patterns ({name})"
        return each, f"wild bootstrap over {groups} clusters, {words}"
    drawn = np.random.default_rng(seed).choice(np.array(values), size=(DRAWS, groups))
    words = f"wild bootstrap over {groups} clusters, {DRAWS:,} draws ({name})"
    return np.vstack([np.ones(groups), drawn]), words


def _parts(fitted: Fit, codes: Ints, residuals: Floats) -> tuple[Floats, Floats]:
    """(G,) what each cluster's residuals add to the term, and (G, G) how much those of one
    cluster move the score of another through the coefficients."""
    shape = (int(codes.max()) + 1, fitted.design.shape[1])
    moved, reach = np.zeros(shape), np.zeros(shape)
    np.add.at(moved, codes, fitted.design * residuals[:, None])
    np.add.at(reach, codes, fitted.design * fitted.pull[:, None])
    moved = moved @ fitted.bread
    return moved[:, fitted.term], moved @ reach.T
