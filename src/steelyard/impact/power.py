"""Power before a study, from placebo splits of the organisation's own baseline.

Formulas for power leave out serial correlation, clusters and heavy tails; the baseline has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steelyard.errors import UsageError
from steelyard.impact import power_words as words
from steelyard.impact.hindsight import TARGET, after
from steelyard.impact.panel import Panel
from steelyard.impact.placebos import Placebos, adjusted, quantiles, ratios
from steelyard.impact.result import CannotSay, Note, as_pct
from steelyard.impact.round import rounded
from steelyard.impact.splits import Level, Splits, draw, halves
from steelyard.impact.study import Study

__all__ = ["Asked", "Power", "after", "detectable", "power"]

DRAWS = 2_000


@dataclass(frozen=True)
class Asked:
    """A study that could be made. `assigned_by` "cluster": whole clusters are given treatment.

    `groups` are how many units or clusters each side then has; `estimator` a name of METHODS.
    """

    n_treated: int
    n_control: int
    weeks_before: int
    weeks_after: int
    effect_pct: float
    assigned_by: Level
    groups: tuple[int, int]
    estimator: str

    def to_json(self) -> dict[str, Any]:
        said = {key: value for key, value in vars(self).items() if key != "groups"}
        return {**said, "groups_treated": self.groups[0], "groups_control": self.groups[1]}


@dataclass(frozen=True)
class Power:
    """What a study of that size could see. Shares are 0 … 1, effects percent.

    mde_pct         smallest rise seen in 80 % of placebo studies; `mde_fall_pct` the same of falls
    mde_se_pct      the same from t quantiles and the spread of placebo estimates
    false_alarms    share of placebo studies with p < 0.05, `mc_se` its Monte-Carlo error
    reported_pct    mean size of what significant studies report when the truth is effect_pct
    exaggeration    reported_pct over effect_pct (type M), `wrong_sign` the share of significant
                    studies with the wrong sign (type S): Gelman and Carlin 2014, Perspectives on
                    Psychological Science 9(6)
    """

    n: Mapping[str, int]
    asked: Asked
    mde_pct: float | None
    mde_fall_pct: float | None
    mde_se_pct: float | None
    power: float
    false_alarms: float
    mc_se: float
    reported_pct: float | None
    exaggeration: float | None
    wrong_sign: float | None
    draws: int
    sentence: str
    warnings: Sequence[Note]
    curve: Sequence[Mapping[str, Any]] = ()

    @property
    def effect_pct(self) -> float:
        return self.asked.effect_pct

    @property
    def enough(self) -> bool:
        """Whether the effect asked for would be seen in 80 % of such studies."""
        return self.power >= TARGET

    def to_json(self) -> dict[str, Any]:
        said = {
            "n": dict(self.n),
            "asked": self.asked.to_json(),
            "mde_pct": self.mde_pct,
            "mde_fall_pct": self.mde_fall_pct,
            "mde_se_pct": self.mde_se_pct,
            "power": self.power,
            "effect_pct": self.effect_pct,
            "false_alarms": {"rate": self.false_alarms, "mc_se": self.mc_se},
            "reported_pct": self.reported_pct,
            "exaggeration": self.exaggeration,
            "wrong_sign": self.wrong_sign,
            "draws": self.draws,
            "curve": [dict(row) for row in self.curve],
            "verdict": {
                "code": "powered" if self.enough else "underpowered",
                "sentence": self.sentence,
            },
            "warnings": [each.to_json() for each in self.warnings],
        }
        return dict(rounded(said))


def power(
    panel: Panel,
    study: Study,
    n_treated: int = 25,
    n_control: int = 25,
    weeks_before: int = 12,
    weeks_after: int = 12,
    effect_pct: float = 10.0,
    draws: int = DRAWS,
    seed: int | None = None,
    assigned_by: Level | None = None,
) -> Power | CannotSay:
    """What a study of so many people and periods would see, by placebo splits of the baseline.

    Only cells without treatment are used. Each draw takes a window and, in it, people (or whole
    clusters, `assigned_by` "cluster", which is the default where the panel has them), calls some
    treated, and estimates as the product does. A rise multiplies the treated after-cells; a fall
    of counts thins them at random. Raises UsageError for what cannot be asked.
    """
    _check(n_treated, n_control, weeks_before, weeks_after, effect_pct, draws)
    level = assigned_by or ("cluster" if panel.clustered else "unit")
    groups = _groups(panel, (n_treated, n_control), level)
    means = not _is_ratio(panel, study)
    asked = Asked(
        n_treated,
        n_control,
        weeks_before,
        weeks_after,
        float(effect_pct),
        level,
        groups,
        "ancova" if means else "poisson_did",
    )
    if min(groups) < 2:
        return CannotSay(
            "too_few_clusters",
            "Each side needs two units (or clusters, where whole ones are given).",
        )
    found = halves(panel, weeks_before, weeks_after, means, level)
    if isinstance(found, CannotSay):
        return found
    rng = np.random.default_rng(study.seed if seed is None else seed)
    splits = draw(found, *groups, draws, rng)
    if isinstance(splits, CannotSay):
        return splits
    null = _estimate(splits, study, means)
    if not len(null.known.estimate):
        return CannotSay("nothing_counted", f"There is no {study.outcome} to compare.")
    effect = _with_effect(splits, study, means, effect_pct, null, rng)
    return _say(panel, study, asked, splits, null, effect)


def _check(treated: int, control: int, before: int, after: int, effect: float, draws: int) -> None:
    if min(treated, control, before, after) < 1:
        raise UsageError(
            "People and weeks of a study are at least 1.",
            "--n-treated, --n-control, --weeks-before, --weeks-after.",
        )
    if not math.isfinite(effect) or effect <= -100:
        raise UsageError(f"An effect of {effect:g} % is not possible.", "Above -100, e.g. 10.")
    if draws < 100:
        raise UsageError(f"{draws} draws say nothing.", "Take 100 or more; 2,000 is usual.")


def _is_ratio(panel: Panel, study: Study) -> bool:
    """Counts and amounts are compared as ratios, means of items (and what is negative) are not."""
    if study.kind not in ("count", "amount") or study.estimator in ("ancova", "cuped", "lin"):
        return False
    return not bool((panel.outcome < 0).any())


def _groups(panel: Panel, people: tuple[int, int], level: Level) -> tuple[int, int]:
    """Units a side, or as many clusters of mean size as hold so many people."""
    if level == "unit":
        return people
    size = panel.n / max(panel.groups, 1)
    return max(1, round(people[0] / size)), max(1, round(people[1] / size))


def _estimate(splits: Splits, study: Study, means: bool) -> Placebos:
    return adjusted(splits, study.kind == "duration") if means else ratios(splits)


def _with_effect(
    splits: Splits,
    study: Study,
    means: bool,
    effect_pct: float,
    null: Placebos,
    rng: np.random.Generator,
) -> Placebos:
    # A multiplied sum moves its logarithm and leaves its error: nothing to compute again. Rare
    # events that become rarer are noisier, so falls of counts are drawn.
    if means or study.kind != "count" or effect_pct >= 0:
        return null.moved(effect_pct)
    after = splits.after.copy()
    ours = np.rint(after[:, : splits.treated]).astype(np.int64)
    after[:, : splits.treated] = rng.binomial(ours, 1 + effect_pct / 100)
    return _estimate(replace(splits, after=after), study, means)


def _say(
    panel: Panel,
    study: Study,
    asked: Asked,
    splits: Splits,
    null: Placebos,
    effect: Placebos,
) -> Power:
    placebos, real = null.known, effect.known
    size = len(placebos.estimate)
    alarms = placebos.share()
    reported, exaggeration, wrong = _winners(real, asked.effect_pct)
    said = Power(
        n={"units": panel.n, "clusters": panel.groups, "periods": panel.length},
        asked=asked,
        mde_pct=detectable(placebos),
        mde_fall_pct=detectable(placebos, -1),
        mde_se_pct=_by_spread(placebos),
        power=real.share(),
        false_alarms=alarms,
        mc_se=math.sqrt(alarms * (1 - alarms) / size),
        reported_pct=reported,
        exaggeration=exaggeration,
        wrong_sign=wrong,
        draws=len(null.estimate),
        sentence="",
        warnings=(),
    )
    lost = len(null.estimate) - size
    notes = words.warnings(panel, study, said, splits.replaced, lost)
    return replace(said, sentence=words.sentence(said, study, panel), warnings=notes)


def detectable(placebos: Placebos, sign: int = 1) -> float | None:
    """The smallest rise (or fall) in percent that 80 % of the studies would call significant.

    Found by halving on the draws themselves; None where even a hundredfold rise is not seen.
    """
    low, high = 0.0, 10_000.0 if sign > 0 else 99.99
    if placebos.moved(sign * high).share() < TARGET:
        return None
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        seen = placebos.moved(sign * middle).share() >= TARGET
        low, high = (low, middle) if seen else (middle, high)
    return sign * high


def _by_spread(placebos: Placebos) -> float | None:
    """The textbook MDE, (t.975 + t.80) standard deviations of the placebo estimates."""
    if len(placebos.estimate) < 2:
        return None
    spread = placebos.estimate if placebos.log else placebos.in_pct()
    reach = placebos.critical + quantiles(placebos.dof, TARGET)
    away = float(np.median(reach) * spread.std(ddof=1))
    return as_pct(min(away, 100.0)) if placebos.log else away


def _winners(
    placebos: Placebos, effect_pct: float
) -> tuple[float | None, float | None, float | None]:
    """What significant studies report: mean size in percent, over the truth, wrong signs."""
    seen = placebos.in_pct()[placebos.significant()]
    if len(seen) == 0:
        return None, None, None
    reported = float(np.abs(seen).mean())
    if effect_pct == 0:
        return reported, None, None
    wrong = float(np.mean(np.sign(seen) != np.sign(effect_pct)))
    return reported, reported / abs(effect_pct), wrong
