"""Settings: every one with its value, where it came from and the line that changes it."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ByteSize
from starlette.responses import JSONResponse, Response

from steelyard import config
from steelyard.config import Settings
from steelyard.people.coverage import Coverage
from steelyard.web.files import Kind, Rows, Table, add_files, table_file
from steelyard.web.formats import UNKNOWN, ago, count, share
from steelyard.web.frame import Pages
from steelyard.web.services import Services, Stored

PATH = "/settings"
COLUMNS = ("name", "group", "value", "from", "default", "variable", "line", "help")


def add_settings(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        page = pages.page(request, "settings", "Settings", services.status())
        return pages.render(request, "settings.html", page, **context(services))

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        people = services.people_coverage()
        return JSONResponse(
            {
                "settings": rows(services.settings),
                "file": file_of(services.settings),
                "storage": [asdict(each) for each in services.stored()],
                "people": [asdict(each) for each in people.shares if each.what != "spend"],
            }
        )

    def table(request: Request, kind: Kind) -> Response:
        form: Table = "csv" if kind == "csv" else "parquet"
        return table_file(rows(services.settings), COLUMNS, form, "settings")

    add_files(routes, PATH, table, ("csv", "parquet"))


def rows(settings: Settings) -> Rows:
    """Every setting as plain values, in the order of the reference; nothing secret."""
    filled = {"warehouse": settings.warehouse_url, "state": settings.state_url}
    origins = settings.provenance()
    return [
        {
            "name": row.name,
            "group": row.group,
            "value": config.shown(row.name, filled.get(row.name, getattr(settings, row.name))),
            "from": origins[row.name],
            "default": row.default,
            "variable": row.variable,
            "line": config.line(row.name, settings),
            "help": row.help,
        }
        for row in config.settings_rows()
    ]


def file_of(settings: Settings) -> str:
    """The settings file that is read, or would be."""
    return str(config.config_file(settings.data) or settings.data / config.FILE_NAME)


def context(services: Services) -> dict[str, Any]:
    """Everything the template prints."""
    found, people = rows(services.settings), services.people_coverage()
    changed = sum(row["from"] != "default" for row in found)
    return {
        "groups": [(name, list(those)) for name, those in groupby(found, lambda r: r["group"])],
        "finding": _finding(changed, len(found)),
        "file": file_of(services.settings),
        "storage": [(each.what, _size(each), each.place) for each in services.stored()],
        "inbox": _inbox(services),
        "matched": _matched(people),
        "unmatched": _rest(people),
    }


def _finding(changed: int, of: int) -> str:
    if not changed:
        return f"All {of} settings are as they come."
    return f"{changed} of {of} settings {'is' if changed == 1 else 'are'} this organisation's own."


def _size(each: Stored) -> str:
    if each.size_bytes is None:
        return "elsewhere"
    return ByteSize(each.size_bytes).human_readable(separator=" ")


def _inbox(services: Services) -> list[tuple[str, str]]:
    status = services.status().inbox
    kept = status.last_number - status.first_number + 1 if status.first_number else 0
    return [
        ("Waiting in the inbox", count(status.pending)),
        ("Kept for a rebuild", count(kept)),
        ("Set aside", count(status.set_aside)),
        ("Last received", ago(status.last_received_at, services.now())),
    ]


def _matched(people: Coverage) -> list[tuple[str, str]]:
    """Shares of what is recorded that belong to somebody a directory knows."""
    return [
        (each.what.capitalize(), UNKNOWN if each.share is None else share(each.share))
        for each in people.shares
    ]


def _rest(people: Coverage) -> int:
    """People with work whom no directory knows."""
    return next((s.total - s.matched for s in people.shares if s.what == "people"), 0)
