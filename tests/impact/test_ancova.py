"""Adjusted means of a randomised panel: against statsmodels, and what must not change them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from steelyard.impact.ancova import ancova
from steelyard.impact.panel import Flags, Floats, Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study

WEEKS, START = 8, 4


def panel_of(outcome: Floats, treated: Flags, per_team: int = 1, **more: object) -> Panel:
    """A panel with one start in the middle; `per_team` units in a row make a cluster."""
    n, length = outcome.shape
    team = np.arange(n) // per_team
    panel = Panel(
        outcome=outcome,
        start=np.where(treated, START, length).astype(np.int64),
        cluster=team,
        steps=np.arange(length),
        units=tuple(f"u{i}" for i in range(n)),
        periods=tuple(f"w{i}" for i in range(length)),
        clusters=tuple(f"t{i}" for i in range(int(team.max()) + 1)),
        clustered=per_team > 1,
    )
    return replace(panel, **more)


def drawn(seed: int, n: int = 40, effect: float = 0.0, per_team: int = 1) -> Panel:
    """Counts of n units, half treated by cluster, with effects of their own and of their team."""
    rng = np.random.default_rng(seed)
    teams = n // per_team
    on = np.repeat(rng.permutation(np.arange(teams) < teams // 2), per_team)
    level = np.log(6) + rng.normal(0, 0.5, n) + np.repeat(rng.normal(0, 0.2, teams), per_team)
    rate = np.exp(level)[:, None] * np.ones(WEEKS)
    rate[:, START:] *= np.where(on, 1 + effect, 1)[:, None]
    return panel_of(rng.poisson(rate).astype(float), on, per_team)


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def test_it_is_lins_regression_as_statsmodels_fits_it() -> None:
    panel = drawn(1, effect=0.3)
    before, after = panel.outcome[:, :START].mean(1), panel.outcome[:, START:].mean(1)
    on = (~panel.never).astype(float)
    centred = before - before.mean()
    design = np.column_stack([np.ones(panel.n), on, centred, on * centred])
    other = sm.OLS(after, design).fit(cov_type="HC2", use_t=True)
    mine = said(ancova(panel, Study()))
    assert mine.estimate == pytest.approx(other.params[1], rel=1e-10)
    assert mine.se == pytest.approx(other.bse[1], rel=1e-10)
    assert mine.effect_pct == pytest.approx(100 * other.params[1] / other.params[0], rel=1e-10)
    assert mine.ci[0] <= other.conf_int()[1][0] + 0.05 * other.bse[1]
    assert mine.inference.startswith("HC2, t(3")


def test_without_a_baseline_it_is_the_difference_of_means_with_welchs_error() -> None:
    panel = drawn(2)
    short = panel.window(START, WEEKS)
    on, after = ~panel.never, panel.outcome[:, START:].mean(1)
    mine = said(ancova(short, Study()))
    assert mine.estimate == pytest.approx(after[on].mean() - after[~on].mean())
    welch = np.sqrt(after[on].var(ddof=1) / on.sum() + after[~on].var(ddof=1) / (~on).sum())
    assert mine.se == pytest.approx(welch)


def test_teams_are_left_out_one_by_one() -> None:
    panel = drawn(3, n=48, per_team=4)
    mine = said(ancova(panel, Study()))
    before = panel.outcome[:, :START].mean(1)
    on, centred = (~panel.never).astype(float), before - before.mean()
    design = np.column_stack([np.ones(panel.n), on, centred, on * centred])
    after = panel.outcome[:, START:].mean(1)
    left = [
        np.linalg.lstsq(design[panel.cluster != g], after[panel.cluster != g], rcond=None)[0][1]
        for g in range(12)
    ]
    assert mine.estimate is not None
    spread = np.sqrt(11 / 12 * np.sum((np.array(left) - mine.estimate) ** 2))
    assert mine.se == pytest.approx(spread, rel=1e-9)
    assert mine.inference == "jackknife over 12 clusters, t(11)"


def test_few_treated_teams_cost_degrees_of_freedom() -> None:
    panel = drawn(4, n=48, per_team=4)
    four = np.where(panel.cluster < 4, START, WEEKS)
    assert said(ancova(panel.starting(four), Study())).inference.endswith("t(8)")


def test_durations_are_ratios_and_weigh_periods_by_their_items() -> None:
    panel = drawn(5)
    rng = np.random.default_rng(5)
    hours = np.log(1 + panel.outcome)
    items = rng.integers(1, 9, hours.shape).astype(float)
    weighed = said(ancova(replace(panel, outcome=hours, weight=items), Study(kind="duration")))
    mean = (items * hours)[:, START:].sum(1) / items[:, START:].sum(1)
    once = panel_of(np.column_stack([mean * 0, mean]), ~panel.never)
    bare = replace(once, start=np.where(panel.never, 2, 1).astype(np.int64))
    unadjusted = said(ancova(bare, Study(kind="duration")))
    assert weighed.scale == unadjusted.scale == "log"
    flat = replace(panel, outcome=hours, weight=items).window(START, WEEKS)
    same = said(ancova(flat, Study(kind="duration")))
    assert same.estimate == pytest.approx(unadjusted.estimate)
    assert weighed.effect_pct == pytest.approx(100 * np.expm1(weighed.estimate or 0))


def test_log1p_is_a_ratio_of_other_numbers() -> None:
    panel = drawn(6, effect=0.5)
    logged = said(ancova(panel, Study(transform="log1p")))
    by_hand = said(ancova(replace(panel, outcome=np.log1p(panel.outcome)), Study(kind="amount")))
    assert logged.scale == "log"
    assert logged.estimate == pytest.approx(by_hand.estimate)
    refused = ancova(replace(panel, outcome=panel.outcome - 5), Study("amount", transform="log1p"))
    assert isinstance(refused, CannotSay)
    assert refused.code == "negative"


def test_order_labels_and_units_of_measurement_do_not_matter() -> None:
    panel = drawn(7, n=48, per_team=4)
    first = said(ancova(panel, Study()))
    turned = panel.pick(np.random.default_rng(0).permutation(panel.n))
    again = said(ancova(replace(turned, units=tuple("x" * (i + 1) for i in range(48))), Study()))
    assert again.estimate == pytest.approx(first.estimate)
    assert again.se == pytest.approx(first.se)
    minutes = said(ancova(replace(panel, outcome=60 * panel.outcome), Study()))
    assert minutes.estimate == pytest.approx(60 * (first.estimate or 0))
    assert minutes.effect_pct == pytest.approx(first.effect_pct)
    assert minutes.p == pytest.approx(first.p)


def test_a_covariate_sharpens_and_a_constant_one_changes_nothing() -> None:
    panel = drawn(8).window(START, WEEKS)
    rng = np.random.default_rng(8)
    mean = panel.outcome.mean(1)
    known = {"telling": mean + rng.normal(0, 0.1, panel.n), "same": np.full(panel.n, 3.0)}
    plain = said(ancova(panel, Study()))
    with_it = replace(panel, covariates=known)
    told = said(ancova(with_it, Study(covariates=("telling",))))
    nothing = said(ancova(with_it, Study(covariates=("same", "absent"))))
    assert plain.se is not None and told.se is not None
    assert told.se < 0.3 * plain.se
    assert nothing.estimate == pytest.approx(plain.estimate)


def test_units_without_data_are_counted() -> None:
    panel = drawn(9)
    gone = panel.outcome.copy()
    gone[3, START:] = np.nan
    gone[5, :START] = np.nan
    answer = said(ancova(replace(panel, outcome=gone), Study()))
    assert answer.inference.endswith("; 2 units without data left out")


def test_refusals_are_values() -> None:
    panel = drawn(10)
    waves = panel.starting(np.where(np.arange(panel.n) % 3 == 0, 3, panel.start))
    everyone = panel.starting(np.full(panel.n, START))
    nobody = panel.starting(np.full(panel.n, WEEKS))
    alone = panel.starting(np.where(np.arange(panel.n) == 0, START, WEEKS))
    cases = {
        "several_dates": waves,
        "no_controls": everyone,
        "nobody_treated": nobody,
        "too_few_clusters": alone,
    }
    for code, case in cases.items():
        answer = ancova(case, Study())
        assert isinstance(answer, CannotSay)
        assert answer.code == code


def test_an_outcome_that_never_varies_has_no_error_and_no_certainty() -> None:
    panel = panel_of(np.full((20, WEEKS), 2.0), np.arange(20) % 2 == 0)
    answer = said(ancova(panel, Study()))
    assert answer.estimate == pytest.approx(0, abs=1e-12)
    assert answer.p is None or answer.p > 0.05


def test_false_alarms_with_four_of_twelve_teams_stay_near_five_percent() -> None:
    wrong = 0
    for seed in range(400):
        panel = drawn(seed, n=72, per_team=6)
        four = np.random.default_rng(seed).permutation(12)[:4]
        placed = panel.starting(np.where(np.isin(panel.cluster, four), START, WEEKS))
        p = said(ancova(placed, Study())).p
        wrong += p is not None and p < 0.05
    assert 0.02 <= wrong / 400 <= 0.08


def test_a_unit_that_decides_its_arms_slope_gets_a_common_one() -> None:
    """Slopes of one's own beside a giant found effects in 11 % of simulated trials without any."""
    panel = drawn(1)
    outcome = panel.outcome.copy()
    outcome[np.flatnonzero(~panel.never)[0]] *= 20
    before, after = outcome[:, :START].mean(1), outcome[:, START:].mean(1)
    design = np.column_stack([np.ones(panel.n), ~panel.never, before - before.mean()])
    other = sm.OLS(after, design.astype(float)).fit(cov_type="HC2", use_t=True)
    mine = said(ancova(replace(panel, outcome=outcome), Study()))
    assert mine.estimate == pytest.approx(other.params[1], rel=1e-9)
    assert mine.se == pytest.approx(other.bse[1], rel=1e-9)
