"""The page Overview: is it paying off, in one sentence; five figures; what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import UsageError
from steelyard.metrics.questions import QuestionAnswer, Terms
from steelyard.web import asking, changes, rights
from steelyard.web.answers import Line, single
from steelyard.web.files import Rows
from steelyard.web.finding import spend_finding
from steelyard.web.forecast import forecast_tile
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel
from steelyard.web.payoff import Payoff, UnitCost, payoff, studied
from steelyard.web.quality import marks
from steelyard.web.services import Services
from steelyard.web.sheet import OwnTable, Section, Sheet, Values, add_sheet, ask_totals
from steelyard.web.view import View
from steelyard.web.viewer import current

PATH = "/overview"
COSTS = {
    "cost per merged pull request": "merged pull request",
    "cost per commit": "commit",
    "cost per resolved issue": "resolved issue",
}
WORK = "Add a code host: `steelyard source add github` (or gitlab)."

SPENT = Section(
    "spend",
    "Where does the money go?",
    (
        Panel("spend-by-model", "stack", ("spend_usd",), "Spend by model", "model"),
        Panel("spend-by-team", "ranking", ("spend_usd", "cost_per_person"), "Spend by team",
              "team"),
    ),
    url="/spend",
)  # fmt: skip
USED = Section(
    "people",
    "Is it used, and does work ship?",
    (
        Panel("active", "lines", ("active_people",), "Active people over time"),
        Panel("merged", "lines", ("prs_merged",), "Pull requests merged, everybody's",
              grain="week", advice=WORK),
    ),
    url="/delivery",
)  # fmt: skip


TILES = (("spend_usd", 1), ("active_people", 3), ("ai_pr_share", 4), ("cost_per_pr", 5))
BESIDE = ("tokens", "unpriced_tokens", "headcount", "sessions", "prs_merged")
RESTS_ON = ("spend_usd", "unpriced_tokens", "telemetry_coverage")


def add_overview(routes: APIRouter, pages: Pages) -> None:
    """The page at its own address and, once there is data, at the root."""
    services = pages.services

    @routes.get("/")
    def first(request: Request) -> Response:
        if not services.status().has_data:
            return RedirectResponse("/get-started")
        return page(request)

    page = add_sheet(routes, pages, SHEET)


def more(services: Services, view: View, totals: Line) -> Values:
    """What the template prints beside the kit's: the sentence, what changed, how good it is."""
    said = answered(services, view, totals)
    rests = services.ask(asking.question(view, RESTS_ON))
    moved = changes.changes(services, view)
    failing = tuple(each for each in services.sources() if each.status == "failing")
    sees = rights.may(current.get().role, "/sources")
    return {
        "finding": said.finding,
        "payoff": said,
        "moved": moved,
        "moves": changes.grid(moved, view),
        "moves_about": changes.ABOUT,
        "moves_files": _files(view, "changed"),
        "marks": marks(rests, single(rests), failing if sees else (), services.today()),
    }


def answered(services: Services, view: View, totals: Line) -> Payoff:
    """The sentence from the best evidence there is."""
    known = studied(services.studies, services.today())
    return payoff(view, totals, known, None if known.told else unit_cost(services, view))


def unit_cost(services: Services, view: View) -> UnitCost | None:
    """Spend per merged pull request, else per commit or issue, with its interval. Of the whole
    company where the filters do not apply to what shipped."""
    where = tuple(sorted(view.where.items()))
    found = _unit_cost(services, view, where)
    if found is None and where:
        whole = _unit_cost(services, view, ())
        return UnitCost(whole.thing, whole.value, whole.low, whole.high, True) if whole else None
    return found


def _unit_cost(services: Services, view: View, where: Any) -> UnitCost | None:
    try:
        terms = Terms(view.period.start, view.period.end, where)
        answer = services.answer_question("roi", terms)
    except UsageError:  # the filters do not apply, or the viewer may not see it
        return None
    return _cost(answer)


def _cost(answer: QuestionAnswer) -> UnitCost | None:
    panel = next((each for each in answer.panels if each.name == "unit_costs"), None)
    rows: Mapping[str, Any] = {str(row[0]): row for row in panel.rows} if panel else {}
    for name, thing in COSTS.items():
        if name in rows and rows[name][1] is not None:
            return UnitCost(thing, *rows[name][1:4])
    return None


def _files(view: View, table: str) -> Mapping[str, str]:
    joined = "&" if view.parameters() else "?"
    return {
        kind: f"{view.url(f'{PATH}.{kind}')}{joined}panel={table}" for kind in ("csv", "parquet")
    }


def _answer_row(services: Services, view: View) -> Rows:
    """The sentence as files hold it."""
    _, totals, _ = ask_totals(services, view, asking.fitting((*BESIDE, "spend_usd"), view.where))
    said = answered(services, view, totals)
    row = {"answer": said.finding.text, "support": said.finding.support, "evidence": said.badge[0]}
    return [row | {"from": said.url}]


SHEET = Sheet(
    key="overview",
    title="Overview",
    path=PATH,
    asks="Is it paying off?",
    tiles=TILES,
    sections=(SPENT, USED),
    finding=lambda view, totals: spend_finding(view, totals, {}),
    beside=BESIDE,
    template="overview.html",
    more=more,
    more_tiles=forecast_tile,
    tables={
        "changed": OwnTable(
            changes.COLUMNS,
            lambda services, view: changes.rows(changes.changes(services, view)),
        ),
        "answer": OwnTable(("answer", "support", "evidence", "from"), _answer_row),
    },
)
