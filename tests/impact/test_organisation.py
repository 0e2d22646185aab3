"""The simulated organisation is what it says: its truth, its selection, its missing weeks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import organisation as org
from benchmarks.organisation import CALM, SEASONAL, SETS, SPARSE, Rollout, Simulated
from benchmarks.organisation_work import (
    amount_panel,
    duration_panel,
    pull_requests,
    share_panel,
    tasks,
    used,
    write,
)

from steelyard.impact.read import Columns, read_panel


def made(
    rollout: Rollout, what: org.Organisation = CALM, teams: int = 20, weeks: int = 30, seed: int = 7
) -> Simulated:
    rng = np.random.default_rng(seed)
    return org.simulate(org.world(what, teams, 8, weeks, rng), rollout, rng)


@pytest.mark.parametrize("name", SETS)
def test_the_truth_is_what_was_put_in_and_the_counts_follow_it(name: str) -> None:
    found = made(Rollout("voluntary", (10, 18), effect=0.3, on_ability=1), SETS[name], teams=100)
    assert found.log_truth == pytest.approx(0.3)
    cells = found.treated
    counted = np.log(found.counts[cells].sum() / found.without[cells].sum())
    assert counted == pytest.approx(0.3, abs=0.08)


def test_the_calm_organisation_is_as_described() -> None:
    panel = org.count_panel(made(Rollout("none"), teams=100))
    assert np.nanmean(panel.outcome) == pytest.approx(1.6, abs=0.15)
    assert np.mean(panel.outcome == 0) == pytest.approx(0.35, abs=0.03)


def test_the_sets_differ_clearly() -> None:
    means, spreads = {}, {}
    for name, what in SETS.items():
        outcome = org.count_panel(made(Rollout("none"), what, teams=80)).outcome
        by_person = np.nanmean(outcome, axis=1)
        means[name], spreads[name] = np.nanmean(outcome), by_person.std() / by_person.mean()
    assert means["sparse"] < 0.5 < 1.3 < means["calm"] < means["small-teams"]
    assert spreads["sparse"] > 1.5 * spreads["calm"]


def test_whole_teams_start_together_and_waves_in_turn() -> None:
    found = made(Rollout("waves", (8, 14, 20), 0.75))
    assert set(found.start) == {8, 14, 20, 30}
    for team in range(20):
        assert len(set(found.start[found.world.team == team])) == 1
    assert made(Rollout("team", (12,), 0.25)).clustered
    assert len(set(made(Rollout("all", (12,))).start)) == 1


@pytest.mark.parametrize("by", ["on_ability", "on_trend", "on_slump"])
def test_volunteers_are_chosen_as_said(by: str) -> None:
    found = made(replace(Rollout("voluntary", share=0.4), **{by: 2.0}), teams=60)
    people, joined = found.world, found.start < 30
    trait = {
        "on_ability": people.ability,
        "on_trend": people.trend,
        "on_slump": -people.own_shock[:, 8:12].mean(axis=1),
    }[by]
    assert trait[joined].mean() - trait[~joined].mean() > trait.std()


def test_effects_have_their_course() -> None:
    since = np.arange(20.0)
    assert org.course("ramp", since)[[0, 7, 19]].tolist() == [0.125, 1, 1]
    assert org.course("j_curve", since)[0] < 0 < org.course("j_curve", since)[19]
    assert org.course("novelty", since)[0] > 1 > org.course("novelty", since)[19]
    assert 0 < made(Rollout(effect=0.2, form="ramp")).log_truth < 0.2


def test_treated_colleagues_pass_something_on() -> None:
    found = made(Rollout(effect=0.5, spillover=0.6))
    before = np.arange(30) < 12
    others = found.start == 30
    assert np.all(found.with_it[others][:, ~before] >= found.without[others][:, ~before])
    assert found.with_it[others][:, ~before].sum() > 1.05 * found.without[others][:, ~before].sum()
    assert np.array_equal(found.with_it[:, before], found.without[:, before])


def test_joiners_and_leavers_are_not_observed_outside_their_time() -> None:
    panel = org.count_panel(made(Rollout(), SEASONAL, weeks=52))
    assert 0.1 < np.mean(~panel.seen) < 0.4
    assert org.count_panel(made(Rollout())).seen.all()


def test_cycle_times_have_a_tail_and_their_effect() -> None:
    found = made(Rollout(), teams=80)
    _, hours = pull_requests(found)
    assert len(hours) == found.counts.sum()
    assert hours.mean() > 1.5 * np.median(hours)
    panel = duration_panel(made(Rollout(), teams=80), effect=0.4)
    after = panel.outcome[:, 12:]
    difference = np.nanmean(after[~panel.never]) - np.nanmean(after[panel.never])
    assert difference == pytest.approx(0.4, abs=0.12)


def test_shares_amounts_and_tasks() -> None:
    shares = share_panel(made(Rollout(), teams=40))
    assert shares.weight is not None
    assert np.nansum(shares.outcome * shares.weight) / shares.weight.sum() == pytest.approx(
        0.17, abs=0.03
    )
    found = made(Rollout(), SPARSE, teams=200)
    amounts, worth = amount_panel(found)
    assert np.nanmin(amounts.outcome) == 0
    assert np.log(amounts.outcome.sum() / (found.without * worth).sum()) == pytest.approx(
        0, abs=0.3
    )
    trial = tasks(SPARSE, 16, 15, 0.0, np.random.default_rng(1))
    assert trial.n == 240 and len(trial.blocks) == 16
    assert np.corrcoef(np.log(trial.outcome), np.log(trial.covariates["forecast"]))[0, 1] > 0.3


def test_the_assistant_is_used_in_busy_weeks() -> None:
    found = made(Rollout("all", (4,)))
    flags = used(found)
    assert not flags[:, :4].any()
    inside = np.arange(30) >= 4
    busy = found.counts[:, inside]
    assert busy[flags[:, inside]].mean() > 1.2 * busy[~flags[:, inside]].mean()


def test_the_table_reads_back_as_the_panel(tmp_path: Path) -> None:
    import pandas as pd

    found = made(Rollout("waves", (8, 14), 0.5), SEASONAL)
    panel = org.count_panel(found)
    table = pd.read_csv(
        write(found, panel, tmp_path / "panel.csv"), dtype=str, keep_default_na=False
    )
    columns = Columns(
        unit="developer", time="week", outcome="outcome", adopted="adopted", cluster="team"
    )
    again = read_panel(table, columns, "count")
    back = np.argsort(again.units)
    assert [again.units[i] for i in back] == list(panel.units)
    assert np.array_equal(again.outcome[back], panel.outcome, equal_nan=True)
    assert np.array_equal(again.start[back], panel.start)


def test_the_same_seed_gives_the_same_organisation() -> None:
    one, two, other = made(Rollout()), made(Rollout()), made(Rollout(), seed=8)
    assert np.array_equal(one.counts, two.counts)
    assert not np.array_equal(one.counts, other.counts)
