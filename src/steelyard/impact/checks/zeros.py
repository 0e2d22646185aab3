"""Units without anything, of which a ratio learns nothing: they are counted, not dropped unsaid."""

from __future__ import annotations

import numpy as np

from steelyard.impact.panel import Panel
from steelyard.impact.result import Check
from steelyard.impact.study import Study

NAME = "zero_units"
LARGE = 0.10


def zero_units(panel: Panel, study: Study) -> Check:
    """How many units are 0 throughout, and how many before any treatment of theirs."""
    if study.kind not in ("count", "amount") or np.nanmin(panel.outcome) < 0:
        return Check(NAME, "not_run", "Only for outcomes that cannot be below 0.")
    seen = panel.seen.any(axis=1)
    total = np.nansum(np.abs(panel.outcome), axis=1)
    before = np.nansum(np.abs(np.where(panel.treated, 0.0, panel.outcome)), axis=1)
    always = int((seen & (total == 0)).sum())
    newly = int((seen & (total > 0) & (before == 0) & ~panel.never).sum())
    told = f"{always:,} of {panel.n:,} units are 0 throughout: ratios rest on the others."
    if newly:
        told += f" {newly:,} had nothing before their start: no ratio to that exists for them."
    share = (always + newly) / panel.n
    figures = {"always_zero": always, "zero_before": newly, "units": panel.n}
    return Check(NAME, "warn" if share >= LARGE else "ok", told, figures)
