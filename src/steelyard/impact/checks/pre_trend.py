"""Did the treated already move differently before? And what movement could not have been seen?

A test that does not reject shows little: its power belongs beside it (Roth 2022). Nothing here may
say that trends were parallel, or that anything was passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact.checks.rerun import said
from steelyard.impact.events import rows
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.result import Check, Estimate, EventStudy

NAME = "pre_trend"
ALPHA = 0.05
STEPS_MAX = 12  # nearest to the start; tests of more steps spread their power too thin
FROM_LAST = "callaway_santanna"  # compares with the last step before the start, not all of them


@dataclass(frozen=True, eq=False)
class Leads:
    """Estimates before the start, with what a straight drift of 1 a step would make of them."""

    b: Floats
    covariance: Floats
    drift: Floats
    dof: float

    @property
    def weight(self) -> float:
        """How far a drift of 1 a step moves the test, squared."""
        return float(self.drift @ np.linalg.solve(self.covariance, self.drift))


def pre_trend(panel: Panel, headline: Estimate, events: EventStudy | None) -> Check:
    """The joint test of the steps before the start, the straight drift that it would have seen in
    50 and 80 % of studies, and what such a drift would have added to the headline.

    Roth 2022, American Economic Review: Insights 4(3), for the Wald test and a linear violation.
    """
    leads = None if events is None else read(events, reference(panel, events))
    if events is None or leads is None:
        told = "No event study with steps before the start: nothing to look for a drift in."
        return Check(NAME, "not_run", told)
    f, p = joint(leads)
    seen50, seen80 = (detectable(leads, power) for power in (0.5, 0.8))
    reach = reach_of(panel, headline)
    figures: dict[str, Any] = {
        "p": p,
        "f": f,
        "steps": len(leads.b),
        "dof": leads.dof,
        "drift_seen_50": seen50,
        "drift_seen_80": seen80,
        "bias_unseen_80": seen80 * reach,
        "rows": rows(events),
    }
    large = _found(headline) and abs(seen80 * reach) >= abs(headline.estimate or 0.0)
    told = _unseen(headline, seen80, seen80 * reach, large)
    if p < ALPHA:
        moved = f"The treated already moved differently before their start (p = {p:.2g})."
        return Check(NAME, "warn", f"{moved} {told}", figures)
    quiet = f"No different movement was seen before the start (p = {p:.2g})."
    return Check(NAME, "warn" if large else "ok", f"{quiet} {told}", figures)


def _found(headline: Estimate) -> bool:
    return headline.p is not None and headline.p < ALPHA


def _unseen(headline: Estimate, drift: float, bias: float, large: bool) -> str:
    told = (
        f"A steady drift of {said(headline, drift)} a step would have been missed in one study of"
        f" five, and would have put about {said(headline, bias)} into the effect"
    )
    return f"{told}: as much as the effect itself." if large else f"{told}."


def reference(panel: Panel, events: EventStudy) -> float:
    """The step that steps before the start are set against: -1 where it is fixed at 0; else what
    lies before the earliest of them, on average."""
    if -1 not in events.times:
        return -1.0
    first = min(events.times)
    earlier = ~panel.never[:, None] & panel.seen & (panel.event_time < first)
    return float(panel.event_time[earlier].mean()) if earlier.any() else first - 1.0


def read(events: EventStudy, base: float = -1.0) -> Leads | None:
    """The steps before the start that can be tested together, nearest ones first to be kept; None
    where there is none. `base` is the step they are set against."""
    times = np.array(events.times)
    spread = np.diag(events.covariance)
    known = (times < 0) & np.isfinite(events.estimates) & np.isfinite(spread) & (spread > 0)
    most = int(max(1, min(STEPS_MAX, events.dof // 2)))
    chosen = sorted(np.flatnonzero(known).tolist(), key=lambda i: -times[i])[:most][::-1]
    if not chosen:
        return None
    covariance = events.covariance[np.ix_(chosen, chosen)]
    if np.linalg.cond(covariance) > 1e12:
        return None
    drift = times[chosen] - base
    return Leads(events.estimates[chosen], covariance, drift, float(events.dof))


def joint(leads: Leads) -> tuple[float, float]:
    """F and p of all steps being 0 together.

    Hotelling 1931, Annals of Mathematical Statistics 2: the covariance is itself estimated, from as
    few clusters as there are; a plain F would reject too often.
    """
    from scipy.special import fdtrc

    k, dof = len(leads.b), _dof(leads)
    t2 = float(leads.b @ np.linalg.solve(leads.covariance, leads.b))
    f = t2 * (dof - k + 1) / (dof * k)
    return f, float(fdtrc(k, dof - k + 1, f))


def power(leads: Leads, drift: float) -> float:
    """How often the joint test rejects under a straight drift of so much a step."""
    from scipy.special import fdtri, ncfdtr

    k, dof = len(leads.b), _dof(leads)
    critical = float(fdtri(k, dof - k + 1, 1 - ALPHA))
    return 1 - float(ncfdtr(k, dof - k + 1, drift**2 * leads.weight, critical))


def detectable(leads: Leads, wanted: float) -> float:
    """The straight drift a step that the joint test sees with the wanted power; positive."""
    from scipy.optimize import brentq

    unit = 1 / np.sqrt(leads.weight)
    top = unit
    while power(leads, top) < wanted and top < 1e6 * unit:
        top *= 2
    if power(leads, top) < wanted:
        return float("inf")
    return float(brentq(lambda drift: power(leads, drift) - wanted, 0.0, top, rtol=1e-10))


def _dof(leads: Leads) -> float:
    return float(min(leads.dof, 1e6)) if np.isfinite(leads.dof) else 1e6


def reach_of(panel: Panel, headline: Estimate) -> float:
    """By how many steps treated cells lie after what they are compared with, on average."""
    treated = ~panel.never[:, None] & panel.seen
    after, before = treated & panel.treated, treated & ~panel.treated
    if not after.any() or not before.any():
        return float("nan")
    base = -1.0 if headline.estimator == FROM_LAST else float(panel.event_time[before].mean())
    return float(panel.event_time[after].mean()) - base
