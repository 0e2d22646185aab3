"""What does it cost per what shipped? Spend over commits, issues, lines and pull requests.

Both sides are asked over the same days. Everybody's work counts, with and without an assistant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from steelyard.metrics.catalogue import metric
from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking
from steelyard.metrics.questions.compare import (
    Compared,
    by_person,
    few_people,
    lacking,
    ratio_of,
    ratio_panel,
    too_few,
)
from steelyard.metrics.questions.intervals import LEVEL, Estimate
from steelyard.metrics.questions.panel import Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import BRACKETS, bracketed, figure

TITLE = "What does it cost per what shipped?"
METRICS = ("cost_per_commit", "cost_per_pr", "cost_per_issue", "cost_per_line", "spend_usd")
BY = "team"
UNITS = (
    ("cost_per_commit", "cost per commit", "commits"),
    ("cost_per_pr", "cost per merged pull request", "pull requests"),
    ("cost_per_issue", "cost per resolved issue", "issues"),
    ("cost_per_line", "cost per line of code suggested", "lines"),
)
EACH = (
    ("spend_usd", "spend"),
    ("prs_merged", "pull requests merged"),
    ("commits", "commits"),
    ("lines_suggested", "lines suggested"),
)
SAME_DAYS = (
    "Spend and what shipped are of the same days; work of people without an assistant counts."
)


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    units = _units(asking)
    panels = [
        *(
            replace(panel, rows=(), title=too_few(asking.terms.min_people), hidden=True)
            if _hidden(asking, panel)
            else panel
            for panel in (units, _per_developer(asking))
        ),
        *(ratio_panel(asking, _by_team(*unit)) for unit in UNITS),
    ]
    return _sentence(asking, units), panels


def _by_team(name: str, what: str, base: str) -> Compared:
    return Compared(
        f"{name}_by_team", name, "team", what, base, association=True, notes=(SAME_DAYS,)
    )


def _sentence(asking: Asking, units: Panel) -> str:
    spend = asking.value("spend_usd") if asking.carries("spend_usd") else None
    if spend is None:
        return (
            "What assistants cost is not known for this period, so nothing can be set against it."
        )
    said = [
        f"{bracketed(Estimate(row[1], row[2], row[3]), 'USD')} per {_thing(row[0])}"  # type: ignore[arg-type]
        for row in units.rows
        if row[1] is not None and row[0] != "cost per line of code suggested"
    ]
    floor = "at least " if asking.value("unpriced_tokens") else ""
    if _hidden(asking, units):
        return f"{too_few(asking.terms.min_people)}."
    opening = f"Assistants used {floor}{figure(spend, 'USD')} at list price"
    if not said:
        return f"{opening}; what shipped in the same days is not known."
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"{opening}: {listed}. {BRACKETS} What that work is worth, these figures do not say."


def _hidden(asking: Asking, panel: Panel) -> bool:
    few = few_people(asking.terms.min_people)
    return bool(panel.rows) and all(row[-1] == few for row in panel.rows)


def _thing(what: object) -> str:
    return str(what).removeprefix("cost per ")


def _units(asking: Asking) -> Panel:
    """Each unit cost, a row each: they share a unit, so they can stand on one scale."""
    rows: list[Row] = []
    most = 0
    for name, what, base in UNITS:
        if not asking.carries(name):
            continue
        parts = [p for p in asking.parts(name) if p.top or p.bottom]
        said = ratio_of(parts, LEVEL)
        people = len({p.person for p in parts if p.person})
        most = max(most, people)
        if asking.filtered and people < asking.terms.min_people:
            said, note = Estimate(), few_people(asking.terms.min_people)
            rows.append((what, None, None, None, None, None, base, note))
            continue
        count = round(sum(p.bottom or 0 for p in parts))
        rows.append((what, said.value, said.low, said.high, people, count, base, lacking(said)))
    known = [row for row in rows if row[1] is not None]
    title = (
        f"{str(known[0][0]).capitalize()} is {figure(known[0][1], 'USD')}"  # type: ignore[arg-type]
        if known
        else "No unit cost is known in this period"
    )
    columns = (
        PanelColumn("figure", "figure", "group"),
        PanelColumn("cost_usd", "cost", "value", "USD"),
        PanelColumn("low", "from", "low", "USD"),
        PanelColumn("high", "to", "high", "USD"),
        PanelColumn("people", "people", "people"),
        PanelColumn("count", "count", "count"),
        PanelColumn("counted", "of", "note"),
        PanelColumn("note", "", "note"),
    )
    names = tuple(name for name, _, _ in UNITS)
    about = "Spend over what shipped in the same days · at list price · 95% intervals"
    return Panel(
        "unit_costs",
        title,
        about,
        columns,
        tuple(rows),
        most or None,
        metrics=names,
        notes=(SAME_DAYS,),
    )


def _per_developer(asking: Asking) -> Panel:
    """Means over everybody with use or work in the period; who did none of it counts as 0."""
    rows = tuple(_each(asking))
    known = {str(row[0]): row for row in rows if row[2] is not None}
    people = max((int(str(row[5])) for row in known.values()), default=0)
    return Panel(
        "per_developer",
        _developers(known),
        "Mean over people with use or work in the period · 95% intervals",
        (
            PanelColumn("figure", "per developer", "group"),
            PanelColumn("unit", "unit", "unit"),
            PanelColumn("mean", "mean", "value"),
            PanelColumn("low", "from", "low"),
            PanelColumn("high", "to", "high"),
            PanelColumn("people", "people", "people"),
            PanelColumn("total", "total", "count"),
            PanelColumn("note", "", "note"),
        ),
        rows,
        people or None,
        metrics=tuple(name for name, _ in EACH),
        notes=(
            "Whoever uses an assistant or ships something counts; narrow it by role to developers.",
            "Spend is of people with telemetry: the others' is unknown and not counted as 0.",
        ),
    )


def _each(asking: Asking) -> Iterator[Row]:
    asked = [(name, what) for name, what in EACH if asking.carries(name, "person")]
    amounts = {name: [p for p in asking.amounts(name) if p.person] for name, _ in asked}
    everybody = {p.person for parts in amounts.values() for p in parts}
    for name, what in asked:
        unit, known = metric(name).unit, [p for p in amounts[name] if p.top is not None]
        sums = {person: top for person, (top, _) in by_person(known).items()}
        if name in ("prs_merged", "commits") and sums:
            sums = dict.fromkeys(everybody, 0.0) | sums  # where work is recorded, none is none
        if asking.filtered and len(sums) < asking.terms.min_people:
            yield (what, unit, None, None, None, None, None, few_people(asking.terms.min_people))
            continue
        said = intervals.mean(sums.values())
        total = sum(sums.values()) if sums else None
        yield (what, unit, said.value, said.low, said.high, said.n, total, lacking(said))


def _developers(known: dict[str, Row]) -> str:
    spend, merged = known.get("spend"), known.get("pull requests merged")
    if spend is None:
        return "Spend per developer is not known"
    text = f"A developer used {figure(spend[2], 'USD')} on average"  # type: ignore[arg-type]
    if merged is None:
        return text
    return f"{text} and merged {figure(merged[2], '')} pull requests"  # type: ignore[arg-type]
