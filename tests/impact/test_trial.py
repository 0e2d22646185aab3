"""A trial of tasks: METR's published figures, and what must not change an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from steelyard.impact.ancova import Units
from steelyard.impact.panel import Trial
from steelyard.impact.permutation import task_draws
from steelyard.impact.read import Columns, read_trial
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study
from steelyard.impact.trial import beside, covariate_terms, log_duration, means

FORECAST = "predicted_time_no_ai"
DURATION = Study(kind="duration", covariates=(FORECAST,))


@pytest.fixture(scope="module")
def metr(request: pytest.FixtureRequest) -> Trial:
    """METR's 246 tasks of 16 developers; a missing time after review is the mean of its arm."""
    path = Path(request.getfixturevalue("shared")) / "datasets" / "metr2025.csv"
    if not path.is_file():
        pytest.skip(f"no {path.name}: its licence does not let us copy it into the project")
    table = pd.read_csv(path)
    review = table["post_review_implementation_time"]
    usual = review.groupby(table["ai_treatment"]).transform("mean")
    table["total"] = table["initial_implementation_time"] + review.fillna(usual)
    columns = Columns("total", treated="ai_treatment", block="dev_id", covariates=(FORECAST,))
    return read_trial(table, columns, "duration")


def example(seed: int = 1, m: int = 60, blocks: int = 6, effect: float = 0.0) -> Trial:
    rng = np.random.default_rng(seed)
    block = np.arange(m) % blocks
    forecast = rng.lognormal(3, 1, m)
    on = rng.random(m) < 0.5
    hours = np.exp(np.log(forecast) + effect * on + rng.normal(0, 0.4, m))
    return Trial(
        outcome=hours,
        treated=on,
        block=block,
        cluster=np.arange(m),
        blocks=tuple(f"d{i}" for i in range(blocks)),
        clusters=tuple(map(str, range(m))),
        blocked=True,
        covariates={FORECAST: forecast},
    )


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def pct(answer: Estimate) -> tuple[float, float]:
    low, high = answer.ci_pct
    assert low is not None and high is not None
    return round(low, 1), round(high, 1)


def by_words(answers: list[Estimate], words: str) -> Estimate:
    return next(each for each in answers if words in each.inference)


def test_metr_as_published(metr: Trial) -> None:
    """Becker et al. 2025: 18.8 % slower; +1.3 to +39.4 (HC3), +1.3 to +39.5 (homoskedastic)."""
    head = said(log_duration(metr, DURATION))
    assert head.estimate == pytest.approx(0.17261, abs=5e-6)
    assert round(head.effect_pct or 0, 1) == 18.8
    assert pct(head) == (1.3, 39.4)
    assert head.inference == "HC3, normal"
    assert pct(by_words(beside(metr, DURATION), "homoskedastic")) == (1.3, 39.5)


def test_metr_by_its_sixteen_developers(metr: Trial) -> None:
    """Not in the paper. CRV1 and CRV3 as pyfixest 0.60 gives them with k_fixef="none"."""
    others = beside(metr, DURATION)
    assert pct(by_words(others, "CRV1 by 16")) == (0.3, 40.9)
    assert pct(by_words(others, "CRV3 by 16")) == (-1.5, 43.3)
    assert by_words(others, "wild bootstrap").p == pytest.approx(0.05, abs=0.005)
    lots = by_words(others, "permutation within 16 blocks")
    assert lots.p == pytest.approx(0.025, abs=0.004)
    low, high = pct(lots)
    assert 0 < low < 18.8 < high


def test_errors_are_those_of_statsmodels() -> None:
    trial = example(effect=0.2)
    logged = np.log(trial.covariates[FORECAST])
    design = np.column_stack([np.ones(trial.n), trial.treated, logged])
    other = sm.OLS(np.log(trial.outcome), design).fit(cov_type="HC3", use_t=True)
    mine = said(log_duration(trial, DURATION))
    assert mine.estimate == pytest.approx(other.params[1])
    assert mine.se == pytest.approx(other.bse[1])
    assert mine.ci == pytest.approx(other.conf_int()[1])
    assert mine.inference == "HC3, t(57)"


