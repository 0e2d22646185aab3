"""What an effect is worth: value through stated assumptions, less full cost, with its uncertainty.

Monte Carlo over every input at once. A single number never comes out, and an effect that was not
identified stays an assumption, whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact.assumptions import STATED, Assumptions, Effect, Range
from steelyard.impact.panel import Floats
from steelyard.impact.result import Note
from steelyard.impact.round import rounded

DRAWS = 50_000
SEED = 20261122
SHARES = ("share", "realisation")
NAMES = {
    "effect": "effect",
    "people": "people",
    "weeks": "weeks",
    "hours": "hours per week",
    "rate": "cost of an hour",
    "share": "share of time the metric stands for",
    "realisation": "share of freed time that becomes value",
    "output": "output per person and week",
    "value_per_output": "value of one output",
    "spend": "tokens and other use",
    "seats": "seats",
    "training": "training",
    "rollout": "rollout",
}


@dataclass(frozen=True)
class Spread:
    """The median and the middle 90 % of the draws; None stands for never."""

    median: float | None
    ci90: tuple[float | None, float | None]

    def to_json(self) -> dict[str, Any]:
        return {"median": self.median, "ci90": list(self.ci90)}


@dataclass(frozen=True)
class Swing:
    """The return with one input at its 5th and its 95th percentile, all others at their median."""

    name: str
    low: float
    high: float
    roi_low: float
    roi_high: float

    @property
    def swing(self) -> float:
        return abs(self.roi_high - self.roi_low)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "low": self.low,
            "high": self.high,
            "roi_low": self.roi_low,
            "roi_high": self.roi_high,
            "swing": self.swing,
        }


@dataclass(frozen=True)
class Return:
    """Return on the full cost of a period: roi = (value - cost) / cost.

    `payback_weeks` is when the cost paid once has come back out of the weekly net, `never` the
    share of draws in which it does not; `p_loss` is the probability that value is below cost.
    """

    roi: Spread
    value: Spread
    cost: Spread
    net: Spread
    payback_weeks: Spread
    never: float
    p_loss: float
    tornado: tuple[Swing, ...]
    assumptions: Mapping[str, Range]
    effect: Effect
    code: str
    sentence: str
    warnings: tuple[Note, ...]

    def to_json(self) -> dict[str, Any]:
        said = {
            "roi": self.roi.to_json(),
            "payback_weeks": {**self.payback_weeks.to_json(), "never": self.never},
            "p_loss": self.p_loss,
            "value": self.value.to_json(),
            "cost": self.cost.to_json(),
            "net": self.net.to_json(),
            "tornado": [each.to_json() for each in self.tornado],
            "assumptions": [_stated("effect", self.effect)]
            + [_stated(name, each) for name, each in self.assumptions.items()],
            "verdict": {
                "code": self.code,
                "sentence": self.sentence,
                "evidence": self.effect.evidence if self.effect.identified else "assumption only",
            },
            "warnings": [each.to_json() for each in self.warnings],
        }
        return dict(rounded(said))


def roi(assumptions: Assumptions, effect: Effect, seed: int = SEED, draws: int = DRAWS) -> Return:
    """Value, cost and return of the period with 90 % intervals; every input varies on its own.

    value = people x weeks x hours x share x effect x rate x realisation, or
            people x weeks x output x effect x value per output x realisation.
    """
    inputs: dict[str, Effect | Range] = {"effect": effect, **assumptions.ranges()}
    rng = np.random.default_rng(seed)
    drawn = {name: _valid(name, each.at(_even(rng, draws))) for name, each in inputs.items()}
    value, running, once = _money(drawn)
    cost = running + once
    payback = _payback(value - running, once, drawn["weeks"])
    result = (value - cost) / cost
    spread, p_loss = _spread(result), float(np.mean(value < cost))
    tornado = _tornado(inputs)
    code = _code(effect, p_loss)
    return Return(
        roi=spread,
        value=_spread(value),
        cost=_spread(cost),
        net=_spread(value - cost),
        payback_weeks=_spread(payback),
        never=float(np.mean(np.isinf(payback))),
        p_loss=p_loss,
        tornado=tornado,
        assumptions=assumptions.ranges(),
        effect=effect,
        code=code,
        sentence=_sentence(code, spread, p_loss, tornado),
        warnings=tuple(_warnings(assumptions, effect)),
    )


def _even(rng: np.random.Generator, draws: int) -> Floats:
    """Probabilities spread evenly over 0 … 1 in random order (Latin hypercube, McKay 1979)."""
    return np.asarray((rng.permutation(draws) + rng.random(draws) * 0.998 + 0.001) / draws)


def _valid(name: str, values: Floats) -> Floats:
    """A normal range near 0 has draws below it, which no number of people or hours has."""
    if name == "effect":
        return values
    return np.clip(values, 0.0, 1.0) if name in SHARES else np.maximum(values, 0.0)


def _money(at: Mapping[str, Floats]) -> tuple[Floats, Floats, Floats]:
    """Value, running cost and cost paid once."""
    person_weeks = at["people"] * at["weeks"]
    if "output" in at:
        worth = at["output"] * at["value_per_output"]
    else:
        worth = at["hours"] * at["share"] * at["rate"]
    value = person_weeks * worth * at["effect"] * at["realisation"]
    return value, at["spend"] + at["seats"], at["training"] + at["rollout"]


def _payback(gain: Floats, once: Floats, weeks: Floats) -> Floats:
    """Weeks until the cost paid once is back; infinite where the weekly net never brings it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gain > 0, once / (gain / weeks), np.inf)


