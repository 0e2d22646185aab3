"""The page Person: one person's use, for themselves and for who may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from steelyard.errors import UsageError
from steelyard.metrics import CATALOGUE, Question
from steelyard.metrics.sight import NotShown
from steelyard.people.listing import Listed, Time
from steelyard.web import person_plan, words
from steelyard.web import sheet as sheets
from steelyard.web.answers import Line, lines, single
from steelyard.web.asking import Names
from steelyard.web.controls import shared
from steelyard.web.files import Kind, Table, add_files
from steelyard.web.formats import day, value
from steelyard.web.frame import Pages
from steelyard.web.person_panels import PATH, SHEET
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row
from steelyard.web.view import PREFIX, View
from steelyard.web.viewer import current

LOOKS = "Figures of one person. Looks at them are recorded and visible to them."
MOST_FOUND = 50  # people a search lists
# Shares and averages, beside those of everybody together.
BESIDE: Names = ("cost_per_session", "cache_hit_share", "lines_per_usd", "accept_rate")
BESIDE += ("tool_reject_rate", "prompt_chars_avg", "short_prompt_share")


class NobodySaid(UsageError):
    """No person was asked for, and who asks is none that is known."""


@dataclass(frozen=True)
class PersonView(View):
    """A view of one person, whom the address calls `who`; oneself needs no name."""

    own: bool = False

    @property
    def who(self) -> str:
        return self.where["person"][0]

    def parameters(self) -> list[tuple[str, str]]:
        """As of any page, with the person first."""
        rest = [pair for pair in super().parameters() if pair[0] != f"{PREFIX}person"]
        return rest if self.own or "person" not in self.where else [("who", self.who), *rest]


@dataclass(frozen=True)
class Profile:
    """Who somebody is: facts as label and text, and the teams they were in."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()
    teams: tuple[tuple[str, str], ...] = ()
    manager: str = ""


@dataclass(frozen=True)
class Found:
    """Somebody to look at: a name and the page's address."""

    name: str
    team: str
    url: str


def read(params: QueryParams, services: Services) -> PersonView:
    """The view asked for. Raises NobodySaid without a person, NotShown where it may not be seen."""
    own = current.get().person
    said = params.get("who") or params.get(f"{PREFIX}person") or own
    if not said:
        raise NobodySaid(
            "This sign-in does not say who you are.",
            "An admin connects an account with a person: `steelyard account --help`.",
        )
    rest = QueryParams(
        [(k, v) for k, v in params.multi_items() if k not in ("who", "q", f"{PREFIX}person")]
    )
    plain = sheets.read(rest, services)
    where = {"person": (said,), **plain.where}
    services.sight.over(frozenset(where), where)
    return PersonView(
        plain.period, plain.by, plain.compare, where, plain.sort, plain.whole, own=said == own
    )


def add_person(routes: APIRouter, pages: Pages) -> None:
    """The page, and its data as .json, .csv and .parquet."""
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        status = services.status()
        page = pages.page(request, "person", "Person", status)
        search = request.query_params.get("q", "")
        values: dict[str, Any] = {"sheet": SHEET, "search": search, "why": None, "foot": []}
        try:
            view = read(request.query_params, services)
        except (NotShown, NobodySaid) as error:
            code = 403 if isinstance(error, NotShown) else 200
            people = found_people(services, services.today(), search)
            values |= {"why": error, "people": people, "shown": False}
            return _with_code(pages.render(request, "person.html", page, **values), code)
        page = replace(page, share=view.url(PATH))
        people = found_people(services, view.period.end, search)
        values |= {"people": people, **_context(services, view, bool(status.has_data))}
        return pages.render(request, "person.html", page, **values)

    @routes.get(f"{PATH}.json")
    def data(request: Request) -> Response:
        view = read(request.query_params, services)
        return JSONResponse(sheets.as_json(services, view, SHEET))

    def file(request: Request, kind: Kind) -> Response:
        view = read(request.query_params, services)
        name = request.query_params.get("panel", SHEET.first.name)
        form: Table = "csv" if kind == "csv" else "parquet"
        return sheets.sheet_file(services, view, SHEET, name, form)

    add_files(routes, PATH, file, ("csv", "parquet"))


def _with_code(response: Response, code: int) -> Response:
    response.status_code = code
    return response


def _context(services: Services, view: PersonView, has_data: bool) -> dict[str, Any]:
    if not has_data:
        return {**shared(view, {}, services.today(), PATH), "shown": False, "foot": ["No data yet"]}
    values = sheets.context(services, view, SHEET)
    rest = {name: kept for name, kept in view.where.items() if name != "person"}
    return {
        **values,
        "filters": [each for each in values["filters"] if each["label"] != "Person"],
        "clear": replace(view, where={"person": (view.who,)}).url(PATH) if rest else "",
        "shown": True,
        "profile": profile(services, view),
        "own": view.own,
        "looks_said": LOOKS,
        "beside": beside(services, view),
        "plan": person_plan.panel(services, view),
        "plan_files": _files(view, person_plan.NAME),
        "sessions_url": f"/sessions?{urlencode({f'{PREFIX}person': view.who})}",
    }


