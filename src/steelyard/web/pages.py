"""The pages' routes: an address in, HTML out; the same address with .json or .csv gives data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from steelyard import __version__
from steelyard.errors import SteelyardError
from steelyard.metrics import CATALOGUE
from steelyard.web import access, asking, definitions, spend, start, view, words
from steelyard.web import period as periods
from steelyard.web.access import COOKIE, SESSION_LIFE, Doorman
from steelyard.web.api import CSV, as_format, download, status_json
from steelyard.web.assets import Assets
from steelyard.web.layout import NAV, Page, Pulse, footer, pulse
from steelyard.web.services import Services, Status

TEMPLATES = Path(__file__).with_name("templates")
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Pages:
    """What every page needs to be rendered."""

    services: Services
    assets: Assets
    doorman: Doorman
    templates: Environment

    def render(self, request: Request, template: str, page: Page, **values: Any) -> HTMLResponse:
        html = self.templates.get_template(template).render(page=page, **values)
        return HTMLResponse(html, headers={"Vary": "Cookie"})

    def page(self, request: Request, key: str, title: str, status: Status) -> Page:
        """The frame's values for this request."""
        query = f"?{request.url.query}" if request.url.query else ""
        return Page(
            key=key,
            title=title,
            version=status.version,
            pulse=pulse(status, self.services.now()),
            theme=theme(request),
            address=request.url.path + query,
        )


def build(services: Services, assets: Assets, doorman: Doorman) -> Pages:
    """With the templates compiled once."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters["marked"] = marked
    templates.globals |= {
        "asset": assets.url,
        "vega": assets.vega_url(),
        "nav": NAV,
        "definitions": dict(CATALOGUE),
    }
    return Pages(services, assets, doorman, templates)


def marked(text: str) -> Markup:
    """Commands between backticks become code; everything else is escaped."""
    parts = [escape(part) for part in text.split("`")]
    wrapped = [Markup("<code>{}</code>").format(p) if n % 2 else p for n, p in enumerate(parts)]
    return Markup("").join(wrapped)


def theme(request: Request) -> str:
    """The reader's choice; empty follows the system."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def router(pages: Pages) -> APIRouter:
    """All pages, in one router that stays out of the API's description."""
    routes = APIRouter(include_in_schema=False)
    for add in (_first, _spend, _definitions, _get_started, _palette, _sign_in, _theme):
        add(routes, pages)
    return routes


