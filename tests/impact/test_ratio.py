"""Ratios of sums: against leaving out clusters by hand, and items put together or apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from steelyard.impact.panel import Panel
from steelyard.impact.ratio import ratio
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study

WEEKS, START = 6, 3
SHARE = Study(kind="share")


def drawn(seed: int, teams: int = 8, per_team: int = 3, effect: float = 0.0) -> Panel:
    """Shares of items that differ in number between units; half of the teams start mid-way."""
    rng = np.random.default_rng(seed)
    n = teams * per_team
    team = np.repeat(np.arange(teams), per_team)
    on = (rng.permutation(teams) < teams // 2)[team]
    items = rng.poisson(rng.lognormal(2, 0.7, n)[:, None] * np.ones(WEEKS)).astype(float)
    chance = np.clip(0.4 + rng.normal(0, 0.05, teams)[team], 0.1, 0.8)[:, None] * np.ones(WEEKS)
    chance[:, START:] += effect * on[:, None]
    outcome = np.full(items.shape, np.nan)
    some = items > 0
    outcome[some] = rng.binomial(items[some].astype(int), chance[some]) / items[some]
    return Panel(
        outcome=outcome,
        weight=items,
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


def by_hand(panel: Panel) -> tuple[float, float]:
    """The change of the treated's share less the others', and the share without treatment."""
    assert panel.weight is not None
    parts = {}
    for side, arm in (("on", ~panel.never), ("off", panel.never)):
        for when, weeks in (("before", slice(0, START)), ("after", slice(START, None))):
            items = panel.weight[arm, weeks]
            having = np.nansum(panel.outcome[arm, weeks] * items)
            parts[side, when] = having / items.sum()
    change = parts["off", "after"] - parts["off", "before"]
    without = parts["on", "before"] + change
    return parts["on", "after"] - without, without


def test_it_is_the_change_of_one_ratio_less_that_of_the_other() -> None:
    panel = drawn(1, effect=0.1)
    b, without = by_hand(panel)
    mine = said(ratio(panel, SHARE))
    assert mine.estimate == pytest.approx(b)
    assert mine.effect_pct == pytest.approx(100 * b / without)
    assert mine.scale == "level"


def test_the_error_is_that_of_leaving_out_each_cluster() -> None:
    panel = drawn(2)
    whole = by_hand(panel)[0]
    left = np.array([by_hand(panel.pick(panel.cluster != g))[0] for g in range(8)])
    mine = said(ratio(panel, SHARE))
    assert mine.se == pytest.approx(np.sqrt(3 / 4 * np.sum((left - whole) ** 2)))
    assert mine.inference.startswith("jackknife over 8 clusters, t(")


def test_items_of_two_cells_may_be_counted_in_one() -> None:
    panel = drawn(3)
    assert panel.weight is not None
    halves = (slice(0, START), slice(START, None))
    items = np.column_stack([panel.weight[:, half].sum(1) for half in halves])
    having = [np.nansum((panel.outcome * panel.weight)[:, half], axis=1) for half in halves]
    two = replace(
        panel,
        outcome=np.column_stack(having) / items,
        weight=items,
        start=np.where(panel.never, 2, 1),
        steps=np.arange(2),
        periods=("before", "after"),
    )
    assert said(ratio(two, SHARE)).estimate == pytest.approx(said(ratio(panel, SHARE)).estimate)
    assert said(ratio(two, SHARE)).ci == pytest.approx(said(ratio(panel, SHARE)).ci)


def test_order_labels_and_twice_the_items_do_not_matter() -> None:
    panel = drawn(4)
    assert panel.weight is not None
    first = said(ratio(panel, SHARE))
    turned = panel.pick(np.random.default_rng(0).permutation(panel.n))
    doubled = replace(turned, units=panel.units, weight=2 * np.asarray(turned.weight))
    assert said(ratio(doubled, SHARE)).ci == pytest.approx(first.ci)
    percent = said(ratio(replace(panel, outcome=100 * panel.outcome), SHARE))
    assert percent.estimate == pytest.approx(100 * (first.estimate or 0))
    assert percent.p == pytest.approx(first.p)


def test_durations_are_ratios_and_units_may_be_their_own_clusters() -> None:
    panel = drawn(5, teams=20, per_team=1)
    mine = said(ratio(panel, Study(kind="duration")))
    assert mine.scale == "log"
    assert "20 units" in mine.inference


def test_without_a_baseline_it_is_the_difference_after() -> None:
    panel = drawn(6).window(START, WEEKS)
    mine = said(ratio(panel, SHARE))
    on, weight = ~panel.never, np.asarray(panel.weight)
    parts = [np.nansum((panel.outcome * weight)[arm]) / weight[arm].sum() for arm in (on, ~on)]
    assert mine.estimate == pytest.approx(parts[0] - parts[1])


def test_a_team_with_most_items_leaves_few_degrees_of_freedom() -> None:
    panel = drawn(7)
    weight = np.asarray(panel.weight).copy()
    weight[panel.cluster == 0] *= 100
    uneven = said(ratio(replace(panel, weight=weight), SHARE)).inference
    assert float(uneven.split("t(")[1][:-1]) < 2


def test_refusals_are_values() -> None:
    panel = drawn(8)
    alone = panel.starting(np.where(panel.cluster == 0, START, WEEKS))
    nothing = np.where(panel.never[:, None], np.nan, panel.outcome)
    waves = panel.starting(np.where(panel.cluster == 0, 2, panel.start))
    cases = {
        "too_few_clusters": alone,
        "no_items": replace(panel, outcome=nothing),
        "several_dates": waves,
    }
    for code, case in cases.items():
        answer = ratio(case, SHARE)
        assert isinstance(answer, CannotSay)
        assert answer.code == code


def test_false_alarms_stay_near_five_percent() -> None:
    p = [said(ratio(drawn(seed), SHARE)).p or 1 for seed in range(400)]
    assert 0.015 <= np.mean(np.array(p) < 0.05) <= 0.08
