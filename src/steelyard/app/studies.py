"""Saved plans and what came of them.

Analyses take seconds: they are remembered per version of the plan, of the facts, and per day;
`look` computes them in one thread beside, so that no page waits.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from steelyard.app.studying import due, observe, sizes, study_plan, weeks_of, words_of
from steelyard.errors import SteelyardError, UsageError
from steelyard.impact.analysed import Analysed, Guardrail, PlannedStudies, PlanVersion
from steelyard.impact.plan import WEEK, Measure, Plan, read_plan
from steelyard.impact.planning import changes
from steelyard.impact.study import Study
from steelyard.metrics import metric
from steelyard.metrics.memory import Recent
from steelyard.metrics.outcome import kind_of, outcome
from steelyard.metrics.panel import PanelQuestion, UnitWeeks
from steelyard.metrics.period import parse_day
from steelyard.state.plans import Plans, SavedPlan
from steelyard.state.tokens import utc_now

if TYPE_CHECKING:
    from steelyard.impact.panel import Panel
    from steelyard.state.database import State

__all__ = ["Analysed", "Guardrail", "PlanVersion", "PlannedStudies", "Studies"]

REMEMBERED = 32  # analyses
WAITING = 16  # analyses that may wait to be computed


class Figures(Protocol):
    """Where metrics come from: a house, or the server that holds it."""

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks: ...
    def facts_version(self) -> int: ...


class Studies:
    """`PlannedStudies` over a data folder; `state` is opened when first wanted."""

    def __init__(
        self,
        figures: Figures,
        state: Callable[[], State],
        clock: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self.figures, self._state, self._now = figures, state, clock
        self._kept: Recent[Analysed] = Recent(REMEMBERED)
        self._newest: dict[str, Analysed] = {}
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._works = False

    @cached_property
    def saved(self) -> Plans:
        """The plans of the data folder."""
        return Plans(self._state(), self._now)

    def plans(self) -> tuple[PlanVersion, ...]:
        """The newest version of every plan, by name."""
        return tuple(_version(each) for each in self.saved.list())

    def plan(self, name: str) -> PlanVersion:
        """The newest version of one plan. Raises UnknownName."""
        return self.versions(name)[0]

    def versions(self, name: str) -> tuple[PlanVersion, ...]:
        """All versions of a plan, the newest first. Raises UnknownName."""
        return versions_of(self.saved, name)

    def analysis(self, name: str, other: str = "") -> Analysed:
        """All that can be said of a plan, or of another metric in its place; takes seconds unless
        remembered. Raises UnknownName, and StoreError where nothing can be read."""
        version = self.plan(name)
        key = self._key(version, other)
        found = self._kept.get(key)
        if found is None:
            measure = _measure(version.plan, other) if other else None
            found = study_plan(self.figures.unit_weeks, version, self._now(), measure)
            self._kept.put(key, found)
            if not other:
                self._newest[name] = found
        return found

    def look(self, name: str) -> Analysed | None:
        """The same at once, or what was said before facts came in, while it is computed anew in
        the background; None where nothing has been said of this version of the plan."""
        version = self.plan(name)
        found = self._kept.get(self._key(version))
        if found is None:
            self._compute(name)
            before = self._newest.get(name)
            found = before if before and before.version.digest == version.digest else None
        return found

    def observed(self, name: str, other: str = "") -> tuple[Panel, Study]:
        """A plan's baseline, before anybody started, and how it will be analysed."""
        plan = self.plan(name).plan
        measure = _measure(plan, other) if other else plan.primary
        panel, _ = observe(self.figures.unit_weeks, plan, measure)
        return panel, words_of(plan.study(), measure.metric)

    def size(self, name: str, panel: Panel) -> dict[str, float]:
        """How large a plan's study is on its baseline, as `impact.power.power` is asked."""
        plan = self.plan(name).plan
        treated, control = sizes(plan, panel)
        before, after = weeks_of(plan, panel.length)
        weeks = {"weeks_before": before, "weeks_after": after}
        return {"n_treated": treated, "n_control": control, **weeks, "effect_pct": plan.effect_pct}

    def for_matching(self, name: str, exact: Sequence[str] = ()) -> tuple[Panel, Study]:
        """A plan's panel up to the day results are due, or before any start: what pairs are
        chosen by lies before each start anyway."""
        plan = self.plan(name).plan
        if plan.first_start is None or not plan.treated:
            raise UsageError("The plan does not say who starts when.", "--start and --treated.")
        until = max(plan.first_start + WEEK, due(plan, self._now().date()).until or dt.date.min)
        panel, _ = observe(self.figures.unit_weeks, plan, plan.primary, until)
        study = words_of(plan.study(), plan.primary.metric)
        return panel, replace(study, matched_on=tuple(exact) or study.matched_on)

    def baseline(
        self, name: str, unit: str = "person", cluster: str = "", start: str = "", end: str = ""
    ) -> tuple[Panel, Study]:
        """A metric of everybody, as if nobody were treated, and how it would be analysed."""
        from steelyard.app.observed import TRAITS, UNIT_WORDS, panel_of

        if unit not in UNIT_WORDS or cluster not in ("", *TRAITS):
            raise UsageError(
                f"A metric is by person or team, clustered by {', '.join(TRAITS)}.",
                "--unit person --cluster team",
            )
        first, last = (parse_day(day) if day else None for day in (start, end))
        question = PanelQuestion(name, "team" if unit == "team" else "person", first, last)
        panel = panel_of(self.figures.unit_weeks(question), {}, cluster)
        return panel, words_of(Study(unit=UNIT_WORDS[unit], cluster=cluster), name)

    def _key(self, version: PlanVersion, other: str = "") -> tuple[object, ...]:
        return version.digest, self.figures.facts_version(), self._now().date(), other

    def _compute(self, name: str) -> None:
        with self._lock:
            if name not in self._waiting and len(self._waiting) < WAITING:
                self._waiting.append(name)
            if self._works or not self._waiting:
                return
            self._works = True
        threading.Thread(target=self._work, name="studies", daemon=True).start()

    def _work(self) -> None:
        """Compute what waits, one after the other; a study that fails says so on its page."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._works = False
                    return
                name = self._waiting[0]
            self._try(name)
            with self._lock:
                self._waiting.remove(name)

    def _try(self, name: str) -> None:
        try:
            self.analysis(name)
        except Exception as error:
            self._failed(name, error)

    def _failed(self, name: str, error: Exception) -> None:
        try:
            version = self.plan(name)
        except SteelyardError:
            return  # the page asks again and says it itself
        told = error.message if isinstance(error, SteelyardError) else f"It failed: {error!r}."
        found = Analysed(
            version, "not_started", None, version.plan.answerable, self._now(), error=told
        )
        self._kept.put(self._key(version), found)


def save(plans: Plans, plan: Plan, by: str) -> PlanVersion:
    """Keep a plan as its newest version, unless the newest says the same."""
    plans.save(plan.name, plan.canonical(), plan.first_start, by)
    return versions_of(plans, plan.name)[0]


def versions_of(plans: Plans, name: str) -> tuple[PlanVersion, ...]:
    """All versions of a plan, the newest first, each with what it changed. Raises UnknownName."""
    kept = [_version(each) for each in reversed(plans.versions(name))]
    told = [(), *(changes(old.plan, new.plan) for old, new in pairwise(kept))]
    found = [_with(each, words) for each, words in zip(kept, told, strict=True)]
    return tuple(reversed(found))


def _version(saved: SavedPlan, changed: tuple[str, ...] = ()) -> PlanVersion:
    plan = read_plan(json.loads(saved.body))
    return PlanVersion(plan, saved.number, saved.digest, saved.saved_at, saved.by, changed)


def _with(version: PlanVersion, changed: tuple[str, ...]) -> PlanVersion:
    about = version.number, version.digest, version.saved_at, version.by
    return PlanVersion(version.plan, *about, changed)


def _measure(plan: Plan, name: str) -> Measure:
    """A metric that may take the place of the plan's own."""
    for each in (plan.primary, *plan.guardrails):
        if each.metric == name:
            return each
    return Measure(name, outcome(metric(name)).kind)


def kinds(names: list[str]) -> list[Measure]:
    """Metrics with their kinds. Raises UnknownName or UsageError for one that is no outcome."""
    return [Measure(name, kind_of(name) or outcome(metric(name)).kind) for name in names]
