"""Standard errors of least squares against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from steelyard.impact.regression import (
    Fit,
    bell_mccaffrey,
    clustered,
    crv3,
    fit,
    homoskedastic,
    independent,
    robust,
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
