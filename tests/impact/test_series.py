"""The interrupted time series: a step by hand, its errors beside statsmodels, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.impact.panels import one_date, waves

from steelyard.impact.panel import Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.series import CAUTION, figures, interrupted
from steelyard.impact.study import Study

COUNT, AMOUNT = Study(), Study(kind="amount")


def everyone(step: float = 0.0, units: int = 30, periods: int = 24, seed: int = 1) -> Panel:
    panel = one_date(units=units, periods=periods, start=14, log_effect=step, seed=seed)
    return panel.starting(np.full(units, 14))


def said(panel: Panel, study: Study = COUNT) -> Estimate:
    found = interrupted(panel, study)
    assert isinstance(found, Estimate)
    return found


def test_a_step_on_a_straight_line_is_found_exactly() -> None:
    line = np.exp(1 + 0.02 * np.arange(20) + 0.3 * (np.arange(20) >= 12))
    noise = 1e-6 * np.random.default_rng(1).standard_normal(20)
    outcome = np.tile(line + noise, (4, 1))
    panel = replace(everyone(units=4, periods=20), outcome=outcome).starting(np.full(4, 12))
    assert said(panel).estimate == pytest.approx(0.3, abs=1e-5)
    last = figures(panel, COUNT)[-1]
    assert last["continued"] == pytest.approx(np.exp(1 + 0.02 * 19), rel=1e-5)
    assert last["observed"] == pytest.approx(last["fitted"], rel=1e-5)


def test_newey_west_by_hand() -> None:
    """Newey and West 1987: Bartlett weights on lags of the scores, with T / (T - K)."""
    panel = everyone()
    found = said(panel)
    y = np.log(panel.outcome.mean(axis=0))
    x = np.column_stack([np.ones(24), np.arange(24), np.arange(24) >= 14]).astype(float)
    bread = np.linalg.inv(x.T @ x)
    b = bread @ x.T @ y
    score = x * (y - x @ b)[:, None]
    meat = score.T @ score
    for lag in (1, 2):  # floor(4 (24 / 100)^(2/9)) = 2
        crossed = score[lag:].T @ score[:-lag]
        meat += (1 - lag / 3) * (crossed + crossed.T)
    se = np.sqrt((24 / 21 * bread @ meat @ bread)[2, 2])
    assert (found.estimate, found.se) == pytest.approx((b[2], se))
    assert found.inference == "Newey-West with 2 lags over 24 periods, t(21)"


def test_order_names_and_scale_do_not_matter() -> None:
    panel = everyone(0.2)
    turned = replace(panel.pick(np.arange(30)[::-1]), units=tuple(map(str, range(30))))
    first = said(panel)
    for other in (turned, replace(panel, outcome=60 * panel.outcome)):
        again = said(other)
        assert (again.estimate, again.p) == pytest.approx((first.estimate, first.p))


def test_shares_stay_in_their_unit() -> None:
    panel = everyone()
    found = said(replace(panel, outcome=panel.outcome / 100), Study(kind="share"))
    assert found.scale == "level" and found.estimate is not None
    assert found.effect_pct is not None
    assert found.effect_pct == pytest.approx(100 * found.estimate / 0.04, rel=0.5)


def test_those_never_treated_are_no_part_of_it() -> None:
    panel = one_date(periods=24, start=14)
    alone = panel.pick(~panel.never)
    assert said(panel).estimate == pytest.approx(said(alone).estimate)
    assert figures(panel, COUNT) == figures(alone, COUNT)


def test_missing_cells_are_missing_and_a_gap_keeps_its_length() -> None:
    panel = everyone()
    outcome = panel.outcome.copy()
    outcome[:, 5] = np.nan
    outcome[0, 9:] = np.nan
    found = said(replace(panel, outcome=outcome))
    assert found.inference.endswith("23 periods, t(20)")
    rows = figures(replace(panel, outcome=outcome), COUNT)
    assert [row["period"] for row in rows] == [p for p in panel.periods if p != "5"]
    assert rows[9]["observed"] == pytest.approx(outcome[1:, 10].mean())


@pytest.mark.parametrize(
    ("panel", "code"),
    [
        (waves(), "not_one_date"),
        (everyone().window(9, 24), "too_few_periods"),
        (everyone().window(0, 15), "too_few_periods"),
    ],
)
def test_what_cannot_be_said(panel: Panel, code: str) -> None:
    found = interrupted(panel, COUNT)
    assert isinstance(found, CannotSay) and found.code == code


def test_nothing_varied_so_nothing_is_sure() -> None:
    panel = everyone()
    found = said(replace(panel, outcome=np.full_like(panel.outcome, 3.0)), AMOUNT)
    assert found.estimate == pytest.approx(0.0, abs=1e-9)
    assert found.ci == (None, None) or found.ci[0] == pytest.approx(0.0, abs=1e-6)


def test_its_false_alarms_are_said() -> None:
    assert "14 %" in CAUTION.message
