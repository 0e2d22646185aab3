"""Studies as pages get them: made-up plans and analyses of every kind of answer."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Any

from steelyard.errors import UnknownName
from steelyard.impact.analysed import Analysed, Guardrail, PlanVersion
from steelyard.impact.plan import Measure, Plan, Wave
from steelyard.impact.power import Asked, Power
from steelyard.impact.result import Analysis, Check, Estimate, Note, Verdict, log_estimate

NOW = dt.datetime(2026, 11, 22, 11, 14, 3, tzinfo=dt.UTC)
FIRST = dt.date(2026, 3, 2)
START = dt.date(2026, 6, 1)
WEEKS = 26


@dataclass
class MadeStudies:
    """`PlannedStudies` over what a test puts in."""

    known: dict[str, Analysed] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)

    def plans(self) -> tuple[PlanVersion, ...]:
        return tuple(self.known[name].version for name in sorted(self.known))

    def plan(self, name: str) -> PlanVersion:
        if name not in self.known:
            raise UnknownName("plan", name, self.known)
        return self.known[name].version

    def versions(self, name: str) -> tuple[PlanVersion, ...]:
        return (self.plan(name),)

    def analysis(self, name: str) -> Analysed:
        self.plan(name)
        return self.known[name]

    def look(self, name: str) -> Analysed | None:
        return None if name in self.pending else self.analysis(name)


def ratio(name: str, b: float, se: float, inference: str = "jackknife, t(58)") -> Estimate:
    p = 2 * NormalDist().cdf(-abs(b) / se)
    return log_estimate(name, b, se, (b - 2 * se, b + 2 * se), p, inference)


def pictures(b: float) -> dict[str, list[dict[str, Any]]]:
    """Weekly means that rise by exp(b) at the start, and event times around it."""
    course = []
    for week in range(WEEKS):
        without = 3.2 + 0.5 * math.sin(week / 4)
        after = week >= 13
        course.append(
            {
                "period": (FIRST + dt.timedelta(weeks=week)).isoformat(),
                "observed": without * (math.exp(b) if after else 1) + 0.12 * math.sin(week * 2.1),
                "would_be": without,
                "low": without * 0.9 if after else None,
                "high": without * 1.1 if after else None,
                "treated": 30 if after else 0,
            }
        )
    events = [
        {"time": t, "estimate": e, "low": e - 14, "high": e + 14}
        for t in range(-12, 13)
        for e in [100 * math.expm1(b if t >= 0 else 0) + 4 * math.sin(3 * t)]
    ]
    return {"counterfactual": course, "event_study": events}


def made(
    design: str, head: Estimate | None, verdict: Verdict, beside: Sequence[Estimate] = ()
) -> Analysis:
    checks = [
        Check("pre_trends", "ok", "Nothing against parallel trends was seen; a slope of 1.2 % a"
              " week would have been seen in 8 of 10 such studies."),
        Check("leave_one_out", "warn", "Without team3 the estimate falls from +35 % to +28 %."),
        Check("log1p", "not_run", "Fewer than one in ten cells are zero."),
        Check("attrition", "fail", "Of the treated 20 % left, of the others 3 %."),
    ]  # fmt: skip
    drawn: Mapping[str, list[dict[str, Any]]] = {}
    if head is not None and head.estimate is not None:
        drawn = pictures(head.estimate)
    diagnostics = [ratio("twfe", 0.2, 0.09)] if design == "waves" else []
    return Analysis(
        design=design,
        estimand="Ratio of merged pull requests under treatment to what there would have been",
        n={"units": 60, "clusters": 60, "periods": WEEKS, "treated": 30},
        headline=head,
        beside=beside,
        diagnostics=diagnostics,
        verdict=verdict,
        power={"mde_pct": 31.2, "power_at": {"10": 0.2}},
        checks=checks,
        warnings=[Note("zero_units", "2 developers without any merged pull request add nothing.")],
        pictures=drawn,
    )


# 1200 and 1553 of the treated, 1180 and 1132 of the others: a ratio of 1.349.
PAPER = {
    "a": 1200.0,
    "b": 1553.0,
    "c": 1180.0,
    "d": 1132.0,
    "treated_units": 30,
    "other_units": 30,
    "periods_before": 13,
    "periods_after": 13,
    "log_ratio": 0.2994,
    "steps": [
        "Treated, after over before: B / A = 1553 / 1200 = 1.2942",
        "Others, after over before: D / C = 1132 / 1180 = 0.9593",
        "(B / A) / (D / C) = 1.3490, which is +34.9 %",
    ],
}


def sized() -> Power:
    asked = Asked(20, 20, 12, 12, 10, "unit", (20, 20), "poisson_did")
    curve = [
        {"n_treated": n, "n_control": n, "weeks_after": w, "power": 0.1, "why": ""}
        | {"mde_pct": 100 * math.expm1(2.2 * math.sqrt((1 + 12 / w) / n))}
        for w in (6, 12, 24)
        for n in (10, 20, 40, 80)
    ]
    said = "20 treated and 20 control developers over 12+12 weeks detect an effect of +47 % or more"
    curse = Note("winners_curse", "At a true +10 % such studies report +35 % on average.")
    return Power({"units": 60, "clusters": 60, "periods": 40}, asked, 47.0, -33.0, 45.0, 0.1,
                 0.05, 0.005, 35.0, 3.5, 0.05, 2000, said, (curse,), curve)  # fmt: skip


def analysed(plan: Plan, analysis: Analysis, **more: Any) -> Analysed:
    return Analysed(
        version=PlanVersion(plan, 1, plan.digest(), NOW - dt.timedelta(days=300), "ada"),
        stage="complete",
        registered=True,
        answerable=plan.answerable,
        as_of=NOW,
        analysis=analysis,
        power=sized(),
        **more,
    )


def trial() -> Analysed:
    """Thirty drawn by lot, with a large effect and guardrails."""
    plan = Plan(
        name="payments-pilot",
        title="Assistants for half of Payments",
        primary=Measure("prs_merged"),
        starts=START,
        treated=tuple(f"dev{i:02}@acme.example" for i in range(30)),
        control=tuple(f"dev{i:02}@acme.example" for i in range(30, 60)),
        rule="drawn by lot, seed 7",
        guardrails=(Measure("rework_share", "share"), Measure("pr_cycle_hours_p50", "duration")),
    )
    worse = log_estimate("ancova", 0.21, 0.06, (0.09, 0.33), 0.001, "HC2, t(57)")
    same = log_estimate("ancova", -0.02, 0.06, (-0.14, 0.1), 0.7, "HC2, t(57)")
    rails = (
        Guardrail("pr_cycle_hours_p50", "duration", "down", worse, 0.002),
        Guardrail("rework_share", "share", "down", same, 0.7),
        Guardrail("deployments", "count", "up", None, None, "no source covers these weeks"),
    )
    said = (
        "Merged pull requests is higher with treatment: +34.9 % (95 % interval +14.8 to +58.4 %)."
    )
    head = ratio("poisson_did", 0.2994, 0.0803)
    beside = [ratio("ancova", 0.27, 0.09, "HC2, t(57)")]
    answer = made("rct", head, Verdict("effect", said, "randomised"), beside)
    return analysed(plan, answer, guardrails=rails, redo=PAPER)


def volunteers() -> Analysed:
    plan = Plan(
        name="volunteers",
        title="Those who asked for it",
        primary=Measure("prs_merged"),
        design="volunteers",
        starts=START,
        treated=("platform", "search"),
        assigned_by="team",
        rule="own wish",
    )
    said = (
        "No effect on merged pull requests can be told from chance: +6.2 % (95 % interval −9.7 to"
    )
    said += " +24.9 %). An effect of +31.2 % or more would have been seen in 8 of 10 such studies;"
    said += " smaller ones cannot be ruled out. This rests on an assumption nobody can test."
    more = "To see +10 % with 80 % power, about 580 developers in all would be needed."
    verdict = Verdict("no_detectable_effect", said, "assumption-based", more)
    head = ratio("matched_did", 0.06, 0.081)
    answer = made("volunteers", head, verdict, [ratio("poisson_did", -0.02, 0.07)])
    rows = [("pace", 0.81, 0.04), ("trend", 0.35, -0.11), ("tenure", -0.4, 0.02)]
    balance = [{"covariate": n, "smd_before": a, "smd_after": b} for n, a, b in rows]
    answer = replace(answer, pictures={**answer.pictures, "balance": balance})
    return analysed(plan, answer)


def once() -> Analysed:
    plan = Plan(
        name="everybody",
        primary=Measure("prs_merged"),
        design="once",
        starts=START,
        treated=("all",),
        assigned_by="team",
    )
    said = "Everybody started at once: what the assistant did cannot be told."
    more = "Let part of the teams start later, in an order drawn by lot."
    answer = made("once", None, Verdict("not_identified", said, "none", more))
    rows = [
        {"period": row["period"], "observed": row["observed"], "fitted": row["would_be"]}
        | {"continued": row["would_be"] if row["low"] else None}
        for row in pictures(0.2)["counterfactual"]
    ]
    its = ratio("interrupted_time_series", 0.18, 0.05, "Newey-West, 3 lags")
    return analysed(plan, replace(answer, pictures={"series": rows}, diagnostics=[its]))


def in_waves() -> Analysed:
    dates = [START + dt.timedelta(weeks=3 * k) for k in range(3)]
    plan = Plan(
        name="roll-out",
        title="Teams in three waves",
        primary=Measure("prs_merged"),
        design="waves",
        assigned_by="team",
        waves=tuple(Wave(dates[k % 3], f"team{k}") for k in range(7)),
    )
    said = "Merged pull requests is lower with treatment: −14.8 % (95 % interval −25.6 to −2.4 %)."
    head = ratio("poisson_imputation", -0.16, 0.068, "jackknife over 10 teams, t(9)")
    beside = [ratio("callaway_santanna", -0.12, 0.1), ratio("imputation", -0.15, 0.08)]
    answer = made("waves", head, Verdict("effect", said, "staggered roll-out"), beside)
    return analysed(plan, answer)


def collecting(found: Analysed) -> Analysed:
    """The same, before its last planned week."""
    plan = replace(found.plan, name="running", starts=dt.date(2026, 10, 5))
    version = replace(found.version, plan=plan)
    return replace(found, version=version, stage="collecting", answerable=plan.answerable)


def not_started(found: Analysed) -> Analysed:
    plan = replace(found.plan, name="next", starts=dt.date(2027, 1, 4))
    version = replace(found.version, plan=plan)
    return replace(
        found, version=version, stage="not_started", answerable=plan.answerable, analysis=None,
        guardrails=(), redo={}, error="Not read before 29 March 2027, as planned.",
    )  # fmt: skip


def broken(found: Analysed) -> Analysed:
    plan = replace(found.plan, name="broken", title="A study whose data are gone")
    return replace(
        found,
        version=replace(found.version, plan=plan),
        analysis=None,
        guardrails=(),
        power=None,
        redo={},
        error="No source covers prs_merged in these weeks.",
        warnings=(Note("no_data", "Add a source with `steelyard source add`."),),
    )


def studies() -> MadeStudies:
    """One of each kind."""
    first = trial()
    all_of = [first, volunteers(), once(), in_waves(), collecting(first), not_started(first)]
    all_of.append(broken(first))
    return MadeStudies({each.plan.name: each for each in all_of})
