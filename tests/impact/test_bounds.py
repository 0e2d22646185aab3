"""Bounds against the numbers their papers print."""

import numpy as np
import pytest

from steelyard.impact.bounds import (
    MOST,
    breakdown_gamma,
    e_value,
    partial_r2,
    robustness_value,
    signed_rank_p,
)

# Lead in the blood of 33 pairs of children, Morton et al. 1982, as printed in Rosenbaum 2002,
# Observational Studies, section 3.2, and in the example of R's rbounds::psens.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22, 35,
           49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27]  # fmt: skip
CONTROL = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21, 19,
           7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13]  # fmt: skip
LEAD = np.array(EXPOSED, dtype=float) - np.array(CONTROL)


@pytest.mark.parametrize(
    ("gamma", "p"), [(2, 0.0018), (3, 0.0136), (4, 0.0388), (4.25, 0.0468), (5, 0.0740)]
)
def test_lead_in_children_as_rosenbaum_prints_it(gamma, p):
    """Rosenbaum 2002, table 4.2."""
    assert signed_rank_p(LEAD, gamma) == pytest.approx(p, abs=5e-5)


def test_lead_breaks_down_at_4_35():
    assert breakdown_gamma(LEAD) == pytest.approx(4.35, abs=0.01)
    assert breakdown_gamma(-LEAD) == breakdown_gamma(LEAD)


def test_without_hidden_bias_it_is_the_signed_rank_test():
    from scipy.stats import wilcoxon

    d = np.random.default_rng(4).normal(0.3, 1, 60)
    known = wilcoxon(d, alternative="greater", method="asymptotic", correction=False).pvalue
    assert signed_rank_p(d, 1.0) == pytest.approx(known)


def test_gamma_where_nothing_or_everything_is_explained():
    assert breakdown_gamma(np.array([1.0, -1.0, 2.0, -2.0])) == 1.0
    assert breakdown_gamma(np.zeros(5)) == 1.0
    assert breakdown_gamma(np.arange(1.0, 5000.0)) == MOST


def test_e_value_of_breast_feeding():
    """VanderWeele and Ding 2017, Annals of Internal Medicine 167(4): RR 3.9 (1.8 to 8.7)."""
    found = e_value(3.9, 1.8, 8.7)
    assert found.point == pytest.approx(7.26, abs=0.005)
    assert found.limit == pytest.approx(3.0)
    turned = e_value(1 / 3.9, 1 / 8.7, 1 / 1.8)
    assert (turned.point, turned.limit) == pytest.approx((found.point, found.limit))
    assert e_value(1.2, 0.9, 1.6).limit == 1.0


def test_robustness_of_darfur():
    """Cinelli and Hazlett 2020, section 3: t 4.18 with 783 degrees; 13.9 %, 7.6 %, 2.2 %."""
    assert robustness_value(4.18, 783) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(4.18, 783, 0.05) == pytest.approx(0.076, abs=5e-4)
    assert partial_r2(4.18, 783) == pytest.approx(0.022, abs=5e-4)
    assert robustness_value(1.0, 783, 0.05) == 0.0
