"""Pooling against metafor's published figures and statsmodels, and what must not change it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from steelyard.errors import BadPanel
from steelyard.impact.between import dersimonian_laird, paule_mandel, reml
from steelyard.impact.pool import Pooled, Result, egger, pool
from steelyard.impact.pool_reading import from_analyses, read_results
from steelyard.impact.result import CannotSay, Estimate

# Thirteen trials of BCG vaccine: tuberculosis yes and no, vaccinated and not.
# Colditz et al. 1994, JAMA 271(9), 698-702 (the example data of R's metafor, dat.bcg).
BCG = (
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
)


def log_risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = np.array(BCG, dtype=float).T
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def trials() -> list[Result]:
    y, v = log_risk_ratios()
    return [Result(f"trial {i:02}", *each) for i, each in enumerate(zip(y, v**0.5, strict=True))]


def pooled(studies: list[Result]) -> Pooled:
    found = pool(studies)
    assert isinstance(found, Pooled)
    return found


def named(found: Pooled, name: str) -> Estimate:
    return next(each for each in found.beside if each.estimator == name)


def test_bcg_random_effects_as_metafor_prints_them() -> None:
    """Viechtbauer 2010, J. Statistical Software 36(3): rma(yi, vi, data=dat.bcg)."""
    found = pooled(trials())
    normal = named(found, "random_effects_reml_normal")
    assert normal.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert normal.se == pytest.approx(0.1798, abs=5e-5)
    assert normal.ci == pytest.approx((-1.0669, -0.3622), abs=5e-5)
    assert found.heterogeneity.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert found.heterogeneity.i2 == pytest.approx(92.22, abs=5e-3)
    assert found.heterogeneity.q == pytest.approx(152.2330, abs=5e-5)


def test_bcg_dersimonian_laird_as_metafor_prints_it() -> None:
    found = named(pooled(trials()), "random_effects_dersimonian_laird")
    assert (found.estimate, found.se) == pytest.approx((-0.7141, 0.1787), abs=5e-5)
    assert dersimonian_laird(*log_risk_ratios()) == pytest.approx(0.3088, abs=5e-5)


def test_bcg_headline_is_hartung_knapp_as_metafor_prints_it() -> None:
    """rma(yi, vi, data=dat.bcg, test="knha")."""
    head = pooled(trials()).headline
    assert (head.estimate, head.se) == pytest.approx((-0.7145, 0.1808), abs=5e-5)
    assert head.ci == pytest.approx((-1.1084, -0.3206), abs=5e-5)
    assert head.p == pytest.approx(0.0019, abs=5e-5)
    assert head.inference == "Hartung-Knapp, t(12)"


def test_bcg_small_studies_as_metafor_prints_them() -> None:
    """regtest(res, model="lm"): t = -1.4013, df = 11, p = 0.1887."""
    assert egger(*log_risk_ratios()) == pytest.approx((-1.4013, 0.1887), abs=5e-5)


def test_statsmodels_agrees() -> None:
    y, v = log_risk_ratios()
    found = pooled(trials())
    theirs = combine_effects(y, v, method_re="dl")
    ours = named(found, "random_effects_dersimonian_laird")
    assert ours.estimate == pytest.approx(theirs.mean_effect_re, rel=1e-10)
    assert ours.se == pytest.approx(theirs.sd_eff_w_re, rel=1e-10)
    fixed = named(found, "fixed_effect")
    assert fixed.estimate == pytest.approx(theirs.mean_effect_fe, rel=1e-10)
    theirs = combine_effects(y, v, method_re="pm", atol=1e-12)
    ours = named(found, "random_effects_paule_mandel")
    assert paule_mandel(y, v) == pytest.approx(theirs.tau2, rel=1e-8)
    assert ours.se == pytest.approx(math.sqrt(theirs.var_hksj_re), rel=1e-8)


def test_prediction_interval_is_that_of_higgins_thompson_and_spiegelhalter() -> None:
    """t(k - 2) with the variance between studies added: 2.200985 x sqrt(0.31324 + 0.17978^2)."""
    found = pooled(trials())
    half = 2.200985 * math.sqrt(0.3132433 + 0.1797815**2)
    assert found.prediction == pytest.approx((-0.7145323 - half, -0.7145323 + half), abs=1e-5)


def test_reml_is_the_top_of_its_likelihood_and_never_below_zero() -> None:
    y, v = np.array([0.1, 0.1001, 0.0999, 0.1]), np.full(4, 0.04)
    assert reml(y, v) == dersimonian_laird(y, v) == paule_mandel(y, v) == 0.0
    # equal variances: REML is the sample variance less theirs
    y = np.array([0.1, 0.5, -0.4, 0.9, 0.2])
    assert reml(y, np.full(5, 0.04)) == pytest.approx(np.var(y, ddof=1) - 0.04, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(13)), st.floats(0.1, 10))
def test_order_does_not_matter_and_scaling_scales(order: list[int], factor: float) -> None:
    all_trials = trials()
    base = pooled(all_trials)
    assert pooled([all_trials[i] for i in order]) == base
    larger = pooled([Result(t.name, t.estimate * factor, t.se * factor) for t in all_trials])
    assert larger.headline.estimate == pytest.approx(base.headline.estimate * factor, rel=1e-5)
    assert larger.headline.p == pytest.approx(base.headline.p, rel=1e-4)


def test_weights_sum_to_a_hundred_and_each_study_is_left_out_once() -> None:
    found = pooled(trials())
    assert sum(each.weight_pct for each in found.members) == pytest.approx(100)
    without = found.members[3].without
    assert without is not None
    assert without == pooled([t for t in trials() if t.name != "trial 03"]).headline


def test_negative_pool_says_so_and_its_prediction() -> None:
    verdict = pooled(trials()).verdict
    assert verdict.code == "effect"
    assert verdict.sentence.startswith("13 studies together show a decrease: −51.1 %")
    assert "may be absent or reversed" in verdict.sentence


def test_null_pool_is_not_called_no_effect() -> None:
    found = pooled([Result("a", 0.1, 0.1), Result("b", -0.1, 0.1), Result("c", 0.02, 0.1)])
    assert found.verdict.code == "no_detectable_effect"
    assert "not the same as no effect" in found.verdict.sentence


def test_two_studies_have_no_known_heterogeneity_and_a_wide_interval() -> None:
    found = pooled([Result("a", 0.1, 0.05), Result("b", 0.2, 0.05)])
    assert found.heterogeneity.tau2 is None and found.heterogeneity.i2 is None
    assert found.prediction == (None, None)
    assert "few_studies" in [note.code for note in found.warnings]
    low, high = found.headline.ci
    assert low is not None and high is not None
    assert high - low == pytest.approx(2 * 12.706205 * 0.05)


@pytest.mark.parametrize(("third", "said"), [(0.11, True), (0.4, False)])
def test_studies_closer_than_chance_are_said_to_be(third: float, said: bool) -> None:
    found = pooled([Result("a", 0.1, 0.1), Result("b", 0.09, 0.08), Result("c", third, 0.15)])
    assert ("closer_than_chance" in [note.code for note in found.warnings]) is said


def test_one_study_is_no_pool() -> None:
    found = pool([Result("a", 0.1, 0.05)])
    assert isinstance(found, CannotSay) and found.code == "too_few_studies"


@pytest.mark.parametrize(
    "studies",
    [
        [Result("a", 0.1, 0.0), Result("b", 0.2, 0.1)],
        [Result("a", math.nan, 0.1), Result("b", 0.2, 0.1)],
        [Result("a", 0.1, 0.1), Result("a", 0.2, 0.1)],
    ],
)
def test_bad_studies_are_refused(studies: list[Result]) -> None:
    with pytest.raises(BadPanel):
        pool(studies)


def analysis(estimate: float | None, code: str = "effect", evidence: str = "a trial") -> dict:
    headline = {"estimator": "poisson_did", "scale": "log", "estimate": estimate, "se": 0.1}
    headline["ci"] = [estimate - 0.25, estimate + 0.25] if estimate is not None else [None, None]
    return {"headline": headline, "verdict": {"code": code, "evidence": evidence}}


def test_analyses_are_pooled_with_the_width_of_their_own_intervals() -> None:
    found = from_analyses({"a": analysis(0.1), "b": analysis(0.2, evidence="matched")})
    assert isinstance(found, Pooled)
    assert found.members[0].result.se == pytest.approx(0.25 / 1.959964, rel=1e-6)
    assert "mixed_evidence" in [note.code for note in found.warnings]


def test_analyses_without_a_cause_are_left_out_and_named() -> None:
    given_ = {"a": analysis(0.1), "b": analysis(0.2), "c": analysis(0.9, "not_identified")}
    found = from_analyses(given_)
    assert isinstance(found, Pooled)
    assert [each.result.name for each in found.members] == ["a", "b"]
    assert found.warnings[0].message.startswith("c is left out")


def test_a_table_may_hold_errors_variances_or_intervals() -> None:
    rows = [
        {"study": "a", "estimate": "0.1", "se": "0.2"},
        {"study": "b", "yi": "0.1", "vi": "0.04"},
        {"study": "c", "estimate": "0.1", "ci_low": "-0.2919927969", "ci_high": "0.4919927969"},
    ]
    assert [each.se for each in read_results(rows)] == pytest.approx([0.2, 0.2, 0.2])
    with pytest.raises(BadPanel, match="Line 2"):
        read_results([{"study": "a", "estimate": "many", "se": "1"}])


def test_printed_form_is_plain_json_with_stated_keys() -> None:
    said = pooled(trials()).to_json()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert list(said) == [
        "k",
        "headline",
        "beside",
        "heterogeneity",
        "prediction",
        "studies",
        "verdict",
        "warnings",
    ]
    assert said["k"] == 13 and said["prediction"]["ci_pct"][0] == pytest.approx(-86.58, abs=0.01)
