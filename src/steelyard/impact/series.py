"""All units together before and after one date: a trend and a step, with no one to compare with.

It says that something changed on that date, never what changed it: only to be shown under "not
identified", together with CAUTION.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact.inference import interval
from steelyard.impact.panel import Flags, Floats, Panel
from steelyard.impact.result import (
    CannotSay,
    Estimate,
    Note,
    Scale,
    level_estimate,
    log_estimate,
)
from steelyard.impact.study import Study

NAME = "interrupted_time_series"
BEFORE_MIN, AFTER_MIN = 6, 2  # periods; fewer leave nothing to tell a step from noise
CAUTION = Note(
    "its_false_alarms",
    "The interrupted time series cannot tell the treatment from anything else of that date. On"
    " simulated organisations without any effect, over random starting dates, it still calls 14 %"
    " significant where 5 % would be right.",
)


@dataclass(frozen=True, eq=False)
class Series:
    """One mean a period, on the scale it is fitted on. `after` marks periods from the start on."""

    mean: Floats
    clock: Floats
    after: Floats
    periods: tuple[str, ...]
    scale: Scale
    logged: bool  # whether `mean` was turned into a logarithm here (durations come as such)

    def shown(self, values: Floats) -> Floats:
        """Fitted values back in units of the outcome (durations stay geometric means)."""
        return np.exp(values) if self.scale == "log" else values


def interrupted(panel: Panel, study: Study) -> Estimate | CannotSay:
    """The step at the start beside a linear trend, by least squares with Newey-West errors.

    Bernal, Cummins and Gasparrini 2017, International Journal of Epidemiology 46(1); Newey and
    West 1987, Econometrica 55(3). Lags floor(4 (T/100)^(2/9)); t with T - 3 degrees of freedom.
    """
    series = read_series(panel, study)
    if isinstance(series, CannotSay):
        return series
    fit, lags = _fit(series)
    b, se, dof = float(fit.params[2]), float(fit.bse[2]), len(series.mean) - 3
    ci, p = interval(b, se, dof)
    inference = f"Newey-West with {lags} lags over {len(series.mean)} periods, t({dof})"
    if series.scale == "log":
        return log_estimate(NAME, b, se, ci, p, inference)
    without = float((fit.fittedvalues - b)[series.after > 0].mean())
    return level_estimate(NAME, b, se, ci, p, inference, without)


def figures(panel: Panel, study: Study) -> list[dict[str, Any]]:
    """A row a period: observed, fitted, and the trend continued as if nothing had happened
    (`continued`, None before the start), in units of the outcome. Empty where it cannot be said."""
    series = read_series(panel, study)
    if isinstance(series, CannotSay):
        return []
    fit, _ = _fit(series)
    fitted = np.asarray(fit.fittedvalues)
    observed, drawn = series.shown(series.mean), series.shown(fitted)
    continued = series.shown(fitted - fit.params[2] * series.after)
    return [
        {
            "period": period,
            "observed": float(observed[t]),
            "fitted": float(drawn[t]),
            "continued": float(continued[t]) if series.after[t] else None,
        }
        for t, period in enumerate(series.periods)
    ]


def read_series(panel: Panel, study: Study) -> Series | CannotSay:
    """Means over observed treated units; those never treated are no part of it.

    On the log scale where counts or amounts have a positive mean in every period.
    """
    dates = panel.dates
    if len(dates) != 1:
        told = "Nobody starts." if not len(dates) else "There are several starting dates."
        return CannotSay("not_one_date", f"An interrupted time series needs one date. {told}")
    outcome = panel.outcome[~panel.never]
    seen = ~np.isnan(outcome)
    used: Flags = seen.sum(axis=0) > 0
    before, after = int(used[: dates[0]].sum()), int(used[dates[0] :].sum())
    if before < BEFORE_MIN or after < AFTER_MIN:
        told = f"{before} periods before and {after} after the start are too few for a trend"
        needed = f"{BEFORE_MIN} and {AFTER_MIN} are the least."
        return CannotSay("too_few_periods", f"{told}: {needed}")
    mean = np.nansum(outcome[:, used], axis=0) / seen[:, used].sum(axis=0)
    in_logs = study.kind == "duration" or study.transform == "log1p"
    logged = not in_logs and study.kind in ("count", "amount") and bool((mean > 0).all())
    return Series(
        np.log(mean) if logged else mean,
        panel.steps[used].astype(float),
        (np.flatnonzero(used) >= dates[0]).astype(float),
        tuple(panel.periods[t] for t in np.flatnonzero(used)),
        "log" if logged or in_logs else "level",
        logged,
    )


def _fit(series: Series) -> tuple[Any, int]:
    from statsmodels.regression.linear_model import OLS

    length = len(series.mean)
    lags = int(4 * (length / 100) ** (2 / 9))
    clock = series.clock - series.clock.mean()
    design = np.column_stack([np.ones(length), clock, series.after])
    options = {"maxlags": lags, "use_correction": True}
    return OLS(series.mean, design).fit(cov_type="HAC", cov_kwds=options, use_t=True), lags
