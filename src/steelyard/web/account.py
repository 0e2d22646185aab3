"""One's own account and password, and the ways to one: an invitation, the first account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from steelyard.errors import BadValue, UsageError
from steelyard.state.account import Account
from steelyard.state.passwords import LONGEST, SHORTEST
from steelyard.web.frame import Pages
from steelyard.web.signing import address, let_in, lone
from steelyard.web.viewer import current

Text = Annotated[str, Form()]
LENGTHS = {"shortest": SHORTEST, "longest": LONGEST}
GONE = "This invitation was used already, or is too old. Ask an admin for a new one."


def add_account(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def mine() -> Account | None:
        account = current.get().account
        return doorman.accounts.get(account) if account else None

    def show(request: Request, problem: str = "", code: int = 200) -> Response:
        page = pages.page(request, "account", "Your account", pages.services.status())
        values = {"account": mine(), "problem": problem, **LENGTHS}
        answer = pages.render(request, "account.html", page, **values)
        answer.status_code = code
        return answer

    @routes.get("/account")
    def html(request: Request) -> Response:
        return show(request)

    @routes.post("/account/password")
    def password(request: Request, old: Text, new: Text) -> Response:
        account = mine()
        if account is None:
            raise BadValue("Whoever has no account has no password.", "Sign in to an account.")
        if doorman.checked(account.email, old, address(request)) is None:
            return show(request, "The present password is wrong.", 403)
        try:
            doorman.accounts.set_password(account.id, new)
        except UsageError as error:
            return show(request, f"{error.message} {error.hint}", 400)
        return let_in(doorman, request, doorman.open(account), "/account")


def add_invitation(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def form(request: Request, code: str, problem: str = "", status: int = 200) -> Response:
        account = doorman.invited(code, address(request))
        if account is None:
            values = {"account": None, "code": "", "problem": GONE, **LENGTHS}
            return lone(pages, request, "invitation.html", "Invitation", 403, **values)
        said = {"account": account, "code": code, "problem": problem, **LENGTHS}
        return lone(pages, request, "invitation.html", "Invitation", status, **said)

    @routes.get("/invitation")
    def open_link(request: Request, code: str = "") -> Response:
        return form(request, code)

    @routes.post("/invitation")
    def choose(request: Request, code: Text, password: Text) -> Response:
        try:
            account = doorman.accept(code, password, address(request))
        except UsageError as error:
            return form(request, code, f"{error.message} {error.hint}", 400)
        if account is None:
            return form(request, code)
        return let_in(doorman, request, doorman.open(account), "/")


def add_first_account(routes: APIRouter, pages: Pages) -> None:
    doorman = pages.doorman

    def form(request: Request, problem: str = "", status: int = 200, **said: str) -> Response:
        values = {"problem": problem, "email": "", "name": "", **LENGTHS, **said}
        return lone(pages, request, "first-account.html", "The first account", status, **values)

    @routes.get("/first-account")
    def html(request: Request) -> Response:
        return form(request)

    @routes.post("/first-account")
    def create(request: Request, email: Text, password: Text, name: Text = "") -> Response:
        try:
            account = doorman.first_admin(email, name, password)
        except UsageError as error:
            said = f"{error.message} {error.hint}".strip()
            return form(request, said, 400, email=email, name=name)
        return let_in(doorman, request, doorman.open(account), "/")
