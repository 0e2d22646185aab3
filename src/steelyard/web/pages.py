"""The pages' routes: an address in, HTML out; the same address with .json or .csv gives data."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.web import asking, definitions, spend, spend_panels, start, view
from steelyard.web.account import add_account, add_first_account, add_invitation
from steelyard.web.accounts import add_account_settings, add_accounts
from steelyard.web.adoption import add_adoption
from steelyard.web.api import CSV, as_format, download, status_json
from steelyard.web.api_tokens import add_api_tokens
from steelyard.web.delivery import add_delivery
from steelyard.web.demo import add_demo
from steelyard.web.files import Kind, Table, add_files
from steelyard.web.forecast import forecast_tile
from steelyard.web.frame import Pages
from steelyard.web.impact import add_impact
from steelyard.web.layout import footer
from steelyard.web.me import add_me
from steelyard.web.overview import add_overview
from steelyard.web.palette import add_palette
from steelyard.web.people import add_people
from steelyard.web.person import add_person
from steelyard.web.pictures import add_pictures
from steelyard.web.plan_settings import add_plans
from steelyard.web.price_settings import add_prices
from steelyard.web.privacy_settings import add_privacy_settings
from steelyard.web.roi import add_roi
from steelyard.web.saved_views import add_saved_views
from steelyard.web.sessions import add_sessions
from steelyard.web.settings import add_settings
from steelyard.web.signing import add_sign_in, add_sign_out, add_theme
from steelyard.web.sources import add_sources


def router(pages: Pages) -> APIRouter:
    """All pages, in one router that stays out of the API's description."""
    routes = APIRouter(include_in_schema=False)
    for add in (
        add_overview,
        _spend,
        add_adoption,
        add_roi,
        add_delivery,
        add_impact,
        add_sessions,
        add_person,
        add_people,
        add_sources,
        _definitions,
        _get_started,
        add_demo,
        add_palette,
        add_saved_views,
        add_pictures,
        add_sign_in,
        add_sign_out,
        _oidc,
        add_me,
        add_privacy_settings,
        add_account,
        add_invitation,
        add_first_account,
        add_accounts,
        add_account_settings,
        add_api_tokens,
        add_settings,
        add_prices,
        add_plans,
        add_theme,
    ):
        add(routes, pages)
    return routes


def _oidc(routes: APIRouter, pages: Pages) -> None:
    """Its libraries are loaded only where an organisation has one."""
    if pages.doorman.oidc is not None:
        from steelyard.web.oidc_signing import add_oidc

        add_oidc(routes, pages, pages.doorman.oidc)


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
        page = replace(page, share=shown.url("/spend"))
        values = spend.context(shown, asked, today)
        values["tiles"] += forecast_tile(services, shown)
        values["sections"] = spend_panels.sections(services, shown, today, spend.PATH)
        foot = footer(asked.totals, today)
        return pages.render(request, "spend.html", page, shown=True, foot=foot, **values)

    @routes.get("/spend.json")
    def data(request: Request) -> Response:
        asked = asking.ask_spend(services, read(request))
        return JSONResponse({name: answer.to_json() for name, answer in asked.answers().items()})

    def table(request: Request, kind: Kind) -> Response:
        shown = read(request)
        name = f"spend-by-{shown.by}-{shown.period.start}-{shown.period.end}"
        form: Table = "csv" if kind == "csv" else "parquet"
        return as_format(asking.ask_table(services, shown), form, name)

    add_files(routes, "/spend", table, ("csv", "parquet"))


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
