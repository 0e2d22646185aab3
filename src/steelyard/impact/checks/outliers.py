"""How much of the answer rests on a few units or a few extreme cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact.checks.rerun import Run, lighter, point, said, words
from steelyard.impact.panel import Flags, Floats, Panel
from steelyard.impact.result import Check, Estimate
from steelyard.impact.study import Study

NAME = "outliers"
TOP = 0.01  # of units are left out
CAP = 0.99  # quantile of observed cells beyond which cells are pulled in
RUNS = 3


def outliers(panel: Panel, study: Study, headline: Estimate, run: Run) -> Check:
    """The estimate without the top 1 % of units, and with cells pulled in to their 99th percentile
    (of treated and untreated cells apart)."""
    light, every = lighter(panel, RUNS)
    number = point(headline, study, run)
    whole, without = number(light), number(light.pick(~_top(light)))
    pulled = number(replace(light, outcome=_pulled(light)))
    if whole is None or headline.estimate is None or (without is None and pulled is None):
        return Check(NAME, "not_run", "The estimate cannot be formed again without extremes.")
    b = headline.estimate
    shown = {
        "without the top 1 % of units": None if without is None else without - whole + b,
        "with extreme cells pulled in": None if pulled is None else pulled - whole + b,
    }
    known = {name: each for name, each in shown.items() if each is not None}
    told = ", ".join(f"{name} {said(headline, each)}" for name, each in known.items())
    share = _share(panel)
    moved = [name for name, each in known.items() if _matters(headline, b, each)]
    start = f"The estimate is {told}" + (f" ({said(headline, b)} with all)" if known else "")
    held = "" if share is None else f"; the top 1 % of units have {100 * share:.0f} % of the sum"
    rests = "; the answer rests on few" if moved else ""
    return Check(
        NAME,
        "warn" if moved else "ok",
        f"{start}{held}{rests}{words(every)}.",
        {
            "without_top_units": shown["without the top 1 % of units"],
            "cells_pulled_in": shown["with extreme cells pulled in"],
            "top_units_share": share,
        },
    )


def _level(panel: Panel) -> Floats:
    """What a unit has a period where it was seen."""
    seen = np.maximum(panel.seen.sum(axis=1), 1)
    level: Floats = np.nansum(panel.outcome, axis=1) / seen
    return level


def _top(panel: Panel) -> Flags:
    count = max(1, round(TOP * panel.n))
    order = np.lexsort((np.arange(panel.n), -_level(panel)))
    chosen = np.zeros(panel.n, dtype=bool)
    chosen[order[:count]] = True
    return chosen


def _pulled(panel: Panel) -> Floats:
    outcome = panel.outcome.copy()
    for cells in (panel.treated & panel.seen, ~panel.treated & panel.seen):
        if cells.any():
            low, high = np.quantile(outcome[cells], [1 - CAP, CAP])
            outcome[cells] = np.clip(outcome[cells], low, high)
    return outcome


def _share(panel: Panel) -> float | None:
    """Of the sum; None where the outcome goes below 0 and a share means nothing."""
    total = float(np.nansum(panel.outcome))
    if total <= 0 or np.nanmin(panel.outcome) < 0:
        return None
    return float(np.nansum(panel.outcome[_top(panel)])) / total


def _matters(headline: Estimate, b: float, other: float) -> bool:
    """Another sign, another side of 0, or more than a standard error away."""
    if np.sign(other) != np.sign(b) and abs(other - b) > abs(b) / 2:
        return headline.se is None or abs(other - b) > headline.se / 2
    low, high = headline.ci
    if low is None or high is None or headline.se is None:
        return False
    before = low > 0 or high < 0
    after = low + other - b > 0 or high + other - b < 0
    return before != after or abs(other - b) > headline.se
