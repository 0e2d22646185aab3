"""How long the treated were watched: one period after the start shows novelty, not an effect."""

from __future__ import annotations

import numpy as np

from steelyard.impact.panel import Panel
from steelyard.impact.result import Check

NAME = "one_period_after"
FEW = 4


def one_period_after(panel: Panel) -> Check:
    """Observed periods from the start on, of the treated: the middle unit's and the shortest."""
    treated = ~panel.never
    if not treated.any():
        return Check(NAME, "not_run", "Nobody starts within the window.")
    after = (panel.seen & panel.treated)[treated].sum(axis=1)
    middle, single = float(np.median(after)), int((after <= 1).sum())
    figures = {"median": middle, "least": int(after.min()), "one_or_none": single}
    if middle <= 1:
        told = "The treated are seen in one period after their start: what is new wears off, and"
        return Check(NAME, "warn", f"{told} one period cannot tell it from what lasts.", figures)
    told = f"Half of the treated are seen in {middle:g} periods or more after their start"
    told += f", {single:,} in one or none." if single else "."
    if middle < FEW:
        return Check(NAME, "warn", f"{told} That is soon to tell novelty from what lasts.", figures)
    return Check(NAME, "ok", told, figures)
