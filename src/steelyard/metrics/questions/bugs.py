"""Are bugs fixed faster? Resolution times of bugs, and what a resolved issue costs.

With and without an assistant is a comparison of bugs that differ in more than that: association,
never effect.
"""

from __future__ import annotations

from steelyard.metrics.catalogue import metric
from steelyard.metrics.catalogue.issues import RESOLUTION_CLASSES
from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking, Part
from steelyard.metrics.questions.compare import (
    Compared,
    few_people,
    grouped,
    lacking,
    median_of,
    median_panel,
    ratio_panel,
    singles_as_parts,
    too_few,
)
from steelyard.metrics.questions.distribution import Spread, distribution_panel
from steelyard.metrics.questions.intervals import LEVEL, Estimate
from steelyard.metrics.questions.panel import Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import moved, within

METRICS = ("resolution_hours_p50", "issues_resolved", "cost_per_issue")
BY = "team"
MEDIAN = "resolution_hours_p50"
WHAT = "median time to resolution"
_INDEPENDENT = "Intervals take issues as independent of each other."
_FLOOR = "With an assistant: a commit or pull request that names the issue is marked so; a floor."
_CHOSEN = "Which bugs people give to an assistant is no chance: this is association, not effect."
_ALL_ISSUES = "Of issues of all types: spend does not say what kind of issue it was for."


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    bugs, types = _bugs(asking)
    can = bugs.carries(MEDIAN)
    panels = [
        _with_and_without(bugs) if can else None,
        median_panel(bugs, _median("team", types)),
        median_panel(bugs, _median("priority", types)),
        distribution_panel(bugs, _classes(types)),
        ratio_panel(
            asking,
            Compared(
                *("cost_per_issue_by_team", "cost_per_issue", "team"),
                *("cost per resolved issue", "issues"),
                association=True,
                notes=(_ALL_ISSUES,),
            ),
        ),
    ]
    return (_sentence(bugs, types) if can else _NOTHING), panels


_NOTHING = "No resolved bugs are recorded in this period."


def _bugs(asking: Asking) -> tuple[Asking, tuple[str, ...]]:
    """Held to types of issues that are bugs, unless the filters name types already."""
    said = dict(asking.terms.where).get("issue_type")
    if said is not None:
        return asking, said
    wanted = {name.lower() for name in asking.terms.bug_types}
    if not asking.carries("issues_resolved", "issue_type"):
        return asking.narrowed("issue_type", asking.terms.bug_types), ()
    seen = asking.evaluated((metric("issues_resolved").formula,), "issue_type")
    types = tuple(sorted(str(key[0]) for key in seen if str(key[0]).lower() in wanted))
    return asking.narrowed("issue_type", types or asking.terms.bug_types), types


def _types(types: tuple[str, ...]) -> str:
    return f"Bugs are issues of type {', '.join(types)}." if types else "No type of issue is a bug."


def _median(by: str, types: tuple[str, ...]) -> Compared:
    notes = (_types(types), _INDEPENDENT)
    return Compared(f"resolution_by_{by}", MEDIAN, by, WHAT, "bugs", (), True, notes)


def _classes(types: tuple[str, ...]) -> Spread:
    return Spread(
        *("resolution_classes", "issues_resolved", "resolution_class", "bugs"),
        RESOLUTION_CLASSES,
        "Share of bugs by time from creation to resolution · 95% intervals",
        "took",
        (_types(types),),
    )


def _sides(bugs: Asking) -> tuple[dict[str, Estimate], list[Part]]:
    """The median with and without an assistant; a side of too few people is left out."""
    parts = singles_as_parts(bugs.singles(MEDIAN, "assisted"))
    groups = grouped(parts, median_of, bugs.terms.min_people)
    return {name: group.said for name, group in groups.items() if group.shown}, parts


def _with_and_without(bugs: Asking) -> Panel:
    sides, parts = _sides(bugs)
    apart = _apart(sides)
    rows: list[Row] = [_side(bugs, name, sides, parts) for name in ("yes", "no")] if parts else []
    if apart.value is not None:
        bounds = (apart.value, apart.low, apart.high)
        rows.append(("difference", *bounds, None, None, lacking(apart)))
    return Panel(
        "resolution_with_and_without",
        _title(parts, apart),
        "Median time to resolution of bugs · hours · 95% intervals",
        (
            PanelColumn("assistant", "assistant", "group"),
            PanelColumn(MEDIAN, "Median time to resolution", "value", "h", MEDIAN),
            PanelColumn("low", "from", "low", "h"),
            PanelColumn("high", "to", "high", "h"),
            PanelColumn("people", "people", "people"),
            PanelColumn("bugs", "bugs", "count"),
            PanelColumn("note", "", "note"),
        ),
        tuple(rows),
        len({part.person for part in parts if part.person}) or None,
        association=True,
        metrics=(MEDIAN,),
        notes=(_CHOSEN, _FLOOR, _INDEPENDENT),
    )


def _side(bugs: Asking, name: str, sides: dict[str, Estimate], parts: list[Part]) -> Row:
    label = "with an assistant" if name == "yes" else "without a mark of one"
    said, mine = sides.get(name), [part for part in parts if part.group == (name,)]
    if said is None:
        note = few_people(bugs.terms.min_people) if mine else "no bugs"
        return (label, None, None, None, None, None, note)
    people = len({part.person for part in mine if part.person})
    return (label, said.value, said.low, said.high, people, len(mine), lacking(said))


def _apart(sides: dict[str, Estimate]) -> Estimate:
    return intervals.difference(sides.get("yes", Estimate()), sides.get("no", Estimate()))


def _title(parts: list[Part], apart: Estimate) -> str:
    if not parts:
        return _NOTHING.rstrip(".")
    if apart.value is None:
        return "Bugs with and without an assistant cannot be compared: one side has too few people"
    return f"Bugs with an assistant took {_longer(apart)}"


def _longer(apart: Estimate) -> str:
    return moved(apart, "h", ("longer", "less"), "bugs without a mark of one")


def _sentence(bugs: Asking, types: tuple[str, ...]) -> str:
    sides, parts = _sides(bugs)
    whole = median_of(parts, LEVEL)
    people = {part.person for part in parts if part.person}
    if not types or whole.value is None:
        return f"{_NOTHING} Which types of issues count as bugs can be set."
    if bugs.filtered != ("issue_type",) and len(people) < bugs.terms.min_people:
        return f"{too_few(bugs.terms.min_people)}."
    half = f"Half of {len(parts):,} bugs were resolved within {within(whole, 'h')}."
    apart = _apart(sides)
    if apart.value is None:
        return f"{half} With and without an assistant cannot be compared yet."
    return (
        f"Bugs with an assistant took {_longer(apart)}. "
        f"That is association, not effect: people choose which bugs they give it. {half}"
    )
