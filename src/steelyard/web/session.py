"""The page of one session: what it did, what it took, and how its context grew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from steelyard.errors import BadValue
from steelyard.metrics.session_course import Call
from steelyard.metrics.session_rows import SessionRow, SessionTerms
from steelyard.web import chart
from steelyard.web import sheet as sheets
from steelyard.web.answers import Line
from steelyard.web.files import KINDS, Kind, Rows, add_files, picture_file
from steelyard.web.finding import Finding
from steelyard.web.formats import count, short_count, short_money
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel, Shown
from steelyard.web.pictures import picture_of
from steelyard.web.problems import NoSuchPage
from steelyard.web.series import Bucket, Chart, Point, Series
from steelyard.web.services import Services
from steelyard.web.sheet import OwnTable, Section, Sheet
from steelyard.web.view import View

PATH = "/sessions"
EVENTS = "Comes with the assistants' events: switch the logs exporter on."
CONTEXT = "context"
METRIC = "session_context_tokens_max"
COLUMNS = ("time", "source", "context_tokens", "calls")
TITLE = "How its context grew"
MEASURE = "Tokens of context per answered call, in their order: input, cache reads and cache writes"
SOURCES = {"main": "Main loop", "subagent": "Sub-agents", "auxiliary": "Helpers", "": "Calls"}


def course(services: Services, view: View) -> Sequence[Call]:
    days = (view.period.start, view.period.end)
    return services.session_course(SessionTerms(*days, view.where, limit=1))


def rows(services: Services, view: View) -> Rows:
    """The calls as plain values."""
    return [asdict(call) | {"time": f"{call.time:%F %T}"} for call in course(services, view)]


def grown(calls: Sequence[Call], view: View, path: str) -> Shown:
    """The curve, or why there is none; `path` is the page's address."""
    if not calls:
        return Shown(CONTEXT, TITLE, MEASURE, METRIC, True, why=EVENTS)
    told = {call.source for call in calls}
    names = [n for n in SOURCES if n in told] + sorted(told - set(SOURCES))
    buckets = tuple(_bucket(number, call, names) for number, call in enumerate(calls, 1))
    series = (Series(SOURCES.get(n, n), 1 + i % 5) for i, n in enumerate(names))
    drawn = Chart("call", tuple(series), buckets, has_figures=True)
    files: dict[str, str] = {kind: replace(view, where={}).url(f"{path}.{kind}") for kind in KINDS}
    return Shown(
        *(CONTEXT, _finding(calls), MEASURE, METRIC, True, drawn, "calls"),
        chart.lines(chart.COUNTS, chart.TIME_LABEL),
        downloads=files,
    )


def _finding(calls: Sequence[Call]) -> str:
    """Where the largest context began and how large it became: main loop and sub-agents have
    contexts of their own."""
    largest = max(calls, key=lambda call: call.context_tokens)
    own = [call for call in calls if call.source == largest.source]
    number = sum(call.calls for call in own)
    first, most = own[0].context_tokens, largest.context_tokens
    said = f"grew from {short_count(first)} to {short_count(most)}"
    if most == first:
        said = f"had up to {short_count(most)}"
    whose = SOURCES.get(largest.source, largest.source)
    name = "context" if len(own) == len(calls) else f"{whose.lower()}'s context"
    return f"The {name} {said} tokens in {count(number)} call{'' if number == 1 else 's'}"


def _bucket(number: int, call: Call, names: list[str]) -> Bucket:
    """A call has a figure in the column of who asked, and none in the others."""
    empty, text = Point("", "–", False), count(call.context_tokens)
    own = Point(str(call.context_tokens), text, True)
    points = tuple(own if name == call.source else empty for name in names)
    several = f", {count(call.calls)} calls" if call.calls > 1 else ""
    label = f"{number}: {call.time:%-d %b, %H:%M:%S}{several}"
    return Bucket(f"{call.time.isoformat(timespec='milliseconds')}Z", label, False, points)


