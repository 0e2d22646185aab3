"""Panels: a question declared once is shown as a chart or a table, with all it can be taken as.

A page is a list of panels. What cannot be asked (a filter that does not apply, what a viewer may
not see, nothing recorded) is said in the panel's place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from steelyard.errors import UsageError
from steelyard.metrics import CATALOGUE, Answer, Question
from steelyard.metrics.facts import TIME_DIMENSIONS
from steelyard.metrics.period import bucket_of
from steelyard.metrics.sight import SMALL
from steelyard.web import asking, chart, words
from steelyard.web.answers import lines, sums_by
from steelyard.web.formats import share, short_count, value
from steelyard.web.series import OWN_COLUMN, Chart, adds_up, course, parts, stack
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row, bar
from steelyard.web.view import View

Shape = Literal["stack", "parts", "lines", "ranking"]
ROWS = 10  # of a ranking, before "show all"
FORMATS = ("csv", "parquet", "json")
PICTURES = ("svg", "png")
_AXES = {"USD": chart.DOLLARS, "share": chart.SHARES, "h": chart.HOURS}


@dataclass(frozen=True)
class Panel:
    """What is asked and how it is shown.

    `stack` has one metric and a colour a value of `by`; `parts` a colour a metric, which add up;
    `lines` a line a metric, over time; `ranking` a row a value of `by` with all metrics. `grain` is
    the finest time it makes sense in: whole weeks, say. `title` is used where no finding can be
    made of the figures; `finding` makes one of the answer. `where` narrows beyond the page's
    filters. `advice` says what brings the figures in where there are none.
    """

    name: str
    shape: Shape
    metrics: tuple[str, ...]
    title: str
    by: str = ""
    grain: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: str = ""
    advice: str = ""
    wide: bool = False
    finding: Callable[[Answer], str] | None = None


@dataclass(frozen=True)
class Shown:
    """A panel as the template prints it: a chart or a grid, or `why` there is neither."""

    name: str
    title: str
    measure: str
    metric: str
    wide: bool = False
    chart: Chart | None = None
    kind: str = ""
    spec: str = ""
    grid: Grid | None = None
    downloads: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    answer: Answer | None = None


def question(view: View, panel: Panel) -> Question | None:
    """What the panel asks under the view's filters; None where no metric of it carries them."""
    by = (panel.by,) if panel.by else ()
    start = view.period.start
    if panel.shape != "ranking":
        grain = grain_of(view, panel)
        by, start = (grain, *by), bucket_of(start, grain) if panel.grain else start
    where = {**view.where, **panel.where}
    metrics = asking.fitting(panel.metrics, (*by, *where))
    if not metrics:
        return None
    return Question(metrics, start, view.period.end, by, where)


def grain_of(view: View, panel: Panel) -> str:
    """The time between two buckets: the view's, or the panel's where that is longer."""
    grains = ("day", "week", "month")
    return max(view.period.grain(), panel.grain or "day", key=grains.index)


def show(services: Services, view: View, panel: Panel, today: dt.date, path: str = "") -> Shown:
    """The panel with its figures. Values of its dimension link to `path`, filtered by them."""
    asked = question(view, panel)
    if asked is None:
        return _without(panel, view, _not_applicable(panel, view))
    try:
        answer = services.ask(asked)
    except UsageError as error:  # what this viewer may not see is said where it would stand
        return _without(panel, view, f"{error.message} {error.hint}".strip())
    return shown(view, panel, answer, today, path)


def shown(view: View, panel: Panel, answer: Answer, today: dt.date, path: str = "") -> Shown:
    """The same of an answer."""
    first = CATALOGUE[answer.question.metrics[0]]
    if not any(line.number(name) is not None for line in lines(answer) for name in line.now):
        return _without(panel, view, panel.advice or "Nothing is recorded in this period.")
    drawn, grid, kind, spec = None, None, "", ""
    if panel.shape == "ranking":
        grid = ranking(view, panel, answer, path)
    elif panel.shape == "stack":
        drawn = stack(view, answer, first.name, panel.by, today, path)
        spec = chart.stacked(_AXES.get(first.unit, chart.COUNTS))
    elif panel.shape == "parts":
        drawn = parts(view, answer, today)
        spec = chart.stacked(_AXES.get(first.unit, chart.COUNTS))
    else:
        tints = {name: 1 + n % OWN_COLUMN for n, name in enumerate(answer.question.metrics)}
        drawn, kind = course(view, answer, today, tints), "lines"
        spec = chart.lines(_AXES.get(first.unit, chart.COUNTS))
    if drawn is not None and not drawn.has_figures:
        return _without(panel, view, panel.advice or "Nothing but zeros in this period.")
    return Shown(
        panel.name,
        (panel.finding or _finding(panel))(answer) or panel.title,
        measure(view, panel),
        first.name,
        panel.wide,
        drawn,
        kind,
        spec,
        grid,
        downloads(answer.question, panel.shape),
        answer=answer,
    )


