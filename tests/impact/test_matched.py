"""Matched difference-in-differences: exact cases, invariances, nothing where nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from tests.impact.volunteers import PERIODS, twins, volunteers

from steelyard.errors import UnknownName
from steelyard.impact import matched
from steelyard.impact.blocks import blocks
from steelyard.impact.panel import Panel
from steelyard.impact.partners import Paired, paired
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.sensitivity import bound
from steelyard.impact.study import Study

STUDY = Study(design="volunteers", matched_on=("seniority",))


def _did(panel: Panel, study: Study = STUDY) -> Estimate:
    found = matched.did(panel, study)
    assert isinstance(found, Estimate), found
    return found


def _reordered(panel: Panel, order: np.ndarray) -> Panel:
    moved = panel.pick(order)
    names = tuple(f"other{i}" for i in range(moved.n))
    return replace(moved, units=names, clusters=names, cluster=np.arange(moved.n))


def test_twins_differ_by_what_was_done_to_one_of_them():
    """The ratio of sums is the factor exactly: nothing drifts where sides do not differ."""
    found = _did(twins(1.3), Study())
    assert found.estimate == pytest.approx(np.log(1.3))
    assert found.effect_pct == pytest.approx(30)
    assert found.estimator == "matched_did" and "over 12 pairs, t(" in found.inference


def test_twins_are_found():
    found = paired(twins(), Study())
    assert isinstance(found, Paired)
    assert (found.control - found.treated == 12).all() and found.coverage == 1.0
    assert found.distance == pytest.approx(np.zeros(12))


def test_levels_and_durations_are_differences():
    panel = twins(1.0)
    late = (np.arange(panel.length) >= 14) & (panel.start[:, None] < panel.length)
    panel = replace(panel, outcome=panel.outcome + 0.5 * late)
    share, duration = _did(panel, Study(kind="share")), _did(panel, Study(kind="duration"))
    assert (share.scale, duration.scale) == ("level", "log")
    assert share.estimate == duration.estimate == pytest.approx(0.5)


def test_mean_over_pairs_is_a_paired_t_test():
    from scipy.stats import ttest_rel

    panel = volunteers(3)
    study = replace(STUDY, kind="share")
    found = paired(panel, study)
    raw = matched.uncorrected(panel, study, found)
    both = matched.stacked(panel, found)
    change = np.nanmean(both.outcome[:, 20:], axis=1) - np.nanmean(both.outcome[:, :20], axis=1)
    known = ttest_rel(*np.split(change, 2))
    assert raw.estimate / raw.se == pytest.approx(known.statistic)
    assert raw.p == pytest.approx(known.pvalue)


def test_several_starts_share_their_calendar():
    """A shock to everybody in one week falls on both of every pair."""
    panel = volunteers(5, dates=(14, 18, 22))
    shocked = panel.outcome.copy()
    shocked[:, 25] *= 10
    plain, loud = _did(panel), _did(replace(panel, outcome=shocked))
    assert loud.estimate == pytest.approx(plain.estimate, abs=0.15)
    both = matched.stacked(panel, paired(panel, STUDY))
    assert set(both.start) == {22, both.length}
    assert (np.isnan(both.outcome[: both.n // 2]) == np.isnan(both.outcome[both.n // 2 :])).all()


def test_a_control_that_starts_later_counts_until_then():
    panel = volunteers(6, dates=(14, 26))
    early = panel.start == 14
    few = panel.pick((panel.start < PERIODS) | (np.arange(panel.n) < 12))
    assert early.any()
    found = paired(few, replace(STUDY, matched_on=()))
    assert isinstance(found, Paired) and (few.start[found.control] < PERIODS).any()
    own = matched.stacked(few, found)
    late = few.start[found.control] < PERIODS
    length = (~np.isnan(own.outcome[: own.n // 2])).sum(1)
    assert (length[late] == few.start[found.control][late]).all()


def test_later_starters_are_no_controls_where_only_the_untreated_may_be():
    panel = volunteers(6, dates=(14, 26))
    few = panel.pick((panel.start < PERIODS) | (np.arange(panel.n) < 12))
    found = paired(few, replace(STUDY, matched_on=(), control="never"))
    assert isinstance(found, Paired) and (few.start[found.control] == PERIODS).all()


@pytest.mark.parametrize("seed", range(2))
def test_rows_and_labels_do_not_matter(seed):
    panel = volunteers(seed)
    moved = _reordered(panel, np.random.default_rng(seed).permutation(panel.n))
    assert _did(moved).estimate == pytest.approx(_did(panel).estimate, abs=1e-9)
    assert _did(moved).se == pytest.approx(_did(panel).se, abs=1e-9)


def test_a_ratio_does_not_know_the_unit_and_a_difference_scales():
    panel = volunteers(2)
    tenfold = replace(panel, outcome=10 * panel.outcome)
    assert _did(tenfold).estimate == pytest.approx(_did(panel).estimate)
    share = replace(STUDY, kind="share")
    assert _did(tenfold, share).estimate == pytest.approx(10 * _did(panel, share).estimate)


def test_no_effect_is_seen_where_there_is_none_though_the_able_start():
    """Without taking off regression to the mean the average would be about +6 %."""
    panels = [volunteers(seed) for seed in range(40)]
    pairs = [(panel, paired(panel, STUDY)) for panel in panels]
    fit = [(panel, each) for panel, each in pairs if not each.refusal]
    assert len(fit) > 35
    found = np.array([matched.point(panel, STUDY, each) for panel, each in fit])
    shifts = np.array([matched.off(panel, STUDY, each.drift)[0] for panel, each in fit])
    assert np.mean(found + shifts) > 0.03
    assert abs(np.mean(found)) < 0.025
    intervals = [matched.effect(panel, STUDY, each).ci for panel, each in fit[:12]]
    assert sum(low < 0 < high for low, high in intervals) >= 10


def test_a_true_effect_is_found():
    found = [_did(volunteers(seed, log_effect=0.3)) for seed in range(6)]
    assert np.mean([each.estimate for each in found]) == pytest.approx(0.3, abs=0.08)


def test_starts_drawn_anew_give_nothing():
    panel = volunteers(9, log_effect=0.0)
    rng = np.random.default_rng(1)
    found = [_did(panel.starting(rng.permutation(panel.start))).estimate for _ in range(6)]
    assert abs(np.mean(found)) < 0.08


def test_clusters_that_were_named_are_left_out_whole():
    panel = volunteers(4)
    team = np.arange(panel.n) // 10
    named = replace(panel, cluster=team, clusters=tuple(map(str, range(20))), clustered=True)
    assert "over 20 clusters, t(" in _did(named).inference
    assert "over 20 clusters, t(19)" in _did(named, replace(STUDY, kind="share")).inference
    assert _did(named).estimate == pytest.approx(_did(panel).estimate)


def test_log1p_is_told_as_a_ratio_of_its_own():
    found = _did(volunteers(4, log_effect=0.3), replace(STUDY, transform="log1p"))
    assert found.scale == "log" and found.estimate != _did(volunteers(4, log_effect=0.3)).estimate


@pytest.mark.parametrize(
    ("panel", "code"),
    [
        (volunteers(1).window(12, PERIODS), "short_baseline"),
        (volunteers(1).starting(np.full(200, PERIODS)), "nobody_treated"),
    ],
)
def test_what_cannot_be_said(panel, code):
    found = matched.did(panel, STUDY)
    assert isinstance(found, CannotSay) and found.code == code
    assert not matched.balance(panel, STUDY)


def test_no_overlap_where_everybody_able_started():
    panel = volunteers(1, choosy=40.0)
    found = matched.did(panel, STUDY)
    assert isinstance(found, CannotSay) and found.code == "no_overlap"
    assert matched.balance(panel, STUDY)


def test_an_unknown_trait_is_named():
    with pytest.raises(UnknownName, match="'senority'"):
        matched.did(volunteers(1), Study(matched_on=("senority",)))


def test_balance_rows_for_a_love_plot():
    rows = {row["covariate"]: row for row in matched.balance(volunteers(1), STUDY)}
    assert list(rows) == ["velocity", "trend"]
    assert abs(rows["velocity"]["smd_after"]) < 0.1 < abs(rows["velocity"]["smd_before"])


def test_the_estimate_alone_is_that_with_its_error():
    for panel in (volunteers(1), volunteers(5, dates=(14, 18, 22))):
        for study in (STUDY, Study(kind="share")):
            found = paired(panel, study)
            whole = matched.effect(panel, study, found)
            assert matched.point(panel, study, found) == pytest.approx(whole.estimate)


def test_bounds_stand_beside_a_result_in_blocks_of_periods():
    panel = volunteers(3, log_effect=0.5)
    overlap, drift, confounder, trends = bound(panel, STUDY, _did(panel), None)
    assert overlap.figures["coverage"] > 0.5 and drift.figures["reliability"] > 0.5
    assert confounder.figures["gamma"] > 1 and "something unseen" in confounder.detail
    assert trends.figures["width"] == 4 and trends.figures["steps_before"] == 4
    assert len(trends.figures["steps"]) == 3


def test_blocks_of_twins_are_flat_before_and_the_factor_after():
    panel = twins(1.3)
    found = blocks(panel, Study(), paired(panel, Study()))
    assert found.width == 2
    by_time = dict(zip(found.events.times, found.events.estimates, strict=True))
    assert -1 not in by_time
    for time, value in by_time.items():
        assert value == pytest.approx(np.log(1.3) if time >= 0 else 0.0)


def test_who_was_hardly_seen_before_is_not_matched():
    panel = volunteers(1)
    hidden = np.flatnonzero(panel.start < PERIODS)[:5]
    outcome = panel.outcome.copy()
    outcome[hidden, :16] = np.nan
    found = paired(replace(panel, outcome=outcome), STUDY)
    assert not set(hidden.tolist()) & set(found.asked.tolist())
    assert not np.isnan(matched.effect(panel, STUDY, found).estimate)
