"""The answer in one sentence, made from the estimate, also when it is null or negative."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from steelyard.impact.result import CannotSay, Estimate, Verdict
from steelyard.impact.study import Design, Study

ALPHA = 0.05
EVIDENCE: dict[str, str] = {
    "rct": "randomised",
    "waves": "staggered roll-out",
    "volunteers": "assumption-based",
    "once": "none",
}
RESTS_ON = {
    "rct": "",
    "waves": " This rests on waves that would have moved alike without treatment.",
    "volunteers": " This rests on an assumption nobody can test: that those who started differ from"
    " their pairs in nothing but what the baseline shows.",
}
ANSWERABLE = {
    "no_treated": "Take in periods in which somebody is treated.",
    "no_baseline": "Take in at least 12 weeks before the start; where there are none, let the next"
    " teams start on dates drawn by lot and record from now on.",
    "rows_as_units": "Give the developer (or team) as --unit, one row a unit and period.",
    "too_few_clusters": "Treatment must start in at least two groups and be absent in two more:"
    " draw teams by lot, or wait for the next wave.",
    "short_baseline": "With 12 weeks or more before the start, people can be matched on more than"
    " a lucky or unlucky month.",
    "no_overlap": "Nobody without treatment is like those with it. Draw lots among the next who"
    " want to start.",
    "association": "Draw lots: for each task, a coin decides whether the assistant may be used"
    " (--block names within whom).",
    "one_arm": "Take in tasks of both sides.",
    "all_at_once": "Let part of the teams start later, in an order drawn by lot; 12 weeks after"
    " the first wave the question has an answer.",
}


def effect_words(estimate: Estimate, study: Study) -> str:
    """The effect with its interval, e.g. "+12.3 % (95 % interval +3.1 to +22.4 %)"."""
    if study.kind == "share" and estimate.scale == "level":
        points = [None if v is None else 100 * v for v in (estimate.estimate, *estimate.ci)]
        return _words(points, " points")
    in_pct = _words([estimate.effect_pct, *estimate.ci_pct], " %")
    if estimate.scale == "log":
        return in_pct
    in_units = _words([estimate.estimate, *estimate.ci], "")
    return in_units if estimate.effect_pct is None else f"{in_units}, which is {in_pct}"


def _words(numbers: list[float | None], unit: str) -> str:
    value, low, high = numbers
    if value is None:
        return "unknown"
    if low is None or high is None:
        return f"{figure(value)}{unit} (interval unknown)"
    return f"{figure(value)}{unit} (95 % interval {figure(low)} to {figure(high)}{unit})"


def figure(value: float) -> str:
    """A signed figure with as many digits as it can bear: three or so."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 1 else 2 if size >= 0.1 else 4
    return f"{value:+,.{digits}f}".replace("-", "−")


def conclude(
    design: Design,
    headline: Estimate,
    study: Study,
    power: Mapping[str, Any],
    units: int,
    alpha: float = ALPHA,
) -> Verdict:
    """The verdict on a headline; `alpha` is less than 0.05 where looks are planned."""
    p = headline.p
    if headline.estimate is None or p is None or not math.isfinite(p):
        return Verdict(
            "refused",
            f"An effect on {study.outcome} cannot be told: its uncertainty is unknown.",
            "none",
            ANSWERABLE["too_few_clusters"],
        )
    said = effect_words(headline, study)
    if p < alpha:
        way = _direction(headline, study)
        return Verdict("effect", f"{way}: {said}.{RESTS_ON[design]}", EVIDENCE[design])
    mde = power.get("mde_pct")
    beyond = (
        f" An effect of {figure(mde)} % or more would have been seen in 8 of 10 such studies;"
        " smaller ones cannot be ruled out."
        if mde is not None
        else ""
    )
    return Verdict(
        "no_detectable_effect",
        f"No effect on {study.outcome} can be told from chance: {said}.{beyond}{RESTS_ON[design]}",
        EVIDENCE[design],
        needed(mde, units, study),
    )


def _direction(headline: Estimate, study: Study) -> str:
    up = (headline.estimate or 0) > 0
    if headline.estimator == "survival":  # a hazard: more of it is sooner
        return f"Treatment made {study.outcome} end {'sooner' if up else 'later'}"
    if study.kind == "duration":
        return f"Treatment {'lengthened' if up else 'shortened'} {study.outcome}"
    return f"Treatment {'raised' if up else 'lowered'} {study.outcome}"


def needed(mde_pct: float | None, units: int, study: Study, target: float = 10.0) -> str:
    """How many units a detectable effect of `target` percent would take, by the square law."""
    if mde_pct is None or mde_pct <= target:
        return ""
    many = units * (mde_pct / target) ** 2
    rounded = float(f"{many:.2g}")
    return (
        f"To see {target:+.0f} % with 80 % power, about {rounded:,.0f} {study.unit}s in all would"
        " be needed over as many periods, or a longer time."
    )


def refuse(reason: CannotSay) -> Verdict:
    """No number at all, and why."""
    return Verdict("refused", reason.message, "none", ANSWERABLE.get(reason.code, ""))


def not_identified(reason: CannotSay) -> Verdict:
    """A change can be shown, its cause cannot."""
    return Verdict("not_identified", reason.message, "none", ANSWERABLE.get(reason.code, ""))


ALL_AT_ONCE = CannotSay(
    "all_at_once",
    "Everybody started at once: season, growth and everything else that changed then is in the"
    " difference between before and after, so what the assistant did cannot be told.",
)
