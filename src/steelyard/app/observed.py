"""A metric's units by weeks as a panel of impact: who starts when, and what is known of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from steelyard.impact.panel import Panel
from steelyard.impact.result import Note
from steelyard.metrics import metric
from steelyard.metrics.facts import PEOPLE_COLUMNS
from steelyard.metrics.panel import UnitWeeks
from steelyard.metrics.period import shift_months
from steelyard.metrics.staff import Member
from steelyard.people.shown import LONGEST, TENURES

if TYPE_CHECKING:
    import pandas as pd

TRAITS = (*PEOPLE_COLUMNS, "tenure")
UNIT_WORDS = {"person": "developer", "team": "team"}


def panel_of(found: UnitWeeks, starts: Mapping[str, dt.date], cluster: str = "") -> Panel:
    """The panel. `starts` are first days by unit, who is not in it never starts; `cluster` is a
    trait such as team, "" where units are their own. Raises BadPanel where nothing was observed."""
    from steelyard.impact.read import Columns, read_panel

    columns = Columns(
        outcome="outcome",
        unit="unit",
        time="week",
        adopted="adopted",
        cluster=cluster if found.question.unit == "person" else "",
        weight="items" if found.items else "",
        exact=TRAITS,
    )
    panel = read_panel(table(found, starts), columns, found.kind)
    notes = tuple(Note(each.code, each.message) for each in found.warnings)
    return replace(panel, notes=(*panel.notes, *notes))


def table(found: UnitWeeks, starts: Mapping[str, dt.date]) -> pd.DataFrame:
    """A row an observed cell: its unit, week and figure, the unit's start and traits."""
    import pandas as pd

    row, week = np.nonzero(~np.isnan(np.array(found.values, dtype=float)))
    on = found.question.on or found.weeks[0]
    abouts = [_about(member, starts.get(member.name), on) for member in found.members]
    columns: dict[str, Any] = {
        name: np.array([about[name] for about in abouts], dtype=object)[row] for name in _ABOUT
    }
    columns["week"] = np.array([each.isoformat() for each in found.weeks], dtype=object)[week]
    columns["outcome"] = np.array(found.values, dtype=float)[row, week]
    if found.items:
        columns["items"] = np.array(found.items, dtype=float)[row, week]
    return pd.DataFrame(columns)


_ABOUT = ("unit", "adopted", *TRAITS)


def _about(member: Member, start: dt.date | None, on: dt.date) -> dict[str, str]:
    known = {**member.traits, "team": member.traits["team"] or "(no team)"}
    adopted = start.isoformat() if start else ""
    return {**known, "unit": member.name, "adopted": adopted, "tenure": tenure(member, on)}


def tenure(member: Member, day: dt.date) -> str:
    """The class of the time since the first day of employment; "" where that is not known."""
    if member.since is None:
        return ""
    classes = (name for months, name in TENURES if day < shift_months(member.since, months))
    return next(classes, LONGEST)


def in_words(name: str) -> str:
    """A metric as a noun in a sentence: its definition's first clause, without its quantile."""
    sentence = metric(name).sentence.partition(";")[0].rstrip(".")
    words = sentence.removeprefix("Median ")
    return words[0].lower() + words[1:]
