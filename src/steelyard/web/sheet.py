"""A page made of panels: declared once, it answers as HTML, .json, .csv and .parquet.

The first line is a finding made of the totals, then tiles, then sections of panels. A page with
more than that gives its own template (which extends sheet.html) and the values it prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics import DIMENSIONS, Answer
from steelyard.web import asking, panels
from steelyard.web import view as views
from steelyard.web.answers import Line, single
from steelyard.web.api import Format, as_format
from steelyard.web.asking import Names
from steelyard.web.controls import comparison, shared
from steelyard.web.files import Kind, Rows, Table, add_files, table_file
from steelyard.web.finding import Finding
from steelyard.web.formats import span
from steelyard.web.frame import Pages
from steelyard.web.layout import footer
from steelyard.web.notes import notes
from steelyard.web.panels import Panel, Shown
from steelyard.web.series import sparks
from steelyard.web.services import Services
from steelyard.web.tiles import Metrics, Tile, tiles
from steelyard.web.view import View

MakeFinding = Callable[[View, Line], Finding]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class OwnTable:
    """Rows that no single question answers."""

    columns: Names
    rows: Callable[[Services, View], Rows]


@dataclass(frozen=True)
class Section:
    """Panels under one heading. `about` is a sentence below it, `url` the page with more of it."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    about: str = ""
    url: str = ""


@dataclass(frozen=True)
class ShownSection:
    name: str
    title: str
    panels: tuple[Shown, ...]
    about: str = ""
    url: str = ""


@dataclass(frozen=True)
class Sheet:
    """One page. `asks` is the question it answers, `tiles` name metrics with their colours.

    `beside` are metrics the finding needs beyond those of the tiles. `more` gives what the page's
    own template prints beside panels, `more_tiles` figures that are no metric. `tables` are by the
    name under which files have them.
    """

    key: str
    title: str
    path: str
    asks: str
    tiles: Metrics
    sections: tuple[Section, ...]
    finding: MakeFinding
    beside: Names = ()
    filters: Names = asking.FILTERS
    template: str = "sheet.html"
    empty: str = "As soon as an assistant sends its first event, this page fills."
    more: Callable[[Services, View, Line], Values] = field(default=lambda *_: {})
    more_tiles: Callable[[Services, View], list[Tile]] = field(default=lambda *_: [])
    tables: Mapping[str, OwnTable] = field(default_factory=dict)

    def panel(self, name: str) -> Panel:
        """Raises UnknownName for one the page does not have."""
        found = {panel.name: panel for section in self.sections for panel in section.panels}
        if name not in found:
            raise UnknownName("panel", name, found)
        return found[name]

    @property
    def first(self) -> Panel:
        return self.sections[0].panels[0]


def read(params: QueryParams, services: Services) -> View:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    kept = [(key, text) for key, text in params.multi_items() if key != "by"]
    return views.read(QueryParams(kept), services.today(), DIMENSIONS)


def add_sheet(routes: APIRouter, pages: Pages, sheet: Sheet) -> Callable[[Request], Response]:
    """The page, and its data as .json (everything), .csv and .parquet (a panel). The page is given
    back for those who show it at another address too."""
    services = pages.services

    @routes.get(sheet.path)
    def html(request: Request) -> Response:
        status, view = services.status(), read(request.query_params, services)
        page = pages.page(request, sheet.key, sheet.title, status)
        if not status.has_data:
            values = {**shared(view, {}, services.today(), sheet.path), "foot": ["No data yet"]}
            return pages.render(request, sheet.template, page, sheet=sheet, shown=False, **values)
        page = replace(page, share=view.url(sheet.path))
        values = context(services, view, sheet)
        return pages.render(request, sheet.template, page, sheet=sheet, shown=True, **values)

    @routes.get(f"{sheet.path}.json")
    def data(request: Request) -> Response:
        return JSONResponse(as_json(services, read(request.query_params, services), sheet))

    def file(request: Request, kind: Kind) -> Response:
        name = request.query_params.get("panel", sheet.first.name)
        form: Table = "csv" if kind == "csv" else "parquet"
        return sheet_file(services, read(request.query_params, services), sheet, name, form)

    add_files(routes, sheet.path, file, ("csv", "parquet"))
    return html


