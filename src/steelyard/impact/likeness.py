"""Checks on pairs: whom they stand for, and how much of their likeness is luck.

Neither says that pairs are alike in what was not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from steelyard.impact.ancova import is_log
from steelyard.impact.balance import LONG, Balance
from steelyard.impact.matched import uncorrected
from steelyard.impact.panel import Panel
from steelyard.impact.partners import Paired
from steelyard.impact.result import CannotSay, Check, Estimate
from steelyard.impact.study import Study
from steelyard.impact.verdict import figure

RATIO = 2.0  # of variances beyond which spreads are called unlike (Rubin 2001)
MANY = 0.8  # coverage from which on the matched speak for the treated
TAKEN_OFF = (
    ": taken off the estimate, which holds where people start because of what they are, not of a"
    " lucky month."
)
DRIFT_PCT = 5.0  # regression to the mean that is worth a warning


def overlap(refusal: CannotSay | None, coverage: float, rows: Sequence[Balance]) -> Check:
    """Whether the matched can stand for all treated, and how alike they are to their pairs."""
    worst = max((abs(row.smd_after) for row in rows if row.smd_after is not None), default=None)
    figures = {"coverage": coverage, "largest_smd_after": worst}
    if refusal:
        return Check("overlap", "fail", refusal.message, figures)
    told = f"{100 * coverage:.0f} % of the treated have a partner; the estimate is about them only."
    odd = [row.covariate for row in rows if row.variance_ratio is not None
           and not 1 / RATIO <= row.variance_ratio <= RATIO]  # fmt: skip
    if odd:
        told += f" They still vary differently in {', '.join(odd)} (ratio of variances beyond 2)."
    return Check("overlap", "warn" if odd or coverage < MANY else "ok", told, figures)


def regression_to_the_mean(panel: Panel, study: Study, found: Paired) -> Check:
    """How much of the baseline is luck, and what that alone would show as an effect."""
    drift = found.drift
    pct = drift.pct
    if is_log(study):  # already a difference of logarithms
        pct = None if drift.amount is None else 100 * math.expm1(drift.amount)
    raw = None if found.refusal else uncorrected(panel, study, found)
    figures = {
        "periods": drift.periods,
        "reliability": drift.reliability,
        "drift_pct": pct,
        "drift": drift.amount,
        "uncorrected": raw.to_json() if isinstance(raw, Estimate) else None,
    }
    name = "regression_to_the_mean"
    if drift.reliability is None or pct is None:
        told = "Too few units or no level to tell how much of the baseline is luck."
        return Check(name, "not_run", told, figures)
    told = (
        f"Over {drift.periods} periods {100 * drift.reliability:.0f} % of the differences between"
        f" {study.unit}s last; the rest is luck that does not. Pairs chosen on it would drift apart"
        f" by {figure(pct)} % with no effect at all"
    )
    told += "." if found.refusal else TAKEN_OFF
    wide = abs(pct) >= DRIFT_PCT or drift.periods < LONG
    return Check(name, "warn" if wide else "ok", told, figures)
