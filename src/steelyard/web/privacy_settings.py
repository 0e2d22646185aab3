"""Settings, Privacy: what may be seen, how long things are kept, who looked; all of it to read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from steelyard.config import Settings, settings_rows, shown
from steelyard.web.files import Kind, add_files, table_file
from steelyard.web.formats import moment
from steelyard.web.frame import Pages
from steelyard.web.me import looks_grid
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row

PATH = "/settings/privacy"
LOOKS = 200
SEEN = ("people_shown", "smallest_group", "privacy_tree", "pseudonym_key")
KEPT: tuple[str, ...] = (
    "inbox_days",
    "events_days",
    "facts_days",
    "work_days",
    "leavers_days",
    "looks_days",
)
KEPT += ("session_days", "session_idle_hours")
LOOK_COLUMNS = ("at", "person", "viewer", "role", "what", "people", "account")


def add_privacy_settings(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        page = pages.page(request, "settings", "Privacy", services.status())
        return pages.render(request, "settings-privacy.html", page, **_values(services))

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        said = {
            "settings": [*values(services.settings, SEEN), *values(services.settings, KEPT)],
            "looks": [asdict(look) for look in services.looks(LOOKS)],
            "copies": [asdict(copy) for copy in services.copies()],
        }
        return JSONResponse(jsonable_encoder(said))

    def looks(request: Request, kind: Kind) -> Response:
        rows = [asdict(look) | {"at": look.at.isoformat()} for look in services.looks(10_000)]
        return table_file(rows, LOOK_COLUMNS, "csv" if kind == "csv" else "parquet", "looks")

    add_files(routes, PATH, looks, ("csv", "parquet"))


def values(settings: Settings, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Settings with their value, where it comes from, and what each is."""
    origins, helps = settings.provenance(), {row.name: row for row in settings_rows()}
    return [
        {
            "name": name,
            "value": shown(name, getattr(settings, name)),
            "origin": origins[name],
            "help": helps[name].help,
            "variable": helps[name].variable,
        }
        for name in names
    ]


def _values(services: Services) -> dict[str, Any]:
    found, copies = services.looks(LOOKS), services.copies()
    return {
        "seen": _grid("Who sees what", values(services.settings, SEEN)),
        "retention": _grid("How long things are kept", values(services.settings, KEPT)),
        "has_key": services.settings.pseudonym_key_path.exists(),
        "key_path": services.settings.pseudonym_key_path,
        "looks": looks_grid(found, whom=True),
        "copies": [(copy.path, copy.kind, moment(copy.made_at)) for copy in copies],
        "path": PATH,
    }


def _grid(caption: str, rows: list[dict[str, str]]) -> Grid:
    heads = tuple(Head(text, left=True) for text in ("Setting", "Value", "From", "What it does"))
    return Grid(
        caption,
        heads,
        tuple(
            Row(
                row["name"],
                tuple(Cell(row[key] or "–", left=True) for key in ("value", "origin", "help")),
            )
            for row in rows
        ),
    )
