"""Ratio of sums: items with the property over all items, where units differ in how many they have.

Deng, Knoblich and Lu 2018, KDD, whose delta method is taken in its jackknife form: few clusters
with uneven numbers of items make the plain one too sure. The mean of units' own shares would count
a unit with one item as much as one with a hundred; single items are never the unit of inference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from steelyard.impact.ancova import is_log, items, single_start, too_few
from steelyard.impact.inference import effective_dof, interval, jackknife, relative_interval, t_of
from steelyard.impact.panel import Flags, Floats, Panel
from steelyard.impact.result import (
    UNKNOWN,
    CannotSay,
    Estimate,
    Interval,
    level_estimate,
    log_estimate,
)
from steelyard.impact.study import Study

NOTHING = CannotSay(
    "no_items", "All items of an arm, before or after the start, are of one cluster, or none are."
)


@dataclass(frozen=True, eq=False)
class Side:
    """Of one arm: the ratio, and (G,) how much it moves without each cluster, and the share of
    the arm's items that a cluster has."""

    value: float
    moved: Floats
    shares: Floats


def ratio(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Change of the treated's ratio of sums since the start, less that of the others'.

    Shares: in points (0 to 1), set against what the treated's share would have been. Durations:
    means of logarithms over items, so a ratio. Where nothing was observed before the start, the
    difference after it. Errors by leaving out one cluster at a time.
    """
    date = single_start(panel)
    if isinstance(date, CannotSay):
        return date
    short = too_few(~panel.never, panel.cluster)
    if short:
        return short
    after = _arms(panel, slice(date, None))
    before = _arms(panel, slice(0, date)) if panel.seen[:, :date].any() else None
    if after is None or (before is None and panel.seen[:, :date].any()):
        return NOTHING
    b, moved = after[0].value - after[1].value, after[0].moved - after[1].moved
    without, base = after[1].value, after[1].moved
    if before is not None:
        b -= before[0].value - before[1].value
        moved = moved - (before[0].moved - before[1].moved)
        without += before[0].value - before[1].value
        base = base + before[0].moved - before[1].moved
    dof = _dof(panel, after[0].shares + after[1].shares)
    said = _estimate(panel, b, moved, dof)
    if is_log(study):
        return log_estimate(*said)
    level = level_estimate(*said, without)
    if level.se is None:
        return level
    errors = (_error(panel, ~panel.never, each) ** 2 for each in (moved, moved + base, base))
    of_b, of_sum, of_base = errors
    variances = (of_b, (of_sum - of_b - of_base) / 2, of_base)
    return replace(level, ci_pct=relative_interval(b, without, variances, dof))


def _estimate(
    panel: Panel, b: float, moved: Floats, dof: float
) -> tuple[str, float, float | None, Interval, float | None, str]:
    se = _error(panel, ~panel.never, moved)
    things = "clusters" if panel.clustered else "units"
    words = f"jackknife over {panel.groups} {things}, {t_of(dof)}"
    if not se > 1e-12:
        return "ratio", b, None, UNKNOWN, None, words
    ci, p = interval(b, se, dof)
    return "ratio", b, se, ci, p, words


def _dof(panel: Panel, shares: Floats) -> float:
    """Degrees of freedom by each unit's or cluster's share of its arm's items.

    Before the start is taken off, so what is left of a developer is chance in single items, whose
    variance follows their number; a cluster's shocks are common to its items and follow its square.
    With squares for both, 1 of 100 trials without an effect found one instead of 5.
    """
    return effective_dof(shares if panel.clustered else np.sqrt(np.maximum(shares, 0)))


def _error(panel: Panel, treated: Flags, moved: Floats) -> float:
    """The jackknife within each arm, or over all clusters where the arms share some."""
    groups = len(moved)
    has = [np.bincount(panel.cluster, side, groups) > 0 for side in (treated, ~treated)]
    if np.any(has[0] & has[1]):
        return jackknife(moved, 0.0)
    with_it, without = (jackknife(moved[arm], 0.0) for arm in has)
    return float(np.hypot(with_it, without))


def _arms(panel: Panel, periods: slice) -> tuple[Side, Side] | None:
    """The treated's ratio and the others' in these periods; None where an arm has no items."""
    having, number = items(panel, periods)
    first, second = (_side(panel, having, number, arm) for arm in (~panel.never, panel.never))
    return None if first is None or second is None else (first, second)


def _side(panel: Panel, having: Floats, number: Floats, arm: Flags) -> Side | None:
    whole = float(number[arm].sum())
    if whole <= 0:
        return None
    groups = int(panel.cluster.max()) + 1
    value = float(having[arm].sum()) / whole
    excess = np.bincount(panel.cluster, np.where(arm, having - value * number, 0.0), groups)
    left = whole - np.bincount(panel.cluster, np.where(arm, number, 0.0), groups)
    shares = np.asarray(1 - left / whole, dtype=np.float64)
    return Side(value, -excess / left, shares) if np.all(left > 0) else None
