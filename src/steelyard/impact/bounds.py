"""How strong something unseen would have to be to make an effect out of nothing.

Three answers in three currencies: odds of starting (Rosenbaum), risk ratios (E-value), shares of
variance (robustness value). None of them says that such a thing exists or does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Floats

ALPHA = 0.05
MOST = 100.0  # odds beyond which nobody asks


def signed_rank_p(differences: Floats, gamma: float) -> float:
    """The largest one-sided p of Wilcoxon's signed-rank test that odds up to `gamma` allow.

    Rosenbaum 2002, Observational Studies (2nd ed.), section 4.3: in each pair the odds of being
    the treated one differ by a factor of at most `gamma`. `differences` are treated less control.
    Normal approximation, average ranks for ties; pairs without a difference are ranked and then
    count for neither side, as in that book.
    """
    from scipy.special import ndtr
    from scipy.stats import rankdata

    d = differences[~np.isnan(differences)]
    rank = np.where(d == 0, 0.0, rankdata(np.abs(d)))
    if not rank.any():
        return 1.0
    share = gamma / (1 + gamma)
    excess = float(rank[d > 0].sum() - share * rank.sum())
    return float(ndtr(-excess / math.sqrt(share * (1 - share) * float(rank @ rank))))


def breakdown_gamma(differences: Floats, alpha: float = ALPHA) -> float:
    """The least factor on the odds of starting that lets the one-sided p reach `alpha`.

    In the direction in which the differences point. 1: no hidden bias is needed; MOST: not even
    that factor is enough.
    """
    from scipy.optimize import brentq

    d = differences if signed_rank_p(differences, 1.0) < 0.5 else -differences
    if signed_rank_p(d, 1.0) >= alpha:
        return 1.0
    if signed_rank_p(d, MOST) < alpha:
        return MOST
    return float(brentq(lambda gamma: signed_rank_p(d, gamma) - alpha, 1.0, MOST))


@dataclass(frozen=True)
class EValue:
    """Least risk ratio with both the treatment and the outcome that would explain it away.

    `point` for the estimate, `limit` for the end of the interval nearer to no effect (1: the
    interval holds "no effect" already).
    """

    point: float
    limit: float


def e_value(ratio: float, low: float, high: float) -> EValue:
    """VanderWeele and Ding 2017, Annals of Internal Medicine 167(4), for a ratio of means."""
    limit = 1.0 if low <= 1 <= high else _e(low if ratio > 1 else high)
    return EValue(_e(ratio), limit)


def _e(ratio: float) -> float:
    above = max(ratio, 1 / ratio) if ratio > 0 else math.inf
    return above + math.sqrt(above * (above - 1)) if math.isfinite(above) else math.inf


def robustness_value(t: float, dof: float, alpha: float | None = None) -> float:
    """The share of the residual variance of both treatment and outcome that would explain it away.

    Cinelli and Hazlett 2020, J. Royal Statistical Society B 82(1). With `alpha`: that would make
    it indistinguishable from chance at that level; 0 where it is so already.
    """
    from scipy.special import stdtrit

    f = abs(t) / math.sqrt(dof)
    if alpha is not None:
        f -= float(stdtrit(dof - 1, 1 - alpha / 2)) / math.sqrt(dof - 1)
    if f <= 0:
        return 0.0
    return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)


def partial_r2(t: float, dof: float) -> float:
    """The share of the outcome's residual variance that the treatment explains, t² / (t² + dof)."""
    return t * t / (t * t + dof)
