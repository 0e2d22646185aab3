"""Poisson ratios: exact against pyfixest, invariant where they must be, steady with few teams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.impact.panels import one_date, teams, waves

from steelyard.impact import least_squares, ppml
from steelyard.impact.cells import Cells, everything, untreated
from steelyard.impact.counterfactual import redo, rows
from steelyard.impact.inference import jackknife, matched_dof, positive
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.poisson import counted, did, event_study, imputation, notes
from steelyard.impact.result import CannotSay, Estimate, EventStudy
from steelyard.impact.staggered import RATIOS, impute
from steelyard.impact.study import Study

COUNT = Study()


def gaps(panel: Panel, share: float = 0.15, seed: int = 5) -> Panel:
    lost = np.random.default_rng(seed).random(panel.outcome.shape) < share
    return replace(panel, outcome=np.where(lost, np.nan, panel.outcome))


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def number(value: float | None) -> float:
    assert value is not None
    return value


def fepois(panel: Panel) -> float:
    """The coefficient of treatment by another package."""
    import pyfixest as pf

    fitted = pf.fepois(
        "outcome ~ treated | unit + time",
        panel.long(),
        ssc=pf.ssc(k_fixef="none"),
        iwls_tol=1e-12,
        demeaner=pf.MapDemeaner(fixef_tol=1e-12),
    )
    return float(fitted.coef()["treated"])


def explicit(panel: Panel) -> float:
    """Imputation written out: dummies for units and periods, fitted by statsmodels."""
    import statsmodels.api as sm

    free = panel.seen & ~panel.treated
    unit, time = np.nonzero(free)
    matrix = np.hstack([np.eye(panel.n)[unit], np.eye(panel.length)[time][:, 1:]])
    fitted = sm.GLM(panel.outcome[free], matrix, family=sm.families.Poisson()).fit(tol=1e-13)
    level = fitted.params[: panel.n, None] + np.append(0, fitted.params[panel.n :])
    asked = panel.seen & panel.treated
    return float(np.log(panel.outcome[asked].sum() / np.exp(level)[asked].sum()))


@pytest.mark.parametrize("panel", [teams(), gaps(teams())], ids=["complete", "gaps"])
def test_did_is_the_poisson_regression(panel: Panel) -> None:
    assert said(did(panel, COUNT)).estimate == pytest.approx(fepois(panel), abs=1e-8)


@pytest.mark.parametrize("panel", [teams(8), gaps(teams(8))], ids=["complete", "gaps"])
def test_its_standard_error_leaves_out_each_cluster(panel: Panel) -> None:
    found = said(did(panel, COUNT))
    each = [fepois(panel.pick(panel.cluster != code)) for code in range(8)]
    assert found.se == pytest.approx(jackknife(each, number(found.estimate)), rel=1e-6)
    assert "jackknife over 8 clusters" in found.inference


@pytest.mark.parametrize("panel", [waves(24), gaps(waves(24))], ids=["complete", "gaps"])
def test_imputation_is_what_dummies_written_out_give(panel: Panel) -> None:
    assert said(imputation(panel, COUNT)).estimate == pytest.approx(explicit(panel), abs=1e-8)


def test_imputation_of_one_date_is_the_ratio_of_ratios() -> None:
    panel = one_date(log_effect=0.2)
    found = said(imputation(panel, COUNT))
    assert found.estimate == pytest.approx(said(did(panel, COUNT)).estimate, abs=1e-10)
    assert found.se == pytest.approx(said(did(panel, COUNT)).se, rel=1e-8)


def test_every_cluster_is_refitted() -> None:
    panel = gaps(teams(9, dates=(6, 11)))
    found = impute(RATIOS, panel)
    assert not isinstance(found, CannotSay)
    for code in range(9):
        assert found.each[0, code] == pytest.approx(
            said(imputation(panel.pick(panel.cluster != code), COUNT)).estimate, abs=1e-9
        )


def test_one_newton_step_is_enough_for_many_clusters() -> None:
    panel = gaps(waves(160))
    cells = untreated(panel)
    assert isinstance(cells, Cells)
    effects = ppml.fit(cells)

    def read(found: ppml.Outcome) -> Floats:
        after, imputed = found.sums.after.sum((0, 1)), found.imputed.sum((0, 1))
        return np.asarray(np.log(after / imputed))[None]

    exact = ppml.left_out(cells, effects, read, exact=1000)[0]
    quick = ppml.left_out(cells, effects, read, exact=0)[0]
    whole = float(read(ppml.outcome(cells, effects))[0, 0])
    assert jackknife(quick, whole) == pytest.approx(jackknife(exact, whole), rel=2e-3)
    assert not np.array_equal(quick, exact)


@pytest.mark.parametrize("ask", [did, imputation])
def test_scale_and_order_and_names_do_not_matter(ask: type) -> None:
    panel = gaps(teams(10, log_effect=0.1))
    plain = said(ask(panel, COUNT))
    order = np.random.default_rng(0).permutation(panel.n)
    renamed = replace(
        panel.pick(order), units=tuple(f"x{i}" for i in range(panel.n)), clusters=panel.clusters
    )
    for other in (renamed, replace(panel, outcome=panel.outcome * 1e-6)):
        found = said(ask(other, Study(kind="amount")))
        assert found.estimate == pytest.approx(plain.estimate, abs=1e-8)
        assert found.se == pytest.approx(plain.se, rel=1e-6)
        assert found.p == pytest.approx(plain.p, rel=1e-4)


def test_parts_of_the_imputed_sum_to_the_whole() -> None:
    panel = gaps(waves())
    whole = impute(RATIOS, panel)
    parts = impute(RATIOS, panel, lambda cells: np.indices((len(cells.starts), 20))[1])
    assert not isinstance(whole, CannotSay) and not isinstance(parts, CannotSay)
    assert parts.imputed.sum() == pytest.approx(whole.imputed[0], rel=1e-12)
    assert parts.observed.sum() == whole.observed[0]


def test_permuted_starts_are_null() -> None:
    panel, rng = teams(12, dates=(6, 10), log_effect=0.6), np.random.default_rng(3)
    real = number(said(imputation(panel, COUNT)).estimate)
    by_team = np.array([panel.start[panel.cluster == code][0] for code in range(12)])
    found = [
        number(
            said(
                imputation(panel.starting(rng.permutation(by_team)[panel.cluster]), COUNT)
            ).estimate
        )
        for _ in range(40)
    ]
    assert abs(np.mean(found)) < 0.08
    assert real > max(found)


def test_a_true_effect_is_found_and_covered() -> None:
    found = said(imputation(waves(240, log_effect=0.1), COUNT))
    low, high = found.ci
    assert number(low) < 0.1 < number(high)
    assert number(found.p) < 0.01
    assert found.effect_pct == pytest.approx(100 * np.expm1(number(found.estimate)))


def test_several_dates_are_not_one_ratio() -> None:
    answer = did(waves(), COUNT)
    assert isinstance(answer, CannotSay) and answer.code == "several_dates"


def test_one_treated_team_is_not_enough() -> None:
    panel = teams(8)
    alone = panel.starting(np.where(panel.cluster == 0, 8, 20))
    for ask in (did, imputation, event_study):
        answer = ask(alone, COUNT)
        assert isinstance(answer, CannotSay) and answer.code == "too_few_clusters"


def test_everyone_treated_at_once_cannot_be_said() -> None:
    panel = one_date()
    once = panel.starting(np.full(panel.n, 8))
    for ask in (did, imputation):
        assert isinstance(ask(once, COUNT), CannotSay)


def test_nothing_counted_before_cannot_be_said() -> None:
    panel = one_date()
    empty = np.where(panel.never[:, None] | panel.treated, panel.outcome, 0.0)
    answer = did(replace(panel, outcome=empty), COUNT)
    assert isinstance(answer, CannotSay) and answer.code == "no_counts"


def test_one_team_that_carries_all_counts_cannot_be_said() -> None:
    panel = teams(8)
    lone = np.where((panel.cluster == 0)[:, None] | panel.never[:, None], panel.outcome, 0.0)
    lone[panel.start < 20, 12:] += 1.0
    for ask in (did, imputation):
        answer = ask(replace(panel, outcome=lone), COUNT)
        assert isinstance(answer, CannotSay) and answer.code == "one_cluster_carries_it"


def test_units_with_nothing_change_nothing_and_are_counted() -> None:
    panel = one_date(40)
    with_idle = replace(panel, outcome=np.where(np.arange(40)[:, None] < 4, 0.0, panel.outcome))
    assert said(did(with_idle, COUNT)) == said(did(panel.pick(np.arange(40) >= 4), COUNT))
    assert notes(with_idle)[0].code == "all_zero_units"
    assert "4 of 40 units" in notes(with_idle)[0].message


def test_units_never_seen_untreated_are_left_out_of_imputation() -> None:
    panel = waves(60)
    early = panel.starting(np.where(np.arange(60) < 3, 0, panel.start))
    assert said(imputation(early, COUNT)) == said(imputation(early.pick(np.arange(60) > 2), COUNT))
    assert [note.code for note in notes(early)] == ["never_untreated"]


def test_weeks_nobody_worked_are_no_obstacle() -> None:
    panel = waves(60)
    outcome = panel.outcome.copy()
    outcome[:, [3, 16]] = 0
    assert said(imputation(replace(panel, outcome=outcome), COUNT)).se is not None


def test_event_study_shows_leads_and_horizons() -> None:
    panel = waves(240, log_effect=0.3)
    found = event_study(panel, COUNT)
    assert isinstance(found, EventStudy)
    assert found.times == (-5, -4, -3, -2, -1, *range(14))
    assert found.covariance.shape == (19, 19)
    leads = found.estimates[:5]
    wald = leads @ np.linalg.solve(found.covariance[:5, :5], leads)
    assert wald < 20.5  # chi-square(5) at 0.1 %
    assert np.all(np.abs(found.estimates[5:] - 0.3) < 5 * np.sqrt(np.diag(found.covariance)[5:]))


def test_leads_see_a_drift_before_the_start() -> None:
    panel = waves(240)
    ahead = panel.start[:, None] - np.arange(20)
    drift = np.where((panel.start[:, None] < 20) & (ahead > 0) & (ahead < 4), 1.5, 1.0)
    found = event_study(replace(panel, outcome=np.round(panel.outcome * drift)), COUNT)
    assert isinstance(found, EventStudy)
    lead = dict(zip(found.times, found.estimates, strict=True))
    assert lead[-1] == pytest.approx(np.log(1.5), abs=0.1) and abs(lead[-5]) < 0.1


def test_counterfactual_rows_add_up_to_the_estimate() -> None:
    panel = one_date(log_effect=0.2)
    found = rows(panel, COUNT)
    after = [row for row in found if row["treated"]]
    ratio = sum(r["observed"] for r in after) / sum(r["would_be"] for r in after)
    assert np.log(ratio) == pytest.approx(said(did(panel, COUNT)).estimate, abs=1e-9)
    assert all(r["low"] < r["would_be"] < r["high"] for r in after)
    assert all(r["low"] is None for r in found if not r["treated"])


@pytest.mark.parametrize("kind", ["count", "share", "duration"])
def test_counterfactual_rows_stand_gaps_and_kinds(kind: str) -> None:
    found = rows(gaps(waves()), Study(kind=kind))  # type: ignore[arg-type]
    assert len(found) == 20
    assert all(row["would_be"] is not None for row in found)


def test_the_paper_version_is_the_estimate() -> None:
    panel = one_date(log_effect=0.2)
    sheet = redo(panel, COUNT)
    assert sheet is not None
    assert sheet["log_ratio"] == pytest.approx(said(did(panel, COUNT)).estimate, abs=1e-12)
    assert sheet["a"] == panel.outcome[~panel.never, :8].sum()
    assert len(sheet["steps"]) == 5
    assert redo(waves(), COUNT) is None


def test_matched_dof_makes_five_percent_of_two_unequal_arms() -> None:
    """Means of 4 and 8 clusters, drawn: the jackknife's t exceeds the quantile in 5 %."""
    from scipy.special import stdtrit

    arms = np.repeat([[1.0, 0.0], [0.0, 1.0]], [4, 8], axis=0)
    whole = np.array([1 / 4, -1 / 8])
    each = np.array([[1 / 3, -1 / 8]] * 4 + [[1 / 4, -1 / 7]] * 8)
    dof = matched_dof(arms[:, :, None] * arms[:, None, :], each, whole)
    drawn = np.random.default_rng(2).standard_normal((100_000, 12))
    sums = drawn[:, :4].sum(1), drawn[:, 4:].sum(1)
    b = sums[0] / 4 - sums[1] / 8
    left = np.hstack(
        [
            (sums[0][:, None] - drawn[:, :4]) / 3 - sums[1][:, None] / 8,
            sums[0][:, None] / 4 - (sums[1][:, None] - drawn[:, 4:]) / 7,
        ]
    )
    se = np.sqrt(11 / 12 * ((left - b[:, None]) ** 2).sum(1))
    assert 8 < dof < 11
    assert np.mean(np.abs(b / se) > stdtrit(dof, 0.975)) == pytest.approx(0.05, abs=0.0022)


