"""What an analysis says: estimates, checks, a verdict, and one JSON form of them.

Numbers are rounded to ten significant digits when they are printed, so that the same input gives
the same bytes on every run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.round import rounded

Scale = Literal["log", "level"]
Status = Literal["ok", "warn", "fail", "not_run"]
Code = Literal["effect", "no_detectable_effect", "not_identified", "refused"]
Interval = tuple[float | None, float | None]
UNKNOWN: Interval = (None, None)


@dataclass(frozen=True)
class Estimate:
    """One number with its uncertainty.

    On the scale "log", `estimate` is the log of a ratio and `effect_pct` is 100 (exp(b) - 1); on
    the scale "level" it is in units of the outcome, and `effect_pct` sets it against what would
    have been without treatment (None where that is not positive). `inference` says in words how
    `se`, `ci` (95 %) and `p` were found, e.g. "jackknife over 32 clusters, t(31)".
    """

    estimator: str
    scale: Scale
    estimate: float | None
    se: float | None
    ci: Interval
    effect_pct: float | None
    ci_pct: Interval
    p: float | None
    inference: str

    def to_json(self) -> dict[str, Any]:
        return {
            "estimator": self.estimator,
            "scale": self.scale,
            "estimate": self.estimate,
            "se": self.se,
            "ci": list(self.ci),
            "effect_pct": self.effect_pct,
            "ci_pct": list(self.ci_pct),
            "p": self.p,
            "inference": self.inference,
        }


def as_pct(log_ratio: float | None) -> float | None:
    """A log ratio in percent; None stays None."""
    return None if log_ratio is None else 100 * math.expm1(log_ratio)


def log_estimate(
    estimator: str, b: float, se: float | None, ci: Interval, p: float | None, inference: str
) -> Estimate:
    """An estimate of a ratio from its logarithm."""
    low, high = ci
    return Estimate(
        estimator, "log", b, se, ci, as_pct(b), (as_pct(low), as_pct(high)), p, inference
    )


def level_estimate(
    estimator: str,
    b: float,
    se: float | None,
    ci: Interval,
    p: float | None,
    inference: str,
    without: float | None,
) -> Estimate:
    """An estimate in units of the outcome; `without` is the mean there would have been."""
    base = without if without is not None and without > 0 else None

    def pct(value: float | None) -> float | None:
        return None if value is None or base is None else 100 * value / base

    return Estimate(estimator, "level", b, se, ci, pct(b), (pct(ci[0]), pct(ci[1])), p, inference)


@dataclass(frozen=True)
class CannotSay:
    """What an estimator returns where the data do not allow an answer: a value, not an error."""

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, eq=False)
class EventStudy:
    """Effects by calendar steps since the start; negative times are before it.

    `covariance` is that of `estimates`, in the same order. The reference time (-1) is left out
    where the estimator fixes it at 0.
    """

    estimator: str
    scale: Scale
    times: tuple[int, ...]
    estimates: NDArray[np.float64]
    covariance: NDArray[np.float64]
    dof: float
    inference: str


@dataclass(frozen=True)
class Check:
    """Something that could be wrong, and what was found. `figures` are numbers, lists or words.

    "ok" never means that an assumption is proven, only that nothing against it was seen.
    """

    name: str
    status: Status
    detail: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "detail": self.detail,
            "figures": dict(self.figures),
        }


@dataclass(frozen=True)
class Note:
    """What a careful reader must know, by a stable code (`warnings` in the JSON)."""

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True)
class Verdict:
    """The answer in one sentence; `answerable` says what would make it answerable, and when."""

    code: Code
    sentence: str
    evidence: str
    answerable: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "answerable": self.answerable,
        }


@dataclass(frozen=True)
class Analysis:
    """Everything one analysis says. `pictures` holds rows for charts and is not printed in JSON."""

    design: str
    estimand: str
    n: Mapping[str, int | None]
    headline: Estimate | None
    beside: Sequence[Estimate]
    diagnostics: Sequence[Estimate]
    verdict: Verdict
    power: Mapping[str, Any]
    checks: Sequence[Check]
    warnings: Sequence[Note]
    pictures: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        said = {
            "design": self.design,
            "estimand": self.estimand,
            "n": dict(self.n),
            "headline": self.headline.to_json() if self.headline else None,
            "beside": [each.to_json() for each in self.beside],
            "diagnostics": [each.to_json() for each in self.diagnostics],
            "verdict": self.verdict.to_json(),
            "power": dict(self.power),
            "checks": [each.to_json() for each in self.checks],
            "warnings": [each.to_json() for each in self.warnings],
        }
        return dict(rounded(said))
