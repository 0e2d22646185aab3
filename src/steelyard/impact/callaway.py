"""Callaway and Sant'Anna's effects of groups in periods, through diff-diff, in levels.

Each starting date against units not treated (yet) since the last period before it, averaged over
the treated; doubly robust where covariates are named.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from steelyard.impact.imputation import said, scale_of, transformed
from steelyard.impact.panel import Panel
from steelyard.impact.result import UNKNOWN, CannotSay, Estimate, EventStudy
from steelyard.impact.study import Study

# With 12 or 32 clusters the mean that percentages are of is so uncertain that their interval covers
# 92 of 100 truths, not 95 (docs/reference/calibration.md): with fewer than this it is not said.
MANY = 100
_NOTHING = CannotSay("no_overlap", "No treated cell has controls at the same time.")


def overall(panel: Panel, study: Study) -> Estimate | CannotSay:
    """The "simple" aggregate of R's `did`: group-time effects weighted by size of group."""
    fitted = _fitted(panel, study)
    if isinstance(fitted, CannotSay):
        return fitted
    b, se, groups = float(fitted.att), float(fitted.se), usable(panel, study).groups
    if not math.isfinite(b):
        return _NOTHING
    words = f"influence functions, {groups} clusters"
    found = said("callaway_santanna", b, se, groups - 1, words, study, _without(panel, study, b))
    if groups >= MANY or found.scale == "log":
        return found
    return replace(found, ci_pct=UNKNOWN)


def event_study(panel: Panel, study: Study) -> EventStudy | CannotSay:
    """Effects by steps since the start against the step before it, which is left out."""
    fitted = _fitted(panel, study)
    if isinstance(fitted, CannotSay):
        return fitted
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = fitted.aggregate("event_study")
    groups = usable(panel, study).groups
    found = dict(zip(table.event_time.tolist(), table.att.tolist(), strict=True))
    order = [time for time in table.vcov_index if time != -1 and math.isfinite(found[time])]
    at = [list(table.vcov_index).index(time) for time in order]
    covariance = np.asarray(table.vcov, dtype=float)[np.ix_(at, at)]
    return EventStudy(
        "callaway_santanna",
        scale_of(study),
        tuple(int(time) for time in order),
        np.array([found[time] for time in order]),
        covariance,
        groups - 1,
        f"influence functions, {groups} clusters, t({groups - 1})",
    )


def usable(panel: Panel, study: Study) -> Panel:
    """Units seen before their start, on the study's scale; the first period has no one before."""
    return transformed(panel.pick(panel.start > 0), study)


def _fitted(panel: Panel, study: Study) -> Any:
    """diff-diff's results, or why there are none."""
    used = usable(panel, study)
    short = _short(used, study)
    if short:
        return short
    from diff_diff import CallawaySantAnna

    control = "never_treated" if study.control == "never" else "not_yet_treated"
    model = CallawaySantAnna(control_group=control, base_period="universal", cluster="cluster")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return model.fit(
                used.long(),
                "outcome",
                "unit",
                "time",
                "start",
                covariates=list(study.covariates) or None,
            )
        except (ValueError, np.linalg.LinAlgError) as fault:
            return CannotSay("not_estimable", f"Callaway and Sant'Anna cannot be fitted: {fault}")


def _short(panel: Panel, study: Study) -> CannotSay | None:
    """What is said with fewer than two treated clusters, or two of controls."""
    treated = len(np.unique(panel.cluster[~panel.never]))
    last = panel.dates[-1] if len(panel.dates) else 0
    later = panel.never if study.control == "never" else panel.start >= last
    others = len(np.unique(panel.cluster[later]))
    if treated >= 2 and others >= 2:
        return None
    return CannotSay(
        "too_few_clusters",
        f"{treated} treated and {others} control clusters: at least two of each are needed"
        " to tell an effect from what is particular to one.",
    )


def _without(panel: Panel, study: Study, b: float) -> float | None:
    """The treated cells' mean less the effect: what they would have had."""
    used = usable(panel, study)
    cells = used.treated & used.seen
    return float(used.outcome[cells].mean()) - b if cells.any() else None
