"""Do estimators that answer the same question say the same?"""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.impact.result import Check, Estimate

NAME = "disagreement"


def disagreement(headline: Estimate, others: Sequence[Estimate]) -> Check:
    """The headline beside other estimates: other signs, or intervals that do not meet."""
    known = [each for each in others if _value(each, headline) is not None]
    if not known or headline.estimate is None:
        return Check(NAME, "not_run", "There is no other estimate of the same to compare with.")
    differ = [each for each in known if apart(headline, each)]
    rows = [{"estimator": each.estimator, "effect_pct": each.effect_pct} for each in known]
    figures = {"rows": rows, "headline_pct": headline.effect_pct}
    if not differ:
        told = f"{_list(known)} beside {_shown(headline)}: none contradicts it"
        return Check(NAME, "ok", f"{told}, which does not make any of them right.", figures)
    told = f"{_shown(headline)}, but {_list(differ)}"
    return Check(NAME, "warn", f"{told}: the answer depends on the method.", figures)


def apart(one: Estimate, other: Estimate) -> bool:
    """Whether two estimates have other signs, or intervals without a common value.

    In percent, so that ratios and differences can be held together; in their own unit where
    neither has a percentage. Round 0 signs differ by chance: they count where one interval leaves
    out 0, or where the distance is more than about a standard error.
    """
    pct = one.effect_pct is not None and other.effect_pct is not None
    a, b = (one.effect_pct, other.effect_pct) if pct else (one.estimate, other.estimate)
    if a is None or b is None:
        return False
    (low, high), (left, right) = (one.ci_pct, other.ci_pct) if pct else (one.ci, other.ci)
    if low is None or high is None or left is None or right is None:
        return a * b < 0
    if high < left or right < low:
        return True
    clear = low > 0 or high < 0 or left > 0 or right < 0
    error = min(high - low, right - left) / 4
    return a * b < 0 and (clear or abs(a - b) > error)


def _value(estimate: Estimate, headline: Estimate) -> float | None:
    """In percent, or as it is where both are on one scale."""
    if headline.effect_pct is not None and estimate.effect_pct is not None:
        return estimate.effect_pct
    return estimate.estimate if estimate.scale == headline.scale else None


def _list(estimates: Sequence[Estimate]) -> str:
    return ", ".join(map(_shown, estimates))


def _shown(estimate: Estimate) -> str:
    name = estimate.estimator.replace("_", " ")
    if estimate.effect_pct is not None:
        return f"{name} says {estimate.effect_pct:+.1f} %"
    return f"{name} says {estimate.estimate:+.3g}"
