"""Shapes of charts: each draws what it is given, in the style sheet's colours, into a picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import steelyard.web
from steelyard.reports import charts
from steelyard.reports.draw import draw, standalone
from steelyard.reports.look import ON_PAPER

CSS = Path(steelyard.web.__file__).parent / "static" / "steelyard.css"
WEEKS = [f"W{n}" for n in range(1, 7)]
ROWS: dict[str, list[dict[str, Any]]] = {
    "counterfactual": [
        {
            "period": week,
            "observed": 10.0 + n,
            "expected": 10.0,
            "low": None if n < 3 else 9.0,
            "high": None if n < 3 else 11.0,
            "begins": n == 3,
        }
        for n, week in enumerate(WEEKS)
    ],
    "event_study": [
        {"time": t, "estimate": 2.0 * t, "low": 2.0 * t - 3, "high": 2.0 * t + 3}
        for t in range(-3, 3)
    ],
    "power_curve": [
        {"people": people, "weeks": weeks, "mde": 400 / people}
        for weeks in ("4 weeks", "12 weeks")
        for people in (10, 50, 200)
    ],
    "love_plot": [
        {"name": "velocity", "side": side, "smd": smd}
        for side, smd in (("Before matching", 0.8), ("After matching", 0.02))
    ],
    "forest": [
        {"label": "A", "role": "headline", "estimate": 8, "low": 1, "high": 15, "weight": 0.5},
        {"label": "B", "role": "beside", "estimate": 6, "low": -3, "high": 15, "weight": 0.5},
    ],
    "tornado": [
        {"label": "effect", "low": -50, "high": 300, "middle": 100},
        {"label": "rate", "low": 60, "high": 140, "middle": 100},
    ],
}
MARKS = {  # of a kind, drawn from the rows above
    "counterfactual": ("mark-line role-mark", 2),
    "event_study": ("mark-rule role-mark", 3),
    "power_curve": ("mark-symbol role-mark", 1),
    "love_plot": ("mark-symbol role-mark", 1),
    "forest": ("mark-symbol role-mark", 1),
    "tornado": ("mark-rect role-mark", 2),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_chart_becomes_a_picture_with_its_title(name: str) -> None:
    svg = draw(getattr(charts, name)(), ROWS[name], "What is seen", "what is drawn").decode()
    assert "What is seen" in svg and "what is drawn" in svg
    mark, at_least = MARKS[name]
    assert svg.count(mark) >= at_least
    assert "NaN" not in svg and "undefined" not in svg and "var(--" not in svg


def test_png_is_one() -> None:
    assert draw(charts.forest(), ROWS["forest"], "t", kind="png").startswith(b"\x89PNG")


def test_every_entry_of_a_forest_has_its_name_and_colour() -> None:
    svg = draw(charts.forest(), ROWS["forest"], "t").decode()
    assert {">A<", ">B<"} <= set(re.findall(r">[AB]<", svg))
    assert ON_PAPER["--c1"] in svg


def test_a_forest_grows_with_its_entries() -> None:
    def height(many: int) -> float:
        rows = [{**ROWS["forest"][0], "label": f"study {n}"} for n in range(many)]
        found = re.search(r'height="([\d.]+)"', draw(charts.forest(), rows, "t").decode())
        assert found is not None
        return float(found[1])

    assert height(8) - height(4) == pytest.approx(4 * charts.ROW_HEIGHT)


def test_nothing_is_fetched_and_nothing_is_shared() -> None:
    spec = charts.tornado()
    assert "http" not in json.dumps(spec)
    whole = standalone(spec, ROWS["tornado"], "t")
    whole["config"]["background"] = "black"
    assert charts.tornado()["config"]["background"] == "transparent"


def test_colours_on_paper_are_those_of_the_light_theme() -> None:
    light = dict(re.findall(r"(--[\w-]+): light-dark\((#\w+),", CSS.read_text()))
    assert {name: light[name] for name in ON_PAPER} == ON_PAPER


def test_a_gap_stays_a_gap() -> None:
    """A band that begins with treatment does not reach back."""
    svg = draw(charts.counterfactual(), ROWS["counterfactual"], "t").decode()
    band = re.search(r'mark-area[^>]*>.*?d="([^"]*)"', svg, re.S)
    assert band is not None and len(re.findall(r"[ML]", band[1])) == 6


def test_periods_keep_their_order_without_a_band() -> None:
    svg = draw(charts.counterfactual(False), ROWS["counterfactual"], "t").decode()
    assert re.findall(r">(W\d)<", svg) == WEEKS
