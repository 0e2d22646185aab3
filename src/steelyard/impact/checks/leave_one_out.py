"""Does the answer hang on one cluster? Each is left out in turn."""

from __future__ import annotations

import numpy as np

from steelyard.impact.checks.rerun import (
    Run,
    collapsed,
    lighter,
    most_cells,
    point,
    said,
    words,
)
from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import Check, Estimate
from steelyard.impact.study import Study

NAME = "leave_one_cluster_out"
CLUSTERS_MAX = 60  # with more, only the LARGEST are left out: no other could matter as much
LARGEST = 10
SUMS = ("poisson_did", "poisson_imputation")  # estimators that see sums only


def leave_one_cluster_out(panel: Panel, study: Study, headline: Estimate, run: Run) -> Check:
    """How far the estimate moves without each cluster, and whether its sign or the side of 0 that
    its interval is on would change."""
    groups = _groups(panel)
    large: Flags = np.isin(panel.cluster, groups) & (panel.groups > CLUSTERS_MAX)
    sums = collapsed(panel) if headline.estimator in SUMS else panel
    few = sums.n * sums.length * len(groups) <= most_cells(sums)
    light, every = (sums, 1) if few else lighter(panel, len(groups), large)
    number = point(headline, study, run)
    whole = number(light)
    names = [panel.clusters[g] for g in groups]
    where = {name: code for code, name in enumerate(light.clusters)}
    values = [number(light.pick(light.cluster != where[name])) for name in names]
    if whole is None or headline.estimate is None:
        return Check(NAME, "not_run", "The estimate cannot be formed again on fewer units.")
    lost = [name for name, each in zip(names, values, strict=True) if each is None]
    kept = [(n, v) for n, v in zip(names, values, strict=True) if v is not None and np.isfinite(v)]
    if not kept:
        return Check(NAME, "fail", "Without any one cluster nothing can be estimated.")
    moved = np.array([v for _, v in kept]) - whole + headline.estimate
    return _said(headline, study, [n for n, _ in kept], moved, lost, every)


def _groups(panel: Panel) -> Ints:
    """Clusters to leave out: all, or those with most outcome in sum."""
    codes = np.unique(panel.cluster)
    if len(codes) <= CLUSTERS_MAX:
        return codes
    size = np.bincount(panel.cluster, np.nansum(np.abs(panel.outcome), axis=1))
    order = np.lexsort((codes, -size[codes]))
    return np.sort(codes[order[:LARGEST]])


def _said(
    headline: Estimate,
    study: Study,
    names: list[str],
    moved: Floats,
    lost: list[str],
    every: int,
) -> Check:
    low, high = int(np.argmin(moved)), int(np.argmax(moved))
    b, (left, right) = float(headline.estimate or 0.0), headline.ci
    flips = bool((np.sign(moved) != np.sign(b)).any())
    hangs = left is not None and right is not None and _decides(b, left, right, moved)
    noun = study.cluster or study.unit
    told = (
        f"Without one {noun} the estimate is between {said(headline, moved[low])} (without"
        f" {names[low]}) and {said(headline, moved[high])} (without {names[high]})"
    )
    told += "; whether its interval leaves out 0 hangs on one" if hangs else ""
    told += "; its sign changes" if flips else ""
    told += f"; without {', '.join(lost[:3])} nothing can be estimated" if lost else ""
    return Check(
        NAME,
        "warn" if hangs or lost else "ok",  # the sign of what may well be 0 tells nothing
        f"{told}{words(every)}.",
        {
            "left_out": len(names) + len(lost),
            "low": float(moved[low]),
            "high": float(moved[high]),
            "sign_hangs": flips,
            "significance_hangs": hangs,
            "rows": [
                {"cluster": name, "estimate": float(each)}
                for name, each in zip(names, moved, strict=True)
            ],
        },
    )


def _decides(b: float, left: float, right: float, moved: Floats) -> bool:
    """Whether the interval, moved along, is on the same side of 0 each time."""
    excludes = (left + moved - b > 0) | (right + moved - b < 0)
    return bool((excludes != (left > 0 or right < 0)).any())
