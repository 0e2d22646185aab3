"""The small panels have the effect they say, and are the same every time."""

from __future__ import annotations

import numpy as np
from tests.impact.panels import one_date, teams, waves


def test_small_panels_hold_their_effect() -> None:
    made = one_date(units=400, log_effect=0.5)
    treated, after = ~made.never, np.arange(16) >= 8
    sums = [
        made.outcome[rows][:, when].sum()
        for rows in (treated, ~treated)
        for when in (after, ~after)
    ]
    assert abs(np.log(sums[0] * sums[3] / (sums[1] * sums[2])) - 0.5) < 0.03


def test_small_panels_are_seeded() -> None:
    assert np.array_equal(one_date(seed=3).outcome, one_date(seed=3).outcome)
    assert not np.array_equal(one_date(seed=3).outcome, one_date(seed=4).outcome)


def test_waves_start_in_equal_parts() -> None:
    assert waves().dates.tolist() == [6, 10, 14]
    assert int(waves().never.sum()) == 15


def test_teams_start_whole() -> None:
    made = teams()
    assert made.clustered and made.groups == 12 and made.n == 72
    for code in range(12):
        assert len(np.unique(made.start[made.cluster == code])) == 1
