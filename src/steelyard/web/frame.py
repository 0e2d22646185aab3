"""How a page is rendered: templates, the frame around them, the reader's theme.

The templates are compiled once; what a page shows comes in as plain values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from steelyard import __version__
from steelyard.currency import shown
from steelyard.errors import SteelyardError
from steelyard.metrics import CATALOGUE
from steelyard.web import forms, rights
from steelyard.web.assets import Assets
from steelyard.web.doorman import Doorman
from steelyard.web.formats import count
from steelyard.web.layout import Page, Pulse, nav, pulse, settings_tabs
from steelyard.web.services import Services, Status
from steelyard.web.viewer import current

TEMPLATES = Path(__file__).with_name("templates")
THEMES = ("light", "dark")

_TIME = re.compile(
    r"(\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d UTC|\d{4}-\d\d-\d\d \d\d:\d\d UTC)"
)


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
    templates.filters |= {"counted": count, "marked": marked, "timed": timed}
    templates.globals |= {
        "asset": assets.url,
        "vega": assets.vega_url(),
        "nav": lambda: nav(current.get().role),
        "settings_tabs": lambda: settings_tabs(current.get().role),
        "definitions": dict(CATALOGUE),
        "viewer": current.get,
        "may": lambda path: rights.may(current.get().role, path),
        "guard": forms.field,
        "keeps_views": doorman.keeps_views,
        "currency": shown,
        "is_demo": lambda: services.status().demo,
    }
    return Pages(services, assets, doorman, templates)


def marked(text: str) -> Markup:
    """Commands between backticks become code; everything else is escaped."""
    parts = [escape(part) for part in text.split("`")]
    wrapped = [Markup("<code>{}</code>").format(p) if n % 2 else p for n, p in enumerate(parts)]
    return Markup("").join(wrapped)


def timed(text: str) -> str | Markup:
    """Times in UTC become elements that the page's script writes in the reader's own zone."""
    if "UTC" not in text:
        return text
    parts = _TIME.split(text)
    return Markup("").join(_time(p) if n % 2 else escape(p) for n, p in enumerate(parts))


def _time(said: str) -> Markup:
    form = "%d %b %Y, %H:%M:%S %Z" if "," in said else "%Y-%m-%d %H:%M %Z"
    time = dt.datetime.strptime(said, form).replace(tzinfo=dt.UTC)
    element = Markup('<time datetime="{:%Y-%m-%dT%H:%M:%SZ}" title="{}">{}</time>')
    return element.format(time, said, said)


def theme(request: Request) -> str:
    """The reader's choice; empty follows the system."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def problem_page(pages: Pages) -> Callable[[Request, int, SteelyardError], Response]:
    """How an error looks to a browser."""

    def show(request: Request, status: int, error: SteelyardError) -> Response:
        page = Page("", "Sorry", __version__, Pulse("Status", ""), theme(request))
        answer = pages.render(request, "problem.html", page, error=error, code=status)
        answer.status_code = status
        return answer

    return show
