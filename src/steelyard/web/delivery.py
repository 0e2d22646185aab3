"""The page Delivery: what shipped, how fast, how often it failed, and beside how much assistance.

Every figure is a metric of the catalogue; comparing work with and without an assistant's mark is
association and says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.metrics import CATALOGUE
from steelyard.metrics.catalogue.issues import RESOLUTION_BUCKETS, RESOLUTION_CLASSES
from steelyard.web import delivery_asking as asking
from steelyard.web import sorting, words
from steelyard.web.answers import Line, lines
from steelyard.web.api import as_format
from steelyard.web.controls import shared
from steelyard.web.delivery_asking import Asked, ask_delivery, ask_groups
from steelyard.web.delivery_finding import delivery_finding
from steelyard.web.delivery_view import PATH, TABS, DeliveryView, read
from steelyard.web.formats import UNKNOWN, change, count, day, points, share, short_count, value
from steelyard.web.frame import Pages
from steelyard.web.layout import footer
from steelyard.web.notes import notes
from steelyard.web.series import sparks
from steelyard.web.table import ROWS_SHOWN, Cell, Grid, Head, Row, bar
from steelyard.web.tiles import tiles

SPEEDS = {"<1d": "under a day", "1-3d": "1 to 3 days", "3-7d": "3 to 7 days"}
SPEEDS |= {"1-2w": "1 to 2 weeks", ">2w": "over 2 weeks"}
MARKED = {"yes": "With an assistant's mark", "no": "Without a mark"}


@dataclass(frozen=True)
class Figure:
    """A metric in a list of figures: its value, and how it moved."""

    metric: str
    label: str
    text: str
    known: bool
    change: str
    before: str


def add_delivery(routes: APIRouter, pages: Pages) -> None:
    """The page and its data."""
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        status, today = services.status(), services.today()
        view = read(request.query_params, today)
        asked = ask_delivery(services, view)
        page = pages.page(request, "delivery", "Delivery", status)
        page = replace(page, share=view.url(PATH))
        values = context(view, asked, today)
        foot = footer(asked.answer, today) if values["shown"] else ["No work has been read yet"]
        return pages.render(request, "delivery.html", page, foot=foot, **values)

    @routes.get(f"{PATH}.json")
    def data(request: Request) -> Response:
        asked = ask_delivery(services, read(request.query_params, services.today()))
        said: dict[str, Any] = {name: a.to_json() for name, a in asked.answers().items()}
        return JSONResponse(said | {"resolved": asked.buckets, "classes": asked.classes})

    @routes.get(f"{PATH}.csv")
    def table(request: Request) -> Response:
        view = read(request.query_params, services.today())
        name = f"delivery-by-{view.by}-{view.period.start}-{view.period.end}"
        return as_format(ask_groups(services, view), "csv", name)


def context(view: DeliveryView, asked: Asked, today: dt.date) -> dict[str, Any]:
    """Everything the template prints."""
    work = ("prs_merged", "commits", "issues_resolved", "deployments", "reviews")
    shown = bool(view.where) or any(asked.total.number(name) for name in work)
    tiled = [(name, tint) for name, tint in asking.TILED]
    return {
        **shared(view, asked.options, today, PATH, short_count),
        "shown": shown or asked.answer.coverage.last_day is not None,
        "comparison": _comparison(view),
        "finding": delivery_finding(view, asked.total),
        "notes": notes([asked.answer], view, asked.left_out),
        "tiles": tiles(
            view, asked.total, sparks(view, asked.series, today), asked.left_out, tuple(tiled)
        ),
        "dora": _figures(view, asked, asking.DORA),
        "review": _figures(view, asked, asking.REVIEW),
        "weeks": weekly(view, asked, today),
        "grain": view.grain,
        "buckets": shares(
            asked.buckets, RESOLUTION_BUCKETS, {}, "Time from creation to resolution"
        ),
        "classes": shares(asked.classes, RESOLUTION_CLASSES, SPEEDS, "Speed of resolution"),
        "resolved": count(sum(n or 0 for n in asked.buckets.values())),
        "assisted": assisted(asked.assisted),
        "tabs": [_tab(view, name) for name in TABS],
        "by_label": words.dimension(view.by),
        "grid": groups(view, asked),
        "row_count": len(asked.groups.rows),
        "downloads": {"csv": f"{PATH}.csv{view.url('')}", "json": f"{PATH}.json{view.url('')}"},
    }


def _comparison(view: DeliveryView) -> dict[str, str]:
    other = replace(view, compare=not view.compare).url(PATH)
    if view.compare:
        label = f"vs previous {view.period.days} days" if view.period.days > 1 else "vs day before"
        return {"label": label, "url": other, "title": "Do not compare"}
    return {"label": "not compared", "url": other, "title": "Compare with the period before"}


def _figures(view: DeliveryView, asked: Asked, names: Sequence[str]) -> list[Figure]:
    return [_figure(view, asked, name) for name in names if name not in asked.left_out]


def _figure(view: DeliveryView, asked: Asked, name: str) -> Figure:
    now, before, unit = asked.total.number(name), asked.total.earlier(name), CATALOGUE[name].unit
    moved = points(now, before) if unit == "share" else change(now, before)
    then = value(before, unit) if view.compare and before is not None else ""
    label = words.metric(name)
    return Figure(name, label, _text(now, unit), now is not None, moved, then)


def _text(number: float | None, unit: str) -> str:
    return "unknown" if number is None else value(number, unit)


def weekly(view: DeliveryView, asked: Asked, today: dt.date) -> Grid:
    """The course of the period, a row a bucket, with bars to compare by."""
    grain, found = view.grain, lines(asked.series)
    names = [name for name in asking.WEEKLY if name not in asked.left_out]
    largest = {n: max((line.number(n) or 0.0 for line in found), default=0.0) for n in names}
    rows = []
    for line in found:
        start = dt.date.fromisoformat(line.names[grain])
        cells = [_barred(line, name, largest[name], tint) for tint, name in enumerate(names, 1)]
        rows.append(Row(_bucket(start, grain, today), tuple(cells)))
    heads = [Head(grain.capitalize()), *(_plain_head(name) for name in names)]
    return Grid(f"Work per {grain}", tuple(heads), tuple(rows))


def _bucket(start: dt.date, grain: str, today: dt.date) -> str:
    length = {"day": 1, "week": 7}.get(grain, 31)
    over = "" if (today - start).days >= length else " (not over)"
    label = {"month": f"{start:%B %Y}", "week": f"Week of {day(start)}"}.get(grain, day(start))
    return f"{label}{over}"


def _barred(line: Line, name: str, largest: float, tint: int) -> Cell:
    number = line.number(name)
    text = UNKNOWN if number is None else value(number, CATALOGUE[name].unit)
    return Cell(text, number is not None, bar(number, largest), tint)


def _plain_head(name: str) -> Head:
    return Head(words.metric(name), title=CATALOGUE[name].sentence)


def shares(
    found: Mapping[str, float | None], order: Sequence[str], said: Mapping[str, str], caption: str
) -> Grid:
    """Resolved issues by class, in order of time; each with its share of all."""
    whole = sum(number or 0.0 for number in found.values())
    largest = max((number or 0.0 for number in found.values()), default=0.0)
    rows = [
        Row(
            said.get(name, name.replace("-", "–")),
            (
                Cell(count(found.get(name) or 0), bar=bar(found.get(name) or 0.0, largest)),
                Cell(share((found.get(name) or 0.0) / whole) if whole else "–", bool(whole)),
            ),
        )
        for name in order
    ]
    heads = (Head("Resolved within" if not said else "Class"), Head("Issues"), Head("Share"))
    return Grid(caption, heads, tuple(rows))


def assisted(found: Sequence[Line]) -> Grid | None:
    """Work with and without an assistant's mark, side by side."""
    by_mark = {line.names["assisted"]: line for line in found}
    if not by_mark.keys() & MARKED.keys():
        return None
    rows = [
        Row(label, tuple(_plain(by_mark[mark], name) for name in asking.ASSISTED))
        for mark, label in MARKED.items()
        if mark in by_mark
    ]
    heads = (Head("Work"), *(_plain_head(name) for name in asking.ASSISTED))
    return Grid("Work with and without an assistant's mark", heads, tuple(rows))