def _spread(values: Floats) -> Spread:
    low, middle, high = (_finite(np.sort(values), q) for q in (0.05, 0.5, 0.95))
    return Spread(middle, (low, high))


def _finite(ordered: Floats, q: float) -> float | None:
    """The quantile between neighbours; None where one of them is never."""
    place = q * (len(ordered) - 1)
    below, above = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    if not np.isfinite(above):
        return None
    return float(below + (place - np.floor(place)) * (above - below))


def _tornado(inputs: Mapping[str, Effect | Range]) -> tuple[Swing, ...]:
    """Inputs that move the return, the strongest first."""
    ends = np.array([0.05, 0.5, 0.95])
    at = {name: _valid(name, each.at(ends)) for name, each in inputs.items()}

    def result(name: str, end: int) -> float:
        one = {key: values[end : end + 1] if key == name else values[1:2]
               for key, values in at.items()}  # fmt: skip
        value, running, once = _money(one)
        return float((value[0] - running[0] - once[0]) / (running[0] + once[0]))

    swings = [
        Swing(name, float(v[0]), float(v[2]), result(name, 0), result(name, 2))
        for name, v in at.items()
        if v[0] != v[2]
    ]
    return tuple(sorted(swings, key=lambda each: (-each.swing, each.name)))


def _code(effect: Effect, p_loss: float) -> str:
    if not effect.identified or effect.se is None:
        return "assumption_only"
    return "pays" if p_loss <= 0.05 else "loses" if p_loss >= 0.95 else "open"


def _sentence(code: str, spread: Spread, p_loss: float, tornado: tuple[Swing, ...]) -> str:
    low, high = spread.ci90
    begins = {
        "assumption_only": "If the effect were as assumed, which nothing here has shown,"
        " the return on full cost would be",
        "pays": "Under the stated assumptions the assistants pay: the return on full cost is",
        "loses": "Under the stated assumptions the assistants cost more than they bring:"
        " the return on full cost is",
        "open": "It is open whether the assistants pay: the return on full cost is",
    }
    words = f"{begins[code]} {_pct(low)} to {_pct(high)} (90 % interval; median"
    words += f" {_pct(spread.median)}). The probability of a loss is {_probability(p_loss)}."
    if tornado:
        words += f" What matters most is the {NAMES[tornado[0].name]}."
    return words


def _pct(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:+.0f} %".replace("-", "−")


def _probability(p: float) -> str:
    return "below 1 %" if p < 0.01 else "above 99 %" if p > 0.99 else f"{100 * p:.0f} %"


def _warnings(assumptions: Assumptions, effect: Effect) -> list[Note]:
    notes = []
    if not effect.identified or effect.se is None:
        notes.append(
            Note(
                "effect_not_identified",
                "No analysis has shown this effect, so its value is an assumption,"
                " not a finding. Evidence: assumption only.",
            )
        )
    elif effect.evidence == STATED:
        notes.append(
            Note(
                "effect_stated",
                "The effect was stated, not analysed here: it is as sure as whoever stated it.",
            )
        )
    if effect.spans_zero:
        notes.append(
            Note(
                "effect_uncertain",
                "The interval of the effect includes zero: the median return is no finding.",
            )
        )
    realisation = assumptions.realisation
    if realisation.high >= 1:
        notes.append(
            Note(
                "full_realisation",
                "Freed time is counted as value in full. Time that is freed is not all put to use:"
                " state a share below 1.",
            )
        )
    if realisation.source == "default":
        notes.append(
            Note(
                "default_realisation",
                f"Nobody stated how much of freed time becomes value: {realisation.low:g} to"
                f" {realisation.high:g} is assumed.",
            )
        )
    return notes + _single_numbers(assumptions)


def _single_numbers(assumptions: Assumptions) -> list[Note]:
    single = [
        NAMES[name]
        for name, each in assumptions.ranges().items()
        if each.low == each.high and each.source != "default" and name not in ("people", "weeks")
    ]
    if not single:
        return []
    words = f"Taken as exactly known: {', '.join(single)}. Where they are not, the interval is too"
    return [Note("single_numbers", f"{words} narrow.")]


def _stated(name: str, each: Range | Effect) -> dict[str, Any]:
    low, middle, high = (float(v) for v in each.at(np.array([0.05, 0.5, 0.95])))
    shape = each.shape if isinstance(each, Range) else f"normal ({each.scale})"
    return {
        "name": name,
        "low": low,
        "median": middle,
        "high": high,
        "shape": shape,
        "source": each.source,
    }
