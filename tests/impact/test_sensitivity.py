"""Intervals for bent trends against R's HonestDiD, and the sentences beside a result."""

import numpy as np
import pytest

from steelyard.errors import BadPanel
from steelyard.impact.result import CannotSay, EventStudy, log_estimate
from steelyard.impact.sensitivity import (
    bent_trends,
    from_arrays,
    hidden_confounder,
    smoothness,
)
from steelyard.impact.study import Study

# Benzarti and Carloni 2019, profits of French restaurants, as in HonestDiD's BCdata_EventStudy.
BC_EFFECTS = """
0.00669635180383921 0.0293450336903334 -0.00647297222167253 0.0730149894952774
0.195961117744446 0.312063902616501 0.239541545510292 0.126042500138283
"""
BC = np.array(BC_EFFECTS.split(), dtype=float)
BC_ROWS = """
0.000842835812363774 0.00047686867765151 0.000261805107584223 0.000235422034165822
0.000167637146660127 0.000112870766315609 1.99281621462433e-05 -0.000136826536618173
0.00047686867765151 0.000642542028799653 0.000398742500692606 0.00024355151981581
0.000220196030568331 0.00018045911565423 3.84376508009154e-05 -2.96042198897339e-05
0.000261805107584223 0.000398742500692606 0.000522994960192591 0.000211768609005958
0.000184072225238197 0.000145852784044109 7.00519740348682e-05 5.95299497945234e-05
0.000235422034165822 0.00024355151981581 0.000211768609005958 0.000308959541143849
0.000119786607683636 0.000133408131659962 0.000101633500889875 0.000107905172626488
0.000167637146660127 0.000220196030568331 0.000184072225238197 0.000119786607683636
0.000359970435965806 0.000247881864197552 0.000174957924173214 0.000165425692102872
0.000112870766315609 0.00018045911565423 0.000145852784044109 0.000133408131659962
0.000247881864197552 0.000426394981332123 0.000217143780901097 0.000289274787064642
1.99281621462433e-05 3.84376508009154e-05 7.00519740348682e-05 0.000101633500889875
0.000174957924173214 0.000217143780901097 0.000488669786136597 0.000380532204871997
-0.000136826536618173 -2.96042198897339e-05 5.95299497945234e-05 0.000107905172626488
0.000165425692102872 0.000289274787064642 0.000380532204871997 0.000761739443987608
"""
BC_COVARIANCE = np.array(BC_ROWS.split(), dtype=float).reshape(8, 8)

# Medicaid expansions of 2014 (README of HonestDiD): insured adults by state, two-way event study
# around 2013 with errors clustered by state; six significant digits of effects and covariance.
MEDICAID = np.array([-0.005285355, -0.011297325, -0.002675992, -0.001419312, 0.000339664,
                     0.046446854, 0.069206175])  # fmt: skip
MEDICAID_ROWS = """
7.488483636e-05 6.039874096e-05 4.444619818e-05 3.385764706e-05 4.328011255e-05 4.765880479e-05
2.425128700e-05 6.039874096e-05 7.266500617e-05 3.789330221e-05 2.866578025e-05 4.543320628e-05
4.428850119e-05 2.824655043e-05 4.444619818e-05 3.789330221e-05 5.052051940e-05 2.673679432e-05
2.778193568e-05 3.060644109e-05 9.637533883e-06 3.385764706e-05 2.866578025e-05 2.673679432e-05
4.003222026e-05 2.412859976e-05 2.380868209e-05 2.923878143e-06 4.328011255e-05 4.543320628e-05
2.778193568e-05 2.412859976e-05 5.462662207e-05 3.682531052e-05 9.722947502e-06 4.765880479e-05
4.428850119e-05 3.060644109e-05 2.380868209e-05 3.682531052e-05 8.375668825e-05 6.321397963e-05
2.425128700e-05 2.824655043e-05 9.637533883e-06 2.923878143e-06 9.722947502e-06 6.321397963e-05
1.071235230e-04
"""
MEDICAID_COVARIANCE = np.array(MEDICAID_ROWS.split(), dtype=float).reshape(7, 7)


def test_medicaid_as_honestdid_prints_it():
    """README of asheshrambachan/HonestDiD, createSensitivityResults, M = 0, 0.01 … 0.05."""
    printed = [(0.0259, 0.0607), (0.0132, 0.0787), (0.00286, 0.0907), (-0.00714, 0.101),
               (-0.0171, 0.111), (-0.0271, 0.121)]  # fmt: skip
    grid = [0, 0.01, 0.02, 0.03, 0.04, 0.05]
    found = smoothness(from_arrays(MEDICAID, MEDICAID_COVARIANCE, 5), grid, step=0)
    for (low, high), (said_low, said_high) in zip(found.intervals, printed, strict=True):
        assert low == pytest.approx(said_low, abs=1e-4)
        assert high == pytest.approx(said_high, abs=5e-4)
    assert 0.02 < found.breakdown < 0.03


@pytest.mark.parametrize(
    ("step", "printed"),
    [
        (0, [(0.131411, 0.216170), (0.154965, 0.270385), (0.177301, 0.315956)]),
        (None, [(0.133193, 0.230363), (0.124138, 0.368035), (0.113902, 0.476743)]),
    ],
)
def test_restaurants_as_r_finds_them(step, printed):
    """R 4.5.2 with HonestDiD 0.2.8, whose critical values are simulated: held to 1e-3."""
    found = smoothness(from_arrays(BC, BC_COVARIANCE, 4), [0, 0.01, 0.02], step)
    assert np.array(found.intervals) == pytest.approx(np.array(printed), abs=1e-3)


