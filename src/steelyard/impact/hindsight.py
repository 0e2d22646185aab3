"""What a finished study could have seen, from its standard error alone.

Never "observed power": the effect that was found says nothing of what would have been seen.
"""

from __future__ import annotations

import math
from typing import Any

from steelyard.impact.result import Estimate, as_pct

TARGET = 0.8  # the power at which an effect counts as detectable
ALPHA = 0.05
SHOWN = (5, 10, 20, 50)  # percent; effects whose power is shown beside every result


def after(estimate: Estimate, dof: float | None = None) -> dict[str, Any]:
    """What the finished study could have seen: {"mde_pct", "power_at": {"5": share, …}}.

    From the standard error and t(dof) alone; where `dof` or the error is not given, they are read
    off the interval. Figures are None where the estimate has no error or no percent scale.
    """
    unknown: dict[str, Any] = {"mde_pct": None, "power_at": {str(e): None for e in SHOWN}}
    error, critical = _uncertainty(estimate, dof)
    per_pct = _unit(estimate)
    if error is None or critical is None or per_pct is None:
        return unknown
    from scipy.special import stdtr, stdtrit

    own = degrees(critical) if dof is None else dof

    away = (critical + float(stdtrit(own, TARGET))) * error
    mde = as_pct(min(away, 100.0)) if estimate.scale == "log" else away / per_pct

    def shown(effect: int) -> float:
        size = math.log1p(effect / 100) if estimate.scale == "log" else effect * per_pct
        far = size / error
        return float(stdtr(own, far - critical) + stdtr(own, -far - critical))

    return {"mde_pct": mde, "power_at": {str(effect): shown(effect) for effect in SHOWN}}


def _uncertainty(estimate: Estimate, dof: float | None) -> tuple[float | None, float | None]:
    """The standard error and how many of them the interval reaches to each side."""
    from scipy.special import stdtrit

    low, high = estimate.ci
    half = None if low is None or high is None else (high - low) / 2
    if dof is not None:
        critical: float | None = float(stdtrit(dof, 1 - ALPHA / 2))
    elif half and estimate.se:
        critical = half / estimate.se
    else:
        critical = float(stdtrit(1e9, 1 - ALPHA / 2))
    error = estimate.se or (half / critical if half and critical else None)
    return (error, critical) if error and math.isfinite(error) else (None, None)


def _unit(estimate: Estimate) -> float | None:
    """What one percent is in units of the estimate; 1 on the log scale, where it is not used."""
    if estimate.scale == "log":
        return 1.0
    pairs = (
        (estimate.estimate, estimate.effect_pct),
        *zip(estimate.ci, estimate.ci_pct, strict=True),
    )
    for value, pct in pairs:
        if value is not None and pct:
            return abs(value / pct)
    return None


def degrees(critical: float) -> float:
    """Degrees of freedom whose t has that 97.5 % quantile."""
    from scipy.special import stdtridf, stdtrit

    if critical <= float(stdtrit(1e6, 1 - ALPHA / 2)):
        return 1e6
    return float(stdtridf(1 - ALPHA / 2, critical))
