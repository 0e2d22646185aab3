"""What the palette offers: pages, their panels, questions, breakdowns, metrics, teams, models."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from steelyard.metrics import CATALOGUE
from steelyard.metrics.questions import QUESTIONS
from steelyard.web import (
    adoption,
    asking,
    controls,
    overview,
    period,
    sessions,
    spend,
    spend_panels,
    words,
)
from steelyard.web.frame import Pages
from steelyard.web.layout import nav, settings_tabs
from steelyard.web.saved_views import saved
from steelyard.web.services import Services
from steelyard.web.view import View
from steelyard.web.viewer import current

SHEETS = (overview.SHEET, adoption.SHEET, sessions.SHEET)


def add_palette(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/palette.json")
    def palette() -> Response:
        role = current.get().role
        links = [link for group in nav(role) for link in group.links if link.key != "settings"]
        entries = [
            {"label": link.label, "kind": "page", "url": link.url}
            for link in [*links, *settings_tabs(role)]
        ]
        entries += [
            {"label": view.name, "kind": "saved view", "url": view.address}
            for view in saved(pages.doorman)
        ]
        if pages.services.status().has_data:
            services = pages.services
            plain = View(period.named(period.DEFAULT, services.today()))
            entries += _breakdowns(services, plain) + _values(services, plain) + _panels()
        entries += [
            {"label": words.metric(n), "kind": "metric", "name": n, "url": f"/definitions#{n}"}
            for n in CATALOGUE
        ]
        return JSONResponse(entries)


def _panels() -> list[dict[str, str]]:
    """Each panel where it stands on its page, and the named questions."""
    pages = [(sheet.path, sheet.sections) for sheet in SHEETS]
    return [
        {"label": panel.title, "kind": "panel", "url": f"{path}#{panel.name}"}
        for path, sections in [*pages, (spend.PATH, spend_panels.SECTIONS)]
        for section in sections
        for panel in section.panels
    ] + [
        {"label": title, "kind": "question", "url": f"/roi?question={name}"}
        for name, title in QUESTIONS.items()
    ]


def _breakdowns(services: Services, view: View) -> list[dict[str, str]]:
    return [
        {"label": f"Spend by {words.dimension(n)}", "kind": "table", "url": f"/spend?by={n}"}
        for n in asking.shown_by(services, view, (*asking.TABS, *asking.MORE))
    ]


def _values(services: Services, plain: View) -> list[dict[str, str]]:
    return [
        {
            "label": choice["label"],
            "kind": offered["label"].lower(),
            "url": choice["url"],
        }
        for offered in controls.offers(plain, asking.ask_options(services, plain, {}), spend.PATH)
        for choice in offered["choices"]
    ]
