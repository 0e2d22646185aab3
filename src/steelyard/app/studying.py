"""One plan's study: which weeks are due, whose they are, and everything that is said of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from steelyard.app.observed import in_words, panel_of
from steelyard.errors import UsageError
from steelyard.impact.analysed import Analysed, Guardrail, PlanVersion, Stage
from steelyard.impact.plan import WEEK, Measure, Plan
from steelyard.impact.result import Analysis, CannotSay, Estimate, Note
from steelyard.metrics import metric
from steelyard.metrics.outcome import outcome
from steelyard.metrics.panel import PanelQuestion, UnitWeeks

if TYPE_CHECKING:
    from steelyard.impact.match import Matching
    from steelyard.impact.panel import Panel
    from steelyard.impact.power import Asked, Power
    from steelyard.impact.splits import Level
    from steelyard.impact.study import Study

ONE_DAY = dt.timedelta(days=1)
CURVE_DRAWS = 400  # placebo studies a point of the power curve
Ask = Callable[[PanelQuestion], UnitWeeks]


@dataclass(frozen=True)
class Due:
    """What may be read on a day: data up to `until` (not included), as which look (from 1)."""

    stage: Stage
    until: dt.date | None = None
    look: int | None = None


def due(plan: Plan, today: dt.date) -> Due:
    """Before the end results are read on planned days only, for looking every week finds effects
    in chance; at any time where the plan pays for that (always_valid)."""
    first, end = plan.first_start, plan.answerable
    if first is None or end is None or today < first:
        return Due("not_started")
    if today >= end:
        return Due("complete", end, len(plan.looks) or None)
    if plan.look_rule == "always_valid":
        return (
            Due("collecting", min(today, end)) if today >= first + 2 * WEEK else Due("collecting")
        )
    passed = [day for day in plan.looks if first < day <= today]
    return Due("collecting", passed[-1], len(passed)) if passed else Due("collecting")


def study_plan(
    ask: Ask, version: PlanVersion, now: dt.datetime, measure: Measure | None = None
) -> Analysed:
    """Everything that can be said of a plan on a day; of another metric than its primary one
    where `measure` names it. What the data do not allow is in the result, never raised."""
    plan = version.plan
    reads = due(plan, now.date())
    first = plan.first_start
    found = Analysed(
        version=version,
        stage=reads.stage,
        registered=None if first is None else version.saved_at.date() < first,
        answerable=plan.answerable,
        as_of=now,
        error=_not_due(plan, reads),
    )
    power, notes = _power(ask, plan, now)
    found = replace(found, power=power, warnings=tuple(notes))
    if reads.until is None:
        return found
    try:
        return _studied(ask, found, reads, measure or plan.primary)
    except UsageError as error:
        return replace(found, error=f"{error.message} {error.hint}".strip())


def _not_due(plan: Plan, reads: Due) -> str:
    if reads.until is not None:
        return ""
    if plan.first_start is None:
        return "The plan has no start yet, so there is nothing to read."
    ahead = [day for day in (*plan.looks, plan.answerable) if day and day > plan.first_start]
    return f"Not read before {min(ahead)}, as planned."


def _studied(ask: Ask, found: Analysed, reads: Due, measure: Measure) -> Analysed:
    from steelyard.impact.analyze import analyze

    plan = found.plan
    panel, notes = observe(ask, plan, measure, reads.until)
    study = words_of(plan.study(reads.look), measure.metric)
    nameless = panel.numbered(study.unit) if plan.unit == "person" else panel
    analysis = analyze(nameless, study)
    if measure != plan.primary:
        told = f"{measure.metric} is not the primary metric of {plan.name}"
        said = f"{told} ({plan.primary.metric}): a hint for a next study, not its answer."
        notes.append(Note("not_primary", said))
        return replace(found, analysis=analysis, warnings=(*found.warnings, *notes))
    redo = analysis.pictures.get("redo", ())
    return replace(
        found,
        analysis=analysis,
        guardrails=guardrails(ask, plan, reads, analysis),
        matching=_matching(panel, study, analysis),
        redo=redo[0] if redo else {},
        warnings=(*found.warnings, *notes),
    )


def observe(
    ask: Ask, plan: Plan, measure: Measure, until: dt.date | None = None
) -> tuple[Panel, list[Note]]:
    """The plan's panel of a metric, from its baseline on; without `until`, all before its start.

    Everybody has the team of the day on which the first start.
    """
    first = plan.first_start
    begin = first - plan.baseline_weeks * WEEK if first and until else None
    last = until or first
    question = PanelQuestion(
        measure.metric, plan.unit, begin, last - ONE_DAY if last else None, first
    )
    found = ask(question)
    kept, starts = _sides(plan, found)
    cluster = "team" if plan.unit == "person" and plan.assigned_by == "team" else ""
    notes = _strangers(plan, found)
    if measure.kind != found.kind:
        told = f"{measure.metric} was planned as a {measure.kind} and is a {found.kind}."
        notes.append(Note("kind_differs", told))
    return panel_of(kept, starts if until else {}, cluster), notes


def _sides(plan: Plan, found: UnitWeeks) -> tuple[UnitWeeks, dict[str, dt.date]]:
    """Those who take part, and the first days of those who start."""
    by_team = plan.unit == "person" and plan.assigned_by == "team"
    rows, starts = [], {}
    for index, member in enumerate(found.members):
        team = member.traits["team"]
        if not plan.takes_part(member.name, team) or (by_team and not team):
            continue
        rows.append(index)
        start = plan.starts_on(member.name, team)
        if start is not None:
            starts[member.name] = start
    if not rows:
        raise UsageError(
            f"Nobody whom the plan {plan.name} names was employed in these weeks.",
            "`steelyard people list` shows people and their teams.",
        )
    kept = replace(
        found,
        members=tuple(found.members[i] for i in rows),
        values=tuple(found.values[i] for i in rows),
        items=None if found.items is None else tuple(found.items[i] for i in rows),
    )
    return kept, starts


def _strangers(plan: Plan, found: UnitWeeks) -> list[Note]:
    """Names in the plan that are nobody's."""
    known = {member.name for member in found.members}
    known |= {member.traits["team"] for member in found.members}
    lost = sorted({*plan.treated, *plan.control, *plan.exclusions} - known)
    if not lost:
        return []
    more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
    told = f"Nobody is known under {', '.join(lost[:5])}{more}, which the plan names."
    return [Note("unknown_names", told)]


