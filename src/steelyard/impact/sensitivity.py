"""What would have to be wrong for the answer to change: bounds beside every volunteers' result.

A bound is no test: a large one makes an explanation by something unseen implausible, not false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.errors import BadPanel
from steelyard.impact.bounds import ALPHA, breakdown_gamma, e_value, partial_r2, robustness_value
from steelyard.impact.honest import Bent, bent_interval
from steelyard.impact.inference import interval
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.partners import Paired, paired
from steelyard.impact.result import CannotSay, Check, Estimate, EventStudy, Interval
from steelyard.impact.study import Study

NOTHING = "Nothing to explain away: the interval holds no effect already."
SMALL = 0.5  # of the largest bend before the start: less than that is no great demand
NEAREST = 12  # steps before the start that are used: further ones say little and cost much


@dataclass(frozen=True)
class Smoothness:
    """Intervals where trends may bend by up to M from step to step, for one mean of effects.

    breakdown     least M at which the interval holds 0; 0 where it holds it for straight trends,
                  None where it does not up to the largest M looked at
    largest_bend  the largest change of slope seen before the start, noise included
    steps         the times after the start whose mean is asked for
    """

    scale: str
    estimate: float
    parallel: Interval
    m: tuple[float, ...]
    intervals: tuple[Interval, ...]
    breakdown: float | None
    largest_bend: float
    steps: tuple[int, ...]
    before: int

    def to_json(self) -> dict[str, Any]:
        grid = zip(self.m, self.intervals, strict=True)
        return {
            "restriction": "smoothness",
            "scale": self.scale,
            "estimate": self.estimate,
            "ci_parallel": list(self.parallel),
            "intervals": [{"m": m, "ci": list(ci)} for m, ci in grid],
            "breakdown_m": self.breakdown,
            "largest_bend_before": self.largest_bend,
            "steps": list(self.steps),
            "steps_before": self.before,
        }


def from_arrays(
    effects: Sequence[float] | Floats, covariance: Sequence[Sequence[float]] | Floats, before: int
) -> EventStudy:
    """An event study from published numbers: effects in order of time without the step -1.

    `before` of them are before the start. Intervals are then by the normal distribution.
    """
    b, spread = np.asarray(effects, dtype=float), np.asarray(covariance, dtype=float)
    if spread.shape != (len(b), len(b)):
        raise BadPanel(
            f"{len(b)} effects need a covariance of {len(b)} x {len(b)}, not"
            f" {' x '.join(map(str, spread.shape))}.",
            "One row and one column for each effect, in the same order, without the reference.",
        )
    if not 0 < before < len(b):
        raise BadPanel(
            f"{before} of {len(b)} effects cannot be before the start.",
            "At least one before and one after the start; the step -1 is the reference.",
        )
    if not (np.isfinite(b).all() and np.isfinite(spread).all()):
        raise BadPanel("Effects and covariance must be numbers without gaps.")
    if not np.allclose(spread, spread.T, rtol=1e-6, atol=1e-12 * float(np.abs(spread).max())):
        raise BadPanel("The covariance is not symmetric.", "Rows and columns in the same order.")
    if np.linalg.eigvalsh(spread).min() < -1e-9 * float(np.abs(spread).max()):
        raise BadPanel("The covariance has negative variances in it: it is no covariance.")
    times = (*range(-before - 1, -1), *range(len(b) - before))
    return EventStudy("published", "level", times, b, spread, float("inf"), "as given")


def smoothness(
    events: EventStudy, grid: Sequence[float] | None = None, step: int | None = None
) -> Smoothness | CannotSay:
    """Rambachan and Roth 2023, Review of Economic Studies 90(5): smoothness, fixed length.

    `step` asks for the effect at that time since the start (0 is the first), None for the mean
    over all. Without a grid M goes up to the largest standard error before the start.
    """
    bent = bend(events, step)
    if isinstance(bent, CannotSay):
        return bent
    errors = np.sqrt(np.diag(bent.covariance))[: len(bent.before)]
    top = float(errors.max())
    wanted = tuple(float(m) for m in (np.linspace(0, top, 6) if grid is None else grid))
    if any(m < 0 or not np.isfinite(m) for m in wanted):
        raise BadPanel("M must be 0 or more.", "0 allows for straight differences in trends only.")
    dof = events.dof if np.isfinite(events.dof) else None
    return Smoothness(
        scale=events.scale,
        estimate=bent.estimate,
        parallel=interval(bent.estimate, bent.se, dof or 1e9)[0],
        m=wanted,
        intervals=tuple(bent_interval(bent, m, dof) for m in wanted),
        breakdown=_breakdown(bent, dof, max(8 * top, *wanted)),
        largest_bend=_largest_bend(bent.before),
        steps=tuple(int(t) for t in _after(events) if step is None or t == step),
        before=len(bent.before),
    )


def _after(events: EventStudy) -> list[int]:
    return [t for t in events.times if t >= 0]


def bend(events: EventStudy, step: int | None = None) -> Bent | CannotSay:
    """The event study in the order that intervals for bent trends need, nearest before first."""
    times = list(events.times)
    before = [t for t in range(-2, min([*times, 0]) - 1, -1) if t in times]
    gap = next((k for k, t in enumerate(before) if t != -2 - k), len(before))
    before, after = before[: min(gap, NEAREST)], _after(events)
    if -1 in times:
        return CannotSay("no_reference", "The step before the start must be the reference, at 0.")
    if not before or not after or (step is not None and step not in after):
        return CannotSay(
            "no_event_study",
            "Effects two or more steps before the start and from the start on are needed.",
        )
    at = [times.index(t) for t in (*before, *after)]
    spread = events.covariance[np.ix_(at, at)]
    if np.linalg.matrix_rank(spread, hermitian=True) < len(at):
        return CannotSay(
            "too_few_clusters",
            f"{len(at)} steps are more than the clusters can tell apart: add periods up, such as"
            " weeks to months, until there are fewer steps than clusters.",
        )
    weights = np.array([t == step for t in after]) if step is not None else np.ones(len(after))
    return Bent(
        before=events.estimates[at[: len(before)]],
        after=events.estimates[at[len(before) :]],
        steps=np.array(after, dtype=float) + 1,
        covariance=spread,
        weights=weights / weights.sum(),
    )


def _breakdown(bent: Bent, dof: float | None, top: float) -> float | None:
    """By halving; the interval's centre moves with M, its hold on 0 does not come back."""

    def holds(m: float) -> bool:
        low, high = bent_interval(bent, m, dof)
        return low is None or high is None or low <= 0 <= high

    if holds(0.0):
        return 0.0
    if not holds(top):
        return None
    below, above = 0.0, top
    for _ in range(16):
        middle = (below + above) / 2
        below, above = (below, middle) if holds(middle) else (middle, above)
    return above


