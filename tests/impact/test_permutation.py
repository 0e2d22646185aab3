"""Drawing the lots again: exact where all can be listed, and fast ways against slow ones."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from steelyard.impact.ancova import ancova
from steelyard.impact.assignment import Assignment
from steelyard.impact.panel import Panel
from steelyard.impact.permutation import panel_p, randomised
from steelyard.impact.ratio import ratio
from steelyard.impact.result import CannotSay, Estimate, log_estimate
from steelyard.impact.study import Study

WEEKS, START = 8, 4


def drawn(seed: int, teams: int = 8, per_team: int = 3, effect: float = 0.0) -> Panel:
    """Counts; half of the teams start in the middle."""
    rng = np.random.default_rng(seed)
    n = teams * per_team
    team = np.repeat(np.arange(teams), per_team)
    on = (rng.permutation(teams) < teams // 2)[team]
    rate = np.exp(1.5 + rng.normal(0, 0.4, n) + rng.normal(0, 0.3, teams)[team])
    mean = np.repeat(rate[:, None], WEEKS, axis=1)
    mean[:, START:] *= np.exp(effect * on + rng.normal(0, 0.2, teams)[team])[:, None]
    return Panel(
        outcome=rng.poisson(mean).astype(float),
        start=np.where(on, START, WEEKS),
        cluster=team,
        steps=np.arange(WEEKS),
        units=tuple(f"u{i}" for i in range(n)),
        periods=tuple(f"w{i}" for i in range(WEEKS)),
        clusters=tuple(f"t{i}" for i in range(teams)),
        clustered=per_team > 1,
    )


def said(answer: Estimate | CannotSay) -> Estimate:
    assert isinstance(answer, Estimate), answer
    return answer


def by_hand(panel: Panel) -> Estimate:
    """The ratio of ratios with the delta method over clusters, spelled out."""
    b = variance = 0.0
    for side, sign in ((~panel.never, 1), (panel.never, -1)):
        groups = np.unique(panel.cluster[side])
        after = np.array([panel.outcome[panel.cluster == g, START:].sum() for g in groups])
        before = np.array([panel.outcome[panel.cluster == g, :START].sum() for g in groups])
        b += sign * np.log(after.sum() / before.sum())
        variance += np.sum((after / after.sum() - before / before.sum()) ** 2)
    return log_estimate("by_hand", b, float(np.sqrt(variance)), (None, None), None, "")


def test_all_assignments_are_listed_once_with_what_happened_first() -> None:
    treated, stratum = np.array([1, 0, 0, 1, 1, 0]) > 0, np.array([0, 0, 0, 1, 1, 1])
    assigned = Assignment(treated, stratum)
    rows = np.vstack(list(assigned.drawn(10, 1)))
    assert assigned.count == len(rows) == len({tuple(row) for row in rows.tolist()}) == 9
    assert rows[0].tolist() == treated.tolist()
    assert set(rows[:, :3].sum(axis=1)) == {1}
    assert set(rows[:, 3:].sum(axis=1)) == {2}


def test_draws_keep_the_number_treated_in_every_stratum() -> None:
    rng = np.random.default_rng(3)
    assigned = Assignment(rng.random(60) < 0.4, np.arange(60) % 3)
    rows = np.vstack(list(assigned.drawn(50, 1)))
    assert len(rows) == 51
    for code in range(3):
        inside = assigned.stratum == code
        assert set(rows[:, inside].sum(axis=1)) == {assigned.treated[inside].sum()}


def test_the_poisson_p_is_that_of_every_assignment_by_hand() -> None:
    panel = drawn(1, effect=0.4)
    ratios = []
    for chosen in itertools.combinations(range(8), 4):
        start = np.where(np.isin(panel.cluster, chosen), START, WEEKS)
        found = by_hand(panel.starting(start))
        ratios.append(abs(found.estimate or 0) / (found.se or 1))
    here = by_hand(panel)
    observed = abs(here.estimate or 0) / (here.se or 1)
    mine = said(randomised(panel, Study()))
    assert mine.estimate == pytest.approx(here.estimate)
    assert mine.p == pytest.approx(np.mean(np.array(ratios) >= observed - 1e-9))
    assert mine.inference == "permutation of 8 clusters, all 70 assignments"


def test_any_estimator_can_be_drawn_again() -> None:
    panel = drawn(2, teams=14, effect=0.3)
    fast = said(randomised(panel, Study())).p
    slow = panel_p(panel, Study(), by_hand, draws=400)
    assert fast is not None and slow is not None
    assert slow == pytest.approx(fast, abs=0.06)


def test_the_ends_of_the_interval_are_just_rejected() -> None:
    for name in ("poisson_did", "ancova"):
        panel = drawn(3, teams=10, effect=0.2)
        low, high = said(randomised(panel, Study(), name)).ci
        assert low is not None and high is not None
        shifted = panel.outcome.copy()
        cells = panel.treated
        for end, p_above in ((low + 0.01 * (high - low), True), (low - 0.01 * (high - low), False)):
            if name == "ancova":
                shifted[cells] = panel.outcome[cells] - end
            else:
                shifted[cells] = panel.outcome[cells] * np.exp(-end)
            p = said(randomised(replace(panel, outcome=shifted), Study(), name)).p or 0
            assert (p > 0.05) == p_above


def test_the_ancova_estimate_is_adjusted_like_the_estimator_itself() -> None:
    panel = drawn(4, teams=40, per_team=1, effect=0.2)
    lots, lin = said(randomised(panel, Study(), "ancova")), said(ancova(panel, Study()))
    assert lots.estimate == pytest.approx(lin.estimate, rel=0.1)
    assert lots.effect_pct == pytest.approx(lin.effect_pct, rel=0.1)
    assert lots.ci == pytest.approx(lin.ci, abs=0.3 * (lin.se or 0))
    assert "40 units, 999 draws" in lots.inference


def test_scaling_and_labels_change_no_p() -> None:
    panel = drawn(5)
    turned = replace(panel, units=panel.units[::-1], outcome=7 * panel.outcome)
    for name in ("poisson_did", "ancova"):
        assert said(randomised(turned, Study(), name)).p == said(randomised(panel, Study(), name)).p


def test_false_alarms_are_exactly_those_of_the_lots() -> None:
    """With 70 assignments p <= 3/70 at most 4.3 % of the time, however outcomes are spread."""
    p = [said(randomised(drawn(seed), Study(seed=seed))).p or 1 for seed in range(120)]
    assert np.mean(np.array(p) <= 0.05) <= 0.1
    assert 0.4 < np.mean(p) < 0.6


def test_what_cannot_have_been_drawn_is_refused() -> None:
    panel = drawn(6)
    mixed = panel.starting(np.where(np.arange(panel.n) % 2 == 0, START, WEEKS))
    waves = panel.starting(np.where(panel.cluster == 0, 2, panel.start))
    cases = {"not_by_cluster": mixed, "several_dates": waves}
    for code, case in cases.items():
        answer = randomised(case, Study())
        assert isinstance(answer, CannotSay)
        assert answer.code == code
    fixed = randomised(panel, Study(), stratum=(~panel.never[::3]).astype(int))
    assert isinstance(fixed, CannotSay)
    assert fixed.code == "one_assignment"
    assert panel_p(mixed, Study(), by_hand) is None


def test_a_ratio_of_sums_is_drawn_again_as_it_is_estimated() -> None:
    panel = drawn(7, teams=10)
    items = panel.outcome + 1
    shares = replace(panel, outcome=panel.outcome / items, weight=items)
    study = Study(kind="share")
    mine, plain = said(randomised(shares, study, "ratio")), said(ratio(shares, study))
    assert mine.estimate == pytest.approx(plain.estimate)
    assert mine.effect_pct == pytest.approx(plain.effect_pct)
    low, high = mine.ci
    assert low is not None and high is not None
    moved = shares.outcome.copy()
    for end, stands in ((low + 0.01 * (high - low), True), (low - 0.01 * (high - low), False)):
        moved[shares.treated] = shares.outcome[shares.treated] - end
        p = said(randomised(replace(shares, outcome=moved), study, "ratio")).p or 0
        assert (p > 0.05) == stands


def test_missing_cells_are_said_and_an_unknown_estimator_is_refused() -> None:
    panel = drawn(8)
    gaps = panel.outcome.copy()
    gaps[2, 1] = gaps[5, 6] = np.nan
    words = said(randomised(replace(panel, outcome=gaps), Study())).inference
    assert words.endswith("missing cells are a unit's mean")
    refused = randomised(panel, Study(), "synthetic_did")
    assert isinstance(refused, CannotSay)
    assert refused.code == "not_drawn"
