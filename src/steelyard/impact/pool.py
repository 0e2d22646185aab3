"""Several studies of one question put together: what they say on average, how far they differ.

The headline lets studies differ (random effects) and is as wide as their number deserves. Pooling
makes estimates more precise, never less biased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.errors import BadPanel
from steelyard.impact.between import cochran_q, dersimonian_laird, paule_mandel, reml
from steelyard.impact.inference import LEVEL, interval
from steelyard.impact.panel import Floats
from steelyard.impact.result import (
    UNKNOWN,
    CannotSay,
    Estimate,
    Interval,
    Note,
    Scale,
    Verdict,
    as_pct,
    log_estimate,
)
from steelyard.impact.round import rounded

FEW = 3  # below, how far studies differ cannot be known
FUNNEL = 10  # below, whether small studies differ cannot be judged (Sterne et al. 2011, BMJ 343)
MANY_DEGREES = 1e9  # Student's t with these is the normal distribution


@dataclass(frozen=True)
class Result:
    """One study's own estimate, on the scale that all share; `evidence` where it is known."""

    name: str
    estimate: float
    se: float
    evidence: str = ""


@dataclass(frozen=True)
class Heterogeneity:
    """How far the studies differ beyond chance.

    tau2 is the variance between true effects (REML), i2 the percentage of all variance that is
    between studies, q Cochran's statistic and p its test, which few studies seldom reject.
    """

    tau2: float | None
    i2: float | None
    q: float
    p: float

    def to_json(self) -> dict[str, Any]:
        return {"tau2": self.tau2, "i2": self.i2, "q": self.q, "p": self.p}


@dataclass(frozen=True)
class Member:
    """A study in the pool: its weight in the headline (percent), and the headline without it."""

    result: Result
    weight_pct: float
    ci: Interval
    without: Estimate | None

    def to_json(self, scale: Scale) -> dict[str, Any]:
        one = self.result
        return {
            "name": one.name,
            "estimate": one.estimate,
            "se": one.se,
            "ci": list(self.ci),
            "effect_pct": as_pct(one.estimate) if scale == "log" else None,
            "ci_pct": _pct(self.ci, scale),
            "weight_pct": self.weight_pct,
            "evidence": one.evidence or None,
            "without": self.without.to_json() if self.without else None,
        }


@dataclass(frozen=True)
class Pooled:
    """What the studies say together. `prediction` is where a next study's true effect would lie."""

    scale: Scale
    headline: Estimate
    beside: tuple[Estimate, ...]
    heterogeneity: Heterogeneity
    prediction: Interval
    members: tuple[Member, ...]
    verdict: Verdict
    warnings: tuple[Note, ...]

    def to_json(self) -> dict[str, Any]:
        said = {
            "k": len(self.members),
            "headline": self.headline.to_json(),
            "beside": [each.to_json() for each in self.beside],
            "heterogeneity": self.heterogeneity.to_json(),
            "prediction": {
                "ci": list(self.prediction),
                "ci_pct": _pct(self.prediction, self.scale),
            },
            "studies": [each.to_json(self.scale) for each in self.members],
            "verdict": self.verdict.to_json(),
            "warnings": [each.to_json() for each in self.warnings],
        }
        return dict(rounded(said))


def pool(
    studies: Sequence[Result], scale: Scale = "log", notes: Sequence[Note] = ()
) -> Pooled | CannotSay:
    """Random effects (REML) with the Hartung-Knapp interval; fixed effect and others beside it.

    Hartung and Knapp 2001, Statistics in Medicine 20; Viechtbauer 2005, J. Educational and
    Behavioral Statistics 30 (REML); DerSimonian and Laird 1986, Controlled Clinical Trials 7;
    Paule and Mandel 1982, J. Research of the NBS 87.
    """
    rows = tuple(sorted(studies, key=lambda each: (each.name, each.estimate, each.se)))
    _check(rows)
    if len(rows) < 2:
        return CannotSay("too_few_studies", "There is no pool of fewer than two studies.")
    y, v = _arrays(rows)
    tau2 = reml(y, v)
    headline = _hartung_knapp("random_effects_reml", y, v, tau2, scale)
    prediction = _prediction(y, v, tau2)
    found = heterogeneity(y, v, tau2)
    return Pooled(
        scale=scale,
        headline=headline,
        beside=_beside(y, v, scale),
        heterogeneity=found,
        prediction=prediction,
        members=_members(rows, y, v, tau2, scale),
        verdict=_verdict(headline, prediction, rows),
        warnings=(*notes, *_warnings(y, v, headline, found)),
    )


