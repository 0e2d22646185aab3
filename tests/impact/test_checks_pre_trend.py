"""The pre-trend check: its power by simulation and by a second package; never a pass."""

from __future__ import annotations

import numpy as np
import pytest
from tests.impact.panels import one_date, waves

from steelyard.impact.checks.pre_trend import (
    Leads,
    detectable,
    joint,
    power,
    pre_trend,
    reach_of,
    read,
    reference,
)
from steelyard.impact.result import EventStudy, log_estimate

HEADLINE = log_estimate("callaway_santanna", 0.1, 0.04, (0.02, 0.18), 0.01, "t(30)")
TIMES = (-5, -4, -3, -2, 0, 1, 2)
COVARIANCE = 0.01 * (0.5 * np.eye(7) + 0.5)


def events(drift: float = 0.0, dof: float = 30.0, noise: float = 0.0) -> EventStudy:
    times = np.array(TIMES)
    rng = np.random.default_rng(2)
    b = drift * (times + 1.0) + noise * rng.standard_normal(7)
    return EventStudy("callaway_santanna", "log", TIMES, b, COVARIANCE, dof, "t(30)")


def small(drift: float = 0.0, dof: float = 30.0) -> Leads:
    leads = read(events(drift, dof))
    assert leads is not None
    return leads


def test_the_drift_a_test_sees_is_that_of_a_second_package() -> None:
    """diff-diff's power of pre-trend tests (Wald form), on its own event study of large samples."""
    import warnings

    from diff_diff import CallawaySantAnna, compute_pretrends_power

    table = waves(units=200, periods=10, dates=(6,)).long()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = CallawaySantAnna(base_period="universal").fit(
            table, "outcome", "unit", "time", "start", aggregate="event_study"
        )
        theirs = compute_pretrends_power(
            fitted, alpha=0.05, target_power=0.8, violation_type="linear", pretest_form="wald"
        )
    weights = np.abs(np.asarray(theirs.violation_weights, dtype=float))
    own = Leads(np.zeros(len(weights)), np.asarray(theirs.vcov), -weights, float("inf"))
    assert detectable(own, 0.8) == pytest.approx(theirs.mdv, rel=1e-3)


def test_power_by_simulation() -> None:
    found = small()
    drift = detectable(found, 0.8)
    rng = np.random.default_rng(9)
    draws, dof = 4000, 30
    root = np.linalg.cholesky(found.covariance)
    rejected = []
    for _ in range(draws):  # covariances of so many clusters, as a jackknife would give them
        b = drift * found.drift + root @ rng.standard_normal(4)
        each = root @ rng.standard_normal((4, dof))
        rejected.append(joint(Leads(b, each @ each.T / dof, found.drift, float(dof)))[1] < 0.05)
    assert np.mean(rejected) == pytest.approx(0.8, abs=0.02)
    assert power(found, 0.0) == pytest.approx(0.05)


def test_the_joint_test_by_hand() -> None:
    b, covariance = np.array([0.2, -0.1]), np.diag([0.01, 0.02])
    f, p = joint(Leads(b, covariance, np.array([-2.0, -1.0]), 12.0))
    assert f == pytest.approx((0.04 / 0.01 + 0.01 / 0.02) / 2 * 11 / 12)
    assert p == pytest.approx((1 + 2 * f / 11) ** -5.5)  # F(2, 11)


def test_a_drift_is_warned_of() -> None:
    said = pre_trend(one_date(), HEADLINE, events(drift=0.4))
    assert said.status == "warn" and "already moved differently" in said.detail


def test_nothing_seen_says_what_could_not_have_been_seen() -> None:
    said = pre_trend(one_date(), HEADLINE, events())
    assert "would have been missed in one study of five" in said.detail
    assert "as much as the effect itself" in said.detail and said.status == "warn"
    assert said.figures["drift_seen_50"] < said.figures["drift_seen_80"]
    assert len(said.figures["rows"]) == len(TIMES)
    for word in ("passed", "parallel", "holds", "no difference"):
        assert word not in said.detail.lower()


def test_what_is_not_told_from_chance_is_not_held_against_a_drift() -> None:
    chance = log_estimate("poisson_did", 0.01, 0.04, (-0.07, 0.09), 0.8, "")
    assert pre_trend(one_date(), chance, events()).status == "ok"


def test_a_sharp_test_of_a_large_effect_is_quiet() -> None:
    sharp = EventStudy("c", "log", TIMES, np.zeros(7), COVARIANCE / 1e4, 200.0, "")
    assert pre_trend(one_date(), HEADLINE, sharp).status == "ok"


def test_the_bias_is_the_drift_over_the_distance_that_is_compared() -> None:
    panel = one_date(units=8, periods=16, start=8)
    assert reach_of(panel, HEADLINE) == 4.5  # steps 0 to 7 against step -1
    every = log_estimate("poisson_did", 0.1, 0.04, (0.02, 0.18), 0.01, "")
    assert reach_of(panel, every) == 8.0  # against steps -8 to -1
    said = pre_trend(panel, HEADLINE, events())
    assert said.figures["bias_unseen_80"] == pytest.approx(4.5 * said.figures["drift_seen_80"])


def test_leads_against_all_that_is_earlier() -> None:
    """Where step -1 is estimated, what it is set against lies before the first step."""
    panel = one_date(units=8, periods=16, start=8)
    leads = EventStudy("i", "log", (-1, -2, -3, 0), np.zeros(4), np.eye(4), 20.0, "")
    assert reference(panel, leads) == -6.0  # steps -8 to -4
    found = read(leads, -6.0)
    assert found is not None and found.drift.tolist() == [3.0, 4.0, 5.0]


def test_few_clusters_test_few_steps() -> None:
    many = tuple(range(-20, -1))
    wide = EventStudy("c", "log", many, np.zeros(19), np.eye(19), 9.0, "")
    found = read(wide)
    assert found is not None and found.drift.tolist() == [-4.0, -3.0, -2.0, -1.0]


def test_without_steps_before_nothing_is_said() -> None:
    late = EventStudy("c", "log", (0, 1), np.zeros(2), np.eye(2), 9.0, "")
    assert pre_trend(one_date(), HEADLINE, None).status == "not_run"
    assert pre_trend(one_date(), HEADLINE, late).status == "not_run"
