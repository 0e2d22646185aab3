"""What matching on a noisy baseline promises to drift back: regression to the mean, in figures.

Pairs agree in what was seen, which is part luck. Luck does not last, and so the sides part again
although nothing happened. How much of a baseline is luck is read from its two halves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.ancova import unit_mean
from steelyard.impact.panel import Floats, Ints, Panel


@dataclass(frozen=True)
class Drift:
    """By how much matched treated rise over their pairs after the start with no effect at all.

    periods      of the shortest baseline
    reliability  share of the variance of baseline means that lasts; None: too few units to tell
    amount, se   in units of the outcome per period
    level        mean of the matched treated before their start
    """

    periods: int
    reliability: float | None
    amount: float | None
    se: float | None
    level: float

    @property
    def pct(self) -> float | None:
        """The drift in percent of the level."""
        return None if self.amount is None or self.level <= 0 else 100 * self.amount / self.level


def drift(
    panel: Panel,
    asked: Ints,
    eligible: Ints,
    cell: Ints,
    matched: Ints,
    velocity: dict[int, Floats],
) -> Drift:
    """(1 - reliability) of how far the sides are apart before matching, averaged over the pairs.

    Campbell and Kenny 1999, A Primer on Regression Artifacts. Given the baseline mean, what lasts
    of it is expected at m + R (mean - m) with m the mean of the side and R the reliability: pairs
    with equal means differ by (1 - R) (m of the treated - m of the controls). `velocity` holds
    (n,) means before each date; `matched` are the treated units that have a partner.
    """
    own = np.array([velocity[int(panel.start[i])][i] for i in matched])
    periods = int(panel.start[asked].min())
    level = float(own.mean()) if len(own) else 0.0
    gaps = {
        int(c): _gap(panel, asked, eligible, cell, int(c), velocity)
        for c in np.unique(cell[matched])
    }
    lasting = {int(g): _reliability(panel, asked, eligible, cell, int(g)) for g in velocity}
    known = [(lasting[int(panel.start[i])], gaps[int(cell[i])]) for i in matched]
    if not known or any(found is None for found, _ in known):
        return Drift(periods, None, None, None, level)
    r, r_error, gap, gap_error = np.array([(*found, *apart) for found, apart in known if found]).T
    luck = float((1 - r).mean())
    error = np.hypot(luck * _pooled_error(cell[matched], gap_error), gap.mean() * r_error.mean())
    return Drift(periods, float(r.mean()), float(((1 - r) * gap).mean()), float(error), level)


def _gap(
    panel: Panel, asked: Ints, eligible: Ints, cell: Ints, code: int, velocity: dict[int, Floats]
) -> tuple[float, float]:
    """How far treated are above controls in one exact cell before matching, and its error."""
    mine, theirs = asked[cell[asked] == code], eligible[cell[eligible] == code]
    each = np.array([velocity[int(panel.start[i])][i] for i in mine])
    dates = np.unique(panel.start[mine], return_counts=True)
    base = np.array([velocity[int(g)][theirs] for g in dates[0]])
    weight = np.where(np.isnan(base), 0.0, dates[1][:, None])
    others = (np.nan_to_num(base) * weight).sum(0)[weight.any(0)] / weight.sum(0)[weight.any(0)]
    return float(each.mean() - others.mean()), float(np.hypot(_error(each), _error(others)))


def _error(values: Floats) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def _pooled_error(cell: Ints, errors: Floats) -> float:
    """The error of the mean over pairs of gaps that are shared inside cells."""
    _, first, count = np.unique(cell, return_index=True, return_counts=True)
    return float(np.sqrt(((count / len(cell) * errors[first]) ** 2).sum()))


def _reliability(
    panel: Panel, asked: Ints, eligible: Ints, cell: Ints, date: int
) -> tuple[float, float] | None:
    """The reliability of means before `date` and its error; None for fewer than ten units.

    Spearman-Brown from the correlation of the two halves, within side and exact cell.
    """
    both = np.union1d(asked, eligible)
    both = both[panel.start[both] >= date]
    halves = (slice(0, date // 2), slice(date // 2, date))
    first, second = (unit_mean(panel, half)[both] for half in halves)
    known = ~np.isnan(first) & ~np.isnan(second)
    group = (2 * cell[both] + np.isin(both, asked))[known]
    a, b = _centred(first[known], group), _centred(second[known], group)
    if len(a) < 10 or not a.any() or not b.any():
        return None
    r = max(float(a @ b / np.sqrt((a @ a) * (b @ b))), 0.0)
    return 2 * r / (1 + r), 2 / (1 + r) ** 2 * (1 - r * r) / np.sqrt(len(a))


def _centred(values: Floats, group: Ints) -> Floats:
    _, code = np.unique(group, return_inverse=True)
    if not len(values):
        return values
    return np.asarray(values - (np.bincount(code, values) / np.bincount(code))[code])
