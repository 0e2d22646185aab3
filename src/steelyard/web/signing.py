"""Signing in with a link or a token, and the reader's theme: the only addresses that take forms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from steelyard import __version__
from steelyard.web.access import COOKIE, SESSION_LIFE, local_path
from steelyard.web.frame import THEMES, Pages, theme
from steelyard.web.layout import Page, Pulse


def add_sign_in(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def form(request: Request, next: str, problem: str, code: int) -> Response:
        page = Page("", "Sign in", __version__, Pulse("", ""), theme(request))
        answer = pages.render(request, "sign-in.html", page, next=next, problem=problem)
        answer.status_code = code
        return answer

    @routes.get("/sign-in")
    def with_code(request: Request, code: str = "", next: str = "/") -> Response:
        session = doorman.redeem(code) if code else None
        if session:
            return _signed_in(request, session, next)
        problem = "This link was used already, or is too old." if code else ""
        return form(request, next, problem, 403 if code else 200)

    @routes.post("/sign-in")
    def with_token(
        request: Request, token: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
    ) -> Response:
        session = doorman.exchange(token.strip())
        if session:
            return _signed_in(request, session, next)
        return form(request, next, "This token may not read here.", 403)


def _signed_in(request: Request, session: str, next: str) -> Response:
    answer = RedirectResponse(local_path(next), 303)
    answer.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def add_theme(routes: APIRouter, pages: Pages) -> None:
    @routes.post("/theme")
    def choose(theme: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
        answer = RedirectResponse(local_path(back), 303)
        if theme in THEMES:
            answer.set_cookie("theme", theme, max_age=31_536_000, samesite="lax")
        return answer
