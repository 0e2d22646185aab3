"""Any chart of a page as a picture: /chart.svg and /chart.png answer the same question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics import CATALOGUE, Answer
from steelyard.metrics.question import parse_pairs
from steelyard.reports.draw import draw
from steelyard.web import chart, panels, words
from steelyard.web.answers import lines
from steelyard.web.files import Kind, Picture, add_files, picture_file
from steelyard.web.formats import span
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel
from steelyard.web.period import Period
from steelyard.web.series import Chart
from steelyard.web.view import View

SHAPES = ("stack", "parts", "lines", "ranking")
TICKS = 10
Rows = list[dict[str, Any]]


def add_pictures(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    def picture(request: Request, kind: Kind) -> Response:
        pairs = request.query_params.multi_items()
        shape = dict(pairs).get("shape", "stack")
        if shape not in SHAPES:
            raise UnknownName("shape", shape, SHAPES)
        asked = parse_pairs([pair for pair in pairs if pair[0] != "shape"], services.today())
        drawing: Picture = "svg" if kind == "svg" else "png"
        content = drawn(services.ask(asked), shape, services, drawing)
        name = "-by-".join((asked.metrics[0], *asked.by[-1:])).replace("_", "-")
        return picture_file(content, drawing, name)

    add_files(routes, "/chart", picture, ("svg", "png"))


def drawn(answer: Answer, shape: str, services: Any, kind: Picture) -> bytes:
    """The picture with its finding as the title. Raises BadValue where there is nothing to draw."""
    asked = answer.question
    if asked.start is None or asked.end is None:
        raise BadValue("A picture needs a first and a last day.", "Give from and to.")
    view = View(Period(asked.start, asked.end))
    panel = _panel(answer, shape)
    shown = panels.shown(view, panel, answer, services.today())
    if shown.why:
        raise BadValue("There is nothing to draw.", shown.why)
    measure = f"{shown.measure} · {span(asked.start, asked.end)}"
    if shown.chart is not None:
        return picture_of(shown.chart, shown.spec, shown.title, measure, kind)
    spec, rows = _ranked(panel, answer)
    return draw({**spec, "datasets": {"hover": []}}, rows, shown.title, measure, kind)


def picture_of(shown: Chart, spec: str, title: str, measure: str, kind: Picture) -> bytes:
    """A page's chart, from what its table holds."""
    coloured = _coloured(json.loads(spec), shown)
    return draw({**coloured, "datasets": {"hover": []}}, _rows(shown), title, measure, kind)


def _panel(answer: Answer, shape: str) -> Panel:
    """What the question's own panel would be."""
    by = answer.question.by
    times = [name for name in by if name in ("day", "week", "month")]
    rest = [name for name in by if name not in times]
    fits = {"stack": (1, 1), "parts": (1, 0), "lines": (1, 0), "ranking": (0, 1)}[shape]
    if (len(times), len(rest)) != fits:
        need = "a time" if fits == (1, 0) else "one dimension"
        raise BadValue(f"by={','.join(by)} cannot be drawn as {shape}.", f"It takes {need}.")
    metrics = answer.question.metrics
    named = " and ".join(words.metric(name) for name in metrics[:3])
    return Panel("picture", shape, metrics, named, *rest)  # type: ignore[arg-type]


def _rows(shown: Chart) -> Rows:
    """What the page's script reads from the table, a row a cell."""
    return [
        {
            "day": bucket.start,
            "value": float(point.data) if point.known else None,
            "tint": series.tint,
            "order": order,
            "partial": bucket.partial,
        }
        for bucket in shown.buckets
        for order, (series, point) in enumerate(zip(shown.series, bucket.points, strict=True))
        if point.known or shown.grain != "call"  # a call belongs to one line only
    ]


def _coloured(spec: dict[str, Any], shown: Chart) -> dict[str, Any]:
    """With a legend, which pages print themselves, and as many ticks as fit."""
    names = {str(series.tint): series.name for series in shown.series}
    label = f"{json.dumps(names)}[datum.value]"
    legend: dict[str, Any] = {
        "title": None,
        "orient": "top",
        "values": [s.tint for s in shown.series],
    }
    legend |= {"labelExpr": label, "symbolType": "square", "labelLimit": 240, "columns": 3}
    step = -(-len(shown.buckets) // TICKS)
    ticks = [bucket.start for bucket in shown.buckets[::-1][::step]]
    for layer in spec["layer"]:
        encoding = layer["encoding"]
        if "color" in encoding and len(shown.series) > 1:
            encoding["color"]["legend"] = legend
        if encoding["x"].get("axis"):
            encoding["x"]["axis"]["values"] = ticks
    return spec


def _ranked(panel: Panel, answer: Answer) -> tuple[dict[str, Any], Rows]:
    metric = panel.metrics[0]
    rows = [
        {"day": words.value(panel.by, line.names[panel.by]), "value": line.number(metric)}
        for line in lines(answer)[: panels.ROWS * 2]
    ]
    amounts: Mapping[str, str] = {"USD": chart.DOLLARS, "share": chart.SHARES}
    return json.loads(chart.ranked(amounts.get(CATALOGUE[metric].unit, chart.COUNTS))), rows
