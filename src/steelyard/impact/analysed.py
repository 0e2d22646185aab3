"""A planned study with all that can be said of it: what pages and commands show of one plan.

Made outside, from a plan and observed figures; nothing here computes or reads anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from steelyard.impact.result import Analysis, Estimate, Note, Verdict
from steelyard.impact.round import rounded

if TYPE_CHECKING:
    from steelyard.impact.match import Matching
    from steelyard.impact.plan import Plan
    from steelyard.impact.power import Power

Stage = Literal["not_started", "collecting", "complete"]


@dataclass(frozen=True)
class Guardrail:
    """A second metric that must not get worse. `p_holm` is its p among all guardrails (Holm).

    `estimate` None: nothing can be said of it, and `why` says why.
    """

    metric: str
    kind: str
    direction: str  # up | down | neutral: which way is better
    estimate: Estimate | None
    p_holm: float | None
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "kind": self.kind,
            "direction": self.direction,
            "estimate": self.estimate.to_json() if self.estimate else None,
            "p_holm": self.p_holm,
            "why": self.why,
        }


@dataclass(frozen=True)
class PlanVersion:
    """One saved version of a plan, the first is 1. `changes` says in words what it changed."""

    plan: Plan
    number: int
    digest: str
    saved_at: dt.datetime
    by: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Analysed:
    """What is known of one plan.

    stage       not_started | collecting | complete (the planned weeks after the start are over)
    registered  whether this version was saved before the first start; None without a start
    answerable  the day after the last planned week, None where the plan has no start
    analysis    of the primary metric; None before there is anything, or where `error` says why
    redo        for one start date, the four sums and each step of the ratio; empty otherwise
    error       why there is no analysis, in a sentence; "" when there is one or none is due yet
    """

    version: PlanVersion
    stage: Stage
    registered: bool | None
    answerable: dt.date | None
    as_of: dt.datetime
    analysis: Analysis | None = None
    guardrails: tuple[Guardrail, ...] = ()
    power: Power | None = None
    matching: Matching | None = None
    redo: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Note, ...] = ()
    error: str = ""

    @property
    def plan(self) -> Plan:
        return self.version.plan

    def to_json(self) -> dict[str, Any]:
        """The analysis' JSON with what belongs to the plan around it."""
        said = self.analysis.to_json() if self.analysis else self._nothing()
        about = {
            "plan": {
                "name": self.plan.name,
                "version": self.version.number,
                "digest": self.version.digest,
                "saved_at": self.version.saved_at.isoformat(timespec="seconds"),
                "registered_before_start": self.registered,
                "stage": self.stage,
                "answerable": self.answerable.isoformat() if self.answerable else None,
            },
            "as_of": self.as_of.isoformat(timespec="seconds"),
            "guardrails": [each.to_json() for each in self.guardrails],
            "redo": dict(self.redo),
            "error": self.error,
        }
        notes = [*said.pop("warnings", []), *(note.to_json() for note in self.warnings)]
        return {**said, **dict(rounded(about)), "warnings": notes}

    def _nothing(self) -> dict[str, Any]:
        """The shape of an analysis before there is one: why, and no number."""
        none: dict[str, Any] = {
            name: [] for name in ("beside", "diagnostics", "checks", "warnings")
        }
        counts = dict.fromkeys(("units", "clusters", "periods", "treated"))
        due = f"From {self.answerable} on." if self.answerable else ""
        return {
            "design": self.plan.design,
            "estimand": "None: nothing was analysed.",
            "n": counts,
            "headline": None,
            "verdict": Verdict("refused", self.error, "none", due).to_json(),
            "power": {"mde_pct": None, "power_at": {}},
            **none,
        }


class PlannedStudies(Protocol):
    """The seam through which pages and commands reach plans and what came of them."""

    def plans(self) -> tuple[PlanVersion, ...]:
        """The newest version of every plan, by name."""

    def plan(self, name: str) -> PlanVersion:
        """The newest version of one plan. Raises UnknownName."""

    def versions(self, name: str) -> tuple[PlanVersion, ...]:
        """All versions of a plan, the newest first. Raises UnknownName."""

    def analysis(self, name: str) -> Analysed:
        """All that can be said; takes seconds unless remembered. Never raises for the data."""

    def look(self, name: str) -> Analysed | None:
        """The same at once: None while it is being computed in the background."""
