"""Is it paying off? One sentence from the best evidence there is, and how good that is.

A concluded study of cause comes first, then cost against what shipped (an association), then spend
alone. Where it cannot be said yet, the sentence says so, with what is missing and until when.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from steelyard.impact.analysed import Analysed, PlannedStudies
from steelyard.impact.plan import Plan
from steelyard.metrics import CATALOGUE
from steelyard.web import impact_study, words
from steelyard.web.answers import Line
from steelyard.web.finding import Finding, Part, spend_finding
from steelyard.web.formats import day, money
from steelyard.web.impact_tables import reading
from steelyard.web.view import View

LOOKED_AT = 12  # plans whose analysis is asked for, those that conclude last first
CAUSES = {  # evidence of a verdict, and the class of its badge
    "randomised": ("Cause: randomised", "high"),
    "staggered roll-out": ("Cause: staggered roll-out", "high"),
    "assumption-based": ("Cause, if an assumption holds", "low"),
}
ASSOCIATION = ("Association, not cause", "low")
SPEND_ONLY = ("Only spend is known", "low")
NOT_YET = "Whether it pays off cannot be said yet"
PLAN_ONE = "A study answers it: draw lots among those who start next, and plan it under Impact."


@dataclass(frozen=True)
class UnitCost:
    """Spend per thing that shipped, in US dollars, with a 95 % interval where one is known.

    `whole` is true where it is of the whole company although the page is filtered.
    """

    thing: str
    value: float
    low: float | None = None
    high: float | None = None
    whole: bool = False


@dataclass(frozen=True)
class Studied:
    """What studies of delivery say: those that tell cause, the last one concluded first; what the
    others lack, in sentences."""

    told: tuple[Analysed, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Payoff:
    """The sentence, its badge (text and class), and where it comes from."""

    finding: Finding
    badge: tuple[str, str]
    url: str
    source: str


def studied(studies: PlannedStudies, today: dt.date) -> Studied:
    """What is known of the studies of assistants whose metric is one of delivery."""
    versions = [each for each in studies.plans() if _is_of_it(each.plan)]
    versions.sort(key=lambda each: each.plan.answerable or dt.date.min, reverse=True)
    told, lacking = [], []
    for version in versions[:LOOKED_AT]:
        title = version.plan.title or version.plan.name
        found = studies.look(version.plan.name)
        if found is None:
            lacking.append(f"“{title}” is being computed: look again in a minute.")
        elif tells_cause(found):
            told.append(found)
        else:
            lacking.append(_lacks(found, title, today))
    return Studied(tuple(told), tuple(lacking))


def tells_cause(found: Analysed) -> bool:
    """Whether the planned weeks are over and its design bears a word on cause."""
    return (
        found.stage == "complete"
        and found.analysis is not None
        and found.analysis.verdict.code in ("effect", "no_detectable_effect")
        and found.analysis.verdict.evidence in CAUSES
    )


def payoff(view: View, totals: Line, known: Studied, cost: UnitCost | None) -> Payoff:
    """The first that there is of: a study, a unit cost, spend."""
    spent = _spent(view, totals)
    if known.told:
        return _caused(view, known, spent)
    lacking = " ".join(known.lacking[:2]) or PLAN_ONE
    if cost is not None:
        return _associated(view, cost, lacking, spent)
    parts: tuple[Part, ...] = ((f"{NOT_YET}: nothing that shipped is known here. ", False),)
    support = f"{lacking} Commits and pull requests come from a code host, added under Sources."
    return Payoff(Finding((*parts, *spent), support), SPEND_ONLY, "/spend", "Where it goes")


def _caused(view: View, known: Studied, spent: tuple[Part, ...]) -> Payoff:
    found, others = known.told[0], len(known.told) - 1
    assert found.analysis is not None
    said = impact_study.finding(found)
    first = (_named(said.parts[0][0]), said.parts[0][1])
    support = [_about(found), _others(others), said.support, _worse(found)]
    if view.where:
        support.insert(1, "It is about everybody in the study, whatever is filtered here.")
    finding = Finding(
        (first, *said.parts[1:], (" ", False), *spent), " ".join(filter(None, support))
    )
    badge = CAUSES[found.analysis.verdict.evidence]
    return Payoff(finding, badge, f"/impact/{found.plan.name}", "How we know")


def _associated(view: View, cost: UnitCost, lacking: str, spent: tuple[Part, ...]) -> Payoff:
    """What was spent, and how much of it came with each thing that shipped."""
    limits = "its interval is unknown"
    if cost.low is not None and cost.high is not None:
        limits = f"95 % interval {money(cost.low)} to {money(cost.high)}"
    where, of_it = ("in the whole company, ", "spend") if cost.whole else ("", "it")
    *first, (last, strong) = spent
    parts: tuple[Part, ...] = (
        (f"{NOT_YET}. ", False),
        *first,
        (last.removesuffix("."), strong),
        (f"; {where}each {cost.thing} came with ", False),
        (money(cost.value), True),
        (f" of {of_it} ({limits}).", False),
    )
    filtered = " The filters do not apply to what shipped." if cost.whole else ""
    support = (
        "Cost against what shipped is an association: it does not say what would have shipped"
        f" without.{filtered} {lacking}"
    )
    return Payoff(Finding(parts, support), ASSOCIATION, "/roi", "Unit costs")


def _spent(view: View, totals: Line) -> tuple[Part, ...]:
    """What was spent, as Spend says it, without the comparison."""
    by_model = {"": None} if totals.number("unpriced_tokens") else {}
    return spend_finding(replace(view, compare=False), totals, by_model).parts


def _named(text: str) -> str:
    """The verdict's own words, with what treats called by its name."""
    text = re.sub(r"^Treatment ", "Coding assistants ", text)
    return re.sub(r"^No effect on ", "No effect of coding assistants on ", text)


def _about(found: Analysed) -> str:
    over = f", concluded on {day(found.answerable, year=True)}" if found.answerable else ""
    title = found.plan.title or found.plan.name
    return f"From the study “{title}”, {impact_study.DESIGNS[found.plan.design]}{over}."


def _others(many: int) -> str:
    if not many:
        return ""
    return f"{many} other {'study has' if many == 1 else 'studies have'} concluded earlier."


def _worse(found: Analysed) -> str:
    """What got worse beside it, by the study's own guardrails."""
    names = [words.metric(each.metric) for each in found.guardrails if reading(each) == "worse"]
    return f"Worse beside it: {', '.join(map(words.inside, names))}." if names else ""


def _lacks(found: Analysed, title: str, today: dt.date) -> str:
    if found.stage != "complete" and found.answerable and found.answerable > today:
        return f"“{title}” answers on {day(found.answerable, year=True)}."
    if found.analysis is None:
        return f"“{title}” has no analysis: {found.error or impact_study.stage(found)}"
    verdict = found.analysis.verdict
    return f"“{title}” is over and cannot tell. {verdict.answerable}".strip()


def _is_of_it(plan: Plan) -> bool:
    metric = plan.primary.metric
    facts: Iterable[str] = CATALOGUE[metric].facts if metric in CATALOGUE else ()
    shipped = any(fact.startswith("work_") for fact in facts) and "usage_days" not in facts
    return shipped and not plan.treatment