def words_of(study: Study, name: str) -> Study:
    """The same study of a metric: its kind, and its name as a noun."""
    return replace(study, kind=outcome(metric(name)).kind, outcome=in_words(name))


def guardrails(ask: Ask, plan: Plan, reads: Due, analysis: Analysis) -> tuple[Guardrail, ...]:
    """The headline of every guardrail under the design that held, with Holm's p among them."""
    from steelyard.impact.multiple import holm

    found = [_guardrail(ask, plan, each, reads, analysis.design) for each in plan.guardrails]
    ps = {each.metric: each.estimate.p if each.estimate else None for each in found}
    adjusted = holm(ps)
    return tuple(replace(each, p_holm=adjusted[each.metric].adjusted) for each in found)


def _guardrail(ask: Ask, plan: Plan, measure: Measure, reads: Due, design: str) -> Guardrail:
    from steelyard.impact.choose import choose
    from steelyard.impact.design import settle

    kind, way = measure.kind, "neutral"
    try:
        declared = metric(measure.metric)
        kind, way = outcome(declared).kind, declared.direction
        panel, _ = observe(ask, plan, measure, reads.until)
    except UsageError as error:
        return Guardrail(measure.metric, kind, way, None, None, error.message)
    study = words_of(plan.study(reads.look), measure.metric)
    settled = settle(panel, study)
    if isinstance(settled, CannotSay):
        return Guardrail(measure.metric, kind, way, None, None, settled.message)
    lead = choose(settled.panel, study, "volunteers" if design == "volunteers" else settled.design)
    if lead.headline is None:
        return Guardrail(measure.metric, kind, way, None, None, "Not identified by this design.")
    said: Estimate | CannotSay = lead.headline.run(settled.panel, study)
    if isinstance(said, CannotSay):
        return Guardrail(measure.metric, kind, way, None, None, said.message)
    return Guardrail(measure.metric, kind, way, said, None)


def _power(ask: Ask, plan: Plan, now: dt.datetime) -> tuple[Power | None, list[Note]]:
    """What a study of this plan's size sees, on its own baseline."""
    from steelyard.impact.power import power

    try:
        panel, notes = observe(ask, plan, plan.primary)
        treated, control = sizes(plan, panel)
        weeks = weeks_of(plan, panel.length)
        if weeks[1] < plan.weeks_after:
            told = f"Only {panel.length} weeks lie before the start: power is that of a study of"
            notes.append(Note("shorter_power", f"{told} {weeks[0]}+{weeks[1]} weeks."))
        level: Level = "cluster" if panel.clustered else "unit"
        study = words_of(plan.study(), plan.primary.metric)
        found = power(
            panel, study, treated, control, *weeks, plan.effect_pct, seed=plan.seed,
            assigned_by=level,
        )  # fmt: skip
    except UsageError as error:
        return None, [Note("power_unknown", f"Power is unknown: {error.message}")]
    if isinstance(found, CannotSay):
        return None, [*notes, Note("power_unknown", f"Power is unknown: {found.message}")]
    return replace(found, curve=_curve(panel, study, found.asked, plan.seed)), notes


def _curve(panel: Panel, study: Study, asked: Asked, seed: int) -> tuple[dict[str, Any], ...]:
    """What half, twice and four times as many people would see, in half and twice the weeks."""
    from steelyard.impact.curve import curve

    people = sorted({max(2, round(asked.n_treated * by)) for by in (0.5, 1, 2, 4)})
    weeks = sorted({max(2, round(asked.weeks_after * by)) for by in (0.5, 1, 2)})
    ratio = asked.n_control / asked.n_treated
    return curve(
        panel,
        study,
        people,
        [each for each in weeks if asked.weeks_before + each <= panel.length],
        asked.weeks_before,
        asked.effect_pct,
        ratio,
        CURVE_DRAWS,
        seed,
        asked.assigned_by,
    )


def weeks_of(plan: Plan, length: int) -> tuple[int, int]:
    """Weeks before and after of placebo studies: the plan's, or what its history has room for."""
    before = min(plan.baseline_weeks, length - plan.weeks_after)
    return (before, plan.weeks_after) if before >= 8 else (length - length // 2, length // 2)


def sizes(plan: Plan, panel: Panel) -> tuple[int, int]:
    """How many units of a panel are treated and how many are not; 25 each where none is named."""
    teams = panel.traits["team"]
    sides = [plan.starts_on(u, str(t)) for u, t in zip(panel.units, teams, strict=True)]
    treated = sum(side is not None for side in sides)
    if not treated or treated == len(sides):
        return 25, 25
    return treated, len(sides) - treated


def _matching(panel: Panel, study: Study, analysis: Analysis) -> Matching | None:
    """The pairs of volunteers, where the design is theirs."""
    from steelyard.impact.match import Matching, match

    if analysis.design != "volunteers":
        return None
    found = match(panel, study)
    return found if isinstance(found, Matching) else None
