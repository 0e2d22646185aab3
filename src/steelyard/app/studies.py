"""Saved plans and what came of them, over an open house.

Analyses take seconds: they are remembered per version of the plan and of the facts, and `look`
computes them in one thread beside, so that no page waits.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

from steelyard.impact.analysed import Analysed, Guardrail, PlannedStudies, PlanVersion
from steelyard.metrics.memory import Recent

if TYPE_CHECKING:
    from steelyard.app.house import House

__all__ = ["Analysed", "Guardrail", "PlanVersion", "PlannedStudies", "Studies"]

REMEMBERED = 32  # analyses


class Studies:
    """`PlannedStudies` over an open house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._kept: Recent[Analysed] = Recent(REMEMBERED)
        self._lock = threading.Lock()

    def plans(self) -> tuple[PlanVersion, ...]:
        """The newest version of every plan, by name."""
        return ()

    def plan(self, name: str) -> PlanVersion:
        """The newest version of one plan. Raises UnknownName."""
        raise NotImplementedError

    def versions(self, name: str) -> tuple[PlanVersion, ...]:
        """All versions of a plan, the newest first. Raises UnknownName."""
        raise NotImplementedError

    def analysis(self, name: str) -> Analysed:
        """All that can be said; takes seconds unless remembered."""
        raise NotImplementedError

    def look(self, name: str) -> Analysed | None:
        """The same at once: None while it is being computed in the background."""
        raise NotImplementedError

    def _now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)
