"""Pictures of an analysis: which there are, and that their titles say what the rows hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from steelyard.impact.assumptions import Assumptions, effect_from_pct, point, read_share
from steelyard.impact.balance import Balance
from steelyard.impact.pool import Pooled, Result, pool
from steelyard.impact.result import Analysis, Estimate, Verdict, level_estimate, log_estimate
from steelyard.impact.roi import roi
from steelyard.reports import impact
from steelyard.reports.picture import Picture


def estimate(name: str, b: float, se: float = 0.1) -> Estimate:
    return log_estimate(name, b, se, (b - 2 * se, b + 2 * se), 0.3, "t(30)")


COURSE = [
    {"period": f"W{n}", "observed": 10.0 + (n > 2), "would_be": 10.0, "treated": max(0, n - 2)}
    | ({"low": 9.5, "high": 10.5} if n > 2 else {"low": None, "high": None})
    for n in range(6)
]
EVENTS = [
    {"time": t, "estimate": 3.0 * t, "low": 3.0 * t - 4, "high": 3.0 * t + 4} for t in range(-3, 3)
]
ANALYSIS = Analysis(
    design="rct",
    estimand="",
    n={},
    headline=estimate("poisson_did", 0.08),
    beside=[estimate("ancova", 0.05)],
    diagnostics=[estimate("twfe", -0.02), estimate("callaway_santanna[+1]", 0.1)],
    verdict=Verdict("no_detectable_effect", "", ""),
    power={},
    checks=(),
    warnings=(),
    pictures={"counterfactual": COURSE, "event_study": EVENTS},
)


def drawn(picture: Picture | None) -> str:
    assert picture is not None
    svg = picture.draw().decode()
    for column in picture.columns:
        assert any(column.key in row for row in picture.rows), column.key
    return svg


def test_an_analysis_has_the_pictures_it_has_rows_for() -> None:
    names = [each.name for each in impact.pictures(ANALYSIS)]
    assert names == ["estimates", "counterfactual", "event-study"]
    bare = replace(ANALYSIS, headline=None, beside=(), diagnostics=(), pictures={})
    assert impact.pictures(bare) == ()


def test_estimates_name_their_methods_and_leave_single_event_times_out() -> None:
    found = impact.estimates(ANALYSIS)
    svg = drawn(found)
    assert found is not None
    assert [row["role"] for row in found.rows] == ["headline", "beside", "diagnostic"]
    assert "Poisson difference-in-differences" in svg
    assert found.title == "Both estimators that fit this design point up"


def test_one_estimator_twice_is_two_entries() -> None:
    again = replace(estimate("poisson_did", 0.08), inference="permutation, 9,999 draws")
    found = impact.estimates(replace(ANALYSIS, diagnostics=[again]))
    assert found is not None
    assert found.rows[-1]["label"] == "Poisson difference-in-differences (permutation)"


@pytest.mark.parametrize(
    ("second", "title"),
    [(-0.05, "disagree on the direction"), (0.02, "point up")],
)
def test_disagreement_is_the_title(second: float, title: str) -> None:
    found = impact.estimates(replace(ANALYSIS, beside=[estimate("ancova", second)]))
    assert found is not None and title in found.title


def test_estimates_without_percent_are_drawn_in_their_units() -> None:
    level = level_estimate("ancova", 0.4, 0.1, (0.2, 0.6), 0.01, "HC2", None)
    found = impact.estimates(replace(ANALYSIS, headline=level, beside=(), diagnostics=()))
    assert found is not None and found.rows[0]["estimate"] == 0.4
    assert "%" not in drawn(replace_measure(found))


def replace_measure(picture: Picture) -> Picture:
    return replace(picture, measure="", title="")


def test_course_counts_the_periods_outside_the_band() -> None:
    found = impact.course(COURSE)
    assert (
        found is not None and found.title == "After the start, 3 of 3 periods lie outside the band"
    )
    assert [row["begins"] for row in found.rows] == [False] * 3 + [True] * 3  # three waves
    drawn(found)


def test_event_study_never_says_that_a_test_passed() -> None:
    found = impact.events(ANALYSIS)
    assert found is not None
    assert found.title == "Before the start, 2 of 3 periods differ from zero"
    assert "not proof" in found.measure
    drawn(found)


def test_series_of_everybody_is_called_a_change_and_not_a_cause() -> None:
    rows: list[dict[str, Any]] = [
        {"period": f"W{n}", "observed": 5.0, "fitted": 5.0, "continued": None if n < 3 else 4.5}
        for n in range(6)
    ]
    found = impact.series(rows)
    assert found is not None and "not what changed it" in found.title
    assert [row["begins"] for row in found.rows] == [False] * 3 + [True] + [False] * 2
    drawn(found)


def test_power_says_what_the_largest_study_would_see() -> None:
    rows = [
        {"n_treated": n, "n_control": n, "weeks_after": w, "mde_pct": 300 / n / w, "power": 0.1}
        for w in (4, 12)
        for n in (10, 25)
    ] + [{"n_treated": 9, "n_control": 9, "weeks_after": 4, "mde_pct": None, "power": None}]
    found = impact.power(rows)
    assert found is not None and found.title == "25 a side for 12 weeks would see +1.0 % or more"
    assert len(found.rows) == 4
    drawn(found)


def test_love_plot_names_the_largest_difference_left() -> None:
    rows = [
        Balance(n, 1, 1, a, b, 1, 1, 1, 1).to_json()
        for n, a, b in (("pace", 0.8, 0.1), ("age", 1, -0.3))
    ]
    found = impact.love(rows)
    assert found is not None
    assert found.title == "Largest difference after matching: 0.30 standard deviations (age)"
    drawn(found)
    assert impact.love([]) is None


def test_tornado_and_pool() -> None:
    given = Assumptions(
        people=point(10),
        weeks=point(10),
        hours=point(30),
        rate=point(90),
        realisation=read_share("0.3..0.7"),
        spend=point(5_000),
    )
    found = impact.tornado(roi(given, effect_from_pct(8, (2, 14))))
    assert found is not None and found.title == "What matters most is the effect"
    drawn(found)
    studies = pool([Result("a", 0.1, 0.1), Result("b", 0.3, 0.1), Result("c", 0.2, 0.1)])
    assert isinstance(studies, Pooled)
    picture = impact.pooled(studies)
    assert [row["label"] for row in picture.rows] == ["a", "b", "c", "All together", "A next study"]
    drawn(picture)
