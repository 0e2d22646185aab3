"""Two-way fixed effects: the published figure, pyfixest, and why it is a diagnostic only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.impact.mpdta import LEVEL, counties
from tests.impact.panels import one_date, teams, waves

from steelyard.impact.panel import Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.twfe import negative_weights, twfe


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def test_published_figures_of_the_counties(shared: Path) -> None:
    """feols on mpdta: -0.0365 (0.0133)."""
    found = said(twfe(counties(shared), LEVEL))
    assert found.estimate == pytest.approx(-0.0365, abs=5e-5)
    assert found.se == pytest.approx(0.0133, abs=5e-5)


@pytest.mark.parametrize("lost", [0.0, 0.15])
def test_it_is_feols(lost: float) -> None:
    import pyfixest as pf

    panel = teams(10, dates=(6, 11))
    gone = np.random.default_rng(5).random(panel.outcome.shape) < lost
    panel = replace(panel, outcome=np.where(gone, np.nan, panel.outcome))
    fitted = pf.feols(
        "outcome ~ treated | unit + time",
        panel.long(),
        vcov={"CRV1": "cluster"},
        ssc=pf.ssc(k_fixef="none"),
        demeaner=pf.MapDemeaner(fixef_tol=1e-12),
    )
    found = said(twfe(panel, LEVEL))
    assert found.estimate == pytest.approx(float(fitted.coef()["treated"]), abs=1e-9)
    assert found.se == pytest.approx(float(fitted.se()["treated"]), rel=1e-6)


def growing(units: int = 120) -> Panel:
    """Effects of 0.5 a period since the start, no noise: the truth is positive everywhere."""
    panel = waves(units)
    since = np.maximum(np.arange(20) - panel.start[:, None] + 1, 0)
    return replace(panel, outcome=10 + 0.5 * since + 1e-3 * panel.outcome)


def test_growing_effects_in_waves_are_missed() -> None:
    panel = growing()
    true = 0.5 * np.maximum(np.arange(20) - panel.start[:, None] + 1, 0)[panel.treated].mean()
    found = said(twfe(panel, LEVEL)).estimate
    assert found is not None and found < 0.8 * true


def test_negative_weights_come_with_several_dates_only() -> None:
    assert negative_weights(one_date()) == 0
    share = negative_weights(waves().pick(~waves().never))
    assert share is not None and 0.05 < share < 0.8


def test_everyone_treated_at_once_cannot_be_said() -> None:
    panel = one_date()
    assert isinstance(twfe(panel.starting(np.full(panel.n, 8)), LEVEL), CannotSay)
