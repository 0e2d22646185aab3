"""Standard errors of least squares against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from steelyard.impact.inference import interval, relative_interval
from steelyard.impact.regression import (
    Fit,
    bell_mccaffrey,
    clustered,
    crv3,
    fit,
    homoskedastic,
    independent,
    robust,
    told,
)


def example(n: int = 30) -> Fit:
    rng = np.random.default_rng(3)
    on = (np.arange(n) % 3 == 0).astype(float)
    design = np.column_stack([np.ones(n), on, rng.normal(size=n)])
    return fit(design, 2 + on + design[:, 2] + rng.normal(size=n) * (1 + on))


def test_errors_are_those_of_statsmodels() -> None:
    mine = example()
    other = sm.OLS(mine.outcome, mine.design)
    groups = np.arange(30) // 5
    assert homoskedastic(mine) == pytest.approx(other.fit().bse[1])
    assert robust(mine, 1) == pytest.approx(other.fit(cov_type="HC2").bse[1])
    assert robust(mine, 2) == pytest.approx(other.fit(cov_type="HC3").bse[1])
    by_group = other.fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert clustered(mine, groups) == pytest.approx(by_group.bse[1])


def test_the_jackknife_of_single_rows_is_close_to_hc3() -> None:
    mine = example()
    assert crv3(mine, np.arange(30)) == pytest.approx(robust(mine, 2), rel=0.03)


def test_degrees_of_freedom_are_those_of_the_full_matrices() -> None:
    mine = example()
    hat = mine.design @ mine.bread @ mine.design.T
    scaled = (np.eye(30) - hat) * (mine.pull / np.sqrt(1 - np.diag(hat)))
    product = scaled.T @ scaled
    assert bell_mccaffrey(mine) == pytest.approx(np.trace(product) ** 2 / np.sum(product**2))


def test_two_arms_alike_have_the_degrees_of_a_two_sample_test() -> None:
    """With equal arms and nothing else known, Bell and McCaffrey's is n - 2."""
    design = np.column_stack([np.ones(20), np.arange(20) % 2])
    mine = fit(design.astype(float), np.random.default_rng(1).normal(size=20))
    assert bell_mccaffrey(mine) == pytest.approx(18)


def test_columns_that_repeat_others_go() -> None:
    one = np.ones(6)
    x = np.arange(6.0)
    design = np.column_stack([one, x, 0 * one, 3 * x + 2, x**2])
    assert independent(design).tolist() == [0, 1, 4]


def test_the_interval_in_percent_holds_every_ratio_that_a_test_would_not_reject() -> None:
    b, base, dof = 1.2, 5.0, 14.0
    variances = (0.5, -0.1, 0.3)
    ends = relative_interval(b, base, variances, dof)
    for end in ends:
        assert end is not None
        ratio = end / 100
        off = b - ratio * base
        spread = variances[0] - 2 * ratio * variances[1] + ratio**2 * variances[2]
        assert interval(off, float(np.sqrt(spread)), dof)[1] == pytest.approx(0.05, rel=1e-6)
    assert relative_interval(b, 0.4, variances, dof) == (None, None)


def test_percent_and_level_agree_about_nothing() -> None:
    """Where the interval of the difference ends at 0, so does that of the percentage."""
    mine = example()
    level = told("x", mine, lambda each: robust(each, 1), 26, "HC2", False)
    low, high = level.ci
    assert low is not None and high is not None
    at_zero = fit(mine.design, mine.outcome - low * mine.design[:, 1])
    moved = told("x", at_zero, lambda each: robust(each, 1), 26, "HC2", False)
    assert moved.ci[0] == pytest.approx(0, abs=1e-9)
    assert moved.ci_pct[0] == pytest.approx(0, abs=1e-6)
    assert moved.effect_pct == pytest.approx(100 * at_zero.b / at_zero.coefficients[0])
