"""Settings, Plans: the monthly plans that are known, and how many people are on each."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.metrics import Question
from steelyard.metrics.plans import Plan, own_plans, packaged_plans, valid
from steelyard.web import words
from steelyard.web.answers import Line, lines
from steelyard.web.files import Kind, Rows, Table, add_files, table_file
from steelyard.web.formats import UNKNOWN, count, money
from steelyard.web.frame import Pages
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row

PATH = "/settings/plans"
DAYS = 28  # in which people worked whose plans are told
HEADS = ("A month", "Prompts in 5 hours")
COLUMNS = (
    *("plan", "title", "reported_as", "usd_per_month", "valid_from", "valid_to"),
    *("prompts_low", "prompts_high", "confidence", "source"),
)


def add_plans(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        page = pages.page(request, "settings", "Plans", services.status())
        values = {
            "plans": _grid(known(services)),
            "people": _people_grid(people(services)),
            "file": services.settings.plans,
            "days": DAYS,
        }
        return pages.render(request, "plans.html", page, **values)

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        used = [{"plan": x.names["plan"], **x.now} for x in people(services)]
        return JSONResponse({"plans": _as_json(rows(services)), "people": used})

    def table(request: Request, kind: Kind) -> Response:
        form: Table = "csv" if kind == "csv" else "parquet"
        return table_file(rows(services), COLUMNS, form, "plans")

    add_files(routes, PATH, table, ("csv", "parquet"))


def known(services: Services) -> tuple[Plan, ...]:
    """The plans of today: the organisation's own, where it has any, in place of the packaged.

    Raises BadFile for an own file that cannot be read.
    """
    own = services.settings.plans
    return valid((own_plans(own) if own else ()) or packaged_plans(), services.today())


def rows(services: Services) -> Rows:
    """The plans of today as plain values, with the columns of an own file."""
    return [_record(plan) for plan in known(services)]


def people(services: Services) -> list[Line]:
    """How many worked of late with each plan that telemetry told."""
    today = services.today()
    start = today - dt.timedelta(days=DAYS - 1)
    return lines(services.ask(Question(("active_people",), start, today, by=("plan",))))


def _record(plan: Plan) -> dict[str, Any]:
    price = None if plan.month_nanos is None else plan.month_nanos / 1e9
    said = {name: getattr(plan, name) for name in COLUMNS if name not in ("plan", "usd_per_month")}
    return {"plan": plan.name, "usd_per_month": price, **said}


def _as_json(found: Rows) -> list[dict[str, Any]]:
    dates = ("valid_from", "valid_to")
    return [{**row, **{name: row[name].isoformat() for name in dates}} for row in found]


def _grid(plans: tuple[Plan, ...]) -> Grid:
    heads = [Head("Plan"), *map(Head, HEADS)]
    heads += [Head(label, left=True) for label in ("Telemetry says", "Confidence", "Source")]
    return Grid("Plans", tuple(heads), tuple(map(_row, plans)))


def _row(plan: Plan) -> Row:
    price = "by the token" if plan.month_nanos is None else money(plan.month_nanos / 1e9)
    low, high = plan.prompts_low, plan.prompts_high
    window = "–" if low is None or high is None else f"{count(low)}–{count(high)}"
    said = (plan.reported_as or "–", plan.confidence, plan.source)
    left = (Cell(text, left=True) for text in said)
    return Row(plan.title, (Cell(price), Cell(window, low is not None), *left))


def _people_grid(found: list[Line]) -> Grid:
    heads = (Head("Plan as telemetry tells it"), Head("People"))
    return Grid("People by plan", heads, tuple(map(_people_row, found)))


def _people_row(line: Line) -> Row:
    number = line.number("active_people")
    cell = Cell(UNKNOWN, False) if number is None else Cell(count(number))
    return Row(words.value("plan", line.names["plan"]), (cell,))