def _plain(line: Line, name: str) -> Cell:
    number = line.number(name)
    return Cell(_text(number, CATALOGUE[name].unit), number is not None)


def groups(view: DeliveryView, asked: Asked) -> Grid:
    """The page's breakdown, ordered as the address says."""
    metrics = asked.groups.question.metrics
    if sorting.order(view)[0] not in (*metrics, view.by):
        view = replace(view, sort=f"-{metrics[0]}")
    ordered = sorting.ordered(view, lines(asked.groups))
    shown = ordered if view.whole else ordered[:ROWS_SHOWN]
    largest = max((line.number(metrics[0]) or 0.0 for line in ordered), default=0.0)
    label = words.dimension(view.by)
    heads = [_sorted_head(view, view.by, label[:1].upper() + label[1:])]
    heads += [_sorted_head(view, n, words.metric(n), CATALOGUE[n].sentence) for n in metrics]
    return Grid(
        caption=f"Delivery by {label}, {view.period.label}",
        heads=tuple(heads),
        rows=tuple(_group(view, line, metrics, largest) for line in shown),
        hidden=len(ordered) - len(shown),
        everything=replace(view, whole=True).url(PATH),
    )


def _group(view: DeliveryView, line: Line, metrics: Sequence[str], largest: float) -> Row:
    name = line.names[view.by]
    label = words.value(view.by, name)
    first = _barred(line, metrics[0], largest, 1)
    cells = (first, *(_plain(line, metric) for metric in metrics[1:]))
    return Row(label, cells, view.with_filter(view.by, name).url(PATH), f"Only {label}")


def _sorted_head(view: DeliveryView, column: str, label: str, title: str = "") -> Head:
    return Head(label, sorting.link(view, column, PATH), sorting.state(view, column), title)


def _tab(view: DeliveryView, name: str) -> dict[str, Any]:
    label = words.dimension(name)
    url = view.broken_down(name).url(PATH)
    return {
        "label": label[:1].upper() + label[1:],
        "url": f"{url}#groups",
        "chosen": name == view.by,
    }
