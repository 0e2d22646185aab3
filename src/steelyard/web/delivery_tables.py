"""The tables and lists of Delivery: groups, work with and without a mark, figures with reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Answer
from steelyard.web import sorting, words
from steelyard.web.answers import Line, lines
from steelyard.web.delivery_asking import ASSISTED, Asked
from steelyard.web.delivery_view import PATH, DeliveryView
from steelyard.web.formats import change, count, points, share, value
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row, bar
from steelyard.web.tiles import verdict

# What is not there, by what a metric rests on.
RECORDS = {
    "work_pull_requests": "pull requests",
    "work_commits": "commits",
    "work_reviews": "reviews",
    "work_reverts": "reverts",
    "work_deployments": "deployments",
    "work_lead_times": "deployments",
    "work_issues": "issues",
    "work_worklogs": "time sheets",
}
# Why a figure is unknown although what it rests on is recorded.
WHY = {
    "rework_share": "21 days are not over, or no clone is read",
    "deployment_rework_share": "nothing says what was planned",
    "recovery_hours_p50": "nothing failed and recovered",
    "change_failure_share": "no deployment finished",
    "lead_time_hours_p50": "nothing reached production",
    "prs_per_dev_week": "nobody is in a directory",
    "review_interventions_per_ai_pr": "no assisted pull request",
    "story_points_resolved": "no estimates",
}
NOTHING = "nothing to measure"
LEAD, SHARE = 1, 4  # colours of the bars of the first column, and of assisted shares
CLASSES = {"<1d": "Under a day", "1-3d": "1 to 3 days", "3-7d": "3 to 7 days"}
CLASSES |= {"1-2w": "1 to 2 weeks", ">2w": "Over 2 weeks"}


@dataclass(frozen=True)
class Figure:
    """A metric in a list: its value, how it moved, what it was, or why it is unknown."""

    metric: str
    label: str
    text: str
    known: bool
    change: str
    verdict: str
    note: str
    sentence: str


def figures(view: DeliveryView, asked: Asked, names: Iterable[str]) -> list[Figure]:
    """Those of the metrics that the filters apply to."""
    if asked.totals is None:
        return []
    return [_figure(view, asked, n) for n in names if n in asked.totals.question.metrics]


def _figure(view: DeliveryView, asked: Asked, name: str) -> Figure:
    metric = CATALOGUE[name]
    now, before = asked.total.number(name), asked.total.earlier(name)
    moved = points(now, before) if metric.unit == "share" else change(now, before)
    then = asked.total.uncompared(name)
    if view.compare and before is not None:
        then = f"was {value(before, metric.unit)}"
    return Figure(
        metric=name,
        label=words.metric(name),
        text=value(now, metric.unit),
        known=now is not None,
        change=moved,
        verdict=verdict(name, moved),
        note=then if now is not None else reason(name, asked.totals),
        sentence=metric.sentence,
    )


def reason(name: str, answer: Answer | None) -> str:
    """Why a figure is unknown, in a few words."""
    absent = [note for note in answer.warnings if note.code == "no_data"] if answer else []
    if any(name in note.affects for note in absent):
        rests = [RECORDS[fact] for fact in CATALOGUE[name].facts if fact in RECORDS]
        return f"no {rests[0]} recorded" if rests else "nothing recorded"
    return WHY.get(name, NOTHING)


def groups(view: DeliveryView, asked: Asked) -> Grid | None:
    """The page's breakdown, ordered as the address says; None where nothing carries it."""
    answer = asked.groups
    if answer is None:
        return None
    lead = answer.question.metrics[0]
    by = replace(view, sort=view.sort or f"-{lead}")
    found = sorting.ordered(by, lines(answer))
    shown = found if view.whole else found[:ROWS_SHOWN]
    top = {lead: max((line.number(lead) or 0.0 for line in found), default=0.0)}
    top |= {"ai_pr_share": 1.0} if "ai_pr_share" in answer.question.metrics else {}
    return Grid(
        caption=f"Delivery by {words.dimension(view.by)}, {view.period.label}",
        heads=tuple(_heads(by, answer)),
        rows=tuple(_row(view, line, answer, top) for line in shown),
        totals=Row("All together", _cells(view, asked.total, answer, top, bars=False)),
        hidden=len(found) - len(shown),
        everything=replace(view, whole=True).url(PATH) + "#groups",
    )


