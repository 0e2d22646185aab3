"""Panels of how something is spread over classes: each class's share, with its interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking
from steelyard.metrics.questions.compare import few_people, lacking, too_few
from steelyard.metrics.questions.intervals import Estimate
from steelyard.metrics.questions.panel import TOTAL, Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import figure

Counts = Mapping[str, Mapping[str, float]]  # class → person → how many


@dataclass(frozen=True)
class Spread:
    """What is spread: `what` are the things counted ("sessions"), `classes` their order."""

    name: str
    metric: str
    by: str
    what: str
    classes: tuple[str, ...]
    subtitle: str
    verb: str = "are"
    notes: tuple[str, ...] = ()


def distribution_panel(asking: Asking, about: Spread) -> Panel | None:
    """A count metric over the classes of a dimension; None when it cannot be filtered so."""
    if not asking.carries(about.metric, about.by):
        return None
    counts: dict[str, dict[str, float]] = defaultdict(dict)
    for part in asking.amounts(about.metric, about.by):
        if part.top:
            counts[str(part.group[0])][part.person] = part.top
    return spread_panel(asking, about, counts)


def spread_panel(asking: Asking, about: Spread, counts: Counts) -> Panel:
    """The panel of any counts. Things of unknown class are left out, and that is said."""
    known = {name: counts.get(name, {}) for name in about.classes}
    whole: dict[str, float] = defaultdict(float)
    for people in known.values():
        for person, count in people.items():
            whole[person] += count
    unknown = sum(n for name, each in counts.items() if name not in known for n in each.values())
    left_out = f"{unknown:,.0f} {about.what} of unknown class are left out."
    everybody = len([person for person in whole if person])
    hidden = bool(asking.filtered) and everybody < asking.terms.min_people
    rows = [] if hidden else [_row(asking, about, n, p, whole) for n, p in known.items()]
    total: Row = (TOTAL, 1.0, None, None, everybody, round(sum(whole.values())), "")
    return Panel(
        about.name,
        too_few(asking.terms.min_people) if hidden else _title(about, known, whole),
        about.subtitle,
        _columns(about),
        tuple(rows) if whole else (),
        everybody or None,
        total if whole and not hidden else None,
        metrics=(about.metric,),
        notes=(*about.notes, *([left_out] if unknown and whole else [])),
        hidden=hidden,
    )


def _row(
    asking: Asking,
    about: Spread,
    name: str,
    people: Mapping[str, float],
    whole: Mapping[str, float],
) -> Row:
    count = len([person for person in people if person])
    if people and count < asking.terms.min_people:
        return (name, None, None, None, None, None, few_people(asking.terms.min_people))
    said = _share(people, whole)
    return (
        name,
        said.value,
        said.low,
        said.high,
        count,
        round(sum(people.values())),
        lacking(said),
    )


def _share(people: Mapping[str, float], whole: Mapping[str, float]) -> Estimate:
    return intervals.share([(people.get(person, 0.0), all_) for person, all_ in whole.items()])


def _title(about: Spread, known: Counts, whole: Mapping[str, float]) -> str:
    total = sum(whole.values())
    if not total:
        return f"No {about.what} of a known class in this period"
    sums = {name: sum(people.values()) for name, people in known.items()}
    most = max(sums, key=lambda name: sums[name])
    return f"{figure(sums[most] / total, 'share')} of {about.what} {about.verb} {_class(most)}"


def _class(name: str) -> str:
    """A class in words: under 1 day, 1–3 days, over 2 weeks."""
    text = name.replace("<", "under ").replace(">", "over ").replace("-", "–")
    for short, long in (("d", " days"), ("w", " weeks")):
        text = text[:-1] + long if text.endswith(short) else text
    return text.replace("under 1 days", "under 1 day")


def _columns(about: Spread) -> tuple[PanelColumn, ...]:
    return (
        PanelColumn(about.by, about.by.replace("_", " "), "group"),
        PanelColumn("share", f"share of {about.what}", "value", "share"),
        PanelColumn("low", "from", "low", "share"),
        PanelColumn("high", "to", "high", "share"),
        PanelColumn("people", "people", "people"),
        PanelColumn("count", about.what, "count"),
        PanelColumn("note", "", "note"),
    )