def _check(rows: Sequence[Result]) -> None:
    for row in rows:
        if not np.isfinite(row.estimate) or not np.isfinite(row.se) or row.se <= 0:
            raise BadPanel(
                f"The study {row.name!r} needs an estimate and a standard error above 0.",
                "Leave out studies without a standard error; they cannot be weighed.",
            )
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadPanel(
            f"The study {twice[0]!r} is there twice.",
            "A study counts once: pool its results first.",
        )


def _arrays(rows: Sequence[Result]) -> tuple[Floats, Floats]:
    return np.array([r.estimate for r in rows]), np.array([r.se for r in rows]) ** 2


def heterogeneity(y: Floats, v: Floats, tau2: float) -> Heterogeneity:
    """Q, its test, and I2 from tau2 (Higgins and Thompson 2002, Statistics in Medicine 21)."""
    from scipy.special import chdtrc

    w, k = 1 / v, len(y)
    q = cochran_q(y, v, 0.0)
    typical = (k - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())
    known = k >= FEW
    i2 = float(100 * tau2 / (tau2 + typical))
    return Heterogeneity(tau2 if known else None, i2 if known else None, q, float(chdtrc(k - 1, q)))


# Estimates.


def _mean(y: Floats, v: Floats, tau2: float) -> tuple[float, Floats]:
    w = 1 / (v + tau2)
    return float(w @ y / w.sum()), w


def _normal(name: str, y: Floats, v: Floats, tau2: float, scale: Scale, words: str) -> Estimate:
    b, w = _mean(y, v, tau2)
    return _estimate(name, b, float(w.sum() ** -0.5), MANY_DEGREES, scale, words)


def _hartung_knapp(name: str, y: Floats, v: Floats, tau2: float, scale: Scale) -> Estimate:
    (b, w), dof = _mean(y, v, tau2), len(y) - 1
    se = float(np.sqrt((w * (y - b) ** 2).sum() / (dof * w.sum())))
    return _estimate(name, b, se, dof, scale, f"Hartung-Knapp, t({dof})")


def _estimate(name: str, b: float, se: float, dof: float, scale: Scale, words: str) -> Estimate:
    ci, p = interval(b, se, dof)
    known = p if np.isfinite(p) else None
    if scale == "log":
        return log_estimate(name, b, se, ci, known, words)
    return Estimate(name, "level", b, se, ci, None, UNKNOWN, known, words)


def _beside(y: Floats, v: Floats, scale: Scale) -> tuple[Estimate, ...]:
    moments, mandel = dersimonian_laird(y, v), paule_mandel(y, v)
    return (
        _hartung_knapp("random_effects_paule_mandel", y, v, mandel, scale),
        _normal("random_effects_reml_normal", y, v, reml(y, v), scale, "normal"),
        _normal("random_effects_dersimonian_laird", y, v, moments, scale, "normal"),
        _normal("fixed_effect", y, v, 0.0, scale, "normal; one true effect assumed"),
    )


def _prediction(y: Floats, v: Floats, tau2: float) -> Interval:
    """Where the true effect of a next study would lie, t(k - 2); unknown below three studies.

    Higgins, Thompson and Spiegelhalter 2009, J. Royal Statistical Society A 172.
    """
    if len(y) < FEW:
        return UNKNOWN
    b, w = _mean(y, v, tau2)
    return interval(b, float(np.sqrt(tau2 + 1 / w.sum())), len(y) - 2)[0]


