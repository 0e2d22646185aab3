"""Intervals against other packages' and other methods' results, and against simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.intervals import Estimate, Pair


def world(seed: int, people: int = 60) -> list[Pair]:
    """People whose spend and commits are skewed and go together."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0, 0.7, people)
    bottoms = rng.poisson(4 * size) + 1
    tops = rng.gamma(2, 3 * size)
    return [(float(y), float(x)) for y, x in zip(tops, bottoms, strict=True)]


def test_a_ratio_is_as_wide_as_the_bootstrap_over_people() -> None:
    pairs = np.array(world(1, people=120))
    said = intervals.ratio(map(tuple, pairs))
    rng = np.random.default_rng(2)
    drawn = rng.integers(0, len(pairs), (4000, len(pairs)))
    sums = pairs[drawn].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    assert said.value == pytest.approx(pairs[:, 0].sum() / pairs[:, 1].sum())
    assert said.low is not None and said.high is not None
    assert said.high - said.low == pytest.approx(high - low, rel=0.12)
    assert (said.low, said.high) == (pytest.approx(low, rel=0.1), pytest.approx(high, rel=0.1))


def test_a_mean_has_students_interval() -> None:
    values = [y for y, _ in world(3)] + [0.0, 0.0]
    said = intervals.mean(values)
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values)
    )
    assert (said.value, said.n) == (pytest.approx(np.mean(values)), len(values))
    assert (said.low, said.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("n", [6, 7, 24, 25, 101])
def test_a_median_has_the_interval_of_scipy(n: int) -> None:
    values = [y for y, _ in world(n, n)]
    said = intervals.median(values)
    found = stats.quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    assert said.value == pytest.approx(np.median(values))
    assert (said.low, said.high) == (pytest.approx(found.low), pytest.approx(found.high))


def test_five_values_are_too_few_for_a_median() -> None:
    assert intervals.median([1, 2, 3, 4, 5]) == Estimate(3, n=5)
    assert intervals.median([]) == Estimate()


def test_nobody_did_it_is_not_certainly_nobody() -> None:
    for hits in (0, 20):
        said = intervals.share([(5.0 * (hits > 0), 5.0)] * 20)
        exact = stats.binomtest(hits, 20).proportion_ci(0.95, "exact")
        assert (said.low, said.high) == (pytest.approx(exact.low), pytest.approx(exact.high))


def test_a_share_stays_between_0_and_1() -> None:
    said = intervals.share([(1.0, 1.0)] * 9 + [(0.0, 2.0)])
    assert said.high == 1.0
    assert said.low is not None and 0 <= said.low < 9 / 11


def test_one_person_or_people_all_alike_have_no_interval() -> None:
    assert intervals.ratio([(10.0, 2.0)]) == Estimate(5.0, n=1)
    assert intervals.ratio([(10.0, 2.0), (5.0, 1.0)]) == Estimate(5.0, n=2)
    assert intervals.ratio([(10.0, 0.0)]) == Estimate(n=1)
    assert intervals.ratio([]) == Estimate()


def test_the_same_people_are_compared_with_themselves() -> None:
    """People differ a lot, each moves by the same: paired sees it, unpaired does not."""
    rng = np.random.default_rng(5)
    before = [(float(h), 50.0) for h in rng.integers(5, 45, 30)]
    after = [(hits + 2 + float(rng.integers(-1, 2)), 50.0) for hits, _ in before]
    paired = intervals.paired_difference(after, before)
    unpaired = intervals.difference(intervals.share(after), intervals.share(before))
    assert paired.value == pytest.approx(unpaired.value)
    assert paired.low is not None and paired.low > 0
    assert unpaired.low is not None and unpaired.low < 0
    moved = np.array([(a - b) / 50 for (a, _), (b, _) in zip(after, before, strict=True)])
    low, high = stats.t.interval(0.95, 29, loc=moved.mean(), scale=stats.sem(moved))
    assert (paired.low, paired.high) == (pytest.approx(low), pytest.approx(high))


def covered(said: Estimate, truth: float) -> bool:
    return said.low is not None and said.high is not None and said.low <= truth <= said.high


def test_intervals_cover_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(8)
    runs, hits = 600, {"ratio": 0, "median": 0, "difference": 0}
    for _ in range(runs):
        size = rng.gamma(4, 1, 40)
        pairs = [(float(rng.gamma(3, 2 * s / 3)), float(s)) for s in size]
        hits["ratio"] += covered(intervals.ratio(pairs), 2.0)
        one, other = rng.lognormal(1, 1, 41), rng.lognormal(1.5, 0.8, 37)
        hits["median"] += covered(intervals.median(one), math.exp(1))
        apart = intervals.difference(intervals.median(one), intervals.median(other))
        hits["difference"] += covered(apart, math.exp(1) - math.exp(1.5))
    for name, count in hits.items():
        assert 0.92 <= count / runs <= 0.99, name
