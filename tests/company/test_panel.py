"""The company's metrics by person and week, worked out on the script as well."""

from __future__ import annotations

import datetime as dt

import pytest

from steelyard.app.house import House
from steelyard.metrics.panel import PanelQuestion, unit_weeks
from tests.company.script import END, START
from tests.company.served import AFTER, Served
from tests.company.truth import Truth


@pytest.mark.parametrize("metric", ["prs_merged", "commits", "reviews", "issues_resolved"])
def test_each_cell_is_the_scripts(asked: House, systems: Served, truth: Truth, metric: str) -> None:
    made = {
        "prs_merged": truth.pulls,
        "commits": truth.commits,
        "reviews": truth.reviews,
        "issues_resolved": lambda: truth.issues("resolved"),
    }[metric]()
    panel = unit_weeks(asked.warehouse, PanelQuestion(metric), AFTER)
    assert panel.weeks[0] >= START
    assert panel.weeks[-1] <= END - dt.timedelta(days=6)
    assert len(panel.weeks) >= 24
    made["week"] = [day - dt.timedelta(days=day.weekday()) for day in made.day]
    counted = made.groupby(["person", "week"]).size().to_dict()
    people = truth.company.people
    assert {member.name for member in panel.members} <= set(people)
    for member, row in zip(panel.members, panel.values, strict=True):
        for week, value in zip(panel.weeks, row, strict=True):
            friday = week + dt.timedelta(days=4)
            human = people[member.name]
            if human.works(week) and human.works(friday):
                assert value == counted.get((member.name, week), 0), (member.name, week)
            else:
                assert value is None, (member.name, week)
