"""Advice on a plan: a guided set-up, what is weak in it, and what a later version changed.

Advice only: a plan that is merely weak is kept as it is, with these notes beside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from steelyard.impact.plan import WEEK, Measure, Plan, Wave
from steelyard.impact.result import Note
from steelyard.impact.study import Kind

if TYPE_CHECKING:
    from steelyard.impact.power import Power

BASELINE_WEEKS = 12
PEOPLE_MIN = 20
TEAMS_MIN = 6
QUARTER_WEEKS = 13

# Everything the systems of work tell of both sides. What assistants tell of themselves is left
# out: of people without one there is nothing to tell.
_STACK: Mapping[Kind, str] = {
    "count": "commits deployments incidents issues_resolved prs_merged reverts reviews",
    "amount": "ci_minutes hours_logged story_points_resolved",
    "share": "change_failure_share ci_success_share rework_share",
    "duration": "lead_time_hours_p50 pr_cycle_hours_p50 pr_first_review_hours_p50"
    " pr_review_hours_p50 pr_size_lines_p50 resolution_hours_p50",
}
STACK = tuple(Measure(name, kind) for kind, names in _STACK.items() for name in names.split())


def guided(
    name: str,
    treated: Sequence[str],
    starts: dt.date,
    control: Sequence[str] = (),
    metric: str = "prs_merged",
    kind: Kind = "count",
    drawn_by_lot: bool = False,
    matched_on: Sequence[str] = ("level", "department"),
) -> Plan:
    """A first study as guides describe it: 12 weeks of baseline, a matched control group of 20 to
    30 people for a quarter, all metrics of work on both sides.

    Where lots decided who is treated no matching is needed; where people chose, the controls are
    matched on `matched_on` and on what they did in the baseline.
    """
    why = "drawn by lot" if drawn_by_lot else "own wish; controls matched before the start"
    alike = "Those who started differ from their pairs in nothing the baseline does not show."
    return Plan(
        name=name,
        primary=Measure(metric, kind),
        design="rct" if drawn_by_lot else "volunteers",
        starts=starts,
        treated=tuple(treated),
        control=tuple(control),
        rule=why,
        guardrails=tuple(each for each in STACK if each.metric != metric),
        baseline_weeks=BASELINE_WEEKS,
        weeks_after=QUARTER_WEEKS,
        matched_on=() if drawn_by_lot else tuple(matched_on),
        assumptions=() if drawn_by_lot else (alike,),
    )


def check(plan: Plan, power: Power | None = None, today: dt.date | None = None) -> list[Note]:
    """What a careful reader would object to, most serious first; empty when there is nothing.

    `power` is that of this plan's size on the organisation's own baseline, where it is known.
    """
    found = [*_who(plan), *_when(plan, today), *_enough(plan), *_reading(plan)]
    if power is not None and not power.enough:
        found.append(Note("underpowered", power.sentence))
    return found


def _who(plan: Plan) -> Iterable[Note]:
    if not plan.treated:
        told = "It is not said who is treated. Name people or teams, so that nobody is moved later."
        yield Note("nobody_named", told)
    at_once = len({wave.starts for wave in plan.waves}) == 1 or not plan.waves
    if plan.design != "once" and at_once and not plan.treated and not plan.control:
        told = "Everybody starts on one date, so the design is once: what the assistant did will"
        more = "not be told from season and growth. Let part start later, drawn by lot."
        yield Note("once", f"{told} {more}")
    if plan.design == "waves" and len({wave.starts for wave in plan.waves}) < 2:
        yield Note("one_wave", "Waves need two dates or more, two weeks apart or further.")
    if plan.design == "rct" and not plan.rule:
        told = "Say in the rule how lots were drawn (who, when, which seed): it is what makes the"
        yield Note("lots_not_said", f"{told} comparison fair.")
    if plan.design == "volunteers" and not plan.matched_on:
        told = "Nothing has to agree between matched people: name columns such as level and"
        yield Note("nothing_matched", f"{told} department.")


def _when(plan: Plan, today: dt.date | None) -> Iterable[Note]:
    if plan.first_start is None:
        yield Note("no_start", "There is no start: the study cannot be read before it has one.")
    elif today is not None and today >= plan.first_start:
        told = (
            f"It starts on {plan.first_start}, which has passed: not registered before the start."
        )
        yield Note("registered_late", told)
    if plan.baseline_weeks < BASELINE_WEEKS:
        told = f"{plan.baseline_weeks} weeks before the start: with fewer than {BASELINE_WEEKS} a"
        yield Note("short_baseline", f"{told} lucky or unlucky month is taken for what people are.")
    if plan.weeks_after < 8:
        told = f"{plan.weeks_after} weeks after the start show learning, not use."
        yield Note("short_study", told)


def _enough(plan: Plan) -> Iterable[Note]:
    sides = [("treated", plan.treated), ("control", plan.control)]
    least = PEOPLE_MIN if plan.assigned_by == "person" else TEAMS_MIN
    few = [f"{len(names)} {side}" for side, names in sides if 0 < len(names) < least]
    if not few:
        return
    if plan.assigned_by == "team":
        told = f"{' and '.join(few)} teams: teams count, not the people in them; take {least} a"
        yield Note("few_teams", f"{told} side or more. {_ask_power(plan)}")
    else:
        told = f"{' and '.join(few)} people: even 25 a side over 12+12 weeks see only effects of"
        yield Note("few_people", f"{told} about +47 % in a calm organisation. {_ask_power(plan)}")


def _ask_power(plan: Plan) -> str:
    if plan.assigned_by == "team":
        return f"`steelyard impact power --plan {plan.name}` says what would be seen."
    sizes = f"--n-treated {len(plan.treated)} --n-control {len(plan.control) or len(plan.treated)}"
    weeks = f"--weeks-before {plan.baseline_weeks} --weeks-after {plan.weeks_after}"
    asked = f"steelyard impact power --metric {plan.primary.metric} {sizes} {weeks}"
    return f"`{asked}` says what would be seen."


def _reading(plan: Plan) -> Iterable[Note]:
    if len(plan.looks) > 1 and not plan.look_rule:
        told = f"{len(plan.looks)} looks without a rule: looking every week finds effects in chance"
        yield Note("looks_without_rule", f"{told} one time in five. Say planned or always_valid.")
    first, end = plan.first_start, plan.answerable
    early = [day for day in plan.looks if first is not None and day <= first]
    late = [day for day in plan.looks if end is not None and day > end + WEEK]
    for day in (*early, *late):
        yield Note("look_outside", f"The look on {day} is not within the study.")
    if not plan.guardrails:
        told = "No guardrails: nothing says what more output may have cost. `--guided` takes all"
        yield Note("no_guardrails", f"{told} metrics of work.")


def changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """What a later version changed, in words, field by field; empty where nothing."""
    told = []
    for each in fields(Plan):
        before, now = getattr(old, each.name), getattr(new, each.name)
        if before != now:
            what = each.name.replace("_", " ")
            told.append(f"{what}: {_changed(before, now)}")
    return tuple(told)


def _changed(before: Any, now: Any) -> str:
    if not isinstance(before, tuple) or not isinstance(now, tuple):
        return f"{_word(before)} → {_word(now)}"
    gone = [f"− {_word(each)}" for each in before if each not in now]
    come = [f"+ {_word(each)}" for each in now if each not in before]
    return ", ".join([*gone, *come]) or "in another order"


def _word(value: Any) -> str:
    if isinstance(value, Measure):
        return f"{value.metric} ({value.kind})"
    if isinstance(value, Wave):
        return f"{value.group} on {value.starts}"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)
