"""What a return is computed from: stated ranges, where each comes from, and an effect.

A range is what somebody holds likely (its 90 % interval), never a measured figure; a single number
is allowed and said. Nothing here turns an association into an effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from steelyard.errors import BadValue
from steelyard.impact.panel import Floats

Shape = Literal["point", "normal", "lognormal", "triangular"]
Z90 = 1.6448536269514722  # half of a normal 90 % interval, in standard deviations
Z95 = 1.959963984540054
_EDGE = 1 - math.sqrt(0.1)  # 5th percentile of a symmetric triangle, in half widths off its middle


@dataclass(frozen=True)
class Range:
    """A likely range: `low` and `high` are the 5th and 95th percentiles of `shape`.

    "triangular" is symmetric and has ends, so it suits shares; "lognormal" suits positive amounts.
    """

    low: float
    high: float
    shape: Shape
    source: str = "stated"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low > self.high:
            raise BadValue(f"{self.low:g}..{self.high:g} is not a range.", "Write 0.3..0.7.")
        if self.shape == "lognormal" and self.low <= 0:
            raise BadValue(f"{self.low:g}..{self.high:g} must be above 0.")

    def at(self, u: Floats) -> Floats:
        """Quantiles: values at the probabilities `u`, strictly between 0 and 1."""
        from scipy.special import ndtri

        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        if self.shape == "point" or half == 0:
            return np.full_like(u, middle)
        if self.shape == "normal":
            return np.asarray(middle + half / Z90 * ndtri(u))
        if self.shape == "lognormal":
            low, high = math.log(self.low), math.log(self.high)
            return np.asarray(np.exp((low + high) / 2 + (high - low) / 2 / Z90 * ndtri(u)))
        lower = np.sqrt(2 * np.minimum(u, 1 - u)) - 1
        return np.asarray(middle + half / _EDGE * np.where(u < 0.5, lower, -lower))


def point(value: float, source: str = "stated") -> Range:
    return Range(value, value, "point", source)


def read_range(text: str, shape: Shape | None = None, source: str = "stated") -> Range:
    """A range from "0.3..0.7", or a single number. Without `shape`, by its sign.

    Ranges of positive numbers are lognormal, others normal; thousands may be parted by "_" or ",".
    """
    parts = [part.strip().replace(",", "").replace("_", "") for part in text.split("..")]
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise BadValue(f"{text!r} is neither a number nor a range.", "Write 0.5 or 0.3..0.7.")
    if len(numbers) == 1 or numbers[0] == numbers[1]:
        return point(numbers[0], source)
    low, high = numbers
    return Range(low, high, shape or ("lognormal" if low > 0 else "normal"), source)


def read_share(text: str, source: str = "stated") -> Range:
    """A share of 1 ("0.3..0.7", "30%..70%"): triangular, inside 0 … 1."""
    plain = "..".join(_share(part) for part in text.split(".."))
    share = read_range(plain, "triangular", source)
    if share.low < 0 or share.high > 1:
        raise BadValue(f"{text!r} is not a share.", "Write a share of 1, such as 0.3..0.7.")
    return share


def _share(text: str) -> str:
    number = text.strip().removesuffix("%")
    try:
        return str(float(number) / 100) if text.strip().endswith("%") else number
    except ValueError:
        return text


DEFAULT_REALISATION = Range(0.3, 0.7, "triangular", "default")
NOTHING = point(0, "default")


@dataclass(frozen=True)
class Assumptions:
    """Everything but the effect, over one period of `weeks`.

    people        who have the assistants
    hours         per person and week, of the work that the metric stands for
    share         of those hours that the metric really stands for
    rate          full cost of an hour
    realisation   share of freed (or lost) time that becomes (or costs) value
    output        items per person and week without assistants, and
    value_per_output  what one is worth: given both, they replace hours times rate
    spend, seats  running cost of the whole period: tokens, licences
    training, rollout  cost paid once
    """

    people: Range
    weeks: Range
    hours: Range = NOTHING
    rate: Range = NOTHING
    share: Range = point(1, "default")  # noqa: RUF009 (frozen)
    realisation: Range = DEFAULT_REALISATION
    output: Range | None = None
    value_per_output: Range | None = None
    spend: Range = NOTHING
    seats: Range = NOTHING
    training: Range = NOTHING
    rollout: Range = NOTHING

    def __post_init__(self) -> None:
        for name, each in self.ranges().items():
            if each.low < 0:
                raise BadValue(f"{name} cannot be below 0.")
        if (self.output is None) != (self.value_per_output is None):
            raise BadValue(
                "The value of output needs both: what one is worth, and how many there are.",
                "Give output per person and week beside the value per output.",
            )
        if self.output is None and not (self.hours.high > 0 and self.rate.high > 0):
            raise BadValue("Give hours per week and a rate, or a value per output.")
        if not (self.people.low > 0 and self.weeks.low > 0):
            raise BadValue("A return needs people and weeks above 0.")
        if not self.spend.low + self.seats.low + self.training.low + self.rollout.low > 0:
            raise BadValue(
                "A return needs a cost above 0.", "Give spend, seats, training or rollout."
            )

    def ranges(self) -> dict[str, Range]:
        """Those that are used, by name."""
        unused = {"hours", "rate", "share"} if self.output is not None else set()
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: r for name, r in named.items() if r is not None and name not in unused}


STATED = "stated, not analysed here"


@dataclass(frozen=True)
class Effect:
    """An effect to be valued, normal on its scale; `se` None: only somebody's assumption.

    On the scale "log" `estimate` is the log of a ratio, on "level" it is a share of what there
    would have been (0.08 for 8 %). `of` says whether more is better ("output") or less ("time").
    `identified` False: the analysis could not tell it from what else happened.
    """

    estimate: float
    se: float | None
    scale: Literal["log", "level"] = "log"
    of: Literal["output", "time"] = "output"
    identified: bool = True
    evidence: str = STATED
    source: str = "stated"

    def at(self, u: Floats) -> Floats:
        """The relative change at the probabilities `u`: 0.08 for 8 % more (or less time)."""
        from scipy.special import ndtri

        drawn = self.estimate + (self.se or 0.0) * ndtri(u)
        change = np.expm1(drawn) if self.scale == "log" else drawn
        return np.asarray(change if self.of == "output" else -change)

    @property
    def spans_zero(self) -> bool:
        return self.se is not None and abs(self.estimate) < Z95 * self.se


def effect_from_pct(
    pct: float, ci_pct: tuple[float, float] | None = None, of: Literal["output", "time"] = "output"
) -> Effect:
    """An effect in percent with its 95 % interval, taken as a ratio: normal on the log scale."""
    low, high = ci_pct if ci_pct else (pct, pct)
    if not low <= pct <= high or low <= -100:
        raise BadValue(
            f"{pct:g} with {low:g}..{high:g} is not an effect with its interval.",
            "Write a percentage inside its 95 % interval, above -100.",
        )
    log = [math.log1p(each / 100) for each in (pct, low, high)]
    se = (log[2] - log[1]) / (2 * Z95)
    return Effect(log[0], se if ci_pct else None, of=of, identified=ci_pct is not None)


def effect_from_analysis(
    analysis: Mapping[str, Any], of: Literal["output", "time"] | None = None
) -> Effect:
    """The headline of an analysis (its JSON). The width is that of its interval, few clusters and
    all. Raises BadValue where it has no headline: there is nothing to be valued."""
    headline, verdict = analysis.get("headline"), analysis.get("verdict") or {}
    if not headline or headline.get("ci_pct", [None])[0] is None:
        raise BadValue(
            "This analysis has no estimate with an interval, so there is nothing to be valued.",
            str(verdict.get("answerable") or "State an effect to see what it would be worth."),
        )
    (low, high), pct = headline["ci_pct"], headline["effect_pct"]
    identified = verdict.get("code") in ("effect", "no_detectable_effect")
    log = headline["scale"] == "log"
    ends = [math.log1p(v / 100) if log else v / 100 for v in (pct, low, high)]
    return Effect(
        estimate=ends[0],
        se=(ends[2] - ends[1]) / (2 * Z95),
        scale="log" if log else "level",
        of=of or ("time" if analysis.get("kind") == "duration" else "output"),
        identified=identified,
        evidence=str(verdict.get("evidence") or "unknown"),
        source=f"analysis ({headline['estimator']})",
    )