def downloads(question: Question, shape: Shape) -> dict[str, str]:
    """Exactly these figures: the rows from the API, their picture."""
    query = question.to_query()
    files = {kind: f"/api/v1/ask?{query}&format={kind}" for kind in FORMATS}
    return files | {kind: f"/chart.{kind}?shape={shape}&{query}" for kind in PICTURES}


def table_downloads(question: Question) -> dict[str, str]:
    """The same of a table with a row a value: all its figures, and a picture of the first of them
    by what comes first."""
    by = question.by[:1]
    first = replace(question, metrics=question.metrics[:1], by=by, compare=None)
    shape: Shape = "lines" if by[0] in TIME_DIMENSIONS else "ranking"
    pictures = {kind: downloads(first, shape)[kind] for kind in PICTURES}
    return downloads(question, shape) | pictures


def measure(view: View, panel: Panel) -> str:
    """What is drawn, in what unit, per what."""
    if panel.about:
        return panel.about
    labels = " and ".join(dict.fromkeys(words.metric(name) for name in panel.metrics[:3]))
    per = "" if panel.shape == "ranking" else f" per {grain_of(view, panel)}"
    by = f" by {words.dimension(panel.by)}" if panel.by else ""
    return f"{labels}{per}{by}{_unit(panel.metrics[0])}"


def ranking(view: View, panel: Panel, answer: Answer, path: str = "") -> Grid:
    """A row a value, the largest of the first metric first, with a bar for it."""
    metrics = answer.question.metrics
    found = lines(answer)
    rows = found if view.whole else found[:ROWS]
    largest = max((line.number(metrics[0]) or 0.0 for line in found), default=0.0)
    label = words.dimension(panel.by)
    heads = [Head(label[:1].upper() + label[1:])]
    heads += [Head(words.metric(n), title=CATALOGUE[n].sentence) for n in metrics]
    everything = View(view.period, where=view.where, whole=True).url(path) if path else ""
    return Grid(
        f"{panel.title}, {view.period.label}",
        tuple(heads),
        tuple(
            Row(
                words.value(panel.by, line.names[panel.by]),
                tuple(
                    _cell(line.number(name), name, largest if not n else 0.0)
                    for n, name in enumerate(metrics)
                ),
                view.with_filter(panel.by, line.names[panel.by]).url(path) if path else "",
            )
            for line in rows
        ),
        hidden=len(found) - len(rows),
        everything=f"{everything}#{panel.name}" if everything else "",
    )


def _cell(number: float | None, metric: str, largest: float) -> Cell:
    unit = CATALOGUE[metric].unit
    if number is None:
        return Cell("–", False, 0.0 if largest else None)
    text = short_count(number) if unit == "tokens" else value(number, unit)
    return Cell(text, True, bar(number, largest) if largest else None)


def _finding(panel: Panel) -> Callable[[Answer], str]:
    """Who leads, of what adds up; else the panel's own title."""
    first = panel.metrics[0]
    if not panel.by or not adds_up(first) or first not in CATALOGUE:
        return lambda answer: panel.title
    return lambda answer: leading(answer, panel.by) or panel.title


def leading(answer: Answer, dimension: str) -> str:
    """Claude Opus makes up 61.2% of spend; empty where there is nothing to say it of."""
    metric = answer.question.metrics[0]
    known = {name: n for name, n in sums_by(answer, metric, dimension).items() if n}
    if len(known) < 2 or not adds_up(metric) or metric in ("active_people", "headcount"):
        return ""
    first = max(known, key=lambda name: known[name] or 0.0)
    part = (known[first] or 0.0) / sum(n or 0.0 for n in known.values())
    if first == SMALL:  # who is in it is not one to name
        return ""
    verb = "makes up" if part >= 0.5 else "leads with"
    named = words.inside(words.metric(metric))
    return f"{words.value(dimension, first)} {verb} {share(part)} of {named}"


def _unit(metric: str) -> str:
    said = {"USD": ", US dollars", "share": ", per cent", "min": ", minutes", "h": ", hours"}
    return said.get(CATALOGUE[metric].unit, "")


def _without(panel: Panel, view: View, why: str) -> Shown:
    said = measure(view, panel)
    return Shown(panel.name, panel.title, said, panel.metrics[0], panel.wide, why=why)


def _not_applicable(panel: Panel, view: View) -> str:
    dimensions = CATALOGUE[panel.metrics[0]].dimensions
    blocking = [words.dimension(n) for n in (*view.where, panel.by) if n and n not in dimensions]
    return f"Not known per {' and '.join(blocking)}; clear that filter to see it."
