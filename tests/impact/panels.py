"""Small panels with a known effect, seeded: what estimators are tried on.

Outcomes are Poisson counts round unit, cluster and period effects, without the correlation over
time that `benchmarks/organisation.py` has. `log_effect` is the true log ratio in treated cells.
"""

from __future__ import annotations

import numpy as np

from steelyard.impact.panel import Floats, Ints, Panel

MEAN = 4.0


def one_date(
    units: int = 40, periods: int = 16, start: int = 8, log_effect: float = 0.0, seed: int = 1
) -> Panel:
    """Every second unit starts at `start`; each unit is its own cluster."""
    starts = np.where(np.arange(units) % 2 == 0, start, periods)
    return _panel(starts, np.arange(units), periods, log_effect, seed)


def waves(
    units: int = 60,
    periods: int = 20,
    dates: tuple[int, ...] = (6, 10, 14),
    log_effect: float = 0.0,
    seed: int = 1,
) -> Panel:
    """Equal parts of the units start on each date, one part never; units are their clusters."""
    choices = np.array([*dates, periods])
    starts = choices[np.arange(units) % len(choices)]
    return _panel(starts, np.arange(units), periods, log_effect, seed)


def teams(
    clusters: int = 12,
    size: int = 6,
    periods: int = 20,
    dates: tuple[int, ...] = (8,),
    log_effect: float = 0.0,
    seed: int = 1,
) -> Panel:
    """Whole teams start on the dates in turn, one part of them never; effects of teams in time."""
    choices = np.array([*dates, periods])
    cluster = np.repeat(np.arange(clusters), size)
    return _panel(choices[cluster % len(choices)], cluster, periods, log_effect, seed, shock=0.2)


def _panel(
    starts: Ints, cluster: Ints, periods: int, log_effect: float, seed: int, shock: float = 0.0
) -> Panel:
    rng = np.random.default_rng(seed)
    n, groups = len(starts), int(cluster.max()) + 1
    level = np.log(MEAN) + 0.4 * rng.standard_normal(n)[:, None]
    season = 0.2 * np.sin(np.arange(periods) / 3)
    together = shock * rng.standard_normal((groups, periods))[cluster]
    treated = np.arange(periods) >= starts[:, None]
    outcome: Floats = rng.poisson(np.exp(level + season + together + log_effect * treated)) * 1.0
    return Panel(
        outcome=outcome,
        start=starts.astype(np.int64),
        cluster=cluster.astype(np.int64),
        steps=np.arange(periods),
        units=tuple(f"dev{i}" for i in range(n)),
        periods=tuple(str(t) for t in range(periods)),
        clusters=tuple(f"c{i}" for i in range(groups)),
        clustered=groups < n,
    )
