"""Power in one sentence, and what a careful reader must know about it. No figures are made here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from steelyard.impact.panel import Panel
from steelyard.impact.result import Note
from steelyard.impact.study import Study

if TYPE_CHECKING:
    from steelyard.impact.power import Power

BASELINE_WEEKS = 12
UNITS_MIN = 20
TREND = 0.2  # a fifth more, or less, in the later half of the baseline
_PLURALS = {"person": "people"}
_SPANS = {1: "day", 7: "week"}


def many(noun: str) -> str:
    """More than one of it."""
    return _PLURALS.get(noun, f"{noun}s")


def period(panel: Panel) -> str:
    """What a period of the panel is, in a word: week, day, or just period."""
    try:
        days = [dt.date.fromisoformat(label[:10]).toordinal() for label in panel.periods[:3]]
    except ValueError:
        return "week" if panel.periods and "W" in panel.periods[0] else "period"
    return _SPANS.get(min((b - a for a, b in pairwise(days)), default=0), "period")


def pct(value: float) -> str:
    """A signed percentage without decimals, which no simulation has."""
    return f"{value:+,.0f}".replace("-", "−") + " %"


def sentence(power: Power, study: Study, panel: Panel) -> str:
    """What such a study would see, and what those that see something would report."""
    asked = power.asked
    who = f"{asked.n_treated:,} treated and {asked.n_control:,} control {many(study.unit)}"
    if asked.assigned_by == "cluster":
        groups = f"{asked.groups[0]} and {asked.groups[1]} {many(study.cluster or 'cluster')}"
        who += f" in {groups}"
    span = f"over {asked.weeks_before}+{asked.weeks_after} {many(period(panel))}"
    return f"{who} {span} {_detects(power, study)}{_truth(power)}."


def _detects(power: Power, study: Study) -> str:
    if power.mde_pct is None or power.mde_fall_pct is None:
        return "detect no effect of any plausible size"
    if study.kind == "duration":
        sizes = f"a fall of {pct(power.mde_fall_pct)} or a rise of {pct(power.mde_pct)}"
        return f"detect {sizes}, or more, with 80 % power"
    return f"detect an effect of {pct(power.mde_pct)} or more with 80 % power"


def _truth(power: Power) -> str:
    if power.effect_pct == 0:
        return ""
    told = f"; a true {pct(power.effect_pct)} would be seen in {_share(power.power)}"
    if power.reported_pct is None:
        return told
    sign = 1 if power.effect_pct > 0 else -1
    return f"{told}, and those that see it report {pct(sign * power.reported_pct)} on average"


def _share(share: float) -> str:
    if share >= 0.98:
        return "nearly every study"
    if share >= 0.3:
        return f"{min(round(10 * share), 9)} of 10 studies"
    return f"1 of {round(1 / share)} studies" if share >= 0.01 else "hardly any study"


def warnings(
    panel: Panel, study: Study, power: Power, replaced: bool, lost: int
) -> tuple[Note, ...]:
    """Notes in a fixed order: the baseline, the draws, the winner's curse."""
    return (
        *_baseline(panel, study, power),
        *_draws(panel, study, power, replaced, lost),
        *_design(study),
        *_curse(power),
    )


def _baseline(panel: Panel, study: Study, power: Power) -> list[Note]:
    found = []
    before, noun = power.asked.weeks_before, period(panel)
    if before < BASELINE_WEEKS:
        told = f"{before} {many(noun)} before the start: 12 weeks or more make a study far sharper."
        found.append(Note("short_baseline", told))
    if panel.n < UNITS_MIN:
        told = f"Only {panel.n} {many(study.unit)}: these figures rest on few."
        found.append(Note("small_baseline", told))
    spare = panel.length - before - power.asked.weeks_after
    if spare < 4:
        told = f"The baseline has only {panel.length} {many(noun)}: all placebo studies lie in"
        found.append(Note("few_windows", f"{told} much the same season."))
    rise = _trend(panel, study)
    if rise is not None and abs(rise) >= TREND:
        told = f"The baseline moved by {pct(100 * rise)} from its first half to its second: what"
        more = "all share cancels, what only some do looks like an effect."
        found.append(Note("baseline_trend", f"{told} {more}"))
    return found


def _trend(panel: Panel, study: Study) -> float | None:
    """The later half's mean over the earlier half's, less 1, over cells without treatment."""
    clean = np.where(panel.seen & ~panel.treated, panel.outcome, np.nan)
    half = panel.length // 2
    sides = [each[~np.isnan(each)] for each in (clean[:, :half], clean[:, half:])]
    if any(len(side) == 0 for side in sides):
        return None
    earlier, later = (float(side.mean()) for side in sides)
    if study.kind == "duration":
        return float(np.expm1(later - earlier))
    return later / earlier - 1 if earlier > 0 else None


def _draws(panel: Panel, study: Study, power: Power, replaced: bool, lost: int) -> list[Note]:
    found = []
    noun = study.cluster or "cluster" if power.asked.assigned_by == "cluster" else study.unit
    if replaced:
        told = f"Fewer {many(noun)} were observed than asked for: they were drawn with replacement."
        found.append(Note("with_replacement", f"{told} More of the same are assumed."))
    if power.asked.assigned_by == "cluster" and min(power.asked.groups) < 6:
        told = f"With fewer than 6 {many(noun)} a side, more people in them help little."
        found.append(Note("few_clusters", told))
    empty = np.nansum(np.where(panel.treated, 0, panel.outcome), axis=1) == 0
    if study.kind in ("count", "amount") and empty.any():
        told = f"{int(empty.sum()):,} {many(study.unit)} have no {study.outcome} at all: they count"
        found.append(Note("all_zero_units", f"{told} as people and add nothing."))
    if lost:
        told = f"{lost:,} of {power.draws:,} placebo studies gave no estimate (nothing to count)."
        found.append(Note("lost_draws", told))
    if abs(power.false_alarms - 0.05) > max(0.02, 3 * power.mc_se):
        told = f"Placebo studies raise {100 * power.false_alarms:.1f} % false alarms instead of 5 %"
        found.append(Note("false_alarms_off", f"{told}: p-values of such a study are off, too."))
    return found


def _design(study: Study) -> list[Note]:
    if study.design == "waves":
        told = "These figures are of one date for all treated: later waves have fewer weeks after"
        return [Note("one_date_assumed", f"{told}, so a study in waves sees somewhat less.")]
    if study.design == "volunteers":
        told = "These figures are of chance alone: how those who want to start differ from others"
        return [Note("chance_only", f"{told} is not in them.")]
    return []


def _curse(power: Power) -> Sequence[Note]:
    if power.effect_pct == 0 or power.power >= 0.5 or power.reported_pct is None:
        return ()
    told = f"At a true {pct(power.effect_pct)}, studies that reach significance report"
    more = f"{pct(power.reported_pct)} in size on average"
    sign = f", {100 * (power.wrong_sign or 0):.0f} % of them with the wrong sign"
    return (Note("winners_curse", f"{told} {more}{sign}: such a number must not be believed."),)
