"""Rows for the pictures of an analysis; each picture may be missing, none may break the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.impact.design import Settled
from steelyard.impact.result import CannotSay, Estimate, EventStudy
from steelyard.impact.study import Study

Rows = Sequence[Mapping[str, Any]]


def pictures(
    settled: Settled, study: Study, events: EventStudy | CannotSay, headline: Estimate | None
) -> dict[str, Rows]:
    """counterfactual, event_study, balance, redo, series: those that the design has."""
    from steelyard.impact import counterfactual, series
    from steelyard.impact import events as event_rows

    found: dict[str, Rows] = {}
    if settled.design == "once":
        return {"series": series.figures(settled.panel, study)}
    if headline is not None:
        found["counterfactual"] = counterfactual.rows(settled.panel, study)
        if len(settled.panel.dates) == 1 and study.kind == "count":
            steps = counterfactual.redo(settled.panel, study)
            found["redo"] = [steps] if steps else []
    if isinstance(events, EventStudy):
        found["event_study"] = event_rows.rows(events)
    if settled.design == "volunteers":
        found["balance"] = _balance(settled, study)
    return {name: rows for name, rows in found.items() if rows}


def _balance(settled: Settled, study: Study) -> Rows:
    from steelyard.impact.matched import balance

    return balance(settled.panel, study)
