"""Estimates of placebo studies, all at once and in closed form, and the same under an effect.

They are what the product's estimators give (`poisson.did`, `ancova.ancova`), study by study; tests
hold them together. Nothing is drawn here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steelyard.impact.hindsight import ALPHA, degrees
from steelyard.impact.inference import cluster_dof
from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import CannotSay
from steelyard.impact.splits import Splits
from steelyard.impact.study import Study

FEW = 30  # units; up to here degrees of freedom are asked of the product
SAMPLE = 5  # studies


@dataclass(frozen=True, eq=False)
class Side:
    """What one side of each study says, (D,), and the variance of it."""

    value: Floats
    variance: Floats


@dataclass(frozen=True, eq=False)
class Placebos:
    """Studies (D,): `ours` less `others`, as logarithms or as levels; NaN where none came out.

    dof (D,): degrees of freedom of Student's t; critical (D,): how many errors away p is 0.05.
    """

    ours: Side
    others: Side
    log: bool
    dof: Floats
    critical: Floats

    @property
    def estimate(self) -> Floats:
        return self.ours.value - self.others.value

    @property
    def error(self) -> Floats:
        return np.sqrt(self.ours.variance + self.others.variance)

    @property
    def known(self) -> Placebos:
        """Those that came out."""
        good = np.isfinite(self.estimate) & np.isfinite(self.error) & (self.error > 0)
        if not self.log:
            good &= self.others.value > 0  # or nothing can be in percent of it
        ours, others = (Side(s.value[good], s.variance[good]) for s in (self.ours, self.others))
        return Placebos(ours, others, self.log, self.dof[good], self.critical[good])

    def moved(self, effect_pct: float) -> Placebos:
        """As if the treated had that effect: it multiplies what they did after the start."""
        by = 1 + effect_pct / 100
        if self.log:
            return replace(self, ours=Side(self.ours.value + math.log(by), self.ours.variance))
        return replace(self, ours=Side(self.ours.value * by, self.ours.variance * by**2))

    def significant(self) -> Flags:
        """(D,) True where p < 0.05."""
        return np.asarray(np.abs(self.estimate) > self.critical * self.error)

    def share(self) -> float:
        """The share that is significant; 0 of none."""
        seen = self.significant()
        return float(seen.mean()) if len(seen) else 0.0

    def in_pct(self) -> Floats:
        relative = np.expm1(self.estimate) if self.log else self.estimate / self.others.value
        return np.asarray(100 * relative)


def ratios(splits: Splits) -> Placebos:
    """Poisson difference-in-differences log[(B/A)/(D/C)] of sums, with its jackknife error.

    Exactly what Poisson regression with unit and period effects gives for one start date; the
    error leaves out one unit (or cluster) at a time (CRV3). Those without any count are left out.
    """
    some = splits.before + splits.after > 0
    counts = some[:, : splits.treated].sum(axis=1), some[:, splits.treated :].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = [_ratio(before, after, sum(counts)) for before, after in _sides(splits)]
    return _placebos(sides[0], sides[1], True, _degrees_of_freedom(splits, counts))


def _degrees_of_freedom(splits: Splits, counts: tuple[Ints, Ints]) -> Floats:
    """(D,): by how many units each side has; where they are few, as the product's intervals of
    some of the studies say, because unequal units then matter and a study takes milliseconds."""
    if splits.before.shape[1] <= FEW:
        some = [_as_the_product(splits, at) for at in range(min(SAMPLE, len(splits.before)))]
        known = [dof for dof in some if dof is not None]
        if known:
            return np.full(len(splits.before), np.median(known))
    pairs = zip(*counts, strict=True)
    return np.array([cluster_dof(int(a), int(b)) if a and b else np.nan for a, b in pairs])


def _as_the_product(splits: Splits, at: int) -> float | None:
    from steelyard.impact.poisson import did

    found = did(study_of(splits, at), Study())
    if isinstance(found, CannotSay) or not found.se or None in found.ci:
        return None
    low, high = found.ci
    return degrees(((high or 0.0) - (low or 0.0)) / 2 / found.se)


def study_of(splits: Splits, at: int) -> Panel:
    """One drawn study as a panel of two periods."""
    outcome = np.column_stack([splits.before[at], splits.after[at]])
    units = np.arange(len(outcome))
    names = tuple(map(str, units))
    start = np.where(units < splits.treated, 1, 2)
    return Panel(outcome, start, units, np.arange(2), names, ("before", "after"), names)


def _ratio(before: Floats, after: Floats, units: Any) -> Side:
    whole = [half.sum(axis=1, keepdims=True) for half in (before, after)]
    log = np.log(whole[1] / whole[0])
    left_out = np.log((whole[1] - after) / (whole[0] - before))
    return Side(log[:, 0], (units - 1) / units * np.sum((left_out - log) ** 2, axis=1))


def adjusted(splits: Splits, log: bool) -> Placebos:
    """Lin's regression adjustment with its HC2 error and Satterthwaite's degrees of freedom.

    Each side's line of after on before, compared at the mean of all units (Lin 2013). `log` says
    that means are means of logarithms, so that the difference is a ratio's logarithm.
    """
    centre = splits.before.mean(axis=1, keepdims=True)
    lines = [_Line(before, after, centre) for before, after in _sides(splits)]
    size = lines[0].size + lines[1].size
    dof = size**2 / (lines[0].crossed + lines[1].crossed)
    return _placebos(lines[0].side, lines[1].side, log, dof)


class _Line:
    """One side's least squares in each study: its value at `centre`, and the parts of its HC2
    variance and of the degrees of freedom of that (Bell and McCaffrey 2002)."""

    def __init__(self, x: Floats, y: Floats, centre: Floats) -> None:
        count = x.shape[1]
        dx, dy = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        spread = np.sum(dx**2, axis=1, keepdims=True)
        safe = np.where(spread > 0, spread, 1.0)  # nothing varies before: the plain mean
        slope = np.sum(dx * dy, axis=1, keepdims=True) / safe
        gap = centre - x.mean(axis=1, keepdims=True)
        pull = 1 / count + gap * dx / safe
        leverage = 1 / count + dx**2 / safe
        square = pull**2 / np.maximum(1 - leverage, 1e-9)
        value = y.mean(axis=1, keepdims=True) + slope * gap
        self.side = Side(value[:, 0], np.sum(square * (dy - slope * dx) ** 2, axis=1))
        self.size = np.sum(pull**2, axis=1)
        inner = (
            (square.sum(axis=1) / count) ** 2
            + 2 * np.sum(square * dx, axis=1) ** 2 / (count * safe[:, 0])
            + (np.sum(square * dx**2, axis=1) / safe[:, 0]) ** 2
        )
        self.crossed = np.sum(square**2 * (1 - 2 * leverage), axis=1) + inner


def _sides(splits: Splits) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    cut = splits.treated
    return (
        (splits.before[:, :cut], splits.after[:, :cut]),
        (splits.before[:, cut:], splits.after[:, cut:]),
    )


def _placebos(ours: Side, others: Side, log: bool, dof: Floats) -> Placebos:
    return Placebos(ours, others, log, dof, quantiles(dof, 1 - ALPHA / 2))


def quantiles(dof: Floats, share: float) -> Floats:
    """Quantiles of Student's t, (D,)."""
    from scipy.special import stdtrit

    distinct, which = np.unique(np.maximum(dof, 1.0), return_inverse=True)
    found: Floats = stdtrit(distinct, share)[which]
    return found
