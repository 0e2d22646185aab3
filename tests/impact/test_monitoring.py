"""Boundaries for looking early: published values, integrals, and false alarms over twelve weeks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, stdtr

from steelyard.errors import UsageError
from steelyard.impact.inference import interval
from steelyard.impact.monitoring import (
    always_valid,
    at_look,
    look_bounds,
    look_level,
    mixture_rho,
    monitored,
)
from steelyard.impact.result import Estimate, level_estimate, log_estimate


def told(b: float, se: float, dof: float) -> Estimate:
    ci, p = interval(b, se, dof)
    return log_estimate("x", b, se, ci, p, "HC2")


def test_planned_looks_as_published() -> None:
    """Four looks: gsDesign's sfLDOF with alpha 0.025 a side (the R package RTSA 0.2.2 prints the
    same); five: Reboussin, DeMets, Kim and Lan 2000, Controlled Clinical Trials 21."""
    assert look_bounds(4) == pytest.approx((4.332634, 2.963131, 2.359044, 2.014090), abs=2e-6)
    assert look_bounds(5) == pytest.approx((4.8769, 3.3570, 2.6803, 2.2898, 2.0310), abs=5e-5)


def test_levels_are_those_of_the_bounds_and_one_look_costs_nothing() -> None:
    assert look_level(1, 1) == pytest.approx(0.05)
    assert look_level(4, 4) == pytest.approx(2 * ndtr(-2.014090), rel=1e-5)
    levels = [look_level(12, k) for k in range(1, 13)]
    assert levels == sorted(levels)
    assert max(levels) < 0.05 < sum(levels)


def test_a_look_that_was_not_planned_is_refused() -> None:
    for planned, this in ((4, 5), (4, 0), (0, 0)):
        with pytest.raises(UsageError):
            look_level(planned, this)


def test_p_is_one_over_the_mixture_of_likelihood_ratios() -> None:
    b, se, rho = 0.21, 0.07, 40.0

    def weighed(theta: float) -> float:
        ratio = math.exp((b * theta - theta**2 / 2) / se**2)
        return ratio * math.exp(-rho * theta**2 / 2) * math.sqrt(rho / (2 * math.pi))

    mixture = quad(weighed, -2, 2, points=[0.2])[0]
    assert always_valid(b, se, rho)[1] == pytest.approx(1 / mixture, rel=1e-6)


def test_the_interval_is_all_that_p_does_not_reject() -> None:
    for dof in (math.inf, 9.0):
        (low, _), p = always_valid(0.2, 0.05, 30.0, dof)
        assert low is not None
        assert always_valid(0.2 - low, 0.05, 30.0, dof)[1] == pytest.approx(0.05, rel=1e-6)
        assert p < 1


def test_it_is_the_asymptotic_confidence_sequence() -> None:
    """Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, Annals of Statistics 52, theorem 2.2:
    s sqrt(2 (t r^2 + 1) / (t^2 r^2) log(sqrt(t r^2 + 1) / alpha)), with r^2 = 1 / (rho s^2)."""
    n, s, rho = 800, 2.0, 100.0
    r2 = 1 / (rho * s**2)
    half = s * math.sqrt(2 * (n * r2 + 1) / (n**2 * r2) * math.log(math.sqrt(n * r2 + 1) / 0.05))
    (low, high), _ = always_valid(0.0, s / math.sqrt(n), rho)
    assert high == pytest.approx(half)
    assert low == pytest.approx(-half)


def test_the_chosen_precision_is_the_narrowest() -> None:
    best = mixture_rho(0.05)

    def width(rho: float) -> float:
        return always_valid(0.0, 0.05, rho)[0][1] or 0.0

    assert width(best) < min(width(0.97 * best), width(1.03 * best))
    with pytest.raises(UsageError):
        always_valid(0.1, 0.05, 0.0)


def test_few_clusters_widen_both_kinds() -> None:
    wide, narrow = told(0.2, 0.05, 7.0), told(0.2, 0.05, math.inf)
    rho = mixture_rho(0.05)
    for way in (lambda each: monitored(each, rho), lambda each: at_look(each, 4, 2)):
        few, many = way(wide), way(narrow)
        assert few.ci[1] > many.ci[1] > narrow.ci[1]
    assert at_look(narrow, 4, 2).ci[1] == pytest.approx(0.2 + 2.963131 * 0.05)
    assert at_look(wide, 1, 1).ci == pytest.approx(wide.ci)


def test_percent_goes_with_the_interval() -> None:
    level = level_estimate("x", 2.0, 0.5, *interval(2.0, 0.5, 20), "HC2", 10.0)
    seen = monitored(level, mixture_rho(0.5))
    assert seen.ci_pct == pytest.approx([10 * end for end in seen.ci])
    unknown = monitored(log_estimate("x", 0.1, None, (0.0, 0.2), 0.04, "permutation"), 10.0)
    assert unknown.ci == (None, None)
    assert unknown.p is None


def weekly(seed: int, runs: int, people: int) -> tuple[np.ndarray, np.ndarray]:
    """(runs, 12) differences of two arms' means up to each week, and their errors; no effect."""
    rng = np.random.default_rng(seed)
    each = rng.normal(size=(runs, 12, 2, people)).cumsum(axis=1)
    each /= np.arange(1, 13)[:, None, None]
    b = each[:, :, 0].mean(axis=-1) - each[:, :, 1].mean(axis=-1)
    return b, np.sqrt(each.var(axis=-1, ddof=1).sum(axis=-1) / people)


def test_twelve_weekly_looks_raise_few_false_alarms() -> None:
    """Plain p < 0.05 every week: one in five (19.6 % in the simulated organisation)."""
    b, se = weekly(1, 1000, 10)
    rho = mixture_rho(math.sqrt(2 / 10 / 12))
    plain = planned = always = 0
    bounds = [look_level(12, k) for k in range(1, 13)]
    for estimates, errors in zip(b.tolist(), se.tolist(), strict=True):
        p = 2 * stdtr(18, -np.abs(np.array(estimates) / np.array(errors)))
        plain += bool((p < 0.05).any())
        planned += bool((p < bounds).any())
        pairs = zip(estimates, errors, strict=True)
        always += any(always_valid(one, error, rho, 18)[1] < 0.05 for one, error in pairs)
    assert plain / 1000 > 0.15
    assert planned / 1000 < 0.065
    assert always / 1000 < 0.05
