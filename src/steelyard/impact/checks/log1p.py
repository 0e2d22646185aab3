"""Would log(1 + y), read as percent, have said something else? On skewed counts it often does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact.checks.disagreement import apart
from steelyard.impact.checks.rerun import grouped
from steelyard.impact.panel import Panel
from steelyard.impact.result import Check, Estimate
from steelyard.impact.study import Study

NAME = "log1p"
GROUPS = 60


def log1p(panel: Panel, study: Study, headline: Estimate) -> Check:
    """Imputation on log(1 + y) beside the headline's ratio.

    Chen and Roth 2024, Quarterly Journal of Economics 139(2): with zeros, log(1 + y) is no
    percentage and its size follows the unit of the outcome.
    """
    from steelyard.impact.imputation import overall

    if headline.scale != "log" or study.kind not in ("count", "amount"):
        return Check(NAME, "not_run", "Only for ratios of counts and amounts.")
    if study.transform == "log1p" or np.nanmin(panel.outcome) < 0:
        return Check(NAME, "not_run", "The outcome is not of a kind that log(1 + y) is taken of.")
    logged = grouped(replace(panel, outcome=np.log1p(panel.outcome)), GROUPS)
    found = overall(logged, replace(study, kind="duration", transform="none"))
    if not isinstance(found, Estimate) or found.effect_pct is None or headline.effect_pct is None:
        return Check(NAME, "not_run", "An estimate on log(1 + y) cannot be formed.")
    figures = {"log1p_pct": found.effect_pct, "ratio_pct": headline.effect_pct}
    told = f"log(1 + y), read as percent, would say {found.effect_pct:+.1f} %, the ratio"
    told = f"{told} {headline.effect_pct:+.1f} %"
    if apart(headline, found):
        why = "The ratio is of sums; log(1 + y) mostly counts who is at zero, and is no percentage."
        return Check(NAME, "warn", f"{told}: they disagree. {why}", figures)
    return Check(NAME, "ok", f"{told}.", figures)