def _heads(view: DeliveryView, answer: Answer) -> list[Head]:
    label = words.dimension(view.by)
    heads = [_head(view, view.by, label[:1].upper() + label[1:])]
    for at, name in enumerate(answer.question.metrics):
        heads.append(_head(view, name, words.metric(name), CATALOGUE[name].sentence))
        heads += [Head("Change")] if at == 0 and view.compare else []
    return heads


def _head(view: DeliveryView, column: str, label: str, title: str = "") -> Head:
    url = sorting.link(view, column, PATH) + "#groups"
    return Head(label, url, sorting.state(view, column), title)


def _row(view: DeliveryView, line: Line, answer: Answer, top: dict[str, float]) -> Row:
    name = line.names[view.by]
    label = words.value(view.by, name)
    url = view.with_filter(view.by, name).url(PATH)
    return Row(label, _cells(view, line, answer, top), url, f"Only {label}")


def _cells(
    view: DeliveryView, line: Line, answer: Answer, top: dict[str, float], bars: bool = True
) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for at, name in enumerate(answer.question.metrics):
        number = line.number(name)
        width = (bar(number, top[name]) if bars else 0.0) if name in top else None
        tint = SHARE if at else LEAD
        cells.append(Cell(_text(number, name), number is not None, width, tint))
        if at == 0 and view.compare:
            moved = change(number, line.earlier(name))
            cells.append(Cell(moved or "–", bool(moved)))
    return tuple(cells)


def _text(number: float | None, name: str) -> str:
    return "–" if number is None else value(number, CATALOGUE[name].unit)


def assisted(asked: Asked) -> Grid | None:
    """Work with and without an assistant's mark, a row a metric; None without both kinds."""
    if asked.assisted is None:
        return None
    found = {line.names["assisted"]: line for line in lines(asked.assisted)}
    if not {"yes", "no"} <= found.keys():
        return None
    fit = [name for name in ASSISTED if name in asked.assisted.question.metrics]
    rows = tuple(_beside(name, found["yes"], found["no"]) for name in fit)
    heads = (Head("Metric"), Head("With a mark"), Head("Without"), Head("With against without"))
    return Grid("Work with and without an assistant's mark", heads, rows)


def _beside(name: str, marked: Line, other: Line) -> Row:
    """One metric of both; the difference is that of the marked ones to the others."""
    with_mark, without, unit = marked.number(name), other.number(name), CATALOGUE[name].unit
    apart = points(with_mark, without) if unit == "share" else change(with_mark, without)
    cells = (
        Cell(_text(with_mark, name), with_mark is not None),
        Cell(_text(without, name), without is not None),
        Cell(_worded(apart), bool(apart)),
    )
    sentence = CATALOGUE[name].sentence
    return Row(words.metric(name), cells, f"/definitions#{name}", sentence)


def _worded(apart: str) -> str:
    """A difference between kinds is no movement: more or less, not up or down."""
    if not apart:
        return "–"
    if apart in ("no change", "new"):
        return "the same" if apart == "no change" else "only with a mark"
    return f"{apart[1:].strip()} {'more' if apart[0] == '↑' else 'less'}"


def classes(view: DeliveryView, asked: Asked) -> Grid | None:
    """Resolved issues in the five classes of speed, each with its share; None without any."""
    if asked.classes is None or not asked.classes.rows:
        return None
    metric = "issues_resolved"
    found = {line.names["resolution_class"]: line for line in lines(asked.classes)}
    now = {name: line.number(metric) or 0.0 for name, line in found.items()}
    before = {name: line.earlier(metric) or 0.0 for name, line in found.items()}
    rows = []
    for name, label in CLASSES.items():
        part, then = _part(now, name), _part(before, name)
        moved = points(part, then) if view.compare else ""
        cells = [Cell(count(now.get(name, 0.0)))]
        cells.append(Cell("–" if part is None else share(part), part is not None, bar(part, 1.0)))
        cells += [Cell(moved or "–", bool(moved))] if view.compare else []
        rows.append(Row(label, tuple(cells)))
    heads = [Head("Resolved within"), Head("Issues"), Head("Share")]
    heads += [Head("Change")] if view.compare else []
    return Grid("Resolved issues by speed", tuple(heads), tuple(rows))


def _part(found: dict[str, float], name: str) -> float | None:
    whole = sum(found.values())
    return found.get(name, 0.0) / whole if whole else None
