"""Settings, Tokens: what programs send to be let in; a secret is shown once."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, RedirectResponse, Response

from steelyard.errors import BadValue, UsageError
from steelyard.state.token import SCOPES, Token
from steelyard.web.accounts import in_words
from steelyard.web.api import CSV, download
from steelyard.web.files import csv_of
from steelyard.web.frame import Pages
from steelyard.web.problems import NoSuchPage

PATH = "/settings/tokens"
MEANINGS = {
    "ingest": "send telemetry",
    "read": "ask questions, as a member may",
    "admin": "all that an admin may",
}
LONGEST_DAYS = 3650
Text = Annotated[str, Form()]


def add_api_tokens(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def show(
        request: Request, problem: str = "", code: int = 200, secret: str = "", **said: str
    ) -> Response:
        page = pages.page(request, "settings", "Tokens", pages.services.status())
        form = {"name": "", "scope": "ingest", "days": "365", **said}
        values = {"tokens": _records(doorman.tokens.list(), doorman.clock()), "meanings": MEANINGS}
        more = {"problem": problem, "secret": secret, "form": form, "most": LONGEST_DAYS}
        answer = pages.render(request, "tokens.html", page, **values, **more)
        answer.status_code = code
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @routes.get(PATH)
    def html(request: Request) -> Response:
        return show(request)

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        rows = _records(doorman.tokens.list(), doorman.clock())
        return JSONResponse(jsonable_encoder({"tokens": rows}))

    @routes.get(f"{PATH}.csv")
    def table() -> Response:
        text = csv_of(_records(doorman.tokens.list(), doorman.clock()))
        return Response(text, headers=download("tokens.csv"), media_type=CSV)

    @routes.post(PATH)
    def create(request: Request, name: Text, scope: Text, days: Text = "") -> Response:
        try:
            expires = _expiry(days, doorman.clock())
            _, secret = doorman.tokens.create(name, [scope], expires)
        except UsageError as error:
            return show(request, in_words(error), 400, name=name, scope=scope, days=days)
        return show(request, secret=secret)

    @routes.post(f"{PATH}/{{token}}/revoke")
    def revoke(token: str) -> Response:
        if not doorman.tokens.revoke(token):
            raise NoSuchPage("There is no such token.", "The list of tokens shows them all.")
        return RedirectResponse(PATH, 303)


def _expiry(days: str, now: dt.datetime) -> dt.datetime | None:
    """Empty is never. Raises BadValue."""
    if not days.strip():
        return None
    if not days.strip().isdecimal() or not 1 <= int(days[:9]) <= LONGEST_DAYS:
        raise BadValue(f"{days!r} is not a number of days from 1 to {LONGEST_DAYS}.")
    return now + dt.timedelta(days=int(days))


def _records(tokens: list[Token], now: dt.datetime) -> list[dict[str, Any]]:
    return [_record(token, now) for token in reversed(tokens)]


def _record(token: Token, now: dt.datetime) -> dict[str, Any]:
    state = "valid" if token.is_valid(now) else "revoked" if token.revoked else "expired"
    return {
        "id": token.id,
        "name": token.name,
        "scopes": " ".join(scope for scope in SCOPES if scope in token.scopes),
        "state": state,
        "created": token.created.date(),
        "expires": token.expires.date() if token.expires else None,
        "last_used": token.last_used,
    }