def _members(
    rows: Sequence[Result], y: Floats, v: Floats, tau2: float, scale: Scale
) -> tuple[Member, ...]:
    w = 1 / (v + tau2)
    return tuple(
        Member(
            row,
            float(100 * w[i] / w.sum()),
            interval(row.estimate, row.se, MANY_DEGREES)[0],
            _without(i, y, v, scale),
        )
        for i, row in enumerate(rows)
    )


def _without(i: int, y: Floats, v: Floats, scale: Scale) -> Estimate | None:
    if len(y) < FEW:
        return None
    y, v = np.delete(y, i), np.delete(v, i)
    return _hartung_knapp("random_effects_reml", y, v, reml(y, v), scale)


# Words.


def _verdict(headline: Estimate, prediction: Interval, rows: Sequence[Result]) -> Verdict:
    low, high = headline.ci
    known = sorted({row.evidence for row in rows if row.evidence})
    evidence = f"as strong as the studies pooled ({', '.join(known) or 'their evidence not given'})"
    if low is None or high is None:
        return Verdict("no_detectable_effect", "The studies agree exactly: no interval.", evidence)
    size = f"{_size(headline.estimate, headline.scale)} (95 % interval"
    size += f" {_size(low, headline.scale)} to {_size(high, headline.scale)})"
    if low <= 0 <= high:
        sentence = f"{len(rows)} studies together show no clear effect: {size}."
        sentence += " That is not the same as no effect."
        later = "More studies, or larger ones, would narrow the interval."
        return Verdict("no_detectable_effect", sentence, evidence, later)
    direction = "a decrease" if high < 0 else "an increase"
    sentence = f"{len(rows)} studies together show {direction}: {size}."
    return Verdict("effect", f"{sentence} {_next(prediction)}".strip(), evidence)


def _next(prediction: Interval) -> str:
    low, high = prediction
    if low is None or high is None:
        return ""
    if low <= 0 <= high:
        return "Elsewhere the effect may be absent or reversed: the prediction interval holds zero."
    return "The prediction interval for a next place excludes zero as well."


def _size(value: float | None, scale: Scale) -> str:
    pct = as_pct(value) if scale == "log" else None
    words = f"{pct:+.1f} %" if pct is not None else f"{value or 0.0:+.4g}"
    return words.replace("-", "−")


def _warnings(y: Floats, v: Floats, headline: Estimate, found: Heterogeneity) -> list[Note]:
    notes = []
    if len(y) < FEW:
        notes.append(
            Note(
                "few_studies",
                f"With {len(y)} studies, how far they differ cannot be known; the interval is wide"
                " for that reason.",
            )
        )
    if found.q < len(y) - 1 and (headline.se or 0.0) < float((1 / v).sum() ** -0.5):
        notes.append(
            Note(
                "closer_than_chance",
                "The studies lie closer together than chance alone would have them: the"
                " Hartung-Knapp standard error is below the usual one. Read both.",
            )
        )
    return [*notes, _small_studies(y, v)]


def _small_studies(y: Floats, v: Floats) -> Note:
    """Egger et al. 1997, BMJ 315: does precision go with the result?"""
    if len(y) < FUNNEL:
        words = f"With {len(y)} studies it cannot be judged whether small ones with other results"
        return Note("small_studies", f"{words} are missing; {FUNNEL} would be needed.")
    t, p = egger(y, v)
    low = p < 1 - LEVEL
    words = "Small studies say something else than large ones" if low else "Nothing says that"
    words += "" if low else " small studies differ from large ones, which does not exclude it"
    return Note("small_studies", f"{words} (Egger's test: t = {t:.2f}, p = {p:.3f}).")


def egger(y: Floats, v: Floats) -> tuple[float, float]:
    """t and p of the intercept of results over their standard errors on precision."""
    from scipy.stats import linregress

    fit = linregress(v**-0.5, y * v**-0.5)
    t = float(fit.intercept / fit.intercept_stderr)
    return t, interval(t, 1.0, len(y) - 2)[1]


def _pct(ci: Interval, scale: Scale) -> list[float | None]:
    return [as_pct(each) if scale == "log" else None for each in ci]
