"""The page of oneself: who one is here, what is kept, who looked, and a copy of it all.

It speaks of the viewer's own person and takes nobody's name from the address.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response, StreamingResponse

from steelyard.state.looks import Look
from steelyard.web import words
from steelyard.web.api import download
from steelyard.web.formats import count, day, moment
from steelyard.web.frame import Pages
from steelyard.web.own import OwnData
from steelyard.web.table import Cell, Grid, Head, Row
from steelyard.web.viewer import current

PATH = "/me"
_IN_MEMORY = 8 << 20  # a larger zip is written to disk on its way
_CHUNK = 1 << 16
FOREVER = dt.date(9999, 12, 31)


def add_me(routes: APIRouter, pages: Pages) -> None:
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        own = services.own_data()
        page = pages.page(request, "me", "You", services.status())
        values: dict[str, Any] = {"own": own, "viewer_role": current.get().role}
        if own is not None:
            tables = (("kept", _kept(own)), ("looks", looks_grid(own.looks)))
            values |= dict(tables) | {"history": _history(own)}
        return pages.render(request, "me.html", page, **values)

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        own = services.own_data()
        return JSONResponse({"you": jsonable_encoder(asdict(own)) if own else None})

    @routes.get(f"{PATH}.zip")
    def everything() -> Response:
        out = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
        services.write_own(out)
        out.seek(0)

        def parts() -> Iterator[bytes]:
            with out:
                while part := out.read(_CHUNK):
                    yield part

        headers = download("everything-kept-of-you.zip")
        return StreamingResponse(parts(), headers=headers, media_type="application/zip")


def _kept(own: OwnData) -> Grid:
    heads: tuple[Head, ...] = (Head("Kept in"), Head("What it is", left=True), Head("Rows"))
    heads += (Head("First day", left=True), Head("Last day", left=True))
    rows = tuple(
        Row(
            each.table,
            (
                Cell(each.meaning, left=True),
                Cell(count(each.rows)),
                *(
                    Cell(day(d, True) if d else "–", d is not None, left=True)
                    for d in (each.first, each.last)
                ),
            ),
        )
        for each in own.kept
    )
    return Grid("What is kept of you", heads, rows)


def looks_grid(looks: Sequence[Look], whom: bool = False) -> Grid:
    """Looks as a table; of whom, where they are not all of one person."""
    heads = [Head("When"), *([Head("At whom", left=True)] if whom else [])]
    heads += [Head(label, left=True) for label in ("Who", "Role", "Saw what")]
    heads.append(Head("People at once"))
    rows = tuple(
        Row(
            moment(look.at),
            (
                *([Cell(look.person, left=True)] if whom else []),
                *(Cell(text, left=True) for text in (look.viewer, look.role, look.what)),
                Cell(count(look.people)),
            ),
        )
        for look in looks
    )
    return Grid("Who looked", tuple(heads), rows)


def _history(own: OwnData) -> Grid:
    names = ("team", "department", "role", "manager")
    heads: tuple[Head, ...] = (Head("From"), Head("To", left=True))
    heads += tuple(Head(words.dimension(name).capitalize(), left=True) for name in names)
    rows = tuple(
        Row(
            day(each.valid_from, True),
            (
                Cell("today" if each.valid_to == FOREVER else day(each.valid_to, True), left=True),
                *(Cell(getattr(each, name) or "–", left=True) for name in names),
            ),
        )
        for each in own.history
    )
    return Grid("Where you worked", heads, rows)
