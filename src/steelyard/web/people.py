"""The page Organisation: who works here, who uses assistants, and who is unmatched."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from steelyard.metrics import CATALOGUE, Question
from steelyard.web import people_data, words
from steelyard.web.asking import shown_by
from steelyard.web.controls import comparison, shared
from steelyard.web.files import Kind, add_files
from steelyard.web.formats import UNKNOWN, count, short_count, value
from steelyard.web.frame import Pages
from steelyard.web.layout import footer
from steelyard.web.notes import notes
from steelyard.web.org_tree import tree
from steelyard.web.organisation import TITLES, Organisation
from steelyard.web.panels import PICTURES, table_downloads
from steelyard.web.people_asking import (
    COVERED,
    FIGURES,
    MOST_PEOPLE,
    Asked,
    ask_people,
)
from steelyard.web.people_finding import people_finding
from steelyard.web.people_groups import ADOPTION, groups, title
from steelyard.web.people_view import CASCADE, FORMER, PATH, TABLES, TABS, PeopleView, read
from steelyard.web.scorecard import scorecard
from steelyard.web.series import sparks
from steelyard.web.services import Services
from steelyard.web.table import bar
from steelyard.web.tiles import Metrics, Tile, tiles

TILED: Metrics = (("active_people", 3), ("adoption_rate", 2))
TILED += (("spend_usd", 1), ("commits", 4), ("prs_merged", 5))
CHOICES_SHOWN = 40
MATCHED = ("Spend", "Sessions", "Commits", "People with work")


def add_people(routes: APIRouter, pages: Pages) -> None:
    """The page, and its data as .json and .csv."""
    services = pages.services

    @routes.get(FORMER)
    def former(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{PATH}{query}", 301)

    @routes.get(PATH)
    def html(request: Request) -> Response:
        status, today = services.status(), services.today()
        page = pages.page(request, "organisation", "Organisation", status)
        if not status.has_data and not status.people:
            values = {**shared(_read(request, services)[0], {}, today, PATH), "shown": False}
            return pages.render(request, "people.html", page, foot=["No data yet"], **values)
        view, known = _read(request, services)
        values = context(services, view, known, ask_people(services, view))
        page = replace(page, share=view.url(PATH))
        return pages.render(request, "people.html", page, shown=True, **values)

    @routes.get(f"{PATH}.json")
    def data(request: Request) -> Response:
        view, known = _read(request, services)
        strangers = [each.reference for each in services.people_unmatched()]
        asked = ask_people(services, view)
        return JSONResponse(people_data.as_json(view, known, asked, strangers))

    def file(request: Request, kind: Kind) -> Response:
        view, known = _read(request, services)
        table = request.query_params.get("table", TABLES[0])
        asked = ask_people(services, view, math.inf)  # files hold everybody
        return people_data.file(table, "csv" if kind == "csv" else "parquet", view, known, asked)

    add_files(routes, PATH, file, ("csv", "parquet"))


def _read(request: Request, services: Services) -> tuple[PeopleView, Organisation]:
    """The view, and the organisation on its last day."""
    view = read(request.query_params, services.today())
    known = Organisation(services.people_list(view.period.end))
    return replace(view, where=known.settled(view.where)), known


def context(
    services: Services, view: PeopleView, known: Organisation, asked: Asked
) -> dict[str, Any]:
    """Everything the template prints."""
    today, totals = services.today(), asked.totals
    grid = groups(view, asked.groups, totals)
    return {
        **shared(view, {}, today, PATH),
        **_filters(services, view, known),
        "comparison": comparison(view, PATH),
        "known": bool(known.people),
        "finding": people_finding(view, known, totals, asked.groups, asked.covered),
        "notes": notes([asked.answer], view),
        "tiles": _tiles(view, asked, today),
        "heads": [(name, words.metric(name)) for name in FIGURES],
        "tree": tree(view, known, asked.rollups, asked.below),
        "tabs": [_tab(view, name) for name in shown_by(services, view, TABS)],
        "by_label": words.dimension(view.by),
        "groups_title": title(view, totals),
        "grid": grid,
        "row_count": len(asked.groups),
        "covered": _covered(asked),
        "unmatched": services.people_unmatched(),
        "strangers_shown": services.sight.everything,
        "scorecard": services.sight.names_people,
        "scores": scorecard(view, known, asked.scores) if asked.scores is not None else None,
        "most_people": MOST_PEOPLE,
        "downloads": {name: _downloads(view, name) for name in TABLES},
        "group_pictures": _pictures(services, view),
        "json": f"{PATH}.json{view.url('')}",
        "foot": _foot(asked, today),
    }


def _foot(asked: Asked, today: dt.date) -> list[str]:
    """Coverage and freshness."""
    return footer(asked.answer, today)


def _downloads(view: PeopleView, table: str) -> dict[str, str]:
    query = view.url("")
    said = f"{query}{'&' if query else '?'}table={table}"
    return {kind: f"{PATH}.{kind}{said}" for kind in ("csv", "parquet")}


def _pictures(services: Services, view: PeopleView) -> dict[str, str]:
    """Adoption by group, as a picture, where whoever asks may see it so."""
    days = (view.period.start, view.period.end)
    asked = Question((ADOPTION,), *days, (view.by,), dict(view.where))
    if view.by == "person" or not services.sight.allows(asked):
        return {}
    files = table_downloads(asked)
    return {kind: files[kind] for kind in PICTURES}


def _filters(services: Services, view: PeopleView, known: Organisation) -> dict[str, Any]:
    """From roll-up manager to person, where they may be seen: each offers what is left."""
    shown = shown_by(services, view, CASCADE)
    least = 0 if services.sight.everything else services.sight.smallest
    names = [*shown, *(name for name in view.where if name not in shown)]
    found = [_filter(view, known, name, least if name != "person" else 0) for name in names]
    return {"filters": found if known.people else []}


def _filter(view: PeopleView, known: Organisation, name: str, least: int) -> dict[str, Any]:
    chosen = view.where.get(name, ())
    counted = known.choices(name, view.where).most_common() if name in CASCADE else []
    offered = [(value, number) for value, number in counted if number >= least]
    choices = [
        {
            "label": known.label(name, value),
            "url": view.narrowed(name, value).url(PATH),
            "text": count(number) if name != "person" else "",
            "chosen": value in chosen,
        }
        for value, number in offered[:CHOICES_SHOWN]
    ]
    label = words.dimension(name)
    return {
        "label": TITLES.get(name) or label[:1].upper() + label[1:],
        "name": name,
        "chosen": " or ".join(known.label(name, value) for value in chosen),
        "clear": view.narrowed(name, None).url(PATH),
        "choices": choices,
        "more": len(offered) - len(choices),
        "kept": replace(view, node=None).narrowed(name, None).parameters(),
    }


def _tiles(view: PeopleView, asked: Asked, today: dt.date) -> list[Tile]:
    found = tiles(view, asked.totals, sparks(view, asked.series, today), (), TILED)
    said = _came_and_went(asked)
    return [replace(t, note=said) if t.metric == "active_people" else t for t in found]


def _came_and_went(asked: Asked) -> str:
    new, lapsed = asked.totals.number("new_people"), asked.totals.number("lapsed_people")
    said = [f"{short_count(new)} new"] if new else []
    return ", ".join(said + ([f"{short_count(lapsed)} stopped"] if lapsed else []))


def _tab(view: PeopleView, name: str) -> dict[str, Any]:
    label = words.dimension(name)
    url = view.broken_down(name).url(PATH)
    return {
        "label": label[:1].upper() + label[1:],
        "url": f"{url}#groups",
        "chosen": name == view.by,
    }


def _covered(asked: Asked) -> list[dict[str, Any]]:
    """What share belongs to somebody known, of four things."""
    found = []
    for name, label in zip(COVERED, MATCHED, strict=True):
        number = asked.covered.number(name)
        text = UNKNOWN if number is None else value(number, CATALOGUE[name].unit)
        width = None if number is None else bar(number, 1.0)
        found.append({"metric": name, "label": label, "text": text, "bar": width})
    return found
