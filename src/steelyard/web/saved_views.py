"""Saved views: pages under names of one's own, in the bar, in the palette and in a list."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import BadValue, UsageError
from steelyard.state.views import LONGEST_NAME, MOST, SavedView
from steelyard.web.access import local_path
from steelyard.web.accounts import in_words
from steelyard.web.api import CSV, download
from steelyard.web.doorman import Doorman
from steelyard.web.files import csv_of
from steelyard.web.frame import Pages
from steelyard.web.problems import NoSuchPage
from steelyard.web.viewer import current

PATH = "/views"
FIELDS = ("name", "address", "saved_at")
Text = Annotated[str, Form()]


def saved(doorman: Doorman) -> tuple[SavedView, ...]:
    """The viewer's; none where none can be kept."""
    return doorman.views.list(current.get().account) if doorman.keeps_views() else ()


def add_saved_views(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def show(request: Request, problem: str = "", code: int = 200) -> Response:
        page = pages.page(request, "views", "Saved views", pages.services.status())
        values = {"views": _records(saved(doorman)), "problem": problem, "most": MOST}
        answer = pages.render(request, "views.html", page, quote=quote, **values)
        answer.status_code = code
        return answer

    @routes.get(PATH)
    def html(request: Request) -> Response:
        return show(request)

    @routes.get(f"{PATH}.json")
    def data() -> dict[str, Any]:
        return {"views": _records(saved(doorman)), "most": MOST, "longest_name": LONGEST_NAME}

    @routes.get(f"{PATH}.csv")
    def table() -> Response:
        text = csv_of(_records(saved(doorman)), FIELDS)
        return Response(text, headers=download("views.csv"), media_type=CSV)

    @routes.post(PATH)
    def save(request: Request, name: Text, address: Text) -> Response:
        try:
            _save(doorman, name, address)
        except UsageError as error:
            return show(request, in_words(error), 400)
        return RedirectResponse(address, 303)

    @routes.post(f"{PATH}/{{name}}/delete")
    def delete(name: str) -> Response:
        if not doorman.keeps_views() or not doorman.views.delete(current.get().account, name):
            raise NoSuchPage("There is no such view.", "The list of saved views shows them all.")
        return RedirectResponse(PATH, 303)


def _save(doorman: Doorman, name: str, address: str) -> None:
    """Raises BadValue."""
    if not doorman.keeps_views():
        raise BadValue("Views are saved for accounts only.", "Sign in to one.")
    if local_path(address) != address:
        raise BadValue("Only pages of this server can be saved.")
    doorman.views.save(current.get().account, name, address)


def _records(views: tuple[SavedView, ...]) -> list[dict[str, str]]:
    return [
        {"name": view.name, "address": view.address, "saved_at": view.saved_at.isoformat()}
        for view in views
    ]
