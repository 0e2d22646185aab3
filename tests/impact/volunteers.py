"""Panels in which the able start of their own accord: what matching is tried on."""

from __future__ import annotations

import numpy as np

from steelyard.impact.panel import Panel

PERIODS = 32


def volunteers(
    seed: int,
    units: int = 200,
    log_effect: float = 0.0,
    dates: tuple[int, ...] = (20,),
    choosy: float = 1.0,
) -> Panel:
    """Counts with lasting levels, weeks of one's own (AR 0.6) and starts that follow the level."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(0, 0.5, units)
    seniority = rng.integers(0, 2, units)
    own = np.empty((units, PERIODS))
    own[:, 0] = rng.normal(0, 0.3, units)
    for t in range(1, PERIODS):
        own[:, t] = 0.6 * own[:, t - 1] + 0.24 * rng.normal(size=units)
    level = 0.5 + 0.2 * seniority + ability
    starts = rng.random(units) < 1 / (1 + np.exp(0.8 - 2 * choosy * ability))
    start = np.where(starts, rng.choice(dates, units), PERIODS)
    treated = np.arange(PERIODS)[None, :] >= start[:, None]
    rate = np.exp(level[:, None] + own + log_effect * treated)
    return Panel(
        outcome=rng.poisson(rate * rng.gamma(4, 0.25, rate.shape)).astype(float),
        start=start.astype(np.int64),
        cluster=np.arange(units),
        steps=np.arange(PERIODS),
        units=tuple(f"dev{i:03}" for i in range(units)),
        periods=tuple(str(t) for t in range(PERIODS)),
        clusters=tuple(f"dev{i:03}" for i in range(units)),
        traits={"seniority": np.array(["junior", "senior"])[seniority]},
    )


def twins(factor: float = 1.3, pairs: int = 12, periods: int = 24, start: int = 14) -> Panel:
    """Every treated unit has a control with the very same baseline; after it, `factor` more."""
    base = 4.0 + np.arange(pairs)[:, None] + np.tile([0.0, 1.0], periods // 2)[None, :]
    after = np.arange(periods) >= start
    outcome = np.vstack([np.where(after, factor * base, base), base])
    return Panel(
        outcome=outcome,
        start=np.repeat([start, periods], pairs).astype(np.int64),
        cluster=np.arange(2 * pairs),
        steps=np.arange(periods),
        units=tuple(f"u{i}" for i in range(2 * pairs)),
        periods=tuple(str(t) for t in range(periods)),
        clusters=tuple(f"u{i}" for i in range(2 * pairs)),
    )
