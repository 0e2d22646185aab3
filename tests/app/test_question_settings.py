"""Named questions look at what the settings say of plans and of bugs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from steelyard.app.house import House
from steelyard.config import load_settings
from steelyard.errors import BadFile
from steelyard.metrics.questions import Terms

MARCH = Terms(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
ISSUES = (
    "key,project,type,created_at,resolved_at\n"
    "PAY-1,PAY,Defect,2026-03-02T08:00:00Z,2026-03-02T12:00:00Z\n"
    "PAY-2,PAY,Chore,2026-03-02T08:00:00Z,2026-03-04T08:00:00Z\n"
)


def test_types_of_bugs_are_a_setting(tmp_path: Path) -> None:
    (tmp_path / "issues.csv").write_text(ISSUES)
    with House(load_settings(tmp_path / "data")) as house:
        assert house.import_csv("issues", tmp_path / "issues.csv", "csv").records == 2
        usual = house.answer_question("bugs", MARCH).sentence
    with House(load_settings(tmp_path / "data", bug_types="chore")) as house:
        chores = house.answer_question("bugs", MARCH).sentence
    assert "within 4.0 h" in usual
    assert "2.0 days" in chores


def test_a_file_of_plans_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text("plan,price\nseat,20\n")
    settings = load_settings(tmp_path / "data", plans=tmp_path / "plans.csv")
    with House(settings) as house, pytest.raises(BadFile, match=r"plans\.csv"):
        house.answer_question("pricing", Terms())