@pytest.mark.parametrize(
    ("step", "m", "low", "high"),
    [
        (0, 0.0, 0.13145961606784684, 0.2161196940548763),
        (0, 0.01, 0.15496824936021086, 0.2704720260314137),
        (0, 0.02, 0.17647178646291142, 0.31524410674172754),
        (None, 0.01, 0.12403916686623861, 0.36804042734889597),
        (None, 0.02, 0.11375070087597802, 0.47671804515413896),
    ],
)
def test_restaurants_as_diff_diff_finds_them(step, m, low, high):
    """diff-diff 3.13, HonestDiD(method="smoothness"): as long to 1e-8, in place to 1e-5."""
    ((mine_low, mine_high),) = smoothness(from_arrays(BC, BC_COVARIANCE, 4), [m], step).intervals
    assert (mine_low, mine_high) == pytest.approx((low, high), abs=1e-5)
    assert mine_high - mine_low <= high - low + 1e-8


def test_a_straight_difference_in_trends_changes_nothing():
    times = np.array([-5, -4, -3, -2, 0, 1, 2, 3]) + 1
    grid = [0, 0.01]
    plain = smoothness(from_arrays(BC, BC_COVARIANCE, 4), grid)
    tilted = smoothness(from_arrays(BC + 0.3 * times, BC_COVARIANCE, 4), grid)
    assert np.array(tilted.intervals) == pytest.approx(np.array(plain.intervals), abs=1e-9)


def test_scale_of_the_outcome_scales_the_intervals():
    plain = smoothness(from_arrays(BC, BC_COVARIANCE, 4), [0, 0.02], step=0)
    large = smoothness(from_arrays(1e3 * BC, 1e6 * BC_COVARIANCE, 4), [0, 20.0], step=0)
    assert np.array(large.intervals) == pytest.approx(1e3 * np.array(plain.intervals), rel=1e-4)


def test_few_clusters_make_it_wider():
    far = from_arrays(BC, BC_COVARIANCE, 4)
    near = EventStudy("x", "log", far.times, BC, BC_COVARIANCE, 9.0, "jackknife")
    (low, high), (lower, higher) = (smoothness(e, [0.0]).intervals[0] for e in (far, near))
    assert higher - lower == pytest.approx((high - low) * 2.262157 / 1.959964, rel=1e-5)


def test_effects_beyond_a_gap_are_not_used():
    events = from_arrays(BC, BC_COVARIANCE, 4)
    torn = EventStudy("x", "level", (-9, -8, -3, -2, 0, 1, 2, 3), BC, BC_COVARIANCE, 30.0, "")
    assert smoothness(events).before == 4
    assert smoothness(torn).before == 2


def test_a_free_step_before_the_start_is_no_reference():
    free = EventStudy("x", "log", (-2, -1, 0), np.zeros(3), np.eye(3), 30.0, "")
    alone = EventStudy("x", "log", (0, 1), np.zeros(2), np.eye(2), 30.0, "")
    for events, code in ((free, "no_reference"), (alone, "no_event_study")):
        found = smoothness(events)
        assert isinstance(found, CannotSay) and found.code == code


@pytest.mark.parametrize(
    ("effects", "covariance", "before"),
    [
        ([0.1, 0.2], np.eye(3), 1),
        ([0.1, 0.2], np.eye(2), 2),
        ([0.1, np.nan], np.eye(2), 1),
        ([0.1, 0.2], [[1, 0.5], [0.2, 1]], 1),
        ([0.1, 0.2], [[1, 2], [2, 1]], 1),
    ],
)
def test_numbers_that_are_no_event_study_are_refused(effects, covariance, before):
    with pytest.raises(BadPanel):
        from_arrays(effects, covariance, before)


def test_what_something_unseen_would_have_to_do():
    estimate = log_estimate("matched_did", 0.3, 0.08, (0.14, 0.46), 0.0004, "jackknife")
    check = hidden_confounder(estimate, np.random.default_rng(1).normal(0.5, 1, 80), 79)
    assert check.status == "ok"
    assert "factor of" in check.detail and "ratio of 2.04" in check.detail
    assert check.figures["e_value"] == pytest.approx(2.04, abs=0.01)
    assert check.figures["gamma"] > 1.25


def test_an_effect_that_little_explains_away_is_a_warning():
    estimate = log_estimate("matched_did", 0.05, 0.02, (0.01, 0.09), 0.02, "jackknife")
    check = hidden_confounder(estimate, np.random.default_rng(1).normal(0.2, 1, 80), 79)
    assert check.status == "warn"


def test_no_effect_needs_no_explanation():
    estimate = log_estimate("matched_did", 0.05, 0.1, (-0.15, 0.25), 0.6, "jackknife")
    assert hidden_confounder(estimate, np.ones(9), 8).status == "not_run"
    none = EventStudy("x", "log", (-3, -2, 0), np.array([0, 0, 0.1]), np.eye(3), 30.0, "")
    assert bent_trends(none, Study()).status == "not_run"
    assert bent_trends(None, Study()).status == "not_run"


def test_bent_trends_in_a_sentence():
    events = EventStudy("x", "log", (-5, -4, -3, -2, 0, 1, 2, 3), BC, BC_COVARIANCE, 40.0, "")
    check = bent_trends(events, Study())
    assert "log points from one step to the next" in check.detail
    assert check.status == "warn"  # a third of what was seen before the start is enough
    assert 0.02 < check.figures["breakdown_m"] < 0.1