def context(services: Services, view: View, sheet: Sheet) -> dict[str, Any]:
    """Everything the template prints."""
    today = services.today()
    wanted = dict.fromkeys((*(name for name, _ in sheet.tiles), *sheet.beside))
    standing = asking.fitting(wanted, view.where)
    left_out = tuple(name for name in wanted if name not in standing)
    answer, totals, courses = ask_totals(services, view, standing)
    found = [show_section(services, view, section, sheet.path) for section in sheet.sections]
    said = [answer] if answer else []
    said += [p.answer for section in found for p in section.panels if p.answer]
    return {
        **shared(view, options(services, view, sheet.filters), today, sheet.path),
        "comparison": comparison(view, sheet.path),
        "finding": sheet.finding(view, totals),
        "notes": notes(said, view, left_out),
        "tiles": tiles(view, totals, courses, left_out, sheet.tiles)
        + sheet.more_tiles(services, view),
        "sections": found,
        "days": span(view.period.start, view.period.end),
        "data_url": view.url(f"{sheet.path}.json"),
        "foot": footer(answer, today) if answer else ["Not known under these filters"],
        **sheet.more(services, view, totals),
    }


def ask_totals(
    services: Services, view: View, metrics: Names
) -> tuple[Answer | None, Line, dict[str, list[float | None]]]:
    """The figures of the tiles, with the period before, and their course."""
    if not metrics:
        return None, Line(), {}
    answer = services.ask(asking.question(view, metrics, compare=view.compare))
    grain = view.period.grain()
    along = asking.fitting(metrics, (grain, *view.where))
    course = services.ask(asking.question(view, along, (grain,))) if along else None
    return answer, single(answer), sparks(view, course, services.today()) if course else {}


def options(services: Services, view: View, names: Names) -> asking.Options:
    """What the filters offer, each with its spend."""
    return asking.ask_options(services, view, {}, names)


def as_json(services: Services, view: View, sheet: Sheet) -> dict[str, Any]:
    """The totals and every panel's answer by its name; a sentence where there is none."""
    wanted = dict.fromkeys((*(name for name, _ in sheet.tiles), *sheet.beside))
    answer, _, _ = ask_totals(services, view, asking.fitting(wanted, view.where))
    found: dict[str, Any] = {"totals": answer.to_json() if answer else None}
    for section in sheet.sections:
        for panel in section.panels:
            shown = panels.show(services, view, panel, services.today())
            found[panel.name] = shown.answer.to_json() if shown.answer else {"why": shown.why}
    return found | {name: own.rows(services, view) for name, own in sheet.tables.items()}


def sheet_file(services: Services, view: View, sheet: Sheet, name: str, kind: Table) -> Response:
    """A table or a panel of the page by its name. Raises UnknownName for one it does not have."""
    if name in sheet.tables:
        own, days = sheet.tables[name], f"{view.period.start}-{view.period.end}"
        return table_file(own.rows(services, view), own.columns, kind, f"{name}-{days}")
    return one_panel(services, view, sheet.panel(name), kind, sheet.key)


def one_panel(services: Services, view: View, panel: Panel, kind: Format, page: str) -> Response:
    """A panel's rows as a file. Raises BadValue where the filters do not apply to it."""
    asked = panels.question(view, panel)
    if asked is None:
        raise BadValue(f"{panel.title} is not known under these filters.", "Clear the filters.")
    name = f"{page}-{panel.name}-{view.period.start}-{view.period.end}"
    return as_format(services.ask(asked), kind, name)


def show_section(services: Services, view: View, section: Section, path: str) -> ShownSection:
    """The section with its figures."""
    today = services.today()
    found = tuple(panels.show(services, view, panel, today, path) for panel in section.panels)
    url = view.url(section.url) if section.url else ""
    return ShownSection(section.name, section.title, found, section.about, url)
