"""An event study as estimates and as rows of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from steelyard.impact.inference import interval
from steelyard.impact.result import Estimate, EventStudy, as_pct


def points(events: EventStudy) -> list[Estimate]:
    """One estimate a calendar step, named like "callaway_santanna[-2]"."""
    errors = np.sqrt(np.maximum(np.diag(events.covariance), 0))
    found = []
    for time, b, se in zip(events.times, events.estimates, errors, strict=True):
        ci, p = interval(float(b), float(se), events.dof)
        log = events.scale == "log"
        found.append(
            Estimate(
                f"{events.estimator}[{time:+d}]",
                events.scale,
                float(b),
                float(se),
                ci,
                as_pct(float(b)) if log else None,
                (as_pct(ci[0]), as_pct(ci[1])) if log else (None, None),
                p,
                events.inference,
            )
        )
    return found


def rows(events: EventStudy) -> list[dict[str, Any]]:
    """The same for a picture: time, estimate, low, high; on the log scale in percent."""
    log = events.scale == "log"
    return [
        {
            "time": time,
            "estimate": each.effect_pct if log else each.estimate,
            "low": each.ci_pct[0] if log else each.ci[0],
            "high": each.ci_pct[1] if log else each.ci[1],
        }
        for time, each in zip(events.times, points(events), strict=True)
    ]
