"""Pretended starts inside the baseline, where there is nothing to find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact.checks.rerun import Run, grouped, lighter, said, words
from steelyard.impact.panel import Panel
from steelyard.impact.result import Check, Estimate

NAME = "placebo_dates"
BEFORE_MIN = 4  # periods left before a pretended start
AFTER_MIN = 2
DATES_MAX = 6
ALPHA = 0.05
GROUPS = 60
WHOLE = ("synthetic_did", "matched_did")  # for these, clusters are more than a matter of errors


def placebo_dates(panel: Panel, headline: Estimate, run: Run) -> Check:
    """The headline's method on the baseline alone, as if treatment had begun earlier."""
    shifts = _shifts(panel)
    if not shifts:
        told = "The baseline is too short to pretend an earlier start within it."
        return Check(NAME, "not_run", told)
    light, every = lighter(panel, len(shifts))
    if headline.estimator not in WHOLE:
        light = grouped(light, GROUPS)
    tried = [(shift, run(pretended(light, shift))) for shift in shifts]
    found = [(shift, each) for shift, each in tried if isinstance(each, Estimate)]
    known = [(shift, each) for shift, each in found if each.p is not None and np.isfinite(each.p)]
    if not known:
        return Check(NAME, "not_run", "No estimate can be formed on the baseline alone.")
    return _said(headline, known, every)


def _shifts(panel: Panel) -> list[int]:
    """By how many periods starts are moved: spread over what the baseline has room for."""
    first = int(panel.dates[0]) if len(panel.dates) else 0
    room = first - BEFORE_MIN
    if room < AFTER_MIN:
        return []
    return [int(s) for s in np.unique(np.linspace(AFTER_MIN, room, DATES_MAX).round())]


def pretended(panel: Panel, shift: int) -> Panel:
    """Starts moved earlier by so many periods; what was truly treated is not observed."""
    hidden = replace(panel, outcome=np.where(panel.treated, np.nan, panel.outcome))
    if hidden.weight is not None:
        hidden = replace(hidden, weight=np.where(panel.treated, 0.0, hidden.weight))
    start = np.where(panel.never, panel.length, panel.start - shift)
    last = int(panel.start[~panel.never].max())  # afterwards only those never treated are left
    return hidden.starting(start).window(0, last)


def _said(headline: Estimate, found: list[tuple[int, Estimate]], every: int) -> Check:
    p = np.array([each.p for _, each in found], dtype=float)
    values = np.array([each.estimate for _, each in found], dtype=float)
    largest = float(values[np.argmax(np.abs(values))])
    rejected = int((p < ALPHA).sum())
    effect = headline.estimate
    as_large = effect is not None and abs(largest) >= abs(effect)
    told = f"{rejected} of {len(found)} pretended starts look like an effect (p < 0.05)"
    told = f"{told}; the largest shows {said(headline, largest)} where nothing had begun"
    told += ", as large as the effect itself" if as_large else ""
    chance = float(p.min()) * len(p) < ALPHA or 2 * rejected > len(found)  # more than luck
    return Check(
        NAME,
        "warn" if chance else "ok",
        f"{told}{words(every)}.",
        {
            "rejected_share": rejected / len(found),
            "largest": largest,
            "largest_pct": 100 * float(np.expm1(largest)) if headline.scale == "log" else None,
            "rows": [
                {"shift": shift, "estimate": each.estimate, "p": each.p} for shift, each in found
            ],
        },
    )
