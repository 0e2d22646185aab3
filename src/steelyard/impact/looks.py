"""Results read before the end: what a headline's interval and p become, by the rule for looks."""

from __future__ import annotations

import numpy as np

from steelyard.impact.monitoring import at_look, look_level, mixture_rho, monitored
from steelyard.impact.panel import Panel
from steelyard.impact.result import Estimate
from steelyard.impact.study import Study
from steelyard.impact.verdict import ALPHA

# The standard error for which the always-valid interval is narrowest: a tenth of what there was.
# Any fixed value holds; one chosen from the data would not.
AIM = 0.1


def at_this_look(headline: Estimate, study: Study, panel: Panel) -> tuple[Estimate, float]:
    """The headline as it may be read now, and the level its p is to be set against."""
    if study.always_valid:
        return monitored(headline, mixture_rho(AIM * _unit(headline, panel))), ALPHA
    if study.looks is None:
        return headline, ALPHA
    return at_look(headline, *study.looks), look_level(*study.looks)


def _unit(headline: Estimate, panel: Panel) -> float:
    """1 on the log scale; in levels the mean before anybody was treated."""
    if headline.scale == "log":
        return 1.0
    before = panel.outcome[:, : int(panel.dates[0])]
    return float(abs(np.nanmean(before))) or 1.0
