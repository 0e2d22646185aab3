"""Who stops or starts being observed: a result over those who stayed is one of survivors only."""

from __future__ import annotations

import numpy as np

from steelyard.impact.checks.arms import difference, sides
from steelyard.impact.panel import Flags, Panel
from steelyard.impact.result import Check, Status

NAME = "attrition"
ALPHA = 0.05
LARGE = 0.05  # a difference of so much between the sides is told whatever its p
EDGE = 4  # periods at either end: unseen in all of them is gone, or not there yet


def attrition(panel: Panel) -> Check:
    """Shares of units gone before the end or come after the beginning, by side."""
    if not len(panel.dates):
        return Check(NAME, "not_run", "Nobody starts within the window.")
    side, ours, theirs = sides(panel)
    if side.all() or not side.any():
        return _one_side(panel)
    first = int(panel.dates[0])
    left, joined = gone(panel, first), come(panel, first)
    lost, p_lost = difference(left.astype(float), side, panel.cluster)
    gained, p_gained = difference(joined.astype(float), side, panel.cluster)
    uneven = [
        abs(gap) >= LARGE or (p is not None and p < ALPHA and gap != 0)
        for gap, p in ((lost, p_lost), (gained, p_gained))
    ]
    told = f"No longer seen at the end: {_share(left[side])} of the {ours},"
    told = f"{told} {_share(left[~side])} of the {theirs}{_p(p_lost)}; not yet seen at the"
    told = f"{told} beginning: {_share(joined[side])} and {_share(joined[~side])}{_p(p_gained)}."
    if any(uneven):
        told += " The sides lose or gain different people: part of the difference may be theirs."
    return Check(
        NAME,
        "warn" if any(uneven) else "ok",
        told,
        {
            "gone_treated": float(left[side].mean()),
            "gone_others": float(left[~side].mean()),
            "gone_p": p_lost,
            "come_treated": float(joined[side].mean()),
            "come_others": float(joined[~side].mean()),
            "come_p": p_gained,
        },
    )


def _one_side(panel: Panel) -> Check:
    first = int(panel.dates[0])
    left, joined = gone(panel, first), come(panel, first)
    told = f"No longer seen at the end: {_share(left)}; not yet seen at the beginning:"
    told = f"{told} {_share(joined)}. Before and after are of different people to that extent."
    status: Status = "warn" if max(left.mean(), joined.mean()) >= LARGE else "ok"
    figures = {"gone_treated": float(left.mean()), "come_treated": float(joined.mean())}
    return Check(NAME, status, told, figures)


def gone(panel: Panel, first: int) -> Flags:
    """(n,): seen at some time, but in none of the last periods (up to EDGE, a quarter of them)."""
    edge = max(1, min(EDGE, (panel.length - first) // 4))
    late = panel.seen[:, panel.length - edge :].sum(axis=1)
    absent: Flags = (late == 0) & (panel.seen.sum(axis=1) > 0)
    return absent


def come(panel: Panel, first: int) -> Flags:
    """(n,): seen at some time, but in none of the first periods."""
    edge = max(1, min(EDGE, first // 4))
    early = panel.seen[:, :edge].sum(axis=1)
    absent: Flags = (early == 0) & (panel.seen.sum(axis=1) > 0)
    return absent


def _share(flags: Flags) -> str:
    return f"{100 * float(np.mean(flags)):.0f} %"


def _p(p: float | None) -> str:
    return "" if p is None else f" (p = {p:.2g})"
