"""One study as its page prints it: the answer first, then what it rests on. Nothing is computed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from steelyard.impact.analysed import Analysed, PlanVersion
from steelyard.impact.plan import Plan
from steelyard.impact.result import Analysis, Estimate, Note
from steelyard.impact.verdict import figure
from steelyard.reports.impact import pictures, title_of
from steelyard.reports.picture import Picture
from steelyard.web import impact_tables as tables
from steelyard.web import words
from steelyard.web.finding import Finding
from steelyard.web.formats import UNKNOWN, count, day, moment
from steelyard.web.impact_worth import worth

DESIGNS = {
    "rct": "drawn by lot",
    "waves": "in waves",
    "volunteers": "people chose themselves",
    "once": "everybody at once",
    "none": "no design",
}
VERDICTS = {
    "effect": ("Effect", "found"),
    "no_detectable_effect": ("No detectable effect", ""),
    "not_identified": ("Cause not identified", "low"),
    "refused": ("Cannot be told", "low"),
}
EVIDENCE = {"randomised": "high", "assumption-based": "low", "none": "low"}
ON_ONE_PAGE = ("estimates", "counterfactual", "series")
_FIGURE = re.compile(r"[+−]\d[\d.,]*(?: %| points)")


@dataclass(frozen=True)
class Tile:
    label: str
    text: str
    note: str
    tint: int


def context(
    found: Analysed, versions: Sequence[PlanVersion], said: Mapping[str, str]
) -> dict[str, Any]:
    """Everything the template prints; `said` is the address' query."""
    analysis, plan = found.analysis, found.plan
    drawn = {each.name: tables.drawn(each) for each in pictures_of(found)}
    short = said.get("print") == "1"
    return {
        "plan": plan,
        "title": plan.title or plan.name,
        "question": f"Did it change {words.inside(words.metric(plan.primary.metric))}?",
        "metric": plan.primary.metric,
        "verdict": verdict(found),
        "evidence": _evidence(analysis),
        "finding": finding(found),
        "interim": interim(found),
        "tiles": _tiles(found),
        "drawn": {n: each for n, each in drawn.items() if not short or n in ON_ONE_PAGE},
        "notes": _notes(found),
        "checks": tables.judged(analysis.checks) if analysis else [],
        "guardrails": tables.guardrails(found.guardrails, short),
        "power": found.power,
        "worth": worth(found, said),
        "redo": tables.redo(found.redo) if found.redo else None,
        "redone": redone(found),
        "facts": facts(plan),
        "versions": tables.versions(versions),
        "digest": found.version.digest,
        "registered": found.registered,
        "stage": stage(found),
        "short": short,
        "foot": [f"computed {moment(found.as_of)}", f"plan version {found.version.number}"],
    }


def verdict(found: Analysed) -> tuple[str, str]:
    """The answer in two words, and a class; the stage where there is no answer yet."""
    if found.stage != "complete" and not failed(found):
        return ("Not started" if found.stage == "not_started" else "Collecting"), ""
    if found.analysis is None:
        return "No analysis", "low"
    return VERDICTS[found.analysis.verdict.code]


def stage(found: Analysed) -> str:
    """Where the study stands, with its date."""
    begins, answer = found.plan.first_start, found.answerable
    if found.stage == "not_started":
        verb = "started" if begins and begins <= found.as_of.date() else "starts"
        return f"{verb} on {day(begins, year=True)}" if begins else "has no start yet"
    if found.stage == "collecting":
        return f"answerable on {day(answer, year=True)}" if answer else "still collecting"
    return f"complete since {day(answer, year=True)}" if answer else "complete"


def finding(found: Analysed) -> Finding:
    """The answer in a sentence, its figures strong; before there is one, when there will be."""
    analysis = found.analysis
    if found.stage == "complete" and analysis is not None:
        return _answer(analysis)
    if failed(found):
        return Finding((("There is no analysis: ", False), (found.error, False)))
    parts = (("There is no answer yet: ", False), (stage(found), True), (".", False))
    how = "read as planned" if found.plan.look_rule else "which is not the answer"
    so_far = f"So far, {how}: {analysis.verdict.sentence}" if analysis else ""
    return Finding(parts, so_far or found.error)


def failed(found: Analysed) -> bool:
    """Whether there should be an analysis and is none."""
    if found.analysis is not None:
        return False
    begins = found.plan.first_start
    begun = begins is not None and begins <= found.as_of.date()
    return found.stage == "complete" or (begun and found.stage == "not_started")


def interim(found: Analysed) -> str:
    """What must be known of figures that are shown before the last planned week."""
    if found.stage != "collecting" or found.analysis is None:
        return ""
    plan = found.plan
    if plan.look_rule == "always_valid":
        return "Read at any time by an interval that is wider for it, so looking often is no harm."
    if plan.look_rule and plan.looks:
        paid = "its share of the 5 % of false alarms is smaller for that"
        return f"Read on a day planned for it, one of {len(plan.looks)}; {paid}."
    return (
        "Figures below are not the answer. Of studies that look every week and stop at p < 0.05,"
        " about 1 in 5 finds an effect that is not there."
    )


