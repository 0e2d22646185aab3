"""Synthetic difference-in-differences: the paper's own numbers, and a second way to the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.impact.panels import one_date, teams

from steelyard.impact.panel import Floats, Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study
from steelyard.impact.synthetic import did, weights

AMOUNT = Study(kind="amount")
# Arkhangelsky et al. 2021, table 1 and the package synthdid: California's Proposition 99, packs a
# head; -15.6, by synthdid -15.60383. Their standard error (8.4) is of random placebos.
CALIFORNIA = -15.60383


def few(treated: int = 2, seed: int = 3) -> Panel:
    """A panel of 20 units of which the first start at period 12 of 18."""
    panel = one_date(units=20, periods=18, start=12, seed=seed)
    return panel.starting(np.where(np.arange(20) < treated, 12, 18))


def said(panel: Panel, study: Study = AMOUNT) -> Estimate:
    found = did(panel, study)
    assert isinstance(found, Estimate)
    return found


def test_california_as_published(shared: Path) -> None:
    import pandas as pd

    file = shared / "datasets" / "prop99.csv"
    if not file.is_file():
        pytest.skip(f"no {file.name}: the panel is not part of a user's clone")
    told = pd.read_csv(file, sep=None, engine="python")
    table = told.pivot(index="State", columns="Year", values="PacksPerCapita")
    start = np.where(table.index == "California", 19, 31)
    names = tuple(map(str, table.index))
    years = tuple(map(str, table.columns))
    rows = np.arange(len(table))
    panel = Panel(table.to_numpy(float), start, rows, np.arange(31), names, years, names)
    found = said(panel)
    assert found.estimate == pytest.approx(CALIFORNIA, abs=1e-4)
    assert found.se == pytest.approx(9.37, abs=0.1)
    assert [row["unit"] for row in weights(panel, AMOUNT)[:3]] == [
        "Nevada",
        "New Hampshire",
        "Connecticut",
    ]


def by_hand(outcome: Floats, treated: int, start: int) -> float:
    """The paper's equations 4 to 6, minimised by a general solver. Treated rows come last."""
    from scipy.optimize import minimize

    own, theirs = outcome[-treated:].mean(axis=0), outcome[:-treated]
    noise = np.diff(theirs[:, :start], axis=1).std(ddof=1)
    after = outcome.shape[1] - start

    def solve(known: Floats, wanted: Floats, zeta: float) -> Floats:
        a, b = known - known.mean(axis=0), wanted - wanted.mean()
        k = known.shape[1]
        penalty = zeta**2 * len(wanted)
        found = minimize(
            lambda w: ((a @ w - b) ** 2).sum() + penalty * (w**2).sum(),
            np.full(k, 1 / k),
            jac=lambda w: 2 * a.T @ (a @ w - b) + 2 * penalty * w,
            bounds=[(0, 1)] * k,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        return np.asarray(found.x)

    unit = solve(theirs[:, :start].T, own[:start], (treated * after) ** 0.25 * noise)
    time = solve(theirs[:, :start], theirs[:, start:].mean(axis=1), 1e-6 * noise)
    gap = own - unit @ theirs
    return float(gap[start:].mean() - time @ gap[:start])


@pytest.mark.parametrize("treated", [1, 3])
def test_weights_and_regularisation_are_those_of_the_paper(treated: int) -> None:
    panel = few(treated)
    order = np.argsort(panel.start < 18, kind="stable")
    wanted = by_hand(panel.outcome[order], treated, 12)
    assert said(panel).estimate == pytest.approx(wanted, abs=0.02)


def test_a_known_effect_is_found_and_set_against_what_would_have_been() -> None:
    panel = few(1)
    after = panel.treated
    less, more = said(panel), said(replace(panel, outcome=panel.outcome + 2.0 * after))
    assert less.estimate is not None and more.estimate is not None
    assert more.estimate - less.estimate == pytest.approx(2.0)
    assert more.effect_pct is not None
    without = panel.outcome[after].mean() - less.estimate
    assert more.effect_pct == pytest.approx(100 * more.estimate / without)


def test_the_error_of_one_treated_unit_is_that_of_all_placebos() -> None:
    panel = few(1, seed=4)
    found = said(panel)
    assert found.inference == "19 placebos among all controls, t(18)"
    assert found.se is not None
    each = [said(panel.pick(panel.never).starting(_only(i))).estimate for i in range(19)]
    assert found.se == pytest.approx(np.std(np.array(each, dtype=float)), rel=0.02)


def _only(unit: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.where(np.arange(19) == unit, 12, 18)


def test_order_and_names_do_not_matter_and_units_of_outcome_scale() -> None:
    panel = few()
    turned = replace(panel.pick(np.arange(20)[::-1]), units=tuple(map(str, range(20))))
    first, again = said(panel), said(turned)
    assert (first.estimate, first.se) == pytest.approx((again.estimate, again.se), rel=1e-6)
    scaled = said(replace(panel, outcome=7 * panel.outcome))
    assert scaled.estimate == pytest.approx(7 * first.estimate, rel=1e-4)  # type: ignore[operator]
    assert scaled.p == pytest.approx(first.p, rel=1e-3)


def test_weights_are_shares_of_controls() -> None:
    panel = few()
    rows = weights(panel, AMOUNT, most=20)
    assert sum(row["weight"] for row in rows) == pytest.approx(1)
    assert not {row["unit"] for row in rows} & {"dev0", "dev1"}


def test_teams_are_the_units_where_teams_were_given_it() -> None:
    panel = teams(clusters=10, size=4)
    panel = panel.starting(np.where(panel.cluster == 0, 8, 20))
    means = np.array([panel.outcome[panel.cluster == g].mean(axis=0) for g in range(10)])
    rows = np.arange(10)
    names = panel.clusters
    start = np.where(rows == 0, 8, 20)
    alone = Panel(means, start, rows, panel.steps, names, panel.periods, names)
    assert said(panel).estimate == pytest.approx(said(alone).estimate)
    assert "9 placebos" in said(panel).inference


def test_many_controls_are_cut_to_the_nearest_and_it_is_said() -> None:
    panel = one_date(units=90, periods=12, start=8)
    found = said(panel.starting(np.where(np.arange(90) < 2, 8, 12)))
    assert "the 60 controls nearest before the start, of 88" in found.inference


def test_durations_come_as_logarithms_and_leave_as_ratios() -> None:
    panel = few()
    found = said(panel, Study(kind="duration"))
    assert found.scale == "log"
    assert found.estimate == pytest.approx(said(panel).estimate)


@pytest.mark.parametrize("code", ["not_one_date", "missing_cells", "no_baseline", "mixed_clusters"])
def test_what_cannot_be_said(code: str) -> None:
    panel = few()
    cases = {
        "not_one_date": panel.starting(np.where(np.arange(20) < 2, np.arange(20) + 9, 18)),
        "missing_cells": replace(
            panel, outcome=np.where(np.eye(20, 18, dtype=bool), np.nan, panel.outcome)
        ),
        "no_baseline": panel.window(10, 18),
        "mixed_clusters": replace(
            panel, cluster=np.arange(20) // 4, clustered=True, clusters=tuple("abcde")
        ).starting(np.where(np.arange(20) < 2, 12, 18)),
    }
    found = did(cases[code], AMOUNT)
    assert isinstance(found, CannotSay) and found.code == code


def test_whoever_counts_more_is_judged_in_proportion() -> None:
    """Whoever counts four times as much varies more than the controls that stand in for him."""
    panel = few(1)
    outcome = np.where(panel.never[:, None], panel.outcome, 4 * panel.outcome)
    able = replace(panel, outcome=outcome)
    as_counts, as_amounts = said(able, Study()), said(able)
    plain = said(replace(able, outcome=outcome - 1e-9 - outcome.min() - 1))
    assert as_counts.estimate == pytest.approx(plain.estimate, abs=1e-6)
    assert as_counts.se == as_amounts.se
    assert as_counts.se is not None and plain.se is not None
    assert as_counts.se > 2 * plain.se
    assert "in proportion" in as_amounts.inference and "in proportion" not in plain.inference
    alike = panel.starting(np.where(np.argsort(np.argsort(panel.outcome.sum(1))) == 10, 12, 18))
    assert "in proportion" not in said(alike).inference
    assert "in proportion" in said(alike, Study()).inference
