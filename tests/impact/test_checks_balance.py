"""The omnibus balance test: by enumeration, its size under lots, and what it lowers; tasks too."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.impact.panels import one_date, teams

from steelyard.impact.checks.imbalance import before, imbalance, omnibus
from steelyard.impact.checks.tasks import every, few_blocks
from steelyard.impact.checks.tasks import imbalance as of_tasks
from steelyard.impact.panel import Trial
from steelyard.impact.read import Columns, read_trial
from steelyard.impact.result import Estimate
from steelyard.impact.study import Study
from steelyard.impact.trial import log_duration

STUDY = Study()


def test_draws_come_to_what_all_assignments_say() -> None:
    """Six of twelve units: all 924 ways, by the Mahalanobis distance of the two means."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((12, 2))
    side = np.arange(12) < 6
    x[side] += [0.8, -0.4]
    inverse = np.linalg.inv(np.cov(x.T))

    def distance(treated: np.ndarray) -> float:  # type: ignore[type-arg]
        gap = x[treated].mean(axis=0) - x[~treated].mean(axis=0)
        return float(gap @ inverse @ gap) * 3  # 1 / (1/6 + 1/6)

    ways = [np.isin(np.arange(12), chosen) for chosen in combinations(range(12), 6)]
    exact = np.mean([distance(way) >= distance(side) - 1e-12 for way in ways])
    found = omnibus(x, side, np.zeros(12, dtype=np.int64), ["a", "b"], 1)
    assert found.d2 == pytest.approx(distance(side))
    assert found.p == pytest.approx(float(exact), abs=0.01)


def test_the_limit_says_what_draws_say() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((199, 3))
    side = np.arange(199) % 2 == 0
    x[side, 0] += 0.25
    zero = np.zeros(199, dtype=np.int64)
    drawn = omnibus(x, side, zero, ["a", "b", "c"], 1)
    from scipy.stats import chi2

    assert drawn.p == pytest.approx(chi2.sf(drawn.d2, 3), abs=0.02)


def test_under_lots_it_is_wrong_as_often_as_it_says() -> None:
    panel = one_date(units=400)
    rng = np.random.default_rng(5)
    p = []
    for _ in range(300):
        start = np.where(rng.permutation(400) < 200, 8, 16)
        p.append(imbalance(panel.starting(start), STUDY).figures["p"])
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_the_busy_on_one_side_were_not_drawn() -> None:
    panel = one_date(units=100)
    busy = np.argsort(np.argsort(-panel.outcome[:, :8].sum(axis=1)))
    said = imbalance(panel.starting(np.where(busy < 50, 8, 16)), STUDY)
    assert said.status == "fail" and "level before" in said.detail
    assert imbalance(panel, STUDY).status == "ok"


def test_what_comes_after_the_start_does_not_count() -> None:
    panel = one_date(units=100)
    changed = replace(panel, outcome=np.where(np.arange(16) >= 8, 0.0, panel.outcome))
    assert imbalance(panel, STUDY).to_json() == imbalance(changed, STUDY).to_json()


def test_teams_are_compared_where_teams_were_drawn() -> None:
    """Few teams, of which one side is the busier: people would be sure, teams cannot be."""
    panel = teams(clusters=6, size=40)
    lift = np.where(panel.cluster % 2 == 0, 1.6, 1.0)[:, None]
    lifted = replace(panel, outcome=panel.outcome * lift)
    alone = replace(lifted, cluster=np.arange(240), clustered=False)
    alone = replace(alone, clusters=alone.units)
    assert imbalance(alone, STUDY).status == "fail"
    assert imbalance(lifted, STUDY).figures["p"] >= 1 / 20 - 0.02  # C(6, 3) = 20 ways


def test_a_missing_covariate_says_neither_for_nor_against() -> None:
    panel = one_date(units=20)
    years = np.where(np.arange(20) < 5, np.nan, 3.0 + np.arange(20))
    names, columns = before(replace(panel, covariates={"years": years}))
    assert names == ["level before", "movement before", "years"]
    assert columns[0, 2] == pytest.approx(np.nanmean(years))


def trial(units: int = 120, effect: float = 0.0) -> Trial:
    rng = np.random.default_rng(11)
    block = np.arange(units) % 10
    treated = rng.permuted(np.arange(units) // 10 % 2 == 0)
    forecast = rng.lognormal(0, 0.5, units) * (1 + block)
    return Trial(
        outcome=forecast * np.exp(effect * treated + 0.4 * rng.standard_normal(units)),
        treated=treated,
        block=block,
        cluster=np.arange(units),
        blocks=tuple(f"dev{b}" for b in range(10)),
        clusters=tuple(map(str, range(units))),
        blocked=True,
        covariates={"forecast": forecast},
    )


def test_tasks_are_compared_within_their_blocks() -> None:
    assert of_tasks(trial(), STUDY).status == "ok"
    drawn = trial()
    order = np.argsort(-drawn.covariates["forecast"])
    longest = np.zeros(120, dtype=bool)
    longest[order[:60]] = True
    assert of_tasks(replace(drawn, treated=longest), STUDY).status == "fail"
    assert of_tasks(replace(drawn, covariates={}), STUDY).status == "not_run"


def test_every_check_of_a_trial() -> None:
    study = Study(kind="duration", covariates=("log:forecast",))
    found = log_duration(trial(effect=0.3), study)
    assert isinstance(found, Estimate)
    said = {each.name: each for each in every(trial(effect=0.3), study, found)}
    assert list(said) == ["imbalance", "leave_one_block_out", "outliers", "few_blocks"]
    out = said["leave_one_block_out"].figures
    assert len(out["rows"]) == 10 and out["low"] < found.estimate < out["high"]  # type: ignore[operator]


def test_a_block_with_one_side_only_is_counted() -> None:
    drawn = trial()
    said = few_blocks(replace(drawn, treated=drawn.treated | (drawn.block == 3)))
    assert said.status == "warn" and said.figures["one_sided"] == 1
    assert few_blocks(replace(drawn, blocked=False)).status == "not_run"


def test_the_published_trial(shared: Path) -> None:
    """METR 2025: 16 developers, 246 tasks; drawn by lot, and its sign hangs on no developer."""
    file = shared / "datasets" / "metr2025.csv"
    if not file.is_file():
        pytest.skip(f"no {file.name}: its licence does not let us copy it into the project")
    told = pd.read_csv(file)
    review = told["post_review_implementation_time"]
    usual = review.groupby(told["ai_treatment"]).transform("mean")
    told["total"] = told["initial_implementation_time"] + review.fillna(usual)
    known = ("predicted_time_no_ai",)
    columns = Columns("total", treated="ai_treatment", block="dev_id", covariates=known)
    study = Study(kind="duration", covariates=known)
    tasks = read_trial(told, columns, "duration")
    found = log_duration(tasks, study)
    assert isinstance(found, Estimate)
    said = {each.name: each for each in every(tasks, study, found)}
    assert said["imbalance"].status == "ok"
    assert said["leave_one_block_out"].status == "ok"
    assert said["leave_one_block_out"].figures["low"] > 0
    assert said["few_blocks"].figures["blocks"] == 16
