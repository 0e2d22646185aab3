"""Panels that compare groups: ratios, means, medians and distributions, each with its interval.

A group of too few people is named but not shown; the total keeps everybody. What nobody's group is
known for stands last and is no part of the finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from steelyard.metrics.catalogue import metric
from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking, Part, Single
from steelyard.metrics.questions.intervals import LEVEL, Estimate
from steelyard.metrics.questions.panel import TOTAL, Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import Measured, comparison, group_name

Estimator = Callable[[Sequence[Part], float], Estimate]
EVERYBODY = "everybody"


@dataclass(frozen=True)
class Compared:
    """What a panel compares. `base` names what the figure is counted over ("commits"), if shown.

    `figure` names a figure that is not the metric itself, `unit` its unit where there is no metric,
    `total` a column of the sum. `order` puts known groups into an order of their own; else the
    highest figure comes first.
    """

    name: str
    metric: str
    by: str
    what: str
    base: str = ""
    order: tuple[str, ...] = ()
    association: bool = False
    notes: tuple[str, ...] = ()
    figure: str = ""
    unit: str = ""
    total: str = ""

    @property
    def measured(self) -> Measured:
        """How the figure is called and its unit."""
        return Measured(self.what, self.unit or metric(self.metric).unit)

    @property
    def column(self) -> str:
        """The figure's name for programs."""
        return self.figure or self.metric


@dataclass(frozen=True)
class Group:
    """One group's figure; `wide` holds for all groups at once (Bonferroni)."""

    name: str
    said: Estimate
    wide: Estimate
    people: int
    top: float
    base: float
    shown: bool


def ratio_panel(asking: Asking, about: Compared) -> Panel | None:
    """A ratio metric by a dimension; None when the filters leave nothing to ask."""
    if not asking.carries(about.metric, about.by):
        return None
    parts = [p for p in asking.parts(about.metric, about.by) if _there(p)]
    estimator = share_of if metric(about.metric).unit == "share" else ratio_of
    return panel_of(asking, about, parts, estimator)


def median_panel(asking: Asking, about: Compared) -> Panel | None:
    """A median metric by a dimension."""
    if not asking.carries(about.metric, about.by):
        return None
    parts = singles_as_parts(asking.singles(about.metric, about.by))
    return panel_of(asking, about, parts, median_of)


def mean_panel(asking: Asking, about: Compared) -> Panel | None:
    """The mean over people of a metric that adds up, by a dimension."""
    if not asking.carries(about.metric, about.by):
        return None
    parts = [p for p in asking.amounts(about.metric, about.by) if p.person and p.top is not None]
    return panel_of(asking, about, parts, mean_of)


def panel_of(asking: Asking, about: Compared, parts: Sequence[Part], estimator: Estimator) -> Panel:
    """The panel of any parts: group by group, and everybody together."""
    few = asking.terms.min_people
    whole = _group(EVERYBODY, together(parts), estimator, LEVEL, few if asking.filtered else 0)
    if not whole.shown:
        return replace(_panel(about, too_few(few)), hidden=True)
    groups = grouped(parts, estimator, few)
    ranked = sorted(groups.items(), key=lambda item: _place(about, *item))
    named = [g for key, g in ranked if key and g.shown and g.said.value is not None]
    pairs, wide = [(g.name, g.said) for g in named], [g.wide for g in named]
    title = comparison(about.measured, about.by, pairs, wide, whole.said, few)
    rows = [_row(about, key, group_name(about.by, key), g, few) for key, g in ranked]
    total = _row(about, TOTAL, TOTAL, whole, few) if parts else None
    return replace(_panel(about, title), rows=tuple(rows), n=whole.people, total=total)


def _panel(about: Compared, title: str) -> Panel:
    """The panel without its figures."""
    return Panel(
        about.name,
        title,
        subtitle(about.measured, about.by),
        _columns(about),
        (),
        association=about.association,
        metrics=(about.metric,) if about.metric else (),
        notes=about.notes,
    )


_UNITS = {"USD": "at list price", "h": "hours", "chars": "characters"}


def subtitle(said: Measured, by: str) -> str:
    """Measure, unit and interval in one line."""
    broken = f"{said.what[:1].upper()}{said.what[1:]} by {by.replace('_', ' ')}"
    unit = "" if said.unit == "share" else f" · {_UNITS.get(said.unit, said.unit)}"
    return f"{broken}{unit} · 95% intervals"


