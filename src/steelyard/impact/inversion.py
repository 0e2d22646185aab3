"""Tests over many draws as a function of the hypothesis, and intervals of all not rejected.

A draw is a pattern of signs (wild bootstrap) or another assignment (permutation); its studentised
statistic is known for every hypothesis at once, so that an interval costs little more than a p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.inference import LEVEL
from steelyard.impact.result import Interval

Floats = NDArray[np.float64]
SLACK = 1e-9  # draws that are the observed one again differ from it by rounding
STEPS = 24
FAR = 64  # standard errors away: no end there means no end


@dataclass(frozen=True, eq=False)
class Draws:
    """Of every draw, under the hypothesis h: |b0 - h b1| / sqrt(q00 - 2 h q01 + h^2 q11).

    All arrays are (draws,); `observed` is the place of what really happened among them, so that
    p is never 0.
    """

    b0: Floats
    b1: Floats
    q00: Floats
    q01: Floats
    q11: Floats
    observed: int = 0

    def p(self, null: float = 0.0) -> float:
        """The share of draws at least as far out as what happened, itself among them."""
        size = np.sqrt(np.maximum(self.q00 - 2 * null * self.q01 + null**2 * self.q11, 0))
        far = np.abs(self.b0 - null * self.b1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.nan_to_num(far / size, nan=0.0, posinf=np.inf)
        return share_as_far(ratio, self.observed)


def from_sums(b0: Floats, b1: Floats, u0: Floats, u1: Floats, observed: int = 0) -> Draws:
    """Draws whose squared error is the sum over clusters of (u0 - h u1)^2, both (draws, G)."""
    q00, q01, q11 = (np.einsum("ij,ij->i", a, c) for a, c in ((u0, u0), (u0, u1), (u1, u1)))
    return Draws(b0, b1, q00, q01, q11, observed)


def joined(parts: list[Draws]) -> Draws:
    """Draws made piece by piece, to keep memory small; what happened is in the first piece."""
    names = ("b0", "b1", "q00", "q01", "q11")
    b0, b1, q00, q01, q11 = (np.concatenate([getattr(each, n) for each in parts]) for n in names)
    return Draws(b0, b1, q00, q01, q11, parts[0].observed)


def share_as_far(ratio: Floats, observed: int) -> float:
    """Share of statistics not below the observed one."""
    return float(np.mean(ratio >= ratio[observed] * (1 - SLACK) - SLACK))


def not_rejected(
    p: Callable[[float], float], b: float, step: float, level: float = LEVEL
) -> Interval:
    """The hypotheses around b whose p is above 1 - level; None for an end that is not found.

    `step` is a first guess of the standard error, which only says where to look.
    """
    if not np.isfinite(step) or step <= 0:
        return None, None
    return _end(p, b, -step, 1 - level), _end(p, b, step, 1 - level)


def _end(p: Callable[[float], float], b: float, step: float, alpha: float) -> float | None:
    inside, outside = 0.0, 2.0
    while p(b + outside * step) > alpha:
        inside, outside = outside, 2 * outside
        if outside > FAR:
            return None
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        if p(b + middle * step) > alpha:
            inside = middle
        else:
            outside = middle
    return b + (inside + outside) / 2 * step
