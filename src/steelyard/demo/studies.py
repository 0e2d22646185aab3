"""Two studies with an answer that is known, since it was built in: one effect, and none."""

from __future__ import annotations

import datetime as dt

from steelyard.demo.shape import WEEK, Shape
from steelyard.demo.staff import Staff
from steelyard.demo.work import EFFECT
from steelyard.impact.plan import Measure, Plan, Wave

ROLLOUT, LOTS = "demo-rollout", "demo-focus-days"


def truths() -> dict[str, float]:
    """Per plan, the true effect in percent."""
    return {ROLLOUT: 100 * EFFECT, LOTS: 0.0}


def plans(shape: Shape, staff: Staff) -> tuple[Plan, ...]:
    """As they would have been written before the first team started."""
    return tuple(filter(None, (_rollout(shape, staff), _lots(shape, staff))))


def _rollout(shape: Shape, staff: Staff) -> Plan | None:
    waves = tuple(
        Wave(team.starts, team.name)
        for team in staff.teams
        if team.starts is not None and team.starts > shape.first
    )
    if not waves:
        return None
    last = max(wave.starts for wave in waves)
    early = [t.name for t in staff.teams if t.starts == shape.first or t.number == 0]
    return Plan(
        name=ROLLOUT,
        title="Assistants, rolled out team by team",
        primary=Measure("prs_merged"),
        assigned_by="team",
        design="waves",
        waves=waves,
        exclusions=tuple(early),
        rule="Waves by readiness of the teams' repositories; the rest had not been asked yet.",
        guardrails=(Measure("issues_created"), Measure("reverts")),
        baseline_weeks=max(2, (min(w.starts for w in waves) - shape.first).days // 7),
        weeks_after=max(1, (shape.end - last).days // 7),
    )


def _lots(shape: Shape, staff: Staff) -> Plan | None:
    drawn = tuple(team.name for team in staff.teams if team.drawn and team.number > 1)
    others = any(not team.drawn for team in staff.teams if team.number > 1)
    if not drawn or not others:
        return None
    starts = shape.week(0.5)
    return Plan(
        name=LOTS,
        title="Two days a week without meetings, by lot",
        treatment="two days a week without meetings",
        primary=Measure("issues_resolved"),
        assigned_by="team",
        starts=starts,
        treated=drawn,
        exclusions=tuple(team.name for team in staff.teams if team.number <= 1),
        rule="Drawn by lot among the teams.",
        baseline_weeks=max(2, (starts - shape.first).days // 7),
        weeks_after=max(1, (shape.end - starts).days // 7),
    )


def written(shape: Shape) -> dt.datetime:
    """When the plans are said to have been written: before anything could be seen."""
    return dt.datetime.combine(shape.first - WEEK, dt.time(9), dt.UTC)
