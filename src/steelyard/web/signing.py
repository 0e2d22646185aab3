"""Signing in and out, and the reader's theme."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from steelyard import __version__
from steelyard.web import cookies
from steelyard.web.access import local_path
from steelyard.web.doorman import Doorman
from steelyard.web.frame import THEMES, Pages, theme
from steelyard.web.layout import Page, Pulse
from steelyard.web.problems import WebError
from steelyard.web.viewer import current

WRONG = "The e-mail address or the password is wrong."
Text = Annotated[str, Form()]


def add_sign_in(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def form(request: Request, next: str, problem: str = "", status: int = 200) -> Response:
        return sign_in_form(pages, request, next, problem, status)

    @routes.get("/sign-in")
    def with_link(request: Request, code: str = "", next: str = "/") -> Response:
        if not code:
            return form(request, next)
        session = doorman.redeem(code, address(request))
        if session is None:
            return form(request, next, "This link was used already, or is too old.", 403)
        return let_in(doorman, request, session, first_step(doorman, next))

    @routes.post("/sign-in")
    def with_password(request: Request, email: Text, password: Text, next: Text = "/") -> Response:
        session = doorman.sign_in(email, password, address(request))
        if session is None:
            return form(request, next, WRONG, 403)
        return let_in(doorman, request, session, next)

    @routes.post("/sign-in/token")
    def with_token(request: Request, token: Text, next: Text = "/") -> Response:
        session = doorman.exchange(token.strip(), address(request))
        if session is None:
            return form(request, next, "This token may not read here.", 403)
        return let_in(doorman, request, session, next)


def add_sign_out(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    @routes.post("/sign-out")
    def here(request: Request) -> Response:
        doorman.close(cookies.get(request, cookies.SESSION))
        return signed_out(request)

    @routes.post("/sign-out/everywhere")
    def everywhere(request: Request) -> Response:
        doorman.close(cookies.get(request, cookies.SESSION))
        doorman.close_all(current.get().account)
        return signed_out(request)


def sign_in_form(
    pages: Pages, request: Request, next: str, problem: str = "", status: int = 200
) -> Response:
    values = {"next": local_path(next), "problem": problem, "oidc": pages.doorman.oidc is not None}
    return lone(pages, request, "sign-in.html", "Sign in", status, **values)


def refused(pages: Pages, request: Request, error: WebError) -> Response:
    """The sign-in again, with what was wrong."""
    said = f"{error.message} {error.hint}".strip()
    return sign_in_form(pages, request, "/", said, error.status)


def lone(
    pages: Pages, request: Request, template: str, title: str, status: int = 200, **values: object
) -> Response:
    """A page without the rail, for who is not in yet."""
    page = Page("", title, __version__, Pulse("", ""), theme(request))
    answer = pages.render(request, template, page, **values)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def first_step(doorman: Doorman, next: str) -> str:
    """Where the operator's link leads: to the first account, while nobody has one."""
    return next if doorman.has_admin() else "/first-account"


def let_in(doorman: Doorman, request: Request, session: str, next: str) -> Response:
    """Go on with a new session; the browser's old one ends, so that nobody can have set it."""
    doorman.close(cookies.get(request, cookies.SESSION))
    answer = RedirectResponse(local_path(next), 303)
    cookies.put(request, answer, cookies.SESSION, session, doorman.life)
    cookies.drop(request, answer, cookies.FORM)
    return answer


def signed_out(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", 303)
    cookies.drop(request, answer, cookies.SESSION)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def address(request: Request) -> str:
    """Where a request comes from, as far as can be known."""
    return request.client.host if request.client else ""


def add_theme(routes: APIRouter, pages: Pages) -> None:
    @routes.post("/theme")
    def choose(theme: Text, back: Text = "/") -> Response:
        answer = RedirectResponse(local_path(back), 303)
        if theme in THEMES:
            answer.set_cookie("theme", theme, max_age=31_536_000, samesite="lax")
        return answer
