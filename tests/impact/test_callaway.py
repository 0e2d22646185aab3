"""Callaway and Sant'Anna through diff-diff: the published figures of R's `did`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.impact.mpdta import counties
from tests.impact.panels import teams, waves

from steelyard.impact.callaway import event_study, overall
from steelyard.impact.result import CannotSay, Estimate, EventStudy
from steelyard.impact.study import Control, Study

NEVER = Study(kind="amount", control="never")
NOT_YET = Study(kind="amount", control="not_yet")


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


@pytest.mark.parametrize(
    ("control", "covariates", "estimate", "se"),
    [
        ("never", (), -0.0400, 0.0120),
        ("not_yet", (), -0.0398, 0.0121),
        ("never", ("lpop",), -0.0418, 0.0115),
    ],
)
def test_published_figures_of_the_counties(
    shared: Path, control: Control, covariates: tuple[str, ...], estimate: float, se: float
) -> None:
    """R's did on mpdta, its "simple" aggregate; with lpop doubly robust."""
    study = Study(kind="amount", control=control, covariates=covariates)
    found = said(overall(counties(shared), study))
    assert found.estimate == pytest.approx(estimate, abs=5.1e-5)
    assert found.se == pytest.approx(se, abs=5.1e-5)


def test_published_event_study_of_the_counties(shared: Path) -> None:
    """R's did on mpdta: event times 0 to 3; the step before the start is the reference."""
    found = event_study(counties(shared), NEVER)
    assert isinstance(found, EventStudy)
    assert found.times == (-4, -3, -2, 0, 1, 2, 3)
    assert found.estimates[3:] == pytest.approx([-0.0199, -0.0510, -0.1373, -0.1008], abs=5.1e-5)
    assert np.allclose(found.covariance, found.covariance.T)
    assert found.covariance[3, 3] == pytest.approx(0.0118**2, rel=0.02)


def test_one_date_is_the_difference_of_differences() -> None:
    """Against the last period before, by hand."""
    panel = teams(12)
    change = panel.outcome[:, 8:].mean(1) - panel.outcome[:, 7]
    by_hand = change[~panel.never].mean() - change[panel.never].mean()
    assert said(overall(panel, NEVER)).estimate == pytest.approx(by_hand, abs=1e-10)


def test_gaps_and_late_controls_are_stood() -> None:
    panel = waves(60)
    lost = np.random.default_rng(5).random(panel.outcome.shape) < 0.1
    assert said(overall(replace(panel, outcome=np.where(lost, np.nan, panel.outcome)), NOT_YET)).se
    later = panel.pick(~panel.never)
    assert said(overall(later, NOT_YET)).se
    answer = overall(later, NEVER)
    assert isinstance(answer, CannotSay) and answer.code == "too_few_clusters"


def test_names_and_scale_do_not_matter() -> None:
    panel = teams(10, dates=(6, 11), log_effect=0.2)
    plain = said(overall(panel, NOT_YET))
    order = np.random.default_rng(0).permutation(panel.n)
    assert plain.estimate is not None
    other = said(overall(replace(panel.pick(order), outcome=3 * panel.outcome[order]), NOT_YET))
    assert other.estimate == pytest.approx(3 * plain.estimate, rel=1e-9)
    assert other.p == pytest.approx(plain.p, rel=1e-9)


def test_units_treated_from_the_first_period_are_left_out() -> None:
    panel = waves(60)
    early = panel.starting(np.where(np.arange(60) < 3, 0, panel.start))
    kept = early.pick(np.arange(60) > 2)
    assert said(overall(early, NOT_YET)) == said(overall(kept, NOT_YET))


def test_with_few_clusters_no_interval_in_percent_is_said() -> None:
    few, many = (overall(waves(teams), Study()) for teams in (32, 120))
    assert isinstance(few, Estimate) and isinstance(many, Estimate)
    assert few.effect_pct is not None and few.ci_pct == (None, None)
    assert many.ci_pct[0] is not None
