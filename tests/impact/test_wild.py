"""The wild bootstrap against one written with loops, and its false alarms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from steelyard.impact.inversion import not_rejected
from steelyard.impact.regression import clustered, fit
from steelyard.impact.wild import wild


def test_every_pattern_of_signs_as_with_loops() -> None:
    rng = np.random.default_rng(1)
    groups, n = 11, 44
    cluster = np.arange(n) % groups
    on = rng.random(n) < 0.5
    design = np.column_stack([np.ones(n), on, rng.normal(size=n)])
    outcome = 0.3 * on + rng.normal(size=n) + rng.normal(size=groups)[cluster]
    mine = fit(design, outcome)
    null = 0.1
    under, words = wild(mine, cluster, 1)
    rest = fit(design[:, [0, 2]], outcome - null * on, 0)
    fitted = outcome - rest.residuals
    observed = abs(mine.b - null) / clustered(mine, cluster)
    far = []
    for signs in itertools.product((1, -1), repeat=groups):
        again = fit(design, fitted + rest.residuals * np.array(signs)[cluster])
        far.append(abs(again.b - null) / clustered(again, cluster) >= observed - 1e-9)
    assert under.p(null) == pytest.approx(np.mean(far), abs=1e-12)
    assert words.endswith("all 2,048 patterns (Rademacher)")


def test_the_interval_ends_where_p_is_five_percent() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(8), 5)
    design = np.column_stack([np.ones(40), np.arange(40) % 2])
    mine = fit(design, rng.normal(size=40) + rng.normal(size=8)[cluster])
    under, words = wild(mine, cluster, 3)
    low, high = not_rejected(under.p, mine.b, clustered(mine, cluster))
    assert low is not None and high is not None
    assert under.p(low - 0.02) < 0.05 < under.p(low + 0.02)
    assert under.p(high + 0.02) < 0.05 < under.p(high - 0.02)
    assert "9,999 draws (Webb)" in words
