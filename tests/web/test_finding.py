"""The sentence holds whatever the answers are."""

from __future__ import annotations

import pytest
from tests.web.world import TODAY

from steelyard.web import period
from steelyard.web.answers import Line
from steelyard.web.finding import chart_title, spend_finding
from steelyard.web.view import View

VIEW = View(period.named("28d", TODAY))


def totals(spend: float | None, before: float | None = None, tokens: float = 9e6) -> Line:
    return Line({}, {"spend_usd": spend, "tokens": tokens}, {"spend_usd": before})


def said(line: Line, by_model: dict[str, float | None], view: View = VIEW) -> str:
    return spend_finding(view, line, by_model).text


def test_two_models_and_a_rise() -> None:
    assert said(totals(131.0, 100.0), {"opus": 100.0, "haiku": 31.0}) == (
        "In the last 28 days, coding assistants used $131.00 at list price, 31% more than in the"
        " 28 days before; 76.3% of it on opus."
    )


def test_a_fall_and_one_model() -> None:
    text = said(totals(50.0, 100.0), {"opus": 50.0})
    assert "50% less than" in text
    assert text.endswith("all of it on opus.")


@pytest.mark.parametrize(
    ("before", "part"),
    [
        (None, "nothing to compare with"),
        (0.0, "nothing to compare with"),
        (50.1, "the same as in"),
        (2.0, "25 times as much as in"),
    ],
)
def test_what_it_is_compared_with(before: float | None, part: str) -> None:
    assert part in said(totals(50.0, before), {"opus": 50.0})


def test_without_comparison_nothing_is_said_of_before() -> None:
    assert "before" not in said(totals(50.0, 10.0), {}, View(VIEW.period, compare=False))


def test_an_unknown_price_makes_it_a_floor() -> None:
    assert "at least $50.00" in said(totals(50.0), {"opus": 50.0, "ours": None})


def test_only_unknown_prices_is_unknown_not_zero() -> None:
    text = said(totals(None), {"ours": None})
    assert "9.0M tokens" in text
    assert "unknown" in text
    assert "$0" not in text


def test_no_use_at_all() -> None:
    assert said(totals(None, tokens=0), {}) == (
        "In the last 28 days, no use of coding assistants is recorded."
    )


def test_filters_are_named() -> None:
    view = VIEW.with_filter("team", "payments")
    assert "coding assistants (payments)" in said(totals(50.0), {"opus": 50.0}, view)
    one_model = said(totals(50.0), {"opus": 50.0}, VIEW.with_filter("model", "opus"))
    assert "all of it" not in one_model


def test_chart_titles_state_what_is_seen() -> None:
    assert chart_title({"a": 6.0, "b": 4.0}) == "a makes up 60.0% of spend"
    assert chart_title({"a": 4.0, "b": 3.0, "c": 3.0}) == "a leads with 40.0% of spend"
    assert chart_title({"a": 4.0, "b": None}) == "All known spend is on a"
    assert chart_title({"a": 4.0}) == "All spend is on a"
    assert chart_title({"a": None}) == "Spend by model"
