"""Pictures, estimates, checks and guardrails of a study as tables of text. Nothing is computed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.impact.analysed import Guardrail, PlanVersion
from steelyard.impact.result import Check, Estimate
from steelyard.impact.verdict import figure
from steelyard.reports.charts import height
from steelyard.reports.draw import filled
from steelyard.reports.picture import Column, Picture
from steelyard.web import words
from steelyard.web.formats import UNKNOWN, count, moment
from steelyard.web.table import Cell, Grid, Head, Row

STATUS = {
    "ok": ("nothing against it", ""),
    "warn": ("look at this", "low"),
    "fail": ("against it", "bad"),
    "not_run": ("not run", "none"),
}
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CHANGED = ("worse", "better", "changed")


@dataclass(frozen=True)
class Drawn:
    """A picture as the template prints it: its chart's specification with data, and its table."""

    picture: Picture
    spec: str
    grid: Grid
    by_entry: bool  # as high as it has entries


@dataclass(frozen=True)
class Judged:
    """A check as a row: its status in words, and a class for its badge."""

    name: str
    status: str
    badge: str
    detail: str

    @property
    def serious(self) -> bool:
        return self.badge in ("low", "bad")


def private(said: Any) -> Any:
    """The same without addresses of people: a study is of a group, and what leaving somebody out
    would change is nobody's business but its own."""
    if isinstance(said, str):
        return _ADDRESS.sub("one person", said)
    if isinstance(said, Mapping):
        return {private(key): private(value) for key, value in said.items()}
    return [private(each) for each in said] if isinstance(said, list | tuple) else said


def drawn(picture: Picture) -> Drawn:
    whole = filled(picture.spec, picture.rows)
    by_entry = whole["height"] != "container"
    if by_entry:
        whole["height"] = height(len({row[picture.columns[0].key] for row in picture.rows}))
    text = json.dumps(whole, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return Drawn(picture, text, grid(picture), by_entry)


def grid(picture: Picture) -> Grid:
    """All figures that the picture is drawn from."""
    first, *rest = picture.columns
    return Grid(
        caption=f"{picture.title}. {picture.measure}",
        heads=tuple(Head(each.label, left=each.unit == "words") for each in picture.columns),
        rows=tuple(
            Row(text(row.get(first.key), first), tuple(_cell(row, each) for each in rest))
            for row in picture.rows
        ),
    )


def _cell(row: Mapping[str, Any], column: Column) -> Cell:
    value = row.get(column.key)
    return Cell(text(value, column), value is not None, left=column.unit == "words")


def text(value: Any, column: Column) -> str:
    """A figure as the table prints it; what is not known says so."""
    if value is None:
        return UNKNOWN
    if column.unit == "words":
        return str(value)
    if column.key == "p":
        return p_value(value)
    if column.unit == "percent":
        return f"{figure(value)} %"
    return count(value) if column.unit == "count" else f"{value:,.3g}".replace("-", "−")


def p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def interval(estimate: Estimate | None) -> str:
    """The 95 % interval, in percent where there is one."""
    if estimate is None:
        return ""
    low, high = estimate.ci_pct
    if low is not None and high is not None:
        return f"{figure(low)} to {figure(high)} %"
    low, high = estimate.ci
    return "" if low is None or high is None else f"{figure(low)} to {figure(high)}"


def effect(estimate: Estimate | None) -> str:
    if estimate is None or estimate.estimate is None:
        return UNKNOWN
    if estimate.effect_pct is not None:
        return f"{figure(estimate.effect_pct)} %"
    return figure(estimate.estimate)


def guardrails(found: Iterable[Guardrail], short: bool = False) -> Grid | None:
    """What must not get worse, with p-values that count all of them (Holm).

    A `short` table has only those that changed; `hidden` says how many others there are.
    """
    all_of = list(found)
    shown = [each for each in all_of if reading(each) in CHANGED] if short else all_of
    if not all_of:
        return None
    heads = ("Guardrail", "Effect", "95 % interval", "p (Holm)", "Reading")
    rows = []
    for each in shown:
        known = each.estimate is not None and each.estimate.estimate is not None
        p = "" if each.p_holm is None else p_value(each.p_holm)
        cells = (
            Cell(effect(each.estimate), known),
            Cell(interval(each.estimate)),
            Cell(p),
            Cell(reading(each), left=True),
        )
        rows.append(Row(words.metric(each.metric), cells, f"/definitions#{each.metric}"))
    drawn = tuple(Head(h, left=h == "Reading") for h in heads)
    return Grid("Guardrails", drawn, tuple(rows), hidden=len(all_of) - len(shown))


def reading(guardrail: Guardrail) -> str:
    """Worse, better, or not told apart from chance: which is no proof that nothing happened."""
    estimate = guardrail.estimate
    if estimate is None or estimate.estimate is None or guardrail.p_holm is None:
        return guardrail.why or "cannot be said"
    if guardrail.p_holm >= 0.05:
        return "not told apart from chance"
    if guardrail.direction == "neutral":
        return "changed"
    better = (estimate.estimate > 0) == (guardrail.direction == "up")
    return "better" if better else "worse"


def judged(checks: Iterable[Check]) -> list[Judged]:
    """Checks, those that speak against the result first."""
    order = {"fail": 0, "warn": 1, "ok": 2, "not_run": 3}
    return [
        Judged(_plain(each.name), *STATUS[each.status], private(each.detail))
        for each in sorted(checks, key=lambda each: order[each.status])
    ]


def _plain(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class OnPaper:
    """The four sums as a table, and what is done with them, step by step."""

    sums: Grid
    steps: tuple[str, ...]


def redo(said: Mapping[str, Any]) -> OnPaper:
    """What somebody with a pencil needs for the same figure."""
    heads = ("", f"{said['periods_before']} periods before", f"{said['periods_after']} after")
    sides = (("treated", "Treated", "a", "b"), ("other", "Others", "c", "d"))
    rows = tuple(
        Row(
            f"{label}, {said[f'{side}_units']:,}",
            tuple(Cell(f"{key.upper()} = {count(said[key])}") for key in keys),
        )
        for side, label, *keys in sides
    )
    grid = Grid("The four sums", tuple(Head(text or "Sum of the outcome") for text in heads), rows)
    return OnPaper(grid, tuple(said["steps"]))


def versions(found: Iterable[PlanVersion]) -> Grid:
    heads = ("Version", "Saved", "By", "What changed", "SHA-256")
    rows = tuple(
        Row(
            str(each.number),
            (
                Cell(moment(each.saved_at)),
                Cell(each.by or UNKNOWN, bool(each.by)),
                Cell("; ".join(each.changes) or "first version", left=True),
                Cell(each.digest[:16] + "…", left=True),
            ),
            hint=each.digest,
        )
        for each in found
    )
    left = ("What changed", "SHA-256")
    return Grid("Versions of the plan", tuple(Head(h, left=h in left) for h in heads), rows)
