"""The ROI page: one of the named questions at a time, with its panels. Answers in, values out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from steelyard.errors import UnknownName
from steelyard.metrics import DIMENSIONS, Answer, Question
from steelyard.metrics.answer import Cell as Figure
from steelyard.metrics.questions import QUESTIONS, Panel, QuestionAnswer, Terms
from steelyard.web import roi_files
from steelyard.web import view as views
from steelyard.web.api import CSV, download
from steelyard.web.asking import Options, shown_by, spend_by
from steelyard.web.controls import shared
from steelyard.web.files import Kind, add_files
from steelyard.web.finding import Finding
from steelyard.web.formats import span, value
from steelyard.web.frame import Pages
from steelyard.web.layout import footer
from steelyard.web.notes import notes
from steelyard.web.question_panels import TILED, draw
from steelyard.web.services import Services
from steelyard.web.view import View

PATH = "/roi"
FIRST = "roi"
TABS = {
    "roi": "Unit costs",
    "experience": "Experience",
    "pricing": "Pricing",
    "stuck": "Stuck",
    "bugs": "Bugs",
    "adoption": "Adoption",
    "reconciliation": "Reconciliation",
}
FILTERS = ("team", "role", "assistant")
_STRONG = re.compile(
    r"\([^)]*\)|(?:under|over) \$\d+|(\$[\d.,]*\d|[\d.]+%|[\d.,]*\d (?:days|h|points)\b)"
)


@dataclass(frozen=True)
class RoiView(View):
    """A view of the page: the question beside period and filters."""

    question: str = FIRST

    def parameters(self) -> list[tuple[str, str]]:
        said = [("question", self.question)] if self.question != FIRST else []
        return said + super().parameters()


def read(params: QueryParams, today: dt.date) -> RoiView:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    question = params.get("question", FIRST)
    if question not in QUESTIONS:
        raise UnknownName("question", question, QUESTIONS)
    kept = QueryParams([(k, v) for k, v in params.multi_items() if k not in ("by", "sort")])
    found = views.read(kept, today, DIMENSIONS)
    return RoiView(found.period, where=found.where, question=question)


def add_roi(routes: APIRouter, pages: Pages) -> None:
    """The page, and its data as .json and .csv."""
    services = pages.services

    @routes.get("/roi")
    def html(request: Request) -> Response:
        status, today = services.status(), services.today()
        shown = read(request.query_params, today)
        page = pages.page(request, "roi", "ROI", status)
        if not status.has_data:
            values = {**shared(shown, {}, today, PATH), "shown": False, "foot": ["No data yet"]}
            return pages.render(request, "roi.html", page, **values)
        answer = _ask(services, shown)
        values = context(shown, answer, _options(services, shown), today)
        page = replace(page, share=shown.url(PATH))
        return pages.render(request, "roi.html", page, shown=True, **values)

    @routes.get("/roi.json")
    def data(request: Request) -> Response:
        return JSONResponse(_ask(services, read(request.query_params, services.today())).to_json())

    def file(request: Request, kind: Kind) -> Response:
        shown = read(request.query_params, services.today())
        answer, panel = _ask(services, shown), request.query_params.get("panel", "")
        if panel or kind != "csv":
            return roi_files.panel_file(answer, panel or answer.panels[0].name, kind)
        name = f"{shown.question}-{shown.period.start}-{shown.period.end}.csv"
        return Response(answer.csv(), headers=download(name), media_type=CSV)

    add_files(routes, "/roi", file)


def _ask(services: Services, shown: RoiView) -> QuestionAnswer:
    where = tuple(sorted((name, tuple(sorted(set(v)))) for name, v in shown.where.items()))
    terms = Terms(shown.period.start, shown.period.end, where)
    return services.answer_question(shown.question, terms)


def _options(services: Services, shown: RoiView) -> Options:
    """What each filter can be set to, with the spend of each value in the period."""
    period = shown.period
    return {
        name: spend_by(
            services.ask(Question(("spend_usd",), period.start, period.end, (name,))), name
        )
        for name in shown_by(services, shown, FILTERS)
    }


def context(
    shown: RoiView, answer: QuestionAnswer, options: Options, today: dt.date
) -> dict[str, Any]:
    """Everything the template prints."""
    plain = _plain(answer)
    query = shown.url("").removeprefix("?")
    drawn = [draw(panel, PATH, query) for panel in answer.panels]
    return {
        **shared(shown, options, today, PATH),
        "tabs": [_tab(shown, name) for name in TABS],
        "answer": answer,
        "finding": finding(answer.sentence),
        "tiles": _tiles(answer.panels),
        "tiled": next((each for each in drawn if each.panel.name == TILED), None),
        "panels": [each for each in drawn if each.panel.name != TILED],
        "notes": notes([plain], shown),
        "days": span(answer.terms.start, answer.terms.end)
        if answer.terms.start and answer.terms.end
        else "",
        "downloads": {kind: f"{PATH}.{kind}?{query}" for kind in ("csv", "json")},
        "foot": footer(plain, today),
    }


def finding(sentence: str) -> Finding:
    """The first sentence with its figures strong, the rest as support. Intervals stay light."""
    first, stop, rest = sentence.partition(". ")
    parts: list[tuple[str, bool]] = []
    at = 0
    for found in _STRONG.finditer(first):
        if found[1]:
            parts += [(first[at : found.start()], False), (found[1], True)]
            at = found.end()
    return Finding((*parts, (first[at:] + stop.strip(), False)), rest)


def _plain(answer: QuestionAnswer) -> Answer:
    """What notes and footer look at: warnings, coverage and freshness."""
    question = Question(("spend_usd",), answer.terms.start, answer.terms.end)
    return Answer(question, (), (), answer.as_of, answer.coverage, answer.warnings)


def _tab(shown: RoiView, name: str) -> dict[str, Any]:
    return {
        "label": TABS[name],
        "title": QUESTIONS[name],
        "url": replace(shown, question=name).url(PATH),
        "chosen": name == shown.question,
    }


def _tiles(panels: Iterable[Panel]) -> list[dict[str, Any]]:
    """The unit costs as the row of figures at the top, each with its interval."""
    panel = next((panel for panel in panels if panel.name == TILED), None)
    if panel is None:
        return []
    return [
        {
            "label": str(row[0]).capitalize(),
            "metric": metric,
            "text": value(_number(row[1]), "USD"),
            "known": row[1] is not None,
            "note": _tile_note(row),
            "tint": tint,
        }
        for row, metric, tint in zip(panel.rows, panel.metrics, (1, 2, 4, 3), strict=False)
    ]


def _tile_note(row: tuple[Figure, ...]) -> str:
    if row[1] is None:
        return str(row[-1])
    if row[2] is None:
        return str(row[-1])
    return f"{value(_number(row[2]), 'USD')} – {value(_number(row[3]), 'USD')}"


def _number(cell: Figure) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
