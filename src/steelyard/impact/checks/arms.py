"""The two sides of a panel, and the difference of a plain property between them."""

from __future__ import annotations

import numpy as np

from steelyard.impact.inference import interval, jackknife
from steelyard.impact.panel import Flags, Floats, Ints, Panel


def sides(panel: Panel) -> tuple[Flags, str, str]:
    """Treated against never treated; where everybody is treated, earlier against later starts."""
    if panel.never.any():
        return ~panel.never, "treated", "untreated"
    middle = np.median(panel.start)
    early = panel.start <= middle if (panel.start > middle).any() else panel.start < middle
    return early, "earlier starters", "later starters"


def difference(values: Floats, side: Flags, cluster: Ints) -> tuple[float, float | None]:
    """Mean of a side less that of the other, and its p by leaving out one cluster at a time.

    p is None where nothing varies or fewer than two clusters are on a side.
    """
    codes = np.unique(cluster, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    each = [side.astype(float), side * values, (~side).astype(float), (~side) * values]
    sums = np.array([np.bincount(codes, part, groups) for part in each])
    whole = sums.sum(axis=1)
    b = float(_gap(whole[:, None])[0])
    if min((sums[0] > 0).sum(), (sums[2] > 0).sum()) < 2:
        return b, None
    se = jackknife(_gap(whole[:, None] - sums), b)
    p = interval(b, se, groups - 1)[1]
    return b, p if np.isfinite(p) else None


def _gap(sums: Floats) -> Floats:
    gap: Floats = sums[1] / sums[0] - sums[3] / sums[2]
    return gap