def test_tasks_assigned_by_team_are_judged_by_team() -> None:
    trial = example()
    teams = trial.block
    assigned = replace(trial, treated=teams < 3, cluster=teams, clustered=True, blocked=False)
    assigned = replace(assigned, clusters=trial.blocks, block=np.zeros_like(teams))
    assert said(log_duration(assigned, DURATION)).inference == "jackknife over 6 clusters, t(5)"
    assert by_words(beside(assigned, DURATION), "permutation").inference == (
        "permutation, all 20 assignments"
    )


def test_order_labels_and_minutes_for_hours_do_not_matter() -> None:
    trial = example(effect=0.3)
    order = np.random.default_rng(0).permutation(trial.n)
    turned = replace(
        trial,
        outcome=60 * trial.outcome[order],
        treated=trial.treated[order],
        block=5 - trial.block[order],
        covariates={FORECAST: trial.covariates[FORECAST][order]},
    )
    first, again = said(log_duration(trial, DURATION)), said(log_duration(turned, DURATION))
    assert again.estimate == pytest.approx(first.estimate)
    assert again.ci == pytest.approx(first.ci)
    for mine, other in zip(beside(trial, DURATION)[:-2], beside(turned, DURATION), strict=False):
        assert other.ci == pytest.approx(mine.ci)


def test_what_is_taken_as_a_logarithm_is_said() -> None:
    trial = example()
    rng = np.random.default_rng(1)
    more = {
        FORECAST: trial.covariates[FORECAST],
        "exposure": 1.0 + rng.integers(0, 5, trial.n),
        "backlog": rng.lognormal(3, 2, trial.n),
        "spent": rng.lognormal(3, 2, trial.n),
    }
    trial = replace(trial, covariates=more)
    asked = (FORECAST, "exposure", "backlog", "raw(spent)", "log(exposure)")
    study = Study(kind="duration", covariates=asked)
    matrix, names, notes = covariate_terms(trial, study)
    assert names == (f"log({FORECAST})", "exposure", "backlog", "spent", "log(exposure)")
    assert matrix[:, 0] == pytest.approx(np.log(more[FORECAST]))
    assert matrix[:, 4] == pytest.approx(np.log(more["exposure"]))
    assert [note.code for note in notes] == ["covariate_logged"]
    raw = covariate_terms(trial, Study(kind="count", covariates=(FORECAST,)))
    assert raw[1] == (FORECAST,)


def test_means_are_set_against_what_would_have_been() -> None:
    trial = replace(example(), covariates={})
    study = Study(kind="amount")
    mine = said(means(trial, study))
    with_it, without = (trial.outcome[on].mean() for on in (trial.treated, ~trial.treated))
    assert mine.estimate == pytest.approx(with_it - without)
    assert mine.effect_pct == pytest.approx(100 * (with_it / without - 1))
    assert all(each.estimator == "task_means" for each in beside(trial, study))


def test_false_alarms_of_the_lots_are_five_percent() -> None:
    wrong = 0
    for seed in range(300):
        trial = example(seed, m=24, blocks=3)
        known = np.log(trial.covariates[FORECAST])[:, None]
        rows = Units(np.log(trial.outcome), known, trial.treated, trial.cluster, 0)
        lots = task_draws(rows, trial.block, False, seed, draws=199)
        assert not isinstance(lots, CannotSay)
        wrong += lots[0].p() <= 0.05
    assert 0.02 <= wrong / 300 <= 0.085


def test_refusals_are_values() -> None:
    trial = example()
    alone = replace(trial, treated=np.arange(trial.n) == 0)
    zero = replace(trial, outcome=np.where(np.arange(trial.n) == 0, 0.0, trial.outcome))
    for code, case in {"too_few_clusters": alone, "not_positive": zero}.items():
        answer = log_duration(case, DURATION)
        assert isinstance(answer, CannotSay)
        assert answer.code == code
        assert beside(case, DURATION) == []
