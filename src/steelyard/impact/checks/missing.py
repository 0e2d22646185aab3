"""Cells that were not observed although their unit was there before and after."""

from __future__ import annotations

import numpy as np

from steelyard.impact.checks.arms import sides
from steelyard.impact.panel import Flags, Panel
from steelyard.impact.result import Check

NAME = "missing_cells"
LARGE = 0.10
UNEVEN = 0.05


def missing_cells(panel: Panel) -> Check:
    """Shares of gaps by side, before and after the first start; who came or left is `attrition`."""
    inside = _present(panel)
    gap = inside & ~panel.seen
    whole = float((~panel.seen).mean())
    first = int(panel.dates[0]) if len(panel.dates) else panel.length
    side, ours, theirs = sides(panel)
    after = np.arange(panel.length) >= first
    parts = {
        name: _share(gap, inside, units, periods)
        for name, units, periods in (
            ("treated_before", side, ~after),
            ("treated_after", side, after),
            ("others_before", ~side, ~after),
            ("others_after", ~side, after),
        )
    }
    figures = {"missing": whole, "gaps": _share(gap, inside, side | ~side, after | ~after)} | parts
    told = f"{100 * whole:.1f} % of cells were not observed; gaps within a unit's time are missing,"
    told = f"{told} never 0."
    changed = _change(parts, "treated") - _change(parts, "others")
    if abs(changed) >= UNEVEN:
        told += f" Gaps grew differently among {ours} and {theirs}: by {100 * changed:+.0f} points."
    uneven = abs(changed) >= UNEVEN or (figures["gaps"] or 0) >= LARGE
    return Check(NAME, "warn" if uneven else "ok", told, figures)


def _present(panel: Panel) -> Flags:
    """(n, T): from a unit's first to its last observed period."""
    come = np.logical_or.accumulate(panel.seen, axis=1)
    gone = np.logical_or.accumulate(panel.seen[:, ::-1], axis=1)[:, ::-1]
    present: Flags = come & gone
    return present


def _share(gap: Flags, inside: Flags, units: Flags, periods: Flags) -> float | None:
    cells = int(inside[units][:, periods].sum())
    return int(gap[units][:, periods].sum()) / cells if cells else None


def _change(parts: dict[str, float | None], side: str) -> float:
    return (parts[f"{side}_after"] or 0.0) - (parts[f"{side}_before"] or 0.0)