def did(view: View, totals: Line) -> Finding:
    """What a session took, in one sentence; what is not recorded is not in it."""
    counted = [
        f"{count(number)} {noun}{'' if number == 1 else 's'}"
        for metric, noun in (("prompts", "prompt"), ("tool_calls", "tool call"))
        if (number := totals.number(metric)) is not None
    ]
    spend = totals.number("spend_usd")
    cost = "what it cost is unknown"
    if spend is not None:
        cost = f"it cost {short_money(spend)} at list price"
    opening = f"{' and '.join(counted)}; " if counted else ""
    text = f"{opening}{cost}."
    return Finding(((text[:1].upper() + text[1:], False),))


ONE = Sheet(
    key="sessions",
    title="Session",
    path=PATH,
    asks="What happened in this session?",
    tiles=(
        ("spend_usd", 1),
        ("session_context_tokens_max", 2),
        ("prompts", 3),
        ("tool_calls", 5),
        ("cache_hit_share", 2),
    ),
    sections=(
        Section(
            "what",
            "What it did",
            (
                Panel("models", "ranking", ("spend_usd", "tokens"), "Models", "model"),
                Panel("types", "ranking", ("tokens", "spend_usd"), "Tokens", "token_type"),
                Panel(
                    "tools",
                    "ranking",
                    ("tool_calls", "tool_errors_share", "tool_latency_ms_p50"),
                    "Tools",
                    "tool",
                    advice=EVENTS,
                ),
                Panel(
                    "decisions",
                    "ranking",
                    ("edit_decisions", "accept_rate"),
                    "Decisions about edits",
                    "tool",
                    advice=EVENTS,
                ),
                Panel(
                    "calls",
                    "ranking",
                    ("api_requests", "api_latency_ms_p50", "api_error_share"),
                    "Calls to models",
                    "model",
                    advice=EVENTS,
                ),
                Panel("errors", "ranking", ("api_errors",), "Failed calls", "error"),
            ),
        ),
    ),
    finding=did,
    filters=(),
    template="session.html",
    tables={CONTEXT: OwnTable(COLUMNS, rows)},
)


def add_session(routes: APIRouter, pages: Pages) -> None:
    """The page, its data as .json, and what it shows as files."""
    services = pages.services

    @routes.get(f"{PATH}/{{session}}.json")
    def data(request: Request, session: str) -> Response:
        view, row = _find(services, request.query_params, session)
        said = {name: _plain(value) for name, value in asdict(row).items()}
        return JSONResponse({"session": said} | sheets.as_json(services, view, ONE))

    def file(request: Request, kind: Kind) -> Response:
        session = request.path_params["session"]
        view, _ = _find(services, request.query_params, session)
        if kind == "csv" or kind == "parquet":
            name = request.query_params.get("panel", CONTEXT)
            return sheets.sheet_file(services, view, ONE, name, kind)
        shown = grown(course(services, view), view, "")
        if shown.chart is None:
            raise BadValue("There is nothing to draw.", shown.why)
        content = picture_of(shown.chart, shown.spec, shown.title, MEASURE, kind)
        return picture_file(content, kind, f"session-{CONTEXT}")

    add_files(routes, f"{PATH}/{{session}}", file)

    @routes.get(f"{PATH}/{{session}}")
    def one(request: Request, session: str) -> Response:
        view, row = _find(services, request.query_params, session)
        path = f"{PATH}/{quote(session, safe='')}"
        sheet = replace(ONE, path=path)
        page = pages.page(request, "sessions", "Session", services.status())
        values = sheets.context(services, view, sheet) | {"filters": [], "clear": "", "row": row}
        values["tiles"] = [replace(tile, spark=None) for tile in values["tiles"]]  # of one day
        values["grown"] = grown(course(services, view), view, path)
        return pages.render(request, sheet.template, page, sheet=sheet, shown=True, **values)


def _find(services: Services, params: QueryParams, session: str) -> tuple[View, SessionRow]:
    """The session, for those who may see its person. What may not be seen is not there."""
    view = replace(sheets.read(params, services), compare=False, sort="", page=1)
    view = replace(view, where={"session": (session,)})
    days = (view.period.start, view.period.end)
    found = services.session_list(SessionTerms(*days, view.where, limit=1))
    if not found.rows:
        raise NoSuchPage(
            "No such session began in this period, or it is not yours to see.",
            "Choose the period it began in; a session belongs to the day of its first work.",
        )
    return view, found.rows[0]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