def test_matched_dof_of_one_mean_is_that_of_student() -> None:
    found = matched_dof(np.ones((20, 1, 1)), np.full((20, 1), 1 / 19), np.array([1 / 20]))
    assert found == pytest.approx(19, abs=0.01)


def test_matched_dof_is_at_most_one_less_than_clusters() -> None:
    arms = np.repeat([[1.0, 0.0], [0.0, 1.0]], [6, 6], axis=0)
    each = np.array([[1 / 5, -1 / 6]] * 6 + [[1 / 6, -1 / 5]] * 6)
    parts = arms[:, :, None] * arms[:, None, :]
    assert matched_dof(parts, each, np.array([1 / 6, -1 / 6])) == 11


def test_imhof_integral_agrees_with_f() -> None:
    """P(chi2(1) > c chi2(4)) is the tail of F(1, 4) at 4c: at its 95 % point 7.708647."""
    weights = np.array([1.0, *[-7.708647 / 4] * 4])
    assert positive(weights) == pytest.approx(0.05, abs=1e-5)


def test_false_alarms_with_four_of_twelve_teams_are_near_five_percent() -> None:
    rng = np.random.default_rng(8)
    alarms = 0
    for seed in range(300):
        panel = teams(12, size=3, periods=12, seed=seed)
        treated = rng.permutation(12)[:4]
        start = np.where(np.isin(panel.cluster, treated), 6, 12)
        alarms += number(said(did(panel.starting(start), COUNT)).p) < 0.05
    assert 4 <= alarms <= 27  # 15 expected; each end once in a thousand


def test_period_effects_need_units_in_common() -> None:
    panel = one_date(40)
    outcome = panel.outcome.copy()
    outcome[:20, 4:], outcome[20:, :4] = np.nan, np.nan
    answer = did(replace(panel, outcome=outcome), COUNT)
    assert isinstance(answer, CannotSay) and answer.code == "not_connected"


def test_effects_of_both_families_reproduce_their_sums() -> None:
    cells = everything(counted(gaps(teams())))
    assert isinstance(cells, Cells)
    for family in (ppml, least_squares):
        untouched = untreated(gaps(waves()))
        assert isinstance(untouched, Cells)
        mean = family.expected(untouched, family.fit(untouched))
        base = untouched.fit[untouched.pattern]
        gap = np.where(base, np.nan_to_num(untouched.panel.outcome) - mean, 0)
        assert np.abs(gap.sum(0)).max() < 1e-6 and np.abs(gap.sum(1)).max() < 1e-6