def _first(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/")
    def first() -> Response:
        return RedirectResponse("/spend" if pages.services.status().has_data else "/get-started")


def _spend(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    def read(request: Request) -> view.View:
        return view.read(request.query_params, services.today(), asking.DIMENSIONS)

    @routes.get("/spend")
    def html(request: Request) -> Response:
        status, shown, today = services.status(), read(request), services.today()
        page = pages.page(request, "spend", "Spend", status)
        if not status.has_data:
            values = spend.controls(shown, {}, today) | {"shown": False, "foot": ["No data yet"]}
            return pages.render(request, "spend.html", page, **values)
        asked = asking.ask_spend(services, shown)
        page = Page(**vars(page) | {"share": shown.url("/spend")})
        values = spend.context(shown, asked, today)
        foot = footer(asked.totals, today)
        return pages.render(request, "spend.html", page, shown=True, foot=foot, **values)

    @routes.get("/spend.json")
    def data(request: Request) -> Response:
        asked = asking.ask_spend(services, read(request))
        return JSONResponse({name: answer.to_json() for name, answer in asked.answers().items()})

    @routes.get("/spend.csv")
    def table(request: Request) -> Response:
        shown = read(request)
        name = f"spend-by-{shown.by}-{shown.period.start}-{shown.period.end}"
        return as_format(asking.ask_table(services, shown), "csv", name)


def _definitions(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/definitions")
    def html(request: Request) -> Response:
        page = pages.page(request, "definitions", "Metric definitions", pages.services.status())
        groups = definitions.sections()
        metrics = [metric for group in groups for metric in group.metrics]
        return pages.render(request, "definitions.html", page, groups=groups, metrics=metrics)

    @routes.get("/definitions.json")
    def data() -> Response:
        return JSONResponse({"metrics": definitions.as_json()})

    @routes.get("/definitions.csv")
    def table() -> Response:
        return Response(definitions.as_csv(), headers=download("metrics.csv"), media_type=CSV)


def _get_started(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get("/get-started")
    def html(request: Request) -> Response:
        status = services.status()
        page = pages.page(request, "get-started", "Get started", status)
        values = start.context(status, services.now())
        return pages.render(request, "start.html", page, **values)

    @routes.get("/get-started.json")
    def data() -> Response:
        status = services.status()
        return JSONResponse({"steps": start.steps(status), "status": status_json(status)})

    @routes.get("/get-started.csv")
    def table() -> Response:
        out = io.StringIO()
        writer = csv.DictWriter(out, ("step", "state", "detail"), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(start.steps(services.status()))
        return Response(out.getvalue(), headers=download("steps.csv"), media_type=CSV)


def _palette(routes: APIRouter, pages: Pages) -> None:
    """What the palette offers: pages, metrics, and the filters of the last 28 days."""

    @routes.get("/palette.json")
    def palette() -> Response:
        entries = [
            {"label": link.label, "kind": "page", "url": link.url}
            for group in NAV
            for link in group.links
        ]
        if pages.services.status().has_data:
            entries += _breakdowns() + _values(pages.services)
        entries += [
            {"label": words.metric(n), "kind": "metric", "name": n, "url": f"/definitions#{n}"}
            for n in CATALOGUE
        ]
        return JSONResponse(entries)


def _breakdowns() -> list[dict[str, str]]:
    return [
        {"label": f"Spend by {words.dimension(n)}", "kind": "table", "url": f"/spend?by={n}"}
        for n in (*asking.TABS, *asking.MORE)
    ]


def _values(services: Services) -> list[dict[str, str]]:
    plain = view.View(periods.named(periods.DEFAULT, services.today()))
    return [
        {
            "label": choice["label"],
            "kind": offered["label"].lower(),
            "url": choice["url"],
        }
        for offered in spend.offers(plain, asking.ask_options(services, plain))
        for choice in offered["choices"]
    ]


def _sign_in(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def form(request: Request, next: str, problem: str, code: int) -> Response:
        page = Page("", "Sign in", __version__, Pulse("", ""), theme(request))
        answer = pages.render(request, "sign-in.html", page, next=next, problem=problem)
        answer.status_code = code
        return answer

    @routes.get("/sign-in")
    def with_code(request: Request, code: str = "", next: str = "/") -> Response:
        session = doorman.redeem(code) if code else None
        if session:
            return _signed_in(request, session, next)
        problem = "This link was used already, or is too old." if code else ""
        return form(request, next, problem, 403 if code else 200)

    @routes.post("/sign-in")
    def with_token(
        request: Request, token: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
    ) -> Response:
        session = doorman.exchange(token.strip())
        if session:
            return _signed_in(request, session, next)
        return form(request, next, "This token may not read here.", 403)


def _signed_in(request: Request, session: str, next: str) -> Response:
    answer = RedirectResponse(access.local_path(next), 303)
    answer.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def _theme(routes: APIRouter, pages: Pages) -> None:
    @routes.post("/theme")
    def choose(theme: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
        answer = RedirectResponse(access.local_path(back), 303)
        if theme in THEMES:
            answer.set_cookie("theme", theme, max_age=31_536_000, samesite="lax")
        return answer


def problem_page(pages: Pages) -> Callable[[Request, int, SteelyardError], Response]:
    """How an error looks to a browser."""

    def show(request: Request, status: int, error: SteelyardError) -> Response:
        page = Page("", "Sorry", __version__, Pulse("Status", ""), theme(request))
        answer = pages.render(request, "problem.html", page, error=error, code=status)
        answer.status_code = status
        return answer

    return show
