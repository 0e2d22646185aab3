"""Checks of who and when was observed: each finds what was planted, and is quiet without it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from tests.impact.panels import one_date, teams

from steelyard.impact import poisson
from steelyard.impact.checks import without_headline
from steelyard.impact.checks.arms import difference, sides
from steelyard.impact.checks.attrition import attrition
from steelyard.impact.checks.clusters import few_clusters
from steelyard.impact.checks.missing import missing_cells
from steelyard.impact.checks.periods import one_period_after
from steelyard.impact.checks.seasonality import calendar_weeks, seasonality
from steelyard.impact.checks.spillover import spillover
from steelyard.impact.checks.zeros import zero_units
from steelyard.impact.panel import Flags, Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study

STUDY = Study(cluster="team", unit="developer")


def did(panel: Panel) -> Estimate | CannotSay:
    return poisson.did(panel, STUDY)


def hidden(panel: Panel, cells: Flags) -> Panel:
    return replace(panel, outcome=np.where(cells, np.nan, panel.outcome))


def test_leavers_of_one_side_are_warned_of_and_counted() -> None:
    panel = one_date(units=40)
    every_fourth = (~panel.never & (np.arange(40) % 8 == 0))[:, None]
    said = attrition(hidden(panel, every_fourth & (np.arange(16) >= 11)))
    assert said.status == "warn"
    assert (said.figures["gone_treated"], said.figures["gone_others"]) == (0.25, 0.0)
    assert said.figures["gone_p"] < 0.05
    assert attrition(panel).status == "ok"


def test_newcomers_are_not_leavers() -> None:
    panel = one_date(units=40)
    said = attrition(hidden(panel, (~panel.never)[:, None] & (np.arange(16) < 3)))
    assert said.figures["gone_treated"] == 0 and said.figures["come_treated"] == 1


def test_a_difference_is_that_of_a_regression_with_its_jackknife() -> None:
    rng = np.random.default_rng(1)
    values, side, cluster = rng.random(30), np.arange(30) % 2 == 0, np.arange(30) // 3
    b, p = difference(values, side, cluster)
    assert b == pytest.approx(values[side].mean() - values[~side].mean())
    each = []
    for g in range(10):
        kept = cluster != g
        each.append(values[kept & side].mean() - values[kept & ~side].mean())
    se = np.sqrt(0.9 * ((np.array(each) - b) ** 2).sum())
    from scipy.stats import t

    assert p == pytest.approx(2 * t.sf(abs(b) / se, 9))
    assert difference(values, side, np.where(side, 0, 1))[1] is None


def test_where_everybody_starts_early_stands_against_late() -> None:
    panel = one_date().starting(np.arange(40) % 3 + 6)
    side, first, second = sides(panel)
    assert (first, second) == ("earlier starters", "later starters")
    assert side.sum() == (panel.start <= 7).sum()


def test_sharing_a_team_dilutes_and_is_said_with_how_neighbours_moved() -> None:
    panel = teams(clusters=20, size=6, periods=20)
    beside = (np.arange(panel.n) % 3 == 0) & (panel.cluster % 2 == 0)
    mixed = panel.starting(np.where((panel.cluster % 2 == 0) & ~beside, 8, 20))
    learnt = np.where(beside[:, None] & (np.arange(20) >= 8), 2.0, 1.0)
    said = spillover(replace(mixed, outcome=mixed.outcome * learnt), STUDY, did)
    assert said.status == "warn" and "dilutes" in said.detail
    assert said.figures["near"] == beside.sum()
    assert said.figures["near_against_far"] == pytest.approx(np.log(2), abs=0.25)
    assert said.figures["p"] < 0.05


def test_whole_teams_and_lone_developers_do_not_dilute() -> None:
    assert spillover(teams(), STUDY, did).status == "ok"
    assert spillover(one_date(), STUDY, did).status == "not_run"


def test_a_trait_can_name_the_teams() -> None:
    panel = replace(one_date(), traits={"team": np.array([f"t{i // 4}" for i in range(40)])})
    said = spillover(panel, STUDY, did)
    assert said.status == "warn" and said.figures["far"] == 0


def dated(panel: Panel, first: str, days: int = 7) -> Panel:
    begin = dt.date.fromisoformat(first)
    labels = [(begin + dt.timedelta(days * t)).isoformat() for t in range(panel.length)]
    return replace(panel, periods=tuple(labels))


def test_without_controls_the_season_is_part_of_the_difference() -> None:
    panel = dated(one_date(units=10, periods=24, start=12), "2025-09-01")
    everyone = panel.starting(np.full(10, 12))
    said = seasonality(everyone, "once", None)
    assert said.status == "warn" and said.figures["uncovered_share"] > 0.8
    assert said.figures["holidays_after"] == 3  # weeks 51, 52 and 1
    assert seasonality(panel, "rct", "log").status == "ok"


def test_a_whole_year_before_covers_the_season_but_proves_nothing() -> None:
    panel = dated(one_date(units=10, periods=60, start=53), "2024-09-02")
    said = seasonality(panel.starting(np.full(10, 53)), "once", None)
    assert said.status == "ok" and said.figures["uncovered_share"] == 0
    assert "one season only" in said.detail


def test_levels_of_unequal_sides_take_the_season_in() -> None:
    panel = dated(one_date(units=20, periods=24, start=12), "2025-09-01")
    unequal = replace(panel, outcome=panel.outcome * np.where(panel.never, 3.0, 1.0)[:, None])
    assert seasonality(unequal, "volunteers", "level").status == "warn"
    assert seasonality(unequal, "volunteers", "log").status == "ok"


def test_months_weeks_and_numbers() -> None:
    panel = one_date(units=4, periods=3, start=1)
    months = calendar_weeks(replace(panel, periods=("2025-11", "2025-12", "2026-01")))
    assert months is not None and 52 in months[1] and 1 in months[2]
    weeks = calendar_weeks(replace(panel, periods=("2025-W51", "2025-W52", "2026-W01")))
    assert weeks == [[51], [52], [1]]
    assert calendar_weeks(panel) is None
    assert seasonality(panel, "once", None).status == "not_run"


def test_gaps_that_grow_on_one_side_are_warned_of() -> None:
    panel = one_date(units=40)
    holes = panel.treated & (~panel.never)[:, None] & (np.arange(16) % 3 == 1)
    said = missing_cells(hidden(panel, holes & (np.arange(16) < 15)))
    assert said.status == "warn" and said.figures["treated_before"] == 0
    assert said.figures["treated_after"] == pytest.approx(2 / 8)
    assert missing_cells(panel).status == "ok"


def test_leaving_is_not_a_gap() -> None:
    said = missing_cells(hidden(one_date(), np.tile(np.arange(16) >= 13, (40, 1))))
    assert said.figures["gaps"] == 0 and said.figures["missing"] == pytest.approx(3 / 16)


def test_units_at_zero_are_counted() -> None:
    panel = one_date(units=40)
    outcome = panel.outcome.copy()
    outcome[:6] = 0
    outcome[6, :8] = 0  # treated, nothing before its start
    said = zero_units(replace(panel, outcome=outcome), STUDY)
    assert said.status == "warn"
    assert (said.figures["always_zero"], said.figures["zero_before"]) == (6, 1)
    assert zero_units(panel, STUDY).status == "ok"
    assert zero_units(panel, Study(kind="share")).status == "not_run"


def test_few_clusters_can_never_give_a_small_p() -> None:
    said = few_clusters(teams(clusters=4), STUDY)
    assert said.status == "warn"
    assert said.figures["smallest_p"] == pytest.approx(1 / 6)
    assert few_clusters(teams(clusters=20), STUDY).status == "ok"


def test_one_period_after_is_novelty() -> None:
    panel = one_date(periods=16, start=8)
    assert one_period_after(panel.window(0, 9)).status == "warn"
    assert one_period_after(panel.window(0, 10)).figures["median"] == 2
    assert one_period_after(panel).status == "ok"


def test_without_a_headline_the_rest_is_still_checked() -> None:
    everyone = one_date().starting(np.full(40, 8))
    said = without_headline(everyone, STUDY, "once")
    assert [each.name for each in said] == [
        "attrition",
        "seasonality",
        "missing_cells",
        "zero_units",
        "few_clusters",
        "one_period_after",
    ]