def _largest_bend(before: Floats) -> float:
    path = np.concatenate([[0.0], before])
    return float(np.abs(np.diff(path, 2)).max()) if len(path) > 2 else 0.0


def bound(
    panel: Panel, study: Study, estimate: Estimate, event_study: EventStudy | None
) -> list[Check]:
    """What stands beside a volunteers' result: who is matched, how much is luck, a hidden
    confounder's strength, bent trends.

    Trends are those of the matched pairs in blocks of periods, and of `event_study` where nobody
    was matched.
    """
    from steelyard.impact.blocks import blocks
    from steelyard.impact.likeness import overlap, regression_to_the_mean
    from steelyard.impact.matched import transformed

    panel = transformed(panel, study)
    found = paired(panel, study)
    if isinstance(found, CannotSay) or found.refusal:
        confounder = hidden_confounder(estimate, np.empty(0), panel.groups - 1)
        return [confounder, bent_trends(event_study, study)]
    over_time = blocks(panel, study, found)
    if estimate.p is None or estimate.p >= ALPHA:
        bent = Check("bent_trends", "not_run", NOTHING)
    elif isinstance(over_time, CannotSay):
        bent = bent_trends(event_study, study)
    else:
        bent = bent_trends(over_time.events, study, over_time.width)
    return [
        overlap(found.refusal, found.coverage, found.balance),
        regression_to_the_mean(panel, study, found),
        hidden_confounder(estimate, pair_differences(panel, found), panel.groups - 1),
        bent,
    ]