def _files(view: PersonView, table: str) -> dict[str, str]:
    joined = "&" if view.parameters() else "?"
    return {
        kind: f"{view.url(f'{PATH}.{kind}')}{joined}panel={table}" for kind in ("csv", "parquet")
    }


def profile(services: Services, view: PersonView) -> Profile:
    """Who it is on the period's last day; only what they are called where names are not shown."""
    try:
        times = services.person_history(view.who)
    except NotShown:
        return Profile(view.who)
    people = {each.person: each for each in services.people_list(view.period.end)}
    listed = people.get(view.who)
    if listed is None:
        return Profile(view.who, (("Directory", "no directory knows this person"),), _teams(times))
    return Profile(listed.name or view.who, _facts(listed, people, view.period.end), _teams(times))


def _facts(listed: Listed, people: dict[str, Listed], on: dt.date) -> tuple[tuple[str, str], ...]:
    def named(person: str) -> str:
        return people[person].name or person if person in people else person

    began = listed.start_date
    office = ", ".join(filter(None, (listed.office, listed.country)))
    said = (
        ("Team", listed.team),
        ("Department", listed.department),
        ("Role", " ".join(filter(None, (listed.level, listed.role)))),
        ("Manager", named(listed.manager)),
        ("Roll-up manager", named(listed.rollup)),
        ("Office", office),
        ("Here since", f"{day(began, year=True)}, {_tenure(began, on)}" if began else ""),
        ("Left", day(listed.end_date, year=True) if listed.end_date else ""),
    )
    return tuple((label, text) for label, text in said if text)


def _tenure(began: dt.date, on: dt.date) -> str:
    months = (on.year - began.year) * 12 + on.month - began.month - (on.day < began.day)
    if months < 0:
        return "not begun yet"
    if months < 24:
        return f"{months} month{'' if months == 1 else 's'}"
    return f"{months // 12} years"


def _teams(times: Sequence[Time]) -> tuple[tuple[str, str], ...]:
    """Each team with the day it began, the newest first; the same team in a row is one."""
    found: list[tuple[str, str]] = []
    for time in times:
        team = time.team or words.value("team", "")
        if not found or found[-1][0] != team:
            found.append((team, f"from {day(time.valid_from, year=True)}"))
    return tuple(reversed(found))


def beside(services: Services, view: PersonView) -> Grid | None:
    """Averages now, before and of everybody together; None where too few work here."""
    others = {name: kept for name, kept in view.where.items() if name != "person"}
    days = (view.period.start, view.period.end)

    def ask(where: Mapping[str, Names], compare: bool = False) -> Line:
        fitting = [n for n in BESIDE if set(where) <= set(CATALOGUE[n].dimensions)]
        previous = "previous" if compare else None
        return single(services.ask(Question(tuple(fitting), *days, (), where, previous)))

    try:
        people = single(services.ask(Question(("active_people",), *days, (), others)))
        if (people.number("active_people") or 0) < max(services.sight.smallest, 2):
            return None
        everybody = ask(others)
    except UsageError:  # a filter that does not apply, or leads to few people
        return None
    own = ask(view.where, compare=True)
    heads = (Head("Figure"), Head("Now"), Head("Period before"), Head("Everybody together"))
    rows = [_beside(name, own, everybody) for name in BESIDE if name in own.now]
    return Grid("Beside everybody together", heads, tuple(rows))


def _beside(name: str, own: Line, everybody: Line) -> Row:
    unit = CATALOGUE[name].unit
    numbers = (own.number(name), own.earlier(name), everybody.number(name))
    cells = (Cell("–", False) if n is None else Cell(value(n, unit)) for n in numbers)
    return Row(words.metric(name), tuple(cells))


def found_people(services: Services, on: dt.date, search: str) -> list[Found] | None:
    """Whom this viewer may look at and whose name holds the search; None where it is nobody."""
    sight = services.sight
    if not sight.names_people:
        return None
    if sight.pseudonyms:
        start = on - dt.timedelta(days=27)
        answer = services.ask(Question(("spend_usd",), start, on, ("person",)))
        people = [(line.names["person"], "") for line in lines(answer)]
        return _found([each for each in people if each[0]], search)
    listed = [each for each in services.people_list(on) if sight.sees(each.person)]
    known = [(each.person, each.name or each.person, each.team) for each in listed]
    wanted = search.casefold().strip()
    return [
        Found(name, team, f"{PATH}?{urlencode({'who': person})}")
        for person, name, team in known
        if wanted and (wanted in name.casefold() or wanted in person.casefold())
    ][:MOST_FOUND]


def _found(people: list[tuple[str, str]], search: str) -> list[Found]:
    wanted = search.casefold().strip()
    return [
        Found(name, team, f"{PATH}?{urlencode({'who': name})}")
        for name, team in people
        if wanted in name.casefold()
    ][:MOST_FOUND]
