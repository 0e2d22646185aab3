"""Imputation in levels: published figures, another package, and what must not change it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.impact.mpdta import LEVEL, counties
from tests.impact.panels import teams, waves

from steelyard.impact.imputation import event_study, overall
from steelyard.impact.inference import jackknife
from steelyard.impact.panel import Panel
from steelyard.impact.result import CannotSay, Estimate, EventStudy
from steelyard.impact.study import Study


def gaps(panel: Panel, share: float = 0.15) -> Panel:
    lost = np.random.default_rng(5).random(panel.outcome.shape) < share
    return replace(panel, outcome=np.where(lost, np.nan, panel.outcome))


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def other_package(panel: Panel) -> float:
    from diff_diff import ImputationDiD

    fitted = ImputationDiD(cluster="cluster").fit(panel.long(), "outcome", "unit", "time", "start")
    return float(fitted.att)


def test_published_figures_of_the_counties(shared: Path) -> None:
    """R's didimputation on mpdta: -0.0477 (0.0132)."""
    found = said(overall(counties(shared), LEVEL))
    assert found.estimate == pytest.approx(-0.0477, abs=5e-5)
    assert found.se == pytest.approx(0.0132, abs=5e-5)
    assert found.scale == "level"


def test_published_event_study_of_the_counties(shared: Path) -> None:
    """Horizons 0 to 3 by diff-diff 3.13 (which agrees with R's didimputation)."""
    found = event_study(counties(shared), LEVEL)
    assert isinstance(found, EventStudy)
    assert found.times == (-2, -1, 0, 1, 2, 3)
    published = [-0.03106693, -0.05223486, -0.13607811, -0.10470747]
    assert found.estimates[2:] == pytest.approx(published, abs=1e-7)


@pytest.mark.parametrize("panel", [teams(9, dates=(6, 11)), gaps(teams(9, dates=(6, 11)))])
def test_estimate_and_jackknife_are_those_of_the_other_package(panel: Panel) -> None:
    found = said(overall(panel, LEVEL))
    whole = other_package(panel)
    each = [other_package(panel.pick(panel.cluster != code)) for code in range(9)]
    assert found.estimate == pytest.approx(whole, abs=1e-8)
    assert found.se == pytest.approx(jackknife(each, whole), rel=1e-6)


def test_percent_is_of_what_would_have_been() -> None:
    found = said(overall(waves(2000, log_effect=0.2), LEVEL))
    assert found.effect_pct == pytest.approx(100 * np.expm1(0.2), abs=3)
    assert found.estimate is not None and found.estimate > 0.5


def test_outcomes_twice_as_large_have_twice_the_effect() -> None:
    panel = gaps(teams(10, dates=(6, 11), log_effect=0.1))
    once = said(overall(panel, LEVEL))
    twice = said(overall(replace(panel, outcome=2 * panel.outcome + 7), LEVEL))
    assert once.estimate is not None and once.se is not None
    assert twice.estimate == pytest.approx(2 * once.estimate, rel=1e-9)
    assert twice.se == pytest.approx(2 * once.se, rel=1e-9)
    assert twice.p == pytest.approx(once.p)


def test_permuted_starts_are_null() -> None:
    panel, rng = waves(60, log_effect=0.8), np.random.default_rng(4)
    found = [
        said(overall(panel.starting(rng.permutation(panel.start)), LEVEL)).estimate or 0.0
        for _ in range(8)
    ]
    real = said(overall(panel, LEVEL)).estimate
    assert real is not None and real > max(found)
    assert abs(np.mean(found)) < real / 5


def test_log1p_and_durations_are_on_the_log_scale() -> None:
    panel = waves()
    logs = replace(panel, outcome=np.log1p(panel.outcome))
    asked = said(overall(panel, Study(transform="log1p")))
    given = said(overall(logs, Study(kind="duration")))
    assert asked == given
    assert asked.scale == "log" and asked.effect_pct == pytest.approx(
        100 * np.expm1(asked.estimate or 0.0)
    )


def test_all_cells_not_yet_treated_are_used_whatever_callaway_compares_with() -> None:
    panel = waves()
    never = said(overall(panel, Study(kind="amount", control="never")))
    assert never == said(overall(panel, LEVEL))


def test_too_few_teams_cannot_be_said() -> None:
    panel = teams(8)
    alone = panel.starting(np.where(panel.cluster == 0, 8, 20))
    for ask in (overall, event_study):
        answer = ask(alone, LEVEL)
        assert isinstance(answer, CannotSay) and answer.code == "too_few_clusters"