def grouped(parts: Iterable[Part], estimator: Estimator, min_people: int) -> dict[str, Group]:
    """The groups of parts with their estimates."""
    found: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        found[str(part.group[0])].append(part)
    known = sum(1 for key in found if key)
    level = 1 - (1 - LEVEL) / max(1, known)
    return {
        key: _group(key, members, estimator, level, min_people) for key, members in found.items()
    }


def _group(
    name: str, parts: Sequence[Part], estimator: Estimator, wide: float, min_people: int
) -> Group:
    people = len({part.person for part in parts if part.person})
    top, base = (sum(part.pair[side] for part in parts) for side in (0, 1))
    said = estimator(parts, LEVEL)
    return Group(name, said, estimator(parts, wide), people, top, base, people >= min_people)


def together(parts: Sequence[Part]) -> list[Part]:
    """Everybody once: a person's parts of all groups are one observation."""
    return [Part((), part.person, part.top, part.bottom) for part in parts]


def by_person(parts: Iterable[Part]) -> Mapping[str, tuple[float, float]]:
    """Each person's two sums."""
    sums: dict[str, tuple[float, float]] = {}
    for part in parts:
        top, bottom = sums.get(part.person, (0.0, 0.0))
        sums[part.person] = top + part.pair[0], bottom + part.pair[1]
    return sums


def ratio_of(parts: Sequence[Part], level: float) -> Estimate:
    """Unknown when a whole side is; a person's unknown part adds nothing, as in the metric."""
    if _unknown(parts):
        return Estimate()
    return intervals.ratio(by_person(parts).values(), level)


def share_of(parts: Sequence[Part], level: float) -> Estimate:
    return Estimate() if _unknown(parts) else intervals.share(by_person(parts).values(), level)


def mean_of(parts: Sequence[Part], level: float) -> Estimate:
    return intervals.mean((top for top, _ in by_person(parts).values()), level)


def median_of(parts: Sequence[Part], level: float) -> Estimate:
    return intervals.median((part.top or 0.0 for part in parts), level)


def _unknown(parts: Sequence[Part]) -> bool:
    sides = [(part.top is not None, part.bottom is not None) for part in parts]
    return not any(top for top, _ in sides) or not any(bottom for _, bottom in sides)


def _there(part: Part) -> bool:
    return bool(part.top or part.bottom)


def _place(about: Compared, key: str, group: Group) -> tuple[object, ...]:
    if about.order:
        listed = about.order.index(key) if key in about.order else len(about.order)
        return (not key, listed, key)
    return (not key, not group.shown, -(group.said.value or 0.0) if group.shown else 0.0, key)


def _columns(about: Compared) -> tuple[PanelColumn, ...]:
    label, unit = about.what[:1].upper() + about.what[1:], about.measured.unit
    counts = [
        *([PanelColumn("total", about.total, "count", unit)] if about.total else []),
        *([PanelColumn(about.base.replace(" ", "_"), about.base, "count")] if about.base else []),
    ]
    return (
        PanelColumn(about.by, about.by.replace("_", " "), "group"),
        PanelColumn(about.column, label, "value", unit, about.metric),
        PanelColumn("low", "from", "low", unit),
        PanelColumn("high", "to", "high", unit),
        PanelColumn("people", "people", "people"),
        *counts,
        PanelColumn("note", "", "note"),
    )


def _row(about: Compared, key: str, label: str, group: Group, min_people: int) -> Row:
    if not group.shown and key != TOTAL:
        nothing = (None,) * (4 + bool(about.base) + bool(about.total))
        return (label, *nothing, few_people(min_people))
    said = group.said
    counts = (
        *([group.top] if about.total else []),
        *([round(group.base)] if about.base else []),
    )
    return (label, said.value, said.low, said.high, group.people, *counts, lacking(said))


def few_people(min_people: int) -> str:
    """What stands instead of the figures of a small group."""
    return f"fewer than {min_people} people"


def too_few(min_people: int) -> str:
    """What stands where the filters leave too few people."""
    return f"Not shown: {few_people(min_people)} are left by the filters"


def lacking(said: Estimate) -> str:
    """Why there is no interval."""
    if said.value is None:
        return "not known"
    return "" if said.known else "too few, or too alike, for an interval"


def singles_as_parts(found: Iterable[Single]) -> list[Part]:
    """Single values as parts, for estimators of medians."""
    return [Part(s.group, s.person, s.value, 1.0) for s in found]