def pair_differences(panel: Panel, found: Paired) -> Floats:
    """(P,) each pair's difference in change of the mean outcome; `panel` is transformed."""
    from steelyard.impact.ancova import unit_mean
    from steelyard.impact.matched import stacked

    if not len(found.treated):
        return np.empty(0)
    both = stacked(panel, found)
    n, start = both.n // 2, int(both.dates[0])
    change = unit_mean(both, slice(start, None)) - unit_mean(both, slice(0, start))
    return np.asarray(change[:n] - change[n:])


def hidden_confounder(estimate: Estimate, differences: Floats, dof: float) -> Check:
    """How strongly something unseen would have to drive both who starts and what comes out."""
    figures: dict[str, Any] = {}
    name = "hidden_confounder"
    if estimate.p is None or estimate.p >= ALPHA:
        return Check(name, "not_run", NOTHING, figures)
    gamma = breakdown_gamma(differences) if len(differences) > 1 else None
    figures |= (
        _ratios(estimate) | _shares(estimate, dof) | {"gamma": gamma, "pairs": len(differences)}
    )
    said = []
    if "e_value" in figures:
        said.append(
            "go with a ratio of"
            f" {figures['e_value']:.2f} with both starting and the outcome, beyond what was matched"
            f" ({figures['e_value_limit']:.2f} to make it undecided)"
        )
    if gamma is not None:
        said.append(f"change the odds of starting within a pair by a factor of {gamma:.2f}")
    if not said and "robustness_value" in figures:
        share = 100 * figures["robustness_value"]
        said.append(f"explain {share:.0f} % of what is left of both starting and the outcome")
    detail = f"To explain this away, something unseen would have to {', or '.join(said)}."
    weak = (gamma is not None and gamma < 1.25) or figures.get("e_value_limit", 9.0) < 1.25
    detail += " That is little: ambition or a change of projects could do it." if weak else ""
    return Check(name, "warn" if weak else "ok", detail, figures)


def _ratios(estimate: Estimate) -> dict[str, float]:
    """E-values, where the effect can be told as a ratio of means."""
    low, high = estimate.ci_pct
    if estimate.effect_pct is None or low is None or high is None:
        return {}
    if min(estimate.effect_pct, low) <= -100:
        return {}
    found = e_value(1 + estimate.effect_pct / 100, 1 + low / 100, 1 + high / 100)
    return {"e_value": found.point, "e_value_limit": found.limit}


def _shares(estimate: Estimate, dof: float) -> dict[str, float]:
    if estimate.estimate is None or not estimate.se or dof <= 1:
        return {}
    t = estimate.estimate / estimate.se
    return {
        "partial_r2": partial_r2(t, dof),
        "robustness_value": robustness_value(t, dof),
        "robustness_value_limit": robustness_value(t, dof, 0.05),
    }


def bent_trends(events: EventStudy | None, study: Study, width: int = 1) -> Check:
    """How much the trends may bend before the mean effect cannot be told from nothing.

    A step of the event study is `width` periods.
    """
    name = "bent_trends"
    if events is None:
        return Check(name, "not_run", "Without an event study, bent trends cannot be allowed for.")
    found = smoothness(events)
    if isinstance(found, CannotSay):
        return Check(name, "not_run", found.message)
    low, high = found.parallel
    if low is None or high is None or low <= 0 <= high:
        told = "Nothing to explain away: with parallel trends the interval holds no effect already."
        return Check(name, "not_run", told, found.to_json())
    if found.breakdown == 0:
        told = (
            "A straight difference in trends, such as the one before the start, is enough to make"
            " the mean effect undecided."
        )
        return Check(name, "warn", told, found.to_json())
    if found.breakdown is None:
        return Check(name, "ok", "No bend that was looked at makes it undecided.", found.to_json())
    many = found.breakdown / found.largest_bend if found.largest_bend else None
    beside = "" if many is None else f", {many:.2g} times the largest seen before it, luck included"
    unit = "log points" if found.scale == "log" else study.outcome
    step = "step" if width == 1 else f"block of {width} periods"
    told = (
        f"Trends may bend by up to {found.breakdown:.3g} {unit} from one {step} to the next"
        f"{beside}, before the mean effect becomes undecided."
    )
    weak = many is not None and many < SMALL
    return Check(name, "warn" if weak else "ok", told, found.to_json() | {"width": width})
