"""The balance table against what R's MatchIt prints of its own data."""

import numpy as np
import pytest

from steelyard.impact.balance import balance, refusal


def _flags(treated: int, controls: int) -> tuple[np.ndarray, np.ndarray]:
    """185 treated and 429 controls of whom so many have the property."""
    own, others = np.zeros((185, 1)), np.zeros((429, 1))
    own[:treated], others[:controls] = 1, 1
    return own, others


@pytest.mark.parametrize(
    ("name", "treated", "controls", "smd"),
    [
        ("raceblack", 156, 87, 1.7615),
        ("racehispan", 11, 61, -0.3498),
        ("racewhite", 18, 281, -1.8819),
        ("married", 35, 220, -0.8263),
        ("nodegree", 131, 256, 0.2450),
    ],
)
def test_flags_as_matchit_prints_them_for_lalonde(name, treated, controls, smd):
    """summary(matchit(…, data = lalonde)) of MatchIt 4.5, "Summary of Balance for All Data"."""
    before = _flags(treated, controls)
    row = balance([name], before, before)[0]
    assert row.smd_before == pytest.approx(smd, abs=5e-5)
    assert row.variance_ratio is None


def test_both_sides_are_divided_by_the_same_sd_of_all_treated():
    own, others = np.array([[0.0], [2.0], [4.0]]), np.array([[1.0], [1.5], [9.0]])
    row = balance(["x"], (own, others), (own[:2], others[:2]))[0]
    assert row.smd_before == pytest.approx((2 - 11.5 / 3) / 2)
    assert row.smd_after == pytest.approx((1 - 1.25) / 2)
    assert row.variance_ratio == pytest.approx(2 / 0.125)
    assert (row.mean_treated, row.mean_control) == (1.0, 1.25)


def test_nobody_matched_is_unknown_and_not_0():
    own, others = np.array([[0.0], [2.0]]), np.array([[1.0], [9.0]])
    row = balance(["x"], (own, others), (own[:0], others[:0]))[0]
    assert row.smd_after is None and row.mean_treated is None and row.variance_ratio is None
    assert row.smd_before is not None


def test_a_constant_that_differs_cannot_be_told_in_sds():
    one = np.full((3, 1), 5.0)
    assert balance(["x"], (one, one), (one, one))[0].smd_after == 0.0


@pytest.mark.parametrize(
    ("pairs", "asked", "shared", "words"),
    [(0, 10, 0, "must agree exactly"), (4, 10, 2, "only 4 of 10"), (10, 10, 2, "x (+1.00 SDs)")],
)
def test_a_refusal_says_which_way_overlap_fails(pairs, asked, shared, words):
    own, others = np.array([[0.0], [2.0], [1.0]]), np.array([[-1.0], [1.0], [0.0]])
    rows = balance(["x"], (own, others), (own, others))
    found = refusal(pairs, asked, shared, rows)
    assert found is not None and found.code == "no_overlap" and words in found.message


def test_alike_and_many_is_no_refusal():
    own = np.array([[0.0], [2.0], [1.0]])
    assert refusal(3, 3, 1, balance(["x"], (own, own), (own, own))) is None
