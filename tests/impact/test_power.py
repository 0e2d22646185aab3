"""Power from placebo splits: the closed forms are the product's own estimators."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from steelyard.errors import UsageError
from steelyard.impact.ancova import ancova
from steelyard.impact.curve import curve
from steelyard.impact.panel import Panel
from steelyard.impact.placebos import Placebos, adjusted, ratios, study_of
from steelyard.impact.poisson import did
from steelyard.impact.power import Power, after, power
from steelyard.impact.result import CannotSay, Estimate, log_estimate
from steelyard.impact.splits import Splits, draw, halves
from steelyard.impact.study import Study

Floats = NDArray[np.float64]
STUDY = Study(unit="developer", outcome="merged PRs")


def panel_of(outcome: Floats, cluster: NDArray[np.int64] | None = None) -> Panel:
    n, length = outcome.shape
    own = np.arange(n) if cluster is None else cluster
    return Panel(
        outcome=outcome,
        start=np.full(n, length, dtype=np.int64),
        cluster=own.astype(np.int64),
        steps=np.arange(length),
        units=tuple(f"d{i}" for i in range(n)),
        periods=tuple(str(np.datetime64("2025-01-06") + 7 * t) for t in range(length)),
        clusters=tuple(f"c{i}" for i in range(int(own.max()) + 1)),
        clustered=cluster is not None,
    )


def organisation(
    n: int = 160, length: int = 60, teams: int = 0, seed: int = 3, lift: float = 1.0
) -> Panel:
    """Counts with differing developers, own and teams' shocks that last, and heavy cells.

    `lift` multiplies what every second developer does in the later half.
    """
    rng = np.random.default_rng(seed)
    team = np.arange(n) % max(teams, 1)
    rate = np.log(1.6) + rng.normal(0, 0.5, n)[:, None] + _lasting(rng, n, length, 0.30, 0.6)
    if teams:
        rate = rate + _lasting(rng, teams, length, 0.25, 0.8)[team]
    mean = np.exp(rate) * rng.gamma(4, 1 / 4, (n, length))
    mean[::2, length // 2 :] *= lift
    return panel_of(rng.poisson(mean).astype(float), team if teams else None)


def _lasting(rng: np.random.Generator, n: int, length: int, sd: float, rho: float) -> Floats:
    found = np.empty((n, length))
    found[:, 0] = rng.normal(0, sd, n)
    for t in range(1, length):
        found[:, t] = rho * found[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(0, sd, n)
    return found


def ask(panel: Panel, study: Study = STUDY, **asked: float | str) -> Power:
    found = power(panel, study, **asked)  # type: ignore[arg-type]
    assert isinstance(found, Power), found
    return found


@pytest.fixture(scope="module")
def calm() -> Panel:
    return organisation()


@pytest.mark.parametrize("kind", ["count", "duration"])
def test_a_placebo_study_is_estimated_as_the_product_does(calm: Panel, kind: str) -> None:
    study = replace(STUDY, kind=kind)  # type: ignore[arg-type]
    means = kind == "duration"
    found = halves(calm, 12, 12, means, "unit")
    assert not isinstance(found, CannotSay)
    splits = draw(found, 11, 14 if means else 11, 3, np.random.default_rng(1))
    assert not isinstance(splits, CannotSay)
    ours: Placebos = adjusted(splits, log=True) if means else ratios(splits)
    one = study_of(splits, 0)
    theirs = ancova(one, study) if means else did(one, study)
    assert isinstance(theirs, Estimate) and theirs.se is not None
    assert ours.estimate[0] == pytest.approx(theirs.estimate, rel=1e-8)
    assert ours.error[0] == pytest.approx(theirs.se, rel=1e-6)
    low, high = theirs.ci
    assert low is not None and high is not None
    # Of ratios the degrees are the median of a few studies, of adjusted means each one's own.
    near = 1e-6 if means else 0.03
    assert ours.critical[0] == pytest.approx((high - low) / 2 / theirs.se, rel=near)


def test_windows_hold_the_sums_of_their_weeks_and_no_treated_cell() -> None:
    panel = panel_of(np.arange(40.0).reshape(4, 10))
    found = halves(panel.starting(np.array([10, 10, 10, 6])), 3, 2, False, "unit")
    assert not isinstance(found, CannotSay)
    assert found.before.shape == (6, 4)
    assert found.before[2, 1] == 12 + 13 + 14 and found.after[2, 1] == 15 + 16
    assert found.usable[:, 3].tolist() == [True, True, False, False, False, False]


def test_cells_not_seen_are_scaled_up_and_not_taken_for_zero() -> None:
    outcome = np.full((4, 8), 2.0)
    outcome[0, 1] = np.nan  # three of four are enough
    outcome[1, :2] = np.nan  # two are not
    found = halves(panel_of(outcome), 4, 4, False, "unit")
    assert not isinstance(found, CannotSay)
    assert found.before[0, 0] == 8.0
    assert found.usable[0].tolist() == [True, False, True, True]


def test_false_alarms_are_five_in_a_hundred_and_power_grows_with_effect(calm: Panel) -> None:
    found = ask(calm, draws=4_000)
    assert found.false_alarms == pytest.approx(0.05, abs=0.015)
    assert found.mc_se == pytest.approx(0.0035, abs=0.001)
    shares = [ask(calm, effect_pct=effect).power for effect in (0, 10, 30, 60, 120)]
    assert shares == sorted(shares) and shares[-1] > 0.98
    assert ask(calm, effect_pct=0).power == ask(calm, effect_pct=0).false_alarms


def test_the_detectable_effect_is_seen_in_four_of_five_studies(calm: Panel) -> None:
    found = ask(calm)
    assert found.mde_pct is not None and found.mde_se_pct is not None and found.mde_fall_pct
    # 25 against 25 for a quarter: tens of percent, by either way of counting.
    assert 25 < found.mde_pct < 70
    assert found.mde_se_pct == pytest.approx(found.mde_pct, rel=0.15)
    assert ask(calm, effect_pct=found.mde_pct).power == pytest.approx(0.8, abs=0.001)
    assert ask(calm, effect_pct=found.mde_fall_pct).power == pytest.approx(0.8, abs=0.06)


def test_a_true_rise_of_that_size_is_seen_in_four_of_five_new_studies(calm: Panel) -> None:
    mde = ask(calm).mde_pct
    assert mde is not None
    lifted = organisation(n=50 * 1_000, length=24, seed=11, lift=1 + mde / 100).outcome
    sums = [half.sum(axis=1).reshape(1_000, 25, 2) for half in (lifted[:, :12], lifted[:, 12:])]
    before, after_ = (np.concatenate([half[:, :, 0], half[:, :, 1]], axis=1) for half in sums)
    seen = ratios(Splits(before, after_, 25, False)).share()
    assert seen == pytest.approx(0.8, abs=0.05)


def test_few_studies_see_a_small_effect_and_those_exaggerate_it(calm: Panel) -> None:
    found = ask(calm, effect_pct=10)
    assert found.power < 0.25 and not found.enough
    assert found.reported_pct is not None and found.reported_pct > 25
    assert found.exaggeration == pytest.approx(found.reported_pct / 10)
    assert found.wrong_sign is not None and 0 < found.wrong_sign < 0.15
    assert "winners_curse" in {note.code for note in found.warnings}
    strong = ask(calm, effect_pct=120)
    assert strong.exaggeration == pytest.approx(1, abs=0.1) and strong.wrong_sign == 0


def test_the_sentence_says_what_would_be_seen(calm: Panel) -> None:
    found = ask(calm, effect_pct=10)
    sentence = found.sentence
    assert sentence.startswith("25 treated and 25 control developers over 12+12 weeks detect")
    assert f"+{found.mde_pct:.0f} % or more with 80 % power" in sentence
    assert f"report +{found.reported_pct:.0f} % on average" in sentence


def test_more_people_and_more_weeks_detect_less(calm: Panel) -> None:
    rows = curve(calm, STUDY, people=(10, 25, 60), weeks=(4, 16))
    mde = np.array([row["mde_pct"] for row in rows]).reshape(2, 3)
    assert (np.diff(mde, axis=1) < 0).all() and (np.diff(mde, axis=0) < 0).all()
    beyond = curve(calm, STUDY, people=(25,), weeks=(60,))[0]
    assert beyond["mde_pct"] is None and "72" in beyond["why"]


def test_giving_whole_teams_costs_power_and_keeps_false_alarms(calm: Panel) -> None:
    panel = organisation(n=200, teams=40)
    teams = ask(panel, n_treated=50, n_control=50, draws=4_000)
    people = ask(panel, n_treated=50, n_control=50, assigned_by="unit")
    assert teams.asked.assigned_by == "cluster" and teams.asked.groups == (10, 10)
    assert teams.mde_pct and people.mde_pct and teams.mde_pct > 1.2 * people.mde_pct
    assert teams.false_alarms == pytest.approx(0.05, abs=0.02)
    assert "10 and 10 clusters" in teams.sentence


def test_only_weeks_before_anybodys_treatment_are_used(calm: Panel) -> None:
    boosted = calm.outcome.copy()
    start = np.where(np.arange(calm.n) % 2 == 0, 40, calm.length)
    boosted[calm.n // 2 :, 40:] = 99.0  # only cells that are treated below
    everyone = np.where(np.arange(calm.n) >= calm.n // 2, 40, start)
    changed = replace(calm, outcome=boosted).starting(everyone)
    assert ask(changed).to_json() == ask(calm.starting(everyone)).to_json()


def test_units_of_money_and_labels_do_not_matter(calm: Panel) -> None:
    study = replace(STUDY, kind="amount")
    scaled = replace(calm, outcome=calm.outcome * 1e3, units=tuple(reversed(calm.units)))
    one, other = ask(calm, study), ask(scaled, study)
    assert one.mde_pct == pytest.approx(other.mde_pct, rel=1e-4)
    assert one.power == other.power


def test_the_same_question_has_the_same_bytes(calm: Panel) -> None:
    said = [json.dumps(ask(calm, seed=7).to_json(), sort_keys=True) for _ in range(2)]
    assert said[0] == said[1]
    assert json.dumps(ask(calm, seed=8).to_json(), sort_keys=True) != said[0]
    shown = json.loads(said[0])
    assert set(shown) >= {"n", "asked", "mde_pct", "power", "effect_pct", "false_alarms"}
    assert set(shown) >= {"exaggeration", "wrong_sign", "draws", "curve", "verdict", "warnings"}
    assert shown["false_alarms"].keys() == {"rate", "mc_se"} and 0 <= shown["power"] <= 1


def test_a_fall_of_counts_is_drawn_and_of_that_size(calm: Panel) -> None:
    found = ask(calm, n_treated=70, n_control=70, effect_pct=-60)
    assert found.power > 0.99 and found.reported_pct == pytest.approx(60, abs=3)


@pytest.mark.parametrize("kind", ["share", "duration"])
def test_means_are_adjusted_and_not_made_ratios_of_sums(kind: str) -> None:
    rng = np.random.default_rng(2)
    level = rng.normal(0, 0.3, 80)[:, None] + rng.normal(0, 0.8, (80, 40))
    outcome = level + 3 if kind == "duration" else 1 / (1 + np.exp(-level))
    panel = replace(panel_of(outcome), weight=rng.integers(1, 5, (80, 40)).astype(float))
    found = ask(panel, replace(STUDY, kind=kind))  # type: ignore[arg-type]
    assert found.asked.estimator == "ancova"
    assert found.false_alarms == pytest.approx(0.05, abs=0.02)
    assert found.mde_pct and found.mde_se_pct == pytest.approx(found.mde_pct, rel=0.2)
    assert ("a fall of" in found.sentence) == (kind == "duration")


def test_what_the_baseline_cannot_carry_is_refused_or_said() -> None:
    short = organisation(n=12, length=20)
    refused = power(short, STUDY)
    assert isinstance(refused, CannotSay) and refused.code == "baseline_too_short"
    codes = {note.code for note in ask(short, weeks_before=8, weeks_after=8).warnings}
    assert codes >= {"short_baseline", "small_baseline", "with_replacement"}
    everyone = short.starting(np.zeros(12, dtype=np.int64))
    treated = power(everyone, STUDY, weeks_before=4, weeks_after=4)
    assert isinstance(treated, CannotSay) and treated.code == "too_few_units"
    nothing = power(panel_of(np.zeros((40, 30))), STUDY)
    assert isinstance(nothing, CannotSay) and nothing.code == "nothing_counted"
    alone = power(short, STUDY, n_treated=1, weeks_before=4, weeks_after=4)
    assert isinstance(alone, CannotSay) and alone.code == "too_few_clusters"


def test_what_the_draws_leave_out_is_said(calm: Panel) -> None:
    for design, code in (("waves", "one_date_assumed"), ("volunteers", "chance_only")):
        study = replace(STUDY, design=design)  # type: ignore[arg-type]
        assert code in {note.code for note in ask(calm, study).warnings}
        assert code not in {note.code for note in ask(calm).warnings}


def test_growth_and_silent_people_are_said(calm: Panel) -> None:
    outcome = calm.outcome.copy()
    outcome[:, 30:] *= 2
    outcome[:5] = 0
    codes = {note.code for note in ask(replace(calm, outcome=outcome)).warnings}
    assert codes >= {"baseline_trend", "all_zero_units"}
    assert not {"baseline_trend", "all_zero_units"} & {n.code for n in ask(calm).warnings}


@pytest.mark.parametrize("asked", [{"n_treated": 0}, {"effect_pct": -100}, {"draws": 5}])
def test_impossible_questions_are_errors(calm: Panel, asked: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        power(calm, STUDY, **asked)  # type: ignore[arg-type]


def test_a_finished_study_says_what_it_could_have_seen(calm: Panel) -> None:
    rng = np.random.default_rng(5)
    picked = calm.pick(rng.permutation(calm.n)[:50]).window(10, 34)
    found = did(picked.starting(np.where(np.arange(50) < 25, 12, 24)), STUDY)
    assert isinstance(found, Estimate)
    said = after(found, 49)
    shares = [said["power_at"][effect] for effect in ("5", "10", "20", "50")]
    assert shares == sorted(shares)
    # One study's error is that of the baseline's placebo studies, give or take what 50 people are.
    assert said["mde_pct"] == pytest.approx(ask(calm).mde_pct, rel=0.4)
    assert after(found)["mde_pct"] == pytest.approx(said["mde_pct"], rel=0.03)
    moved = replace(found, estimate=0.7, ci=(0.7 + found.ci[0], 0.7 + found.ci[1]))  # type: ignore[operator]
    assert after(moved, 49) == said  # whatever the effect that was found


def test_after_a_study_against_noncentral_t() -> None:
    # Exact power is noncentral; a shifted central t is within two points of it here.
    from statsmodels.stats.power import TTestPower

    error = 1 / np.sqrt(32)
    found = log_estimate("x", 0.0, error, (None, None), 0.5, "")
    said = after(found, 31)
    exact = TTestPower().power(np.log(1.5), 32, 0.05)
    assert said["power_at"]["50"] == pytest.approx(exact, abs=0.02)
    away = np.log1p(said["mde_pct"] / 100)
    assert TTestPower().power(away, 32, 0.05) == pytest.approx(0.8, abs=0.02)


def test_after_without_an_error_nothing_is_known() -> None:
    unknown = log_estimate("x", 0.1, None, (None, None), None, "")
    assert after(unknown, 10) == {
        "mde_pct": None,
        "power_at": {"5": None, "10": None, "20": None, "50": None},
    }
