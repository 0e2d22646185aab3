"""Plans: one canonical text and hash, what they refuse, what they warn of, what a change says."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steelyard.errors import BadValue, UnknownName
from steelyard.impact.panel import Panel
from steelyard.impact.plan import Measure, Plan, Wave, read_plan
from steelyard.impact.planning import STACK, changes, check, guided
from steelyard.impact.power import Power, power
from steelyard.metrics.outcome import kind_of

START = dt.date(2027, 1, 11)
MANY = tuple(f"p{i:02}" for i in range(25))
OTHERS = tuple(f"q{i:02}" for i in range(25))


def pilot(**said: Any) -> Plan:
    fixed = {"starts": START, "treated": MANY, "control": OTHERS, "rule": "lots, seed 7"}
    fixed |= {"guardrails": (Measure("reverts"),)}
    return Plan(**{"name": "pilot", "primary": Measure("prs_merged"), **fixed, **said})


def codes(plan: Plan, **more: Any) -> set[str]:
    return {note.code for note in check(plan, **more)}


def test_the_hash_is_of_what_is_meant_not_of_the_order_it_was_said_in() -> None:
    one = pilot(treated=("b", "a", "a"), effect_pct=10, guardrails=STACK[2:4])
    other = pilot(treated=("a", "b"), effect_pct=10.0, guardrails=STACK[2:4][::-1])
    assert one == other and one.digest() == other.digest()
    assert one.digest() != replace(one, weeks_after=13).digest()
    assert len(one.digest()) == 64 and "\n" not in one.canonical()


def test_a_plan_comes_back_from_its_text() -> None:
    waves = (Wave(START + dt.timedelta(14), "search"), Wave(START, "payments"))
    for plan in (
        pilot(looks=(START + dt.timedelta(days=84),), look_rule="planned"),
        pilot(starts=None, waves=waves, treated=(), control=(), assigned_by="team"),
        guided("first", MANY, START),
        pilot(treatment="two days a week without meetings"),
    ):
        assert read_plan(json.loads(plan.canonical())) == plan


def test_the_text_of_a_small_plan_is_fixed() -> None:
    plan = Plan("pilot", Measure("prs_merged"), starts=START, treated=("b", "a"))
    assert plan.digest() == "cc715f96df5ca1198efac1e2f46ab5387be5c44c390d7acd9d5f4e63c66068a3"


@pytest.mark.parametrize(
    "said",
    [
        {"name": "My Pilot"},
        {"unit": "team", "assigned_by": "person"},
        {"treated": ("a",), "control": ("a",)},
        {"waves": (Wave(START, "a"),)},
        {"starts": None, "waves": (Wave(START, "a"), Wave(START + dt.timedelta(7), "a"))},
        {"starts": None, "waves": (Wave(START, "a"),), "treated": ("a", "b")},
        {"guardrails": (Measure("prs_merged"),)},
        {"weeks_after": 0},
        {"baseline_weeks": 0},
        {"effect_pct": -100},
    ],
)
def test_what_cannot_be_meant_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(BadValue):
        pilot(**({"treated": (), "control": ()} | said))


def test_one_primary_metric_and_no_more() -> None:
    for several in ("prs_merged,commits", ["prs_merged", "commits"]):
        with pytest.raises(BadValue, match="2 primary metrics"):
            read_plan({"name": "pilot", "primary": several})
    assert read_plan({"name": "pilot", "primary": "prs_merged"}).primary == Measure("prs_merged")


def test_unknown_words_suggest_known_ones() -> None:
    with pytest.raises(UnknownName) as unknown:
        read_plan({"name": "pilot", "primary": "prs_merged", "guardrail": []})
    assert "guardrails" in unknown.value.hint
    for said in ({"design": "rtc"}, {"look_rule": "weekly"}, {"assigned_by": "squad"}):
        with pytest.raises(UnknownName):
            pilot(**said)
    for bad in ({"starts": "soon"}, {"weeks_after": "twelve"}, {"primary": {"kind": "count"}}):
        with pytest.raises(BadValue):
            read_plan({"name": "pilot", "primary": "prs_merged", **bad})


def test_who_starts_when() -> None:
    by_team = pilot(
        assigned_by="team",
        starts=None,
        waves=(Wave(START + dt.timedelta(14), "search"), Wave(START, "payments")),
        treated=(),
        control=(),
        exclusions=("eve",),
    )
    assert by_team.treated == ("payments", "search")
    assert by_team.starts_on("ada", "payments") == START
    assert by_team.starts_on("bob", "billing") is None and by_team.takes_part("bob", "billing")
    assert not by_team.takes_part("eve", "payments")
    assert (by_team.first_start, by_team.last_start) == (START, START + dt.timedelta(14))
    assert by_team.answerable == START + dt.timedelta(14 + 84)
    named = pilot()
    assert named.starts_on("p00", "payments") == START and named.starts_on("q00") is None
    assert named.takes_part("q00") and not named.takes_part("stranger", "payments")


def test_a_plan_says_how_it_is_analysed() -> None:
    looks = tuple(START + dt.timedelta(days=days) for days in (28, 56, 84))
    study = pilot(assigned_by="team", looks=looks, look_rule="planned").study(look=2)
    assert (study.design, study.kind, study.cluster, study.looks) == (
        "rct",
        "count",
        "team",
        (3, 2),
    )
    assert pilot(looks=looks, look_rule="always_valid").study(look=2).looks is None


def test_a_careful_plan_has_no_notes() -> None:
    looks = (START + dt.timedelta(42), START + dt.timedelta(84))
    plan = pilot(looks=looks, look_rule="planned")
    assert check(plan, today=START - dt.timedelta(1)) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"treated": ()}, "nobody_named"),
        ({"treated": (), "control": ()}, "once"),
        ({"design": "waves"}, "one_wave"),
        ({"rule": ""}, "lots_not_said"),
        ({"design": "volunteers"}, "nothing_matched"),
        ({"starts": None}, "no_start"),
        ({"baseline_weeks": 4}, "short_baseline"),
        ({"weeks_after": 4}, "short_study"),
        ({"treated": MANY[:12]}, "few_people"),
        ({"assigned_by": "team", "treated": ("a", "b"), "control": ("c", "d")}, "few_teams"),
        ({"looks": (START + dt.timedelta(7), START + dt.timedelta(14))}, "looks_without_rule"),
        ({"looks": (START - dt.timedelta(7),)}, "look_outside"),
        ({"guardrails": ()}, "no_guardrails"),
    ],
)
def test_each_weakness_is_said(said: dict[str, Any], code: str) -> None:
    assert code in codes(pilot(**said))
    assert code not in codes(pilot())


def test_too_few_people_are_told_what_to_ask() -> None:
    note = next(n for n in check(pilot(treated=MANY[:12])) if n.code == "few_people")
    asked = "impact power --metric prs_merged --n-treated 12 --n-control 25"
    assert "12 treated people" in note.message and asked in note.message


def test_a_plan_saved_after_its_start_is_told_so() -> None:
    assert "registered_late" in codes(pilot(), today=START)
    assert "registered_late" not in codes(pilot(), today=START - dt.timedelta(days=1))


def test_power_on_the_own_baseline_goes_into_the_notes() -> None:
    rng = np.random.default_rng(1)
    outcome = rng.poisson(2.0, (60, 40)).astype(float)
    names = tuple(str(i) for i in range(60))
    never, own = np.full(60, 40), np.arange(60)
    panel = Panel(outcome, never, own, np.arange(40), names, tuple(map(str, range(40))), names)
    for effect, weak in ((5.0, True), (100.0, False)):
        found = power(panel, pilot().study(), 25, 25, effect_pct=effect)
        assert isinstance(found, Power)
        assert ("underpowered" in codes(pilot(), power=found)) == weak


def test_a_guided_plan_is_the_set_up_that_guides_describe() -> None:
    plan = guided("first", MANY, START, OTHERS)
    assert plan.design == "volunteers" and plan.matched_on and plan.assumptions
    assert plan.baseline_weeks >= 12 and plan.weeks_after == 13
    assert len(plan.guardrails) == len(STACK) - 1
    assert codes(plan) == set()
    drawn = guided("first", MANY, START, OTHERS, drawn_by_lot=True)
    assert drawn.design == "rct" and not drawn.matched_on and codes(drawn) == set()


@pytest.mark.parametrize("each", STACK, ids=lambda each: str(each.metric))
def test_the_stack_are_metrics_that_can_be_outcomes_of_that_kind(each: Measure) -> None:
    assert kind_of(each.metric) == each.kind


def test_changes_are_said_in_words() -> None:
    old = pilot(treated=("ada", "bob"))
    new = replace(
        old,
        treated=("ada", "eve"),
        weeks_after=16,
        primary=Measure("commits"),
        starts=START + dt.timedelta(7),
        title="Pilot",
    )
    assert changes(old, new) == (
        "primary: prs_merged (count) → commits (count)",
        "title: none → Pilot",
        "starts: 2027-01-11 → 2027-01-18",
        "treated: − bob, + eve",
        "weeks after: 12 → 16",
    )
    assert changes(old, old) == ()
