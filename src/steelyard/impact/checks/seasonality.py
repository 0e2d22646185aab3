"""Do the weeks after stand at another time of the year than the weeks before?"""

from __future__ import annotations

import datetime as dt

import numpy as np

from steelyard.impact.axis import read_axis
from steelyard.impact.checks.arms import sides
from steelyard.impact.panel import Panel
from steelyard.impact.result import Check, Scale, Status
from steelyard.impact.study import Design

NAME = "seasonality"
YEAR_END = {51, 52, 53, 1}
SUMMER = {31, 32, 33, 34, 35}
UNEVEN = 1.25  # ratio of the sides' baselines from which a season adds different amounts to them


def seasonality(panel: Panel, design: Design, scale: Scale | None) -> Check:
    """Which weeks of the year lie after the start but not before it, and whether that matters:
    without controls always, with controls only where a season adds different amounts to the sides.
    """
    weeks = calendar_weeks(panel)
    if weeks is None or not len(panel.dates):
        return Check(NAME, "not_run", "Periods are numbers, not dates: seasons cannot be seen.")
    first = int(panel.dates[0])
    before = [week for t in range(first) for week in weeks[t]]
    after = [week for t in range(first, panel.length) for week in weeks[t]]
    near = {(week + step - 1) % 52 + 1 for week in before for step in (-1, 0, 1)}
    alone = [week for week in after if min(week, 52) not in near]
    share = len(alone) / len(after) if after else 0.0
    figures = {
        "uncovered_share": share,
        "holidays_before": _holidays(before),
        "holidays_after": _holidays(after),
    }
    status, why = _matters(panel, design, scale, share, first)
    told = f"{100 * share:.0f} % of the weeks after the start have no counterpart before it at the"
    told = f"{told} same time of the year; of year's end and high summer there are"
    told = (
        f"{told} {figures['holidays_before']} weeks before and {figures['holidays_after']} after."
    )
    return Check(NAME, status, f"{told} {why}", figures)


def _matters(
    panel: Panel, design: Design, scale: Scale | None, share: float, first: int
) -> tuple[Status, str]:
    if design == "once":
        if share > 0:
            return "warn", "Without controls, the season is part of any difference."
        return "ok", "Without controls, one earlier year is still one season only."
    if share > 0 and scale == "level" and _uneven(panel, first):
        told = "The sides' baselines differ in size, so a season adds different amounts to them."
        return "warn", f"{told} A ratio would take that out."
    return "ok", "Controls live through the same weeks; a season of the treated alone stays unseen."


def _uneven(panel: Panel, first: int) -> bool:
    side, _, _ = sides(panel)
    seen = panel.seen[:, :first]
    outcome = np.nan_to_num(panel.outcome[:, :first])
    means = [outcome[each].sum() / max(int(seen[each].sum()), 1) for each in (side, ~side)]
    low, high = min(means), max(means)
    return bool(low <= 0 or high / low > UNEVEN)


def _holidays(weeks: list[int]) -> int:
    """How many of these weeks are round the end of the year or in high summer."""
    return sum(week in YEAR_END or week in SUMMER for week in weeks)


def calendar_weeks(panel: Panel) -> list[list[int]] | None:
    """The ISO weeks of the year that each period covers; None where periods are plain numbers."""
    axis = read_axis(panel.periods)
    if axis.form == "number" or len(axis.labels) != panel.length:
        return None
    if axis.form == "month":
        return [_month(int(number)) for number in axis.numbers]
    length = int(np.diff(axis.numbers).min()) if len(axis.numbers) > 1 else 7
    return [_days(int(number), length) for number in axis.numbers]


def _days(first: int, length: int) -> list[int]:
    found = {dt.date.fromordinal(first + i).isocalendar().week for i in range(min(length, 366))}
    return sorted(found)


def _month(number: int) -> list[int]:
    first = dt.date(number // 12, number % 12 + 1, 1).toordinal()
    return _days(first, 28)
