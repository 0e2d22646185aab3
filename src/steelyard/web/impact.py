"""The page Impact: the list of plans, and each study with its answer. Values in, pages out.

Analyses take seconds and are made beside the request; until one is there the page says so and
looks again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.errors import BadValue, UnknownName
from steelyard.impact.analysed import Analysed, PlannedStudies, PlanVersion
from steelyard.web import words
from steelyard.web.demo import built_in
from steelyard.web.files import Kind, add_files, picture_file, table_file
from steelyard.web.formats import moment
from steelyard.web.frame import Pages
from steelyard.web.impact_study import DESIGNS, context, finding, pictures_of, stage, verdict
from steelyard.web.impact_tables import effect, interval, private

PATH = "/impact"
LOOKED_AT = 24  # plans of a list whose analysis is asked for; the others are one click away
COLUMNS = ("plan", "title", "design", "metric", "stage", "answerable", "verdict", "effect")


@dataclass(frozen=True)
class Listed:
    """A plan as a row; `computing` while its analysis is being made."""

    version: PlanVersion
    found: Analysed | None
    computing: bool = False

    @property
    def title(self) -> str:
        return self.version.plan.title or self.version.plan.name

    @property
    def url(self) -> str:
        return f"{PATH}/{self.version.plan.name}"

    @property
    def metric(self) -> str:
        return words.metric(self.version.plan.primary.metric)

    @property
    def design(self) -> str:
        return DESIGNS[self.version.plan.design]

    @property
    def state(self) -> str:
        return "being computed" if self.found is None else stage(self.found)

    @property
    def verdict(self) -> tuple[str, str]:
        return ("", "") if self.found is None else verdict(self.found)

    @property
    def sentence(self) -> str:
        return "" if self.found is None else finding(self.found).text

    @property
    def effect(self) -> str:
        """The effect with its interval, of studies that are over."""
        found = self.found
        if found is None or found.stage != "complete" or found.analysis is None:
            return ""
        head = found.analysis.headline
        return f"{effect(head)} ({interval(head)})" if head else ""


def add_impact(routes: APIRouter, pages: Pages) -> None:
    """The list and a page a plan, and their data as .json and .csv."""
    services = pages.services

    @routes.get(PATH)
    def plans(request: Request) -> Response:
        rows = _listed(services.studies)
        page = pages.page(request, "impact", "Impact", services.status())
        page = replace(page, share=PATH)
        waiting = any(row.computing for row in rows)
        foot = [f"{len(rows)} {'plan' if len(rows) == 1 else 'plans'}"]
        return pages.render(
            request, "impact.html", page, rows=rows, waiting=waiting, foot=foot, path=PATH
        )

    @routes.get(f"{PATH}.json")
    def listed() -> Response:
        return JSONResponse({"plans": [_row(row) for row in _listed(services.studies)]})

    @routes.get(f"{PATH}.csv")
    def table() -> Response:
        rows = [_row(row) for row in _listed(services.studies)]
        return table_file(rows, COLUMNS, "csv", "plans")

    @routes.get(f"{PATH}/{{name}}.json")
    def data(name: str) -> Response:
        services.studies.plan(name)
        found = services.studies.look(name)
        if found is None:
            return JSONResponse({"plan": {"name": name}, "computing": True}, 202)
        return JSONResponse(private(found.to_json()))

    def one_picture(request: Request, kind: Kind) -> Response:
        name = request.path_params["name"]
        services.studies.plan(name)
        found = services.studies.look(name)
        if found is None:
            raise BadValue("The analysis is still being computed.", "Ask again in some seconds.")
        return _picture(found, request.query_params.get("panel", ""), kind)

    add_files(routes, f"{PATH}/{{name}}", one_picture)

    @routes.get(f"{PATH}/{{name}}")
    def study(name: str, request: Request) -> Response:
        return _study(pages, name, request)


def _picture(found: Analysed, name: str, kind: Kind) -> Response:
    """One chart of a study, or the figures it is drawn from."""
    known = {each.name: each for each in pictures_of(found)}
    picture = known.get(name or next(iter(known), ""))
    if picture is None:
        raise UnknownName("panel", name, known)
    file = f"{found.plan.name}-{picture.name}"
    if kind == "csv" or kind == "parquet":
        return table_file(picture.rows, [each.key for each in picture.columns], kind, file)
    return picture_file(picture.draw(kind), kind, file)


def _study(pages: Pages, name: str, request: Request) -> Response:
    services = pages.services
    version = services.studies.plan(name)
    title = version.plan.title or name
    status = services.status()
    page = pages.page(request, "impact", title, status)
    found = services.studies.look(name)
    if found is None:
        values = {"plan": version.plan, "title": title, "path": PATH, "waiting": True}
        foot = [f"saved {moment(version.saved_at)}"]
        return pages.render(request, "impact-study.html", page, foot=foot, **values)
    values = context(found, services.studies.versions(name), request.query_params)
    one_page = request.url.include_query_params(print="1")
    page = replace(page, share=request.url.path)
    return pages.render(
        request,
        "impact-study.html",
        page,
        path=PATH,
        waiting=False,
        built_in=built_in(found, status),
        one_page=f"{one_page.path}?{one_page.query}",
        **values,
    )


def _listed(studies: PlannedStudies) -> list[Listed]:
    rows = []
    for at, version in enumerate(studies.plans()):
        found = studies.look(version.plan.name) if at < LOOKED_AT else None
        rows.append(Listed(version, found, computing=found is None and at < LOOKED_AT))
    return rows


def _row(row: Listed) -> dict[str, Any]:
    plan, found = row.version.plan, row.found
    answerable = plan.answerable
    over = found is not None and found.stage == "complete" and found.analysis is not None
    return {
        "plan": plan.name,
        "title": plan.title,
        "design": plan.design,
        "metric": plan.primary.metric,
        "stage": found.stage if found else None,
        "answerable": answerable.isoformat() if answerable else None,
        "verdict": found.analysis.verdict.code if found and found.analysis and over else None,
        "effect": row.effect or None,
    }
