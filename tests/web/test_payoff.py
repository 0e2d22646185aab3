"""Is it paying off: the sentence holds whatever is known, and never says more than that."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from tests.web import impact_world as made
from tests.web.impact_world import MadeStudies
from tests.web.world import TODAY

from steelyard.impact.analysed import Analysed
from steelyard.impact.plan import Measure
from steelyard.impact.result import Verdict
from steelyard.web import period
from steelyard.web.answers import Line
from steelyard.web.payoff import NOT_YET, PLAN_ONE, Payoff, UnitCost, payoff, studied
from steelyard.web.view import View

VIEW = View(period.named("28d", TODAY))
SPENT = Line({}, {"spend_usd": 4832.0, "tokens": 9e6}, {"spend_usd": 3000.0})
PER_PR = UnitCost("merged pull request", 12.394, 10.1, 15.0)


def said(*studies: Analysed, cost: UnitCost | None = None, view: View = VIEW,
         totals: Line = SPENT, pending: str = "") -> Payoff:  # fmt: skip
    known = MadeStudies({each.plan.name: each for each in studies}, {pending})
    return payoff(view, totals, studied(known, TODAY), cost)


def concluded(name: str, starts: dt.date) -> Analysed:
    """The trial, over on another day."""
    found = made.trial()
    plan = replace(found.plan, name=name, title=name, starts=starts)
    version = replace(found.version, plan=plan)
    return replace(found, version=version, answerable=plan.answerable)


def refused() -> Analysed:
    found = made.trial()
    assert found.analysis is not None
    verdict = Verdict("refused", "It cannot be told.", "none", "Take in at least 12 weeks before.")
    return replace(found, analysis=replace(found.analysis, headline=None, verdict=verdict))


CASES = {
    "an effect, drawn by lot": (
        (made.trial(),),
        None,
        "Cause: randomised",
        r"\+34\.9 % \(95 % interval \+14\.8 to \+58\.4 %\)\. In the last 28 days, coding assistants"
        r" used \$4,832",
    ),
    "a loss, in waves": (
        (made.in_waves(),),
        PER_PR,
        "Cause: staggered roll-out",
        r"lower .* −14\.8 % \(95 % interval −25\.6 to −2\.4 %\)",
    ),
    "no effect seen, volunteers": (
        (made.volunteers(),),
        PER_PR,
        "Cause, if an assumption holds",
        r"^No effect of coding assistants on merged pull requests can be told from chance",
    ),
    "everybody at once is no cause": (
        (made.once(),),
        PER_PR,
        "Association, not cause",
        rf"^{NOT_YET}\. In the last 28 days, coding assistants used \$4,832 at list price; each"
        r" merged pull request came with \$12\.39 of it \(95 % interval \$10\.10 to \$15\.00\)\.$",
    ),
    "refused": ((refused(),), PER_PR, "Association, not cause", rf"^{NOT_YET}"),
    "still collecting": (
        (made.collecting(made.trial()),),
        PER_PR,
        "Association, not cause",
        rf"^{NOT_YET}",
    ),
    "its data are gone": (
        (made.broken(made.trial()),),
        None,
        "Only spend is known",
        rf"^{NOT_YET}: nothing that shipped is known here\. In the last 28 days,",
    ),
    "no study, a cost without interval": (
        (),
        UnitCost("commit", 3.2),
        "Association, not cause",
        r"each commit came with \$3\.20 of it \(its interval is unknown\)",
    ),
    "nothing but spend": ((), None, "Only spend is known", r"used \$4,832 at list price\.$"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_best_evidence_speaks(case: str) -> None:
    studies, cost, badge, pattern = CASES[case]
    found = said(*studies, cost=cost)
    assert found.badge[0] == badge
    assert re.search(pattern, found.finding.text), found.finding.text


TOTALS = {
    "spend": SPENT,
    "nothing": Line(),
    "no price": Line({}, {"tokens": 9e6}),
    "some prices": Line({}, {"spend_usd": 48.0, "tokens": 9e6, "unpriced_tokens": 4.0}),
}


@pytest.mark.parametrize("totals", TOTALS)
@pytest.mark.parametrize("name", ["28d", "12w", "month", "last-month", "year"])
def test_the_sentence_reads_well_whatever_is_known(name: str, totals: str) -> None:
    """The days are said once, sentences end once, and nothing empty is left between."""
    view = View(period.named(name, TODAY))
    filtered = replace(view, where={"team": ("search",)})
    for studies, cost, _, _ in CASES.values():
        for seen, price in ((view, cost), (filtered, cost and replace(cost, whole=True))):
            text = said(*studies, cost=price, view=seen, totals=TOTALS[totals]).finding.text
            assert text.lower().count(view.period.phrase.lower()) == 1, text
            assert text.endswith(".") and not re.search(r"\.\.|\.;|  | ,|None|nan", text), text
            assert text.count("coding assistants") <= 2, text


def test_what_treats_is_named() -> None:
    found = made.trial()
    assert found.analysis is not None
    verdict = replace(found.analysis.verdict, sentence="Treatment raised reverts: +9.0 %.")
    text = said(replace(found, analysis=replace(found.analysis, verdict=verdict))).finding.text
    assert text.startswith("Coding assistants raised reverts: +9.0 %. In the")


def test_the_study_concluded_last_is_chosen_and_the_others_are_counted() -> None:
    early, late = (concluded(n, d) for n, d in
                   (("early", dt.date(2026, 1, 5)), ("late", dt.date(2026, 7, 6))))  # fmt: skip
    found = said(early, late, made.once())
    assert found.url == "/impact/late" and "“late”" in found.finding.support
    assert "1 other study has concluded earlier." in found.finding.support


def test_a_study_of_something_else_says_nothing_of_assistants() -> None:
    found = made.trial()
    plan = replace(found.plan, treatment="two days a week without meetings")
    other = replace(found, version=replace(found.version, plan=plan))
    assert said(other, cost=PER_PR).badge[0] == "Association, not cause"


def test_what_got_worse_beside_it_is_said() -> None:
    assert "Worse beside it: cycle time." in said(made.trial()).finding.support


def test_a_study_of_another_metric_says_nothing_of_delivery() -> None:
    found = made.trial()
    plan = replace(found.plan, primary=Measure("spend_usd", "amount"), guardrails=())
    other = replace(found, version=replace(found.version, plan=plan))
    assert said(other).badge[0] == "Only spend is known"


@pytest.mark.parametrize(
    ("studies", "part"),
    [
        ((), PLAN_ONE),
        ((made.collecting(made.trial()),), "answers on 28 December 2026|answers on 28 Dec 2026"),
        ((made.not_started(made.trial()),), "answers on 29 Mar 2027"),
        ((made.once(),), "“everybody” is over and cannot tell. Let part of the teams"),
        ((refused(),), "Take in at least 12 weeks before"),
        ((made.broken(made.trial()),), "has no analysis: No source covers"),
    ],
)
def test_what_is_missing_and_until_when(studies: tuple[Analysed, ...], part: str) -> None:
    assert re.search(part, said(*studies, cost=PER_PR).finding.support)


def test_an_analysis_that_is_being_made_is_waited_for() -> None:
    found = said(made.trial(), cost=PER_PR, pending="payments-pilot")
    assert found.badge[0] == "Association, not cause"
    assert "is being computed" in found.finding.support


def test_filters_that_do_not_reach_the_evidence_are_said() -> None:
    view = VIEW.with_filter("team", "payments")
    assert "everybody in the study" in said(made.trial(), view=view).finding.support
    assert "everybody in the study" not in said(made.trial()).finding.support
    whole = said(cost=replace(PER_PR, whole=True), view=view)
    assert "in the whole company, each merged pull request" in whole.finding.text
    assert "coding assistants (payments) used" in whole.finding.text


@pytest.mark.parametrize(
    ("totals", "part"),
    [
        (Line(), "no use of coding assistants is recorded"),
        (Line({}, {"spend_usd": None, "tokens": 9e6}), "what they cost is unknown"),
        (Line({}, {"spend_usd": 5.0, "tokens": 9e6, "unpriced_tokens": 7.0}), "at least $5.00"),
    ],
)
def test_unknown_spend_stays_unknown(totals: Line, part: str) -> None:
    for studies in ((), (made.trial(),)):
        assert part in said(*studies, totals=totals).finding.text
