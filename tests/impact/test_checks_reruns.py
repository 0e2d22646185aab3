"""Checks that run the headline again: each finds what was planted, and is quiet without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.impact.panels import one_date, teams, waves

from steelyard.impact import poisson
from steelyard.impact.checks import every
from steelyard.impact.checks.disagreement import apart, disagreement
from steelyard.impact.checks.leave_one_out import leave_one_cluster_out
from steelyard.impact.checks.log1p import log1p
from steelyard.impact.checks.outliers import outliers
from steelyard.impact.checks.placebo import placebo_dates, pretended
from steelyard.impact.checks.rerun import collapsed, grouped, lighter, point, words
from steelyard.impact.panel import Panel
from steelyard.impact.result import CannotSay, Check, Estimate, level_estimate, log_estimate
from steelyard.impact.study import Study

STUDY = Study(cluster="team", unit="developer")


def did(panel: Panel) -> Estimate | CannotSay:
    return poisson.did(panel, STUDY)


def headline(panel: Panel) -> Estimate:
    found = did(panel)
    assert isinstance(found, Estimate)
    return found


def number(found: Estimate | CannotSay) -> float:
    assert isinstance(found, Estimate) and found.estimate is not None
    return found.estimate


def test_every_check_answers_once_and_in_one_order() -> None:
    panel = teams(log_effect=0.3)
    said = every(panel, STUDY, "rct", headline(panel), did, None)
    names = [each.name for each in said]
    assert len(set(names)) == len(names) == 12 and names[0] == "pre_trend"
    assert not any("passed" in each.detail for each in said)
    again = every(panel, STUDY, "rct", headline(panel), did, None)
    assert [each.to_json() for each in said] == [each.to_json() for each in again]


def test_pretended_starts_see_a_drift_and_not_its_absence() -> None:
    quiet = one_date(units=200, periods=24, start=16)
    drift = np.exp(0.06 * np.arange(24) * ~quiet.never[:, None])
    moving = replace(quiet, outcome=quiet.outcome * drift)
    assert placebo_dates(quiet, headline(quiet), did).status == "ok"
    said = placebo_dates(moving, headline(moving), did)
    assert said.status == "warn" and said.figures["rejected_share"] > 0.5


def test_pretended_starts_never_see_treated_cells() -> None:
    panel = waves(periods=20, dates=(8, 12))
    changed = replace(panel, outcome=np.where(panel.treated, 1e6, panel.outcome))
    hidden, other = pretended(panel, 3), pretended(changed, 3)
    np.testing.assert_array_equal(hidden.outcome, other.outcome)
    assert hidden.length == 12 and set(hidden.start.tolist()) == {5, 9, 12}
    assert np.isnan(hidden.outcome[panel.start == 8, 8:]).all()


def test_a_short_baseline_has_no_room_to_pretend() -> None:
    panel = one_date(start=5)
    assert placebo_dates(panel, headline(panel), did).status == "not_run"


def test_leaving_out_is_what_the_estimator_says_without_that_cluster() -> None:
    panel = teams(log_effect=0.2)
    said = leave_one_cluster_out(panel, STUDY, headline(panel), did)
    wanted = [number(did(panel.pick(panel.cluster != g))) for g in range(12)]
    assert said.figures["low"] == pytest.approx(min(wanted))
    assert said.figures["high"] == pytest.approx(max(wanted))
    assert [row["estimate"] for row in said.figures["rows"]] == pytest.approx(wanted)


def test_one_cluster_that_carries_the_answer_is_named() -> None:
    panel = teams(log_effect=0.0)
    boosted = np.where((panel.cluster == 0)[:, None] & panel.treated, 8.0, 1.0)
    carried = replace(panel, outcome=panel.outcome * boosted)
    said = leave_one_cluster_out(carried, STUDY, headline(carried), did)
    assert "(without c0)" in said.detail
    assert abs(said.figures["low"]) < 0.25 < said.figures["high"]


def test_units_added_up_say_exactly_the_same() -> None:
    panel = waves(units=90, log_effect=0.1)
    panel = replace(panel, cluster=np.arange(90) % 9, clusters=tuple("abcdefghi"), clustered=True)
    gaps = np.where(np.arange(90)[:, None] % 3 == 0, np.arange(20) == 2, False)
    for each in (panel, replace(panel, outcome=np.where(gaps, np.nan, panel.outcome))):
        small = collapsed(each)
        assert small.n < each.n
        assert number(poisson.imputation(small, STUDY)) == pytest.approx(
            number(poisson.imputation(each, STUDY)), abs=1e-8
        )


def test_few_arbitrary_clusters_leave_the_estimate_alone() -> None:
    panel = waves(units=80, log_effect=0.1)
    run = lambda other: poisson.imputation(other, STUDY)  # noqa: E731
    whole = run(panel)
    assert isinstance(whole, Estimate)
    assert point(whole, STUDY, run)(panel) == pytest.approx(whole.estimate, abs=1e-8)
    assert grouped(panel, 4).groups == 4 and grouped(panel, 100) is panel


def test_a_lighter_panel_keeps_the_parts_of_every_start_and_says_so() -> None:
    panel = waves(units=400, periods=52)
    light, step = lighter(panel, 100)
    assert step == 4 and light.n == 100 and words(step) == " (on every 4th unit, to stay fast)"
    assert np.bincount(light.start).max() == 25
    assert lighter(panel, 1) == (panel, 1)


def test_an_answer_that_rests_on_one_unit_is_said() -> None:
    panel = one_date(units=60)
    bursts = np.where(panel.treated & (np.arange(60) == 0)[:, None], 300.0, 0.0)
    rests = replace(panel, outcome=panel.outcome + bursts)
    said = outliers(rests, STUDY, headline(rests), did)
    assert said.status == "warn" and "rests on few" in said.detail
    assert outliers(panel, STUDY, headline(panel), did).status == "ok"


def test_the_share_of_the_top_is_unknown_where_amounts_go_below_zero() -> None:
    panel = one_date()
    shifted = replace(panel, outcome=panel.outcome - 5)
    run = lambda other: level_estimate("x", 1.0, 0.5, (0.0, 2.0), 0.05, "", None)  # noqa: E731
    found = outliers(shifted, STUDY, run(shifted), run)
    assert found.figures["top_units_share"] is None


def estimate(pct: float, half: float, name: str = "a") -> Estimate:
    b = np.log1p(pct / 100)
    return log_estimate(name, float(b), half / 2, (float(b - half), float(b + half)), 0.1, "")


def test_other_signs_and_intervals_that_do_not_meet_disagree() -> None:
    assert apart(estimate(5, 0.1), estimate(-5, 0.1))
    assert apart(estimate(8, 0.05), estimate(-1, 0.3))  # one leaves out 0
    assert not apart(estimate(1, 0.1), estimate(-1, 0.1))  # signs of what may well be 0
    assert apart(estimate(5, 0.01), estimate(15, 0.01))
    assert not apart(estimate(5, 0.1), estimate(15, 0.1))


def test_disagreement_says_both_numbers() -> None:
    said = disagreement(estimate(12, 0.1, "poisson_did"), [estimate(-8, 0.1, "ancova")])
    assert said.status == "warn"
    assert "poisson did says +12.0 %" in said.detail and "ancova says -8.0 %" in said.detail
    assert disagreement(estimate(12, 0.1), [estimate(9, 0.1)]).status == "ok"
    assert disagreement(estimate(12, 0.1), []).status == "not_run"


def test_levels_and_ratios_are_held_together_in_percent_only() -> None:
    bare = level_estimate("imputation", -3.0, 1.0, (-5.0, -1.0), 0.01, "", None)
    assert disagreement(estimate(12, 0.1), [bare]).status == "not_run"
    based = level_estimate("imputation", -3.0, 1.0, (-5.0, -1.0), 0.01, "", 30.0)
    assert disagreement(estimate(12, 0.1), [based]).status == "warn"


def test_log1p_flips_the_sign_of_a_ratio_and_it_is_said() -> None:
    """Rare large counts rise, frequent small ones fall: the sum grows, the mean log does not."""
    panel = one_date(units=300)
    rng = np.random.default_rng(4)
    large = (np.arange(300) % 10 < 2)[:, None]
    after = panel.treated & ~panel.never[:, None]
    mean = np.where(large, 60.0, 1.5) * np.where(after, np.where(large, 1.3, 0.6), 1.0)
    mixed = replace(panel, outcome=rng.poisson(mean).astype(float))
    lead = headline(mixed)
    said = log1p(mixed, STUDY, lead)
    assert said.status == "warn"
    assert said.figures["ratio_pct"] > 0 > said.figures["log1p_pct"]
    assert log1p(panel, Study(kind="share"), lead).status == "not_run"


def test_no_check_depends_on_the_order_of_clusters_names() -> None:
    panel = teams(log_effect=0.2)
    renamed = replace(panel, units=tuple(reversed(panel.units)))

    def said(of: Panel) -> list[Check]:
        return every(of, STUDY, "rct", headline(of), did, None)

    first, again = said(panel), said(renamed)
    assert [each.to_json() for each in first] == [each.to_json() for each in again]
