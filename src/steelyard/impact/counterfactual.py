"""What the treated had, and what they would have had: rows for a chart, and sums for a paper.

Everything is computed by the estimators themselves; here it is only laid out so that it can be
drawn, or redone by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact import poisson, staggered
from steelyard.impact.cells import Cells
from steelyard.impact.imputation import transformed
from steelyard.impact.inference import interval
from steelyard.impact.panel import Ints, Panel
from steelyard.impact.result import UNKNOWN, CannotSay, Interval
from steelyard.impact.staggered import LEVELS, RATIOS, Family, Imputed
from steelyard.impact.study import Study

Row = dict[str, Any]


def rows(panel: Panel, study: Study) -> list[Row]:
    """One row a period: means of the units that are treated at some time.

    period; step (calendar); observed and would_be, means per unit (before anybody is treated
    would_be is the fitted line); low and high (95 %) of would_be where somebody is treated;
    treated, how many units then are. Empty where nothing can be imputed.
    """
    ratio = study.kind in ("count", "amount") and study.transform == "none"
    family = RATIOS if ratio else LEVELS
    used = poisson.counted(panel) if ratio else transformed(panel, study)
    found = staggered.impute(family, used, _by_period)
    if isinstance(found, CannotSay):
        return []
    lines = _lines(family, found.cells)
    return [_row(panel, found, ratio, at, line) for at, line in enumerate(lines)]


def _row(panel: Panel, found: Imputed, ratio: bool, at: int, line: _Line) -> Row:
    treated = int(found.count[at])
    low, high = _band(found, at)
    return {
        "period": panel.periods[at],
        "step": int(panel.steps[at]),
        "observed": _known(line.observed),
        "would_be": _known(line.would_be),
        "low": line.without(ratio, high),
        "high": line.without(ratio, low),
        "treated": treated,
    }


def redo(panel: Panel, study: Study) -> Row | None:
    """The four sums of log[(B/A) / (D/C)] and each step; None with several dates or gaps."""
    used = poisson.counted(panel)
    if len(used.dates) != 1 or not used.seen.all() or not used.never.any():
        return None
    a, b, c, d = (float(each) for each in poisson.four_sums(used).sum(0))
    if min(a, b, c, d) <= 0:
        return None
    before, ratio = int(used.dates[0]), (b / a) / (d / c)
    return {
        "a": a,
        "b": b,
        "c": c,
        "d": d,
        "treated_units": int((~used.never).sum()),
        "other_units": int(used.never.sum()),
        "periods_before": before,
        "periods_after": used.length - before,
        "treated_ratio": b / a,
        "other_ratio": d / c,
        "would_be": a * d / c,
        "ratio": ratio,
        "log_ratio": math.log(ratio),
        "effect_pct": 100 * (ratio - 1),
        "steps": _steps(a, b, c, d),
    }


def _steps(a: float, b: float, c: float, d: float) -> list[str]:
    ratio = (b / a) / (d / c)
    return [
        f"Treated, after over before: B / A = {b:g} / {a:g} = {b / a:.4f}",
        f"Others, after over before: D / C = {d:g} / {c:g} = {d / c:.4f}",
        f"Without treatment B would have been A x D / C = {a * d / c:.1f}",
        f"(B / A) / (D / C) = {ratio:.4f}, which is {100 * (ratio - 1):+.1f} %",
        f"Its logarithm, on which the interval is formed: {math.log(ratio):.4f}",
    ]


def _by_period(cells: Cells) -> Ints:
    return np.tile(np.arange(cells.panel.length), (len(cells.starts), 1))


def _band(found: Imputed, period: int) -> Interval:
    """The 95 % interval of the effect in one period; unknown where nobody is treated."""
    if not found.count[period] or not np.isfinite(found.each[period]).all():
        return UNKNOWN
    return interval(float(found.b[period]), float(found.se[period]), found.groups - 1)[0]


@dataclass(frozen=True)
class _Line:
    """Means in one period over units treated at some time, all per unit seen.

    `waiting` is what those not treated yet are expected to have, `after` what the treated had,
    `share` how many of the units are treated.
    """

    observed: float
    would_be: float
    waiting: float
    after: float
    share: float

    def without(self, ratio: bool, effect: float | None) -> float | None:
        """The mean there would have been, had the effect on the treated been this one."""
        if effect is None:
            return None
        moved = self.after * math.exp(-effect) if ratio else self.after - effect * self.share
        return _known(self.waiting + moved)


def _lines(family: Family, cells: Cells) -> list[_Line]:
    panel, rows = cells.panel, ~cells.panel.never
    mean = family.expected(cells, family.fit(cells))[rows]
    before, asked = cells.fit[cells.pattern][rows], cells.asked[cells.pattern][rows]
    outcome = np.nan_to_num(panel.outcome[rows])
    used = before | asked
    count = np.where(used.any(0), used.sum(0), np.nan)
    parts = (outcome * used, mean * used, mean * before, outcome * asked, asked)
    means = (part.sum(0) / count for part in parts)
    return [_Line(*map(float, each)) for each in zip(*means, strict=True)]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
