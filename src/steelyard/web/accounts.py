"""Settings, Accounts: who may sign in, as what; an invitation's link is shown once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, RedirectResponse, Response

from steelyard.errors import UsageError
from steelyard.state.account import ROLES, Account
from steelyard.state.accounts import INVITATION_LIFE, Accounts
from steelyard.web.api import CSV, download
from steelyard.web.files import csv_of
from steelyard.web.formats import day
from steelyard.web.frame import Pages
from steelyard.web.problems import NoSuchPage
from steelyard.web.table import Cell, Grid, Head, Row
from steelyard.web.viewer import current

PATH = "/settings/accounts"
HEADS = tuple(
    Head(label, left=True)
    for label in ("E-mail address", "Name", "Role", "Person", "State", "Last seen")
)
Text = Annotated[str, Form()]


def add_accounts(routes: APIRouter, pages: Pages) -> None:
    """The list, with the form for another one."""
    doorman = pages.doorman

    def show(request: Request, problem: str = "", code: int = 200, **said: str) -> Response:
        page = pages.page(request, "settings", "Accounts", pages.services.status())
        known = doorman.accounts.list()
        active = sum(account.state == "active" for account in known)
        values = {"grid": _grid(known), "active": active, "roles": ROLES, "problem": problem}
        form = {"email": "", "name": "", "role": "member", "person": "", **said}
        answer = pages.render(
            request, "accounts.html", page, form=form, required=doorman.required, **values
        )
        answer.status_code = code
        return answer

    @routes.get(PATH)
    def html(request: Request) -> Response:
        return show(request)

    @routes.get(f"{PATH}.json")
    def data() -> Response:
        return JSONResponse(jsonable_encoder({"accounts": _records(doorman.accounts)}))

    @routes.get(f"{PATH}.csv")
    def table() -> Response:
        text = csv_of(_records(doorman.accounts))
        return Response(text, headers=download("accounts.csv"), media_type=CSV)

    @routes.post(PATH)
    def create(
        request: Request, email: Text, name: Text = "", role: Text = "member", person: Text = ""
    ) -> Response:
        try:
            account = doorman.accounts.create(email, name, role, person)
        except UsageError as error:
            said = {"email": email, "name": name, "role": role, "person": person}
            return show(request, in_words(error), 400, **said)
        return RedirectResponse(f"{PATH}/{account.id}", 303)


def add_account_settings(routes: APIRouter, pages: Pages) -> None:
    """One account: its role, its person, its invitation, its end."""
    doorman = pages.doorman

    def show(
        request: Request, account: str, problem: str = "", code: int = 200, link: str = ""
    ) -> Response:
        found = _required(doorman.accounts, account)
        page = pages.page(request, "settings", found.email, pages.services.status())
        values = {"account": found, "roles": ROLES, "problem": problem, "link": link}
        more = {"days": INVITATION_LIFE.days, "person_is": doorman.viewer(found).person}
        answer = pages.render(request, "account-settings.html", page, **values, **more)
        answer.status_code = code
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @routes.get(f"{PATH}/{{account}}")
    def html(request: Request, account: str) -> Response:
        return show(request, account)

    @routes.post(f"{PATH}/{{account}}")
    def change(
        request: Request, account: str, role: Text, name: Text = "", person: Text = ""
    ) -> Response:
        try:
            doorman.accounts.change(_required(doorman.accounts, account).id, role, name, person)
        except UsageError as error:
            return show(request, account, in_words(error), 400)
        return RedirectResponse(PATH, 303)

    @routes.post(f"{PATH}/{{account}}/invite")
    def invite(request: Request, account: str) -> Response:
        code = doorman.accounts.invite(_required(doorman.accounts, account).id)
        link = f"{request.url.scheme}://{request.url.netloc}/invitation?code={code}"
        return show(request, account, link=link)

    @routes.post(f"{PATH}/{{account}}/disable")
    def disable(request: Request, account: str) -> Response:
        try:
            doorman.accounts.disable(_required(doorman.accounts, account).id)
        except UsageError as error:
            return show(request, account, in_words(error), 400)
        return RedirectResponse(PATH, 303)

    @routes.post(f"{PATH}/{{account}}/enable")
    def enable(account: str) -> Response:
        doorman.accounts.enable(_required(doorman.accounts, account).id)
        return RedirectResponse(PATH, 303)


def in_words(error: UsageError) -> str:
    return f"{error.message} {error.hint}".strip()


def _required(accounts: Accounts, account: str) -> Account:
    found = accounts.get(account)
    if found is None:
        raise NoSuchPage("There is no such account.", "The list of accounts shows them all.")
    return found


def _records(accounts: Accounts) -> list[dict[str, Any]]:
    return [asdict(account) | {"state": account.state} for account in accounts.list()]


def _grid(accounts: list[Account]) -> Grid:
    rows = tuple(Row(a.email, _cells(a), f"{PATH}/{a.id}", "Change this account") for a in accounts)
    return Grid("Accounts", HEADS, rows)


def _cells(account: Account) -> tuple[Cell, ...]:
    seen = day(account.last_seen, True) if account.last_seen else "never"
    name = f"{account.name} (you)" if account.id == current.get().account else account.name
    said = (name, account.role, account.person or "by e-mail address", account.state, seen)
    return tuple(Cell(text, left=True) for text in said)
