"""Untreated people beside treated ones learn from them, and the difference shrinks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact.checks.rerun import Run, lighter, said, words
from steelyard.impact.panel import Flags, Ints, Panel
from steelyard.impact.result import Check, Estimate
from steelyard.impact.study import Study

NAME = "spillover"
TEAMS = ("team", "squad", "group")  # traits that say who sits beside whom
ALPHA = 0.05


def spillover(panel: Panel, study: Study, run: Run) -> Check:
    """Whether treated and untreated share a cluster (or a team), and if so how the untreated beside
    treated ones moved against the untreated elsewhere."""
    teams = _teams(panel)
    if teams is None or not panel.never.any():
        told = "Nobody is named who sits beside the treated without treatment: not looked for."
        return Check(NAME, "not_run", told)
    near = _near(panel, teams)
    beside = int(near.sum())
    if not beside:
        told = "No untreated unit shares a team with a treated one; what spreads between teams"
        return Check(NAME, "ok", f"{told} cannot be seen.", {"near": 0})
    far = panel.never & ~near
    told = f"{beside:,} of {int(panel.never.sum()):,} untreated share a team with treated ones:"
    told = f"{told} what they learn from them dilutes the effect, so it is likely understated."
    found, every = _beside(panel, teams, near, far, run)
    if found is None or found.estimate is None:
        return Check(NAME, "warn", told, {"near": beside, "far": int(far.sum())})
    moved = f" Against the {int(far.sum()):,} untreated elsewhere they moved by"
    moved = f"{moved} {said(found, found.estimate)}{_interval(found)}{words(every)}."
    figures: dict[str, float | None] = {
        "near": beside,
        "far": int(far.sum()),
        "near_against_far": found.estimate,
        "p": found.p,
    }
    return Check(NAME, "warn", told + moved, figures)


def _teams(panel: Panel) -> Ints | None:
    """Codes of who sits together: clusters where units are not their own, else a trait."""
    if panel.clustered:
        return panel.cluster
    for name in TEAMS:
        if name in panel.traits:
            return np.unique(panel.traits[name], return_inverse=True)[1].astype(np.int64)
    return None


def _near(panel: Panel, teams: Ints) -> Flags:
    treated = np.bincount(teams, ~panel.never) > 0
    return panel.never & treated[teams]


def _beside(
    panel: Panel, teams: Ints, near: Flags, far: Flags, run: Run
) -> tuple[Estimate | None, int]:
    """The headline's method among the untreated, as if those beside the treated had begun when
    the first of their team did."""
    if far.sum() < 2:
        return None, 1
    first = np.full(int(teams.max()) + 1, panel.length)
    np.minimum.at(first, teams, panel.start)
    names = tuple(map(str, range(len(first))))
    placed = replace(
        panel,
        start=np.where(near, first[teams], panel.length),
        cluster=teams,
        clusters=names,
        clustered=True,
    )
    light, every = lighter(placed.pick(panel.never), 1)
    found = run(light)
    return (found if isinstance(found, Estimate) else None), every


def _interval(found: Estimate) -> str:
    low, high = found.ci
    return "" if low is None or high is None else f" ({said(found, low)} to {said(found, high)})"
