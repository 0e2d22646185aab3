"""The page Delivery: what shipped, how fast, how often it failed, and how much was assisted.

Every figure is a metric of the catalogue; comparing work with and without an assistant's mark is
association and says so. Nothing here is of a single person.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.metrics import Answer, Question
from steelyard.web import delivery_asking as asking
from steelyard.web import delivery_tables as tables
from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.api import Format, as_format
from steelyard.web.controls import shared
from steelyard.web.delivery_asking import Asked, ask_delivery, ask_groups, is_recorded
from steelyard.web.delivery_charts import charts, histogram, sparks
from steelyard.web.delivery_finding import delivery_finding
from steelyard.web.delivery_view import PATH, DeliveryView, read
from steelyard.web.files import Kind, add_files
from steelyard.web.formats import count, hours, short_count, span
from steelyard.web.frame import Pages
from steelyard.web.layout import footer
from steelyard.web.notes import Shown, notes
from steelyard.web.panels import table_downloads
from steelyard.web.tiles import Tile, tiles

COLOURS = (1, 3, 2, 4, 5, 0)
# Said where the figures are: on the tiles and in the lists, and in the tables.
ELSEWHERE = frozenset({"undefined_ratio"})


def add_delivery(routes: APIRouter, pages: Pages) -> None:
    """The page, and its data as .json and .csv."""
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        status, today = services.status(), services.today()
        view = read(request.query_params, today)
        page = pages.page(request, "delivery", "Delivery", status)
        if not is_recorded(services):
            values = {**shared(view, {}, today, PATH), "shown": False}
            foot = ["No work has been read yet"]
            return pages.render(request, "delivery.html", page, foot=foot, **values)
        values = context(view, ask_delivery(services, view, today), today)
        page = replace(page, share=view.url(PATH))
        return pages.render(request, "delivery.html", page, shown=True, **values)

    @routes.get(f"{PATH}.json")
    def data(request: Request) -> Response:
        today = services.today()
        asked = ask_delivery(services, read(request.query_params, today), today)
        said = {name: a.to_json() if a else None for name, a in asked.answers().items()}
        return JSONResponse(said)

    def file(request: Request, kind: Kind) -> Response:
        view = read(request.query_params, services.today())
        name = f"delivery-by-{view.by}-{view.period.start}-{view.period.end}"
        answer = ask_groups(services, view)
        # Filters that leave no column are told by the question itself, as an error.
        form: Format = "csv" if kind == "csv" else "parquet"
        return as_format(answer or services.ask(_unanswerable(view)), form, name)

    add_files(routes, PATH, file, ("csv", "parquet"))


def _unanswerable(view: DeliveryView) -> Question:
    first = asking.columns(view)[:1]
    return Question(first, view.period.start, view.period.end, (view.by,), dict(view.where))


def context(view: DeliveryView, asked: Asked, today: dt.date) -> dict[str, Any]:
    """Everything the template prints."""
    rows = len(asked.groups.rows) if asked.groups else 0
    return {
        **shared(view, asked.options or {}, today, PATH, short_count),
        **_tabs(view, asked),
        "comparison": _comparison(view),
        "finding": delivery_finding(view, asked),
        "notes": _notes(view, asked),
        "tiles": _tiles(view, asked, today),
        "charts": charts(view, asked, today),
        "course": _course(view, today),
        "throughput": tables.figures(view, asked, asking.THROUGHPUT),
        "instability": tables.figures(view, asked, asking.INSTABILITY),
        "review": tables.figures(view, asked, asking.REVIEW),
        "issues": tables.figures(view, asked, asking.ISSUES),
        "times": histogram(asked.buckets, asked.total),
        "classes": tables.classes(view, asked),
        "assisted": tables.assisted(asked),
        "by_label": words.dimension(view.by),
        "grid": tables.groups(view, asked),
        "row_count": rows,
        "json": f"{PATH}.json{view.url('')}",
        "files": _files(asked.groups),
        "assisted_files": _files(asked.assisted),
        "class_files": _files(asked.classes),
        "foot": _foot(asked, today),
    }


def _files(answer: Answer | None) -> dict[str, str]:
    return table_downloads(answer.question) if answer and answer.question.by else {}


def _notes(view: DeliveryView, asked: Asked) -> list[Shown]:
    answers = [answer for answer in (asked.totals, asked.groups) if answer]
    shown = notes(answers, view, asking.left_out(view, asking.TILES))
    return [note for note in shown if note.code not in ELSEWHERE]


def _tiles(view: DeliveryView, asked: Asked, today: dt.date) -> list[Tile]:
    absent = asking.left_out(view, asking.TILES)
    names = asking.TILES if len(absent) < len(asking.TILES) else asking.ISSUES
    shown = tuple(zip(names, COLOURS, strict=False))
    found = tiles(view, asked.total, sparks(view, asked.course, today), absent, shown)
    return [_explained(tile, asked) for tile in found]


def _explained(tile: Tile, asked: Asked) -> Tile:
    """With why it is unknown, or what a known figure is to be read with."""
    if tile.metric not in (asked.totals.question.metrics if asked.totals else ()):
        return tile  # it says which filter does not apply
    if not tile.known:
        return replace(tile, note=tables.reason(tile.metric, asked.totals))
    return replace(tile, note=_beside(tile.metric, asked.total))


def _beside(name: str, total: Line) -> str:
    commits, deployments = total.number("commits"), total.number("deployments")
    wait = total.number("pr_first_review_hours_p50")
    return {
        "prs_merged": f"{short_count(commits)} commits" if commits is not None else "",
        "prs_per_dev_week": "of all employed",
        "pr_cycle_hours_p50": f"{hours(wait)} to a review" if wait is not None else "to merge",
        "lead_time_hours_p50": "to production",
        "change_failure_share": f"{count(deployments)} shipped" if deployments is not None else "",
        "rework_share": "within 21 days",
    }.get(name, "")


def _comparison(view: DeliveryView) -> dict[str, str]:
    other = replace(view, compare=not view.compare).url(PATH)
    if view.compare:
        label = f"vs previous {view.period.days} days" if view.period.days > 1 else "vs day before"
        return {"label": label, "url": other, "title": "Do not compare"}
    return {"label": "not compared", "url": other, "title": "Compare with the period before"}


def _course(view: DeliveryView, today: dt.date) -> str:
    """Which days the charts show, where these are not the period's."""
    start, end = view.course(today)
    if (start, end) == (view.period.start, view.period.end):
        return ""
    return f"whole {view.grain}s, {span(start, end)}"


def _tabs(view: DeliveryView, asked: Asked) -> dict[str, Any]:
    first = [*asked.tabs, *([view.by] if view.by not in asked.tabs else [])]
    return {
        "tabs": [_tab(view, name) for name in first],
        "more_tabs": [_tab(view, name) for name in asked.more if name not in first],
    }


def _tab(view: DeliveryView, name: str) -> dict[str, Any]:
    label = words.dimension(name)
    url = view.broken_down(name).url(PATH)
    return {
        "label": label[:1].upper() + label[1:],
        "url": f"{url}#groups",
        "chosen": name == view.by,
    }


def _foot(asked: Asked, today: dt.date) -> list[str]:
    """Coverage and freshness."""
    return footer(asked.totals, today) if asked.totals else []
