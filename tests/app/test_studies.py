"""A plan and what came of it: what is due, what is said, and what is remembered."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard.app.studies import Studies, save
from steelyard.app.studying import due
from steelyard.errors import UnknownName, UsageError
from steelyard.impact.panel import Panel
from steelyard.impact.plan import Measure, Plan, Wave
from steelyard.metrics.panel import PanelQuestion, UnitWeeks
from steelyard.state.database import State, open_state

from .piloted import AFTER, PILOT, START, TEAMS, Piloted

EARLY = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
PLAN = Plan(
    "pilot",
    Measure("prs_merged"),
    assigned_by="team",
    starts=START,
    treated=PILOT,
    rule="drawn by lot",
    guardrails=(Measure("reviews"), Measure("pr_cycle_hours_p50", "duration")),
    weeks_after=14,
)


@pytest.fixture(scope="module")
def raised() -> Piloted:
    return Piloted(effect=0.5)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path / "state.db")
    yield opened
    opened.close()


def studies(figures: object, state: State, now: dt.datetime = AFTER, *plans: Plan) -> Studies:
    """With plans that were saved early in time."""
    early = Studies(figures, lambda: state, lambda: EARLY)  # type: ignore[arg-type]
    for plan in plans or (PLAN,):
        save(early.saved, plan, "ada")
    return Studies(figures, lambda: state, lambda: now)  # type: ignore[arg-type]


def test_a_finished_study_says_its_known_effect(raised: Piloted, state: State) -> None:
    found = studies(raised, state).analysis("pilot")
    assert (found.stage, found.registered, found.error) == ("complete", True, "")
    assert found.analysis is not None
    assert found.analysis.verdict.code == "effect"
    assert found.analysis.design == "rct"
    assert found.analysis.n == {"units": 96, "clusters": 12, "periods": 26, "treated": 48}
    headline = found.analysis.headline
    assert headline is not None
    low, high = headline.ci_pct
    assert low is not None
    assert high is not None
    assert low < 50 < high
    assert "merged pull requests" in found.analysis.verdict.sentence
    assert found.power is not None
    assert found.power.asked.assigned_by == "cluster"
    assert found.power.asked.weeks_before + found.power.asked.weeks_after == 16
    assert "shorter_power" in [note.code for note in found.warnings]
    assert found.redo


def test_guardrails_stand_beside_with_holm(raised: Piloted, state: State) -> None:
    found = {each.metric: each for each in studies(raised, state).analysis("pilot").guardrails}
    assert set(found) == {"reviews", "pr_cycle_hours_p50"}
    for each in found.values():
        assert each.estimate is not None
        assert each.p_holm is not None
        assert each.estimate.p is not None
        assert each.p_holm >= each.estimate.p
    assert found["pr_cycle_hours_p50"].estimate.scale == "log"  # type: ignore[union-attr]
    assert found["pr_cycle_hours_p50"].direction == "down"


def test_a_guardrail_without_data_says_why(raised: Piloted, state: State) -> None:
    plan = replace(PLAN, guardrails=(Measure("commits"), Measure("reviews")))
    found = {e.metric: e for e in studies(raised, state, AFTER, plan).analysis("pilot").guardrails}
    assert found["commits"].estimate is None
    assert "Nothing is recorded" in found["commits"].why
    assert found["reviews"].estimate is not None


def test_json_holds_the_analysis_and_the_plan(raised: Piloted, state: State) -> None:
    said = studies(raised, state).analysis("pilot").to_json()
    assert json.loads(json.dumps(said)) == said
    assert said["plan"]["digest"] == PLAN.digest()
    assert said["plan"]["registered_before_start"] is True
    assert said["verdict"]["code"] == "effect"
    assert [each["metric"] for each in said["guardrails"]] == ["pr_cycle_hours_p50", "reviews"]


def test_nothing_is_read_before_it_is_due(raised: Piloted, state: State) -> None:
    before = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
    found = studies(raised, state, before).analysis("pilot")
    assert (found.stage, found.analysis) == ("collecting", None)
    assert found.error == "Not read before 2026-08-03, as planned."
    said = found.to_json()
    assert said["verdict"]["code"] == "refused"
    assert "2026-08-03" in said["verdict"]["sentence"]
    assert said["headline"] is None


def test_looks_decide_which_data_are_read() -> None:
    looks = (START + dt.timedelta(weeks=6), START + dt.timedelta(weeks=14))
    plan = replace(PLAN, looks=looks, look_rule="planned")
    assert due(plan, START - dt.timedelta(days=1)).stage == "not_started"
    assert due(plan, START + dt.timedelta(weeks=5)).until is None
    middle = due(plan, START + dt.timedelta(weeks=9))
    assert (middle.stage, middle.until, middle.look) == ("collecting", looks[0], 1)
    last = due(plan, looks[1] + dt.timedelta(weeks=9))
    assert (last.stage, last.until, last.look) == ("complete", plan.answerable, 2)
    assert due(replace(PLAN, starts=None), START).stage == "not_started"
    always = replace(PLAN, look_rule="always_valid")
    assert due(always, START + dt.timedelta(days=8)).until is None
    assert due(always, START + dt.timedelta(days=30)).until == START + dt.timedelta(days=30)


def test_a_plan_that_was_saved_late_is_not_registered(raised: Piloted, state: State) -> None:
    late = Studies(raised, lambda: state, lambda: AFTER)
    save(late.saved, PLAN, "ada")
    assert late.analysis("pilot").registered is False


def test_another_metric_is_no_answer(raised: Piloted, state: State) -> None:
    found = studies(raised, state).analysis("pilot", "reviews")
    assert found.analysis is not None
    assert "not_primary" in [note.code for note in found.warnings]
    assert found.analysis.verdict.code == "no_detectable_effect"


def test_waves_start_on_their_own_dates(raised: Piloted, state: State) -> None:
    dates = [START + dt.timedelta(weeks=3 * (n % 3)) for n in range(6)]
    waves = tuple(Wave(day, team) for day, team in zip(dates, PILOT, strict=True))
    plan = replace(PLAN, design="waves", starts=None, treated=(), waves=waves, weeks_after=8)
    found = studies(raised, state, AFTER, plan).analysis("pilot")
    assert found.analysis is not None
    assert found.analysis.design == "waves"


def test_names_that_are_nobodys_are_said(raised: Piloted, state: State) -> None:
    found = studies(raised, state, AFTER, replace(PLAN, treated=(*PILOT, "no-team"))).analysis(
        "pilot"
    )
    assert any("no-team" in note.message for note in found.warnings)
    nobody = replace(PLAN, treated=("x", "y"), control=("z",))
    assert "Nobody whom the plan" in studies(raised, state, AFTER, nobody).analysis("pilot").error


def test_excluded_people_and_teams_take_no_part(raised: Piloted, state: State) -> None:
    plan = replace(PLAN, exclusions=(TEAMS[1], f"{TEAMS[0]}-0@acme.example"))
    found = studies(raised, state, AFTER, plan).analysis("pilot").analysis
    assert found is not None
    assert found.n["units"] == 96 - 8 - 1


def test_versions_say_what_they_changed(raised: Piloted, state: State) -> None:
    kept = studies(raised, state, AFTER, PLAN, replace(PLAN, weeks_after=10))
    save(kept.saved, replace(PLAN, weeks_after=10), "ada")  # says the same: no third
    versions = kept.versions("pilot")
    assert [each.number for each in versions] == [2, 1]
    assert versions[0].changes == ("weeks after: 14 → 10",)
    assert kept.plan("pilot").number == 2
    assert [each.plan.name for each in kept.plans()] == ["pilot"]
    with pytest.raises(UnknownName):
        kept.analysis("pilots")


class Counting:
    """Figures that know how often they were asked, and may fail."""

    def __init__(self, figures: Piloted, fails: bool = False) -> None:
        self.figures, self.fails = figures, fails
        self.asked, self.version = 0, 1

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks:
        self.asked += 1
        if self.fails:
            raise RuntimeError("the disk is gone")
        return self.figures.unit_weeks(question)

    def facts_version(self) -> int:
        return self.version


def test_an_analysis_is_remembered_while_facts_and_plan_stand_still(
    raised: Piloted, state: State
) -> None:
    figures = Counting(raised)
    kept = studies(figures, state)
    first, asked = kept.analysis("pilot"), figures.asked
    assert kept.analysis("pilot") is first
    assert figures.asked == asked
    figures.version += 1
    assert kept.analysis("pilot") is not first
    assert figures.asked == 2 * asked


def test_a_page_does_not_wait(raised: Piloted, state: State) -> None:
    kept = studies(raised, state)
    assert kept.look("pilot") is None
    found = _soon(kept, "pilot")
    assert found is not None
    assert found.analysis is not None


def test_what_was_said_stays_while_facts_come_in(raised: Piloted, state: State) -> None:
    kept = studies(Moving(raised), state)
    assert kept.look("pilot") is None
    found = _soon(kept, "pilot")
    assert found is not None  # the facts have another version at every question
    save(kept.saved, replace(PLAN, weeks_after=13), "ada")
    assert kept.look("pilot") is None  # another plan has another answer


class Moving:
    """Figures of a server that never rests: each time, the facts are another version."""

    def __init__(self, figures: Piloted) -> None:
        self.figures, self.version = figures, 0

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks:
        return self.figures.unit_weeks(question)

    def facts_version(self) -> int:
        self.version += 1
        return self.version


def test_power_comes_with_a_curve_of_more_and_fewer_people(raised: Piloted, state: State) -> None:
    power = studies(raised, state).analysis("pilot").power
    assert power is not None
    known = [row for row in power.curve if row["mde_pct"] is not None]
    assert {row["n_treated"] for row in known} >= {48, 96, 192}
    by_people = [row["mde_pct"] for row in known if row["weeks_after"] == known[0]["weeks_after"]]
    assert by_people[0] > by_people[-1]


def test_a_study_that_fails_says_so(raised: Piloted, state: State) -> None:
    kept = studies(Counting(raised, fails=True), state)
    assert kept.look("pilot") is None
    found = _soon(kept, "pilot")
    assert found is not None
    assert "the disk is gone" in found.error


def _soon(kept: Studies, name: str) -> object:
    for _ in range(600):
        found = kept.look(name)
        if found is not None:
            return found
        time.sleep(0.05)
    return None


def test_a_metric_of_everybody_is_a_baseline(raised: Piloted, state: State) -> None:
    panel, study = studies(raised, state).baseline("prs_merged", "person", "team")
    assert isinstance(panel, Panel)
    assert (panel.n, panel.groups, bool(panel.never.all())) == (96, 12, True)
    assert (study.unit, study.cluster, study.kind) == ("developer", "team", "count")
    assert set(panel.traits["tenure"]) == {"1–3 y"}
    with pytest.raises(UsageError, match="by person or team"):
        studies(raised, state).baseline("prs_merged", "squad")


def test_volunteers_are_matched(raised: Piloted, state: State) -> None:
    plan = replace(PLAN, design="volunteers", assigned_by="person", matched_on=("level",))
    own = tuple(f"{team}-{n}@acme.example" for team in TEAMS[:5] for n in range(8))
    plan = replace(plan, treated=own, guardrails=())
    found = studies(raised, state, AFTER, plan).analysis("pilot")
    assert found.analysis is not None
    assert found.analysis.design == "volunteers"
    assert found.matching is not None
    assert {row["cell"] for row in found.matching.pairs} == {"L0", "L1", "L2"}
