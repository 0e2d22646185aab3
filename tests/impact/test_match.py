"""Matching of tables and panels: optimal, balanced, told whole, and refused where it must be."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.impact.volunteers import twins, volunteers

from steelyard.errors import BadPanel, UnknownName
from steelyard.impact.candidates import pair, read_candidates
from steelyard.impact.match import Matching, match
from steelyard.impact.pairing import log_odds, mahalanobis, optimal, pooled
from steelyard.impact.study import Study

STUDY = Study(kind="amount", outcome="earnings", unit="person")


def _people(seed: int = 1, n: int = 160, gap: float = 0.5, effect: float = 2.0) -> pd.DataFrame:
    """People of whom the treated are a little older; the outcome grows with age."""
    rng = np.random.default_rng(seed)
    treated = rng.random(n) < 0.35
    age = rng.normal(40 + 8 * gap * treated, 8, n).round()
    return pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "treat": treated.astype(int),
            "age": age,
            "school": rng.normal(10, 2, n).round(),
            "town": rng.choice(["A", "B"], n),
            "pay": 0.5 * age + effect * treated + rng.normal(0, 3, n),
        }
    )


def _match(table: pd.DataFrame, caliper: float | None = 0.2, **kw: object) -> Matching:
    exact = kw.pop("exact", ("town",))
    people = read_candidates(table, "id", "treat", ("age", "school"), exact, "pay")
    return match(people, STUDY, caliper, **kw)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.one_of(st.floats(0, 9), st.just(np.inf)), min_size=4, max_size=4),
                min_size=1, max_size=4))  # fmt: skip
def test_pairs_are_as_many_and_as_near_as_brute_force_finds(rows):
    distance = np.array(rows)
    found = optimal(distance)
    best = (0, 0.0)
    for columns in itertools.permutations(range(4), len(rows)):
        picked = [distance[i, j] for i, j in enumerate(columns) if np.isfinite(distance[i, j])]
        best = max(best, (len(picked), -sum(picked)))
    assert len(found) == best[0]
    assert found.distance.sum() == pytest.approx(-best[1])
    assert len(set(found.control.tolist())) == len(found)


def test_mahalanobis_is_scipys():
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(7, 3)), rng.normal(size=(9, 3)) @ rng.normal(size=(3, 3))
    spread = pooled(a, b)
    known = cdist(a, b, "mahalanobis", VI=np.linalg.inv(spread))
    assert mahalanobis(a, b, spread) == pytest.approx(known, abs=1e-8)


def test_log_odds_are_those_of_statsmodels():
    import statsmodels.api as sm

    table = _people()
    x = table[["age", "school"]].to_numpy(dtype=float)
    treated = table["treat"].to_numpy() == 1
    known = sm.Logit(treated.astype(float), sm.add_constant(x)).fit(disp=0)
    assert log_odds(x, treated) == pytest.approx(known.fittedvalues, abs=1e-6)


def test_an_effect_is_told_by_a_paired_t_test_and_called_an_assumption():
    from scipy.stats import ttest_rel

    table = _people(effect=4.0).set_index("id", drop=False)
    found = _match(table)
    own = [table.loc[row["treated"], "pay"] for row in found.pairs]
    other = [table.loc[row["control"], "pay"] for row in found.pairs]
    known = ttest_rel(own, other)
    assert found.estimate.p == pytest.approx(known.pvalue)
    assert found.estimate.estimate == pytest.approx(np.mean(own) - np.mean(other))
    assert found.estimate.effect_pct == pytest.approx(100 * (np.mean(own) / np.mean(other) - 1))
    assert found.verdict.code == "effect" and found.verdict.evidence == "assumption-based"
    assert abs(found.estimate.estimate - 4.0) < 3 * found.estimate.se


def test_pairs_agree_where_they_must_and_stay_inside_the_caliper():
    table = _people().set_index("id", drop=False)
    found = _match(table)
    for row in found.pairs:
        assert table.loc[row["treated"], "town"] == table.loc[row["control"], "town"]
        assert row["distance"] <= 0.2
    used = [row["control"] for row in found.pairs]
    assert len(set(used)) == len(used)
    assert len(found.pairs) + len(found.unmatched) == found.n["treated"]
    assert found.coverage == pytest.approx(len(used) / found.n["treated"])


@pytest.mark.parametrize("distance", ["propensity", "mahalanobis", "standardised"])
def test_rows_labels_and_units_of_measure_do_not_matter(distance):
    table = _people()
    moved = table.sample(frac=1, random_state=3).reset_index(drop=True)
    moved["id"] = [f"x{i}" for i in np.random.default_rng(1).permutation(len(moved))]
    moved["age"] = 12 * moved["age"]
    one, two = _match(table, distance=distance), _match(moved, distance=distance)
    assert two.estimate.to_json()["estimate"] == pytest.approx(one.estimate.estimate, abs=1e-9)
    assert two.ties["low"] == pytest.approx(one.ties["low"], abs=1e-9)
    assert two.ties["high"] == pytest.approx(one.ties["high"], abs=1e-9)


def test_the_same_rows_give_the_same_bytes():
    assert json.dumps(_match(_people()).to_json()) == json.dumps(_match(_people()).to_json())


def test_an_outcome_in_other_units_scales_the_estimate():
    table = _people()
    scaled = table.assign(pay=100 * table["pay"])
    assert _match(scaled).estimate.estimate == pytest.approx(100 * _match(table).estimate.estimate)


def test_equally_good_pairs_move_the_estimate_and_that_is_said():
    coarse = _people().assign(age=lambda t: (t["age"] / 10).round(), school=1.0)
    ties = _match(coarse).ties
    assert ties["draws"] == 20 and ties["high"] - ties["low"] > 0.1
    rng = np.random.default_rng(1)
    fine = _people().assign(age=lambda t: t["age"] + rng.normal(0, 0.1, len(t)))
    settled = _match(fine, exact=()).ties
    assert settled["low"] == pytest.approx(settled["high"])


def test_a_caliper_of_none_pairs_everybody():
    assert _match(_people(gap=3.0), caliper=None).coverage == 1.0
    assert _match(_people(gap=3.0), caliper=0.2).coverage < 1.0


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (_people().assign(town=lambda t: np.where(t["treat"] == 1, "A", "B")), "agree exactly"),
        (_people(gap=20.0), "for certain"),
        (_people(gap=4.0), "No overlap: only"),
        (
            _people(gap=1.0, n=60).assign(school=lambda t: t["school"] + 4 * t["treat"]),
            "No overlap",
        ),
    ],
)
def test_no_overlap_is_refused_and_says_which(table, words):
    found = _match(table)
    assert found.estimate is None and found.verdict.code == "refused"
    assert words in found.verdict.sentence
    assert found.balance and found.ties["low"] is None
    assert {check.name: check.status for check in found.checks}["overlap"] == "fail"


def test_groups_that_stay_apart_are_refused_by_name():
    found = _match(_people(gap=2.0), caliper=None)
    assert found.verdict.code == "refused" and "age (+" in found.verdict.sentence


def test_balance_improves_and_exact_columns_become_equal():
    rows = {row.covariate: row for row in _match(_people(gap=1.0)).balance}
    assert abs(rows["age"].smd_after) < 0.25 < rows["age"].smd_before
    assert rows["town=A"].smd_after == rows["town=B"].smd_after == 0.0


def test_without_an_outcome_there_are_pairs_only():
    people = read_candidates(_people(), "id", "treat", ("age",), ("town",))
    found = match(people, STUDY, 0.2)
    assert found.estimate is None and found.pairs and found.verdict.code == "refused"


def test_unknown_cells_are_left_out_and_counted():
    table = _people()
    table.loc[3, "age"] = np.nan
    table.loc[5, "pay"] = np.nan
    found = _match(table)
    assert [note.code for note in found.warnings] == ["incomplete_units", "unknown_outcomes"]
    assert found.n["units"] == len(table) - 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "p1"}, "several rows"),
        ({"treat": 1}, "the same in all rows"),
        ({"age": "old"}, "not a number"),
        ({"treat": 7}, "neither 0 nor 1"),
    ],
)
def test_tables_that_cannot_be_matched(change, message):
    with pytest.raises(BadPanel, match=message):
        _match(_people().assign(**change))


def test_columns_that_are_not_there():
    with pytest.raises(UnknownName):
        read_candidates(_people(), "id", "treat", ("agee",), (), "pay")
    with pytest.raises(BadPanel, match="Nothing to match on"):
        read_candidates(_people(), "id", "treat", (), (), "pay")


def test_a_panel_is_told_whole():
    study = Study(design="volunteers", matched_on=("seniority",), unit="developer")
    said = match(volunteers(1), study).to_json()
    assert set(said) == {"design", "n", "coverage", "pairs", "unmatched", "balance", "estimate",
                         "ties", "sensitivity", "verdict", "checks", "warnings"}  # fmt: skip
    checks = {check["name"]: check for check in said["checks"]}
    drift = checks["regression_to_the_mean"]
    assert drift["status"] in ("ok", "warn") and "with no effect at all" in drift["detail"]
    assert 0 < drift["figures"]["reliability"] < 1 and drift["figures"]["drift_pct"] > 0
    assert said["estimate"]["estimator"] == "matched_did"
    assert said["ties"]["low"] <= said["estimate"]["estimate"] <= said["ties"]["high"] + 1e-9
    json.dumps(said)


def test_four_weeks_are_refused_and_it_is_said_what_luck_would_do():
    """S8: matching on four weeks shows +25 % with no effect at all."""
    found = match(volunteers(1).window(16, 32), Study(unit="developer"))
    assert found.verdict.code == "refused" and "12 are needed" in found.verdict.sentence
    assert found.estimate is None
    drift = {check.name: check for check in found.checks}["regression_to_the_mean"]
    assert drift.status == "warn" and drift.detail.startswith("Over 4 periods")
    assert drift.figures["drift_pct"] > 5 and "taken off" not in drift.detail


def test_panels_with_nobody_to_compare_are_refused():
    panel = volunteers(1)
    alone = panel.pick(panel.start < panel.length)
    assert match(alone, Study()).verdict.code == "refused"
    far = panel.outcome + 1e4 * (panel.start < panel.length)[:, None]
    assert match(replace(panel, outcome=far), Study()).n["pairs"] == 0
    assert match(panel.starting(np.full(panel.n, panel.length)), Study()).n["pairs"] == 0


def test_twins_have_no_drift():
    checks = {check.name: check for check in match(twins(), Study()).checks}
    assert checks["regression_to_the_mean"].figures["drift"] == pytest.approx(0.0, abs=1e-9)
    assert checks["overlap"].status == "ok"


def test_choosing_is_blind_to_the_outcome():
    """Other outcomes of the same people give the same distances, hence as good a match."""
    table = _people()
    other = table.assign(pay=np.random.default_rng(8).normal(0, 1, len(table)))
    people, strangers = (
        read_candidates(t, "id", "treat", ("age", "school"), ("town",), "pay")
        for t in (table, other)
    )
    one, two = pair(people, 0.2, "propensity", 5), pair(strangers, 0.2, "propensity", 5)
    assert np.sort(one.distance) == pytest.approx(np.sort(two.distance))