def _answer(analysis: Analysis) -> Finding:
    first, _, rest = analysis.verdict.sentence.partition(". ")
    first = first if first.endswith(".") else f"{first}."
    parts: list[tuple[str, bool]] = []
    at = 0
    if shown := _FIGURE.search(first):
        parts = [(first[: shown.start()], False), (shown[0], True)]
        at = shown.end()
    support = " ".join(filter(None, (rest, analysis.verdict.answerable)))
    return Finding((*parts, (first[at:], False)), support)


def redone(found: Analysed) -> str:
    """Which of the estimates the four sums are: the answer itself, or one that stands beside it."""
    analysis, log_ratio = found.analysis, found.redo.get("log_ratio") if found.redo else None
    if analysis is None or log_ratio is None:
        return ""

    def is_it(each: Estimate | None) -> bool:
        known = each is not None and each.scale == "log" and each.estimate is not None
        return known and abs((each.estimate or 0.0) - log_ratio) < 1e-6 if each else False

    if is_it(analysis.headline):
        return "This is the answer above, to the last digit."
    beside = [each for each in analysis.beside if is_it(each)]
    if beside:
        return f"This is {title_of(beside[0].estimator)}, which stands beside the answer."
    return "The answer above takes more into account than these sums do, so it differs from them."


def _evidence(analysis: Analysis | None) -> tuple[str, str]:
    if analysis is None:
        return "", ""
    said = analysis.verdict.evidence
    return (f"evidence: {said}" if said else "", EVIDENCE.get(said, ""))


def pictures_of(found: Analysed) -> tuple[Picture, ...]:
    curve = found.power.curve if found.power else ()
    balance = [each.to_json() for each in found.matching.balance] if found.matching else ()
    if found.analysis is None:
        from steelyard.reports.impact import love, power

        return tuple(each for each in (power(curve), love(balance)) if each)
    return pictures(found.analysis, curve, balance)


def _tiles(found: Analysed) -> list[Tile]:
    analysis = found.analysis
    if analysis is None:
        return []
    head, n = analysis.headline, analysis.n
    mde = analysis.power.get("mde_pct")
    treated, units = n.get("treated"), n.get("units")
    control = None if treated is None or units is None else units - treated
    noun = "developers" if found.plan.unit == "person" else "teams"
    return [
        Tile("Effect", tables.effect(head), f"95 %: {tables.interval(head)}" if head else "", 1),
        Tile("Could have been seen", UNKNOWN if mde is None else f"{figure(mde)} %",
             "smallest effect, 8 of 10 studies", 4),
        Tile("With and without", f"{_count(treated)} : {_count(control)}",
             f"{noun}, {_count(n.get('clusters'))} assigned apart", 2),
        Tile("Periods", _count(n.get("periods")), f"{found.plan.baseline_weeks} weeks before,"
             f" {found.plan.weeks_after} after planned", 3),
    ]  # fmt: skip


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else count(number)


def _notes(found: Analysed) -> list[Note]:
    own = list(found.analysis.warnings) if found.analysis else []
    said = dict.fromkeys([*found.warnings, *own])
    return [replace(note, message=tables.private(note.message)) for note in said]


def facts(plan: Plan) -> list[tuple[str, str]]:
    """The plan in words. Names of single people are not shown, only how many they are."""
    many = "people" if plan.assigned_by == "person" else "teams"
    told = [
        ("Primary metric", f"{words.metric(plan.primary.metric)} ({plan.primary.kind})"),
        ("Design", DESIGNS[plan.design]),
        ("The treated start with", plan.treatment or "coding assistants"),
        ("How it was decided", plan.rule or "not said"),
        ("Assigned", f"by {plan.assigned_by}; rows are one {plan.unit} a week"),
        ("With", _who(plan.treated, many)),
        ("Without", _who(plan.control, many) if plan.control else "everybody else"),
        ("Starts", _starts(plan)),
        ("Weeks", f"{plan.baseline_weeks} before, {plan.weeks_after} after"),
        ("Matched on", ", ".join(plan.matched_on) or "nothing beyond the baseline"),
        ("Looks", _looks(plan.looks, plan.look_rule)),
        ("Left out", _who(plan.exclusions, many) if plan.exclusions else "nobody"),
        ("Assumed", " ".join(plan.assumptions) or "nothing more"),
    ]
    return [pair for pair in told if pair[1]]


def _who(names: Sequence[str], many: str) -> str:
    one = {"people": "person", "teams": "team"}
    said = f"{len(names):,} {many if len(names) != 1 else one[many]}"
    shown = many == "teams" and len(names) <= 12
    return f"{said}: {', '.join(names)}" if shown and names else said


def _starts(plan: Plan) -> str:
    if plan.waves:
        dates = sorted({wave.starts for wave in plan.waves})
        return f"{len(dates)} dates: {', '.join(day(each, year=True) for each in dates[:8])}"
    return day(plan.starts, year=True) if plan.starts else "not set"


def _looks(looks: Sequence[dt.date], rule: str) -> str:
    if not looks:
        return "one, at the end"
    return f"{', '.join(day(each, year=True) for each in looks)} ({rule.replace('_', ' ')})"
