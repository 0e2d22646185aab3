"""Every address of the application against the table of rights, and every form against forgery."""

from __future__ import annotations

import re
from copy import copy

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.signing import account, browser_of, form_token, sign_in
from tests.web.world import World

from steelyard.state.account import ROLES
from steelyard.web import rights
from steelyard.web.admission import Admission, Oidc
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman
from steelyard.web.oidc import Provider
from steelyard.web.problems import FILES


def routes_of(app: FastAPI | APIRouter) -> list[tuple[str, str]]:
    """Every method and address the application answers, with some name in it."""
    found = []
    for route in app.routes:
        if hasattr(route, "original_router"):
            found += routes_of(route.original_router)
        path = re.sub(r"\{[^}]+\}", "some", getattr(route, "path", ""))
        found += [(m, path) for m in sorted(getattr(route, "methods", None) or ()) if m != "HEAD"]
    return found


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    found = routes_of(app)
    assert len(found) > 40
    missing = [
        (method, path)
        for method, path in found
        if rights.roles(method, path) is None and not rights.is_open(method, path)
    ]
    assert missing == []


def test_every_line_of_the_table_has_a_route(acme: World, doorman: Doorman) -> None:
    """A line that outlives its page would open whatever takes its address next."""
    provider = Provider("https://id.acme.example", "steelyard", "secret")
    with_provider = copy(doorman)
    with_provider.oidc = Oidc(provider, Admission())
    app = create_app(acme, with_provider)
    reads = {*rights.PAGES, *rights.READS, *rights.OPEN_READS}
    forms = {*rights.FORMS, *rights.OPEN_FORMS}
    lines = {("GET", path) for path in reads} | {("POST", path) for path in forms}
    named = {(method, re.sub(r"\{[^}]+\}", "some", path)) for method, path in lines}
    assert named - set(routes_of(app)) == set()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_opens_what_the_table_says_and_no_more(
    app: FastAPI, doorman: Doorman, role: str
) -> None:
    account(doorman, "admin", "root@acme.example")
    account(doorman, role)
    client = browser_of(app)
    sign_in(client, "ada@acme.example")
    token = form_token(client)
    wrong = []
    for method, path in routes_of(app):
        allowed = role in (rights.roles(method, path) or ())
        if method == "GET" and (allowed or rights.is_open(method, path)):
            continue  # opened by every page's own tests
        if method == "POST" and allowed:
            continue
        if rights.is_open(method, path):
            continue
        answer = client.request(method, path, data={"csrf": token}, headers=HTML)
        if answer.status_code != 403:
            wrong.append((method, path, answer.status_code))
    assert wrong == []
    allowed_pages = [p for p in rights.PAGES if "{" not in p and role in rights.PAGES[p]]
    known = {path for method, path in routes_of(app) if method == "GET"}
    for path in allowed_pages:
        if path in known:
            answer = client.get(path, headers=HTML)
            assert answer.status_code < 500, path
            assert "· forbidden" not in answer.text, path
            assert "· not_found" not in answer.text, path


def test_without_signing_in_nothing_but_the_ways_in(app: FastAPI) -> None:
    client = browser_of(app)
    for method, path in routes_of(app):
        if rights.is_open(method, path):
            continue
        assert client.request(method, path).status_code == 401, path
        if method == "GET":
            sent = client.get(path, headers=HTML)
            page = not path.startswith("/api/") and not path.endswith(FILES)
            assert sent.status_code == (303 if page else 401), path


def test_a_page_that_is_not_in_the_table_does_not_exist(app: FastAPI, signed: TestClient) -> None:
    @app.get("/forgotten")
    def forgotten() -> str:
        return "never shown"

    for path in ("/forgotten", "/settings/accounts/", "//settings/accounts", "/Settings/accounts"):
        assert signed.get(path, headers=HTML).status_code == 404
    assert signed.request("DELETE", "/spend").status_code == 405
    assert signed.request("OPTIONS", "/forgotten").status_code == 404


def test_every_form_needs_its_token(app: FastAPI, signed: TestClient, doorman: Doorman) -> None:
    other = browser_of(app)
    account(doorman, "admin", "bo@acme.example")
    sign_in(other, "bo@acme.example")
    of_another = form_token(other)
    forms = [path for method, path in routes_of(app) if method == "POST"]
    assert len(forms) > 10
    for path in forms:
        for form in ({}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": of_another}):
            answer = signed.post(path, data=form)
            assert answer.status_code == 403, path
            assert answer.json()["error"]["code"] == "wrong_form"
        as_file = signed.post(path, files={"csrf": ("x", form_token(signed))})
        assert as_file.status_code == 403
    assert signed.get("/spend", headers=HTML).status_code == 200


def test_the_token_of_a_form_changes_with_the_session(signed: TestClient) -> None:
    before = form_token(signed)
    sign_in(signed, "ada@acme.example")
    assert form_token(signed) != before
    assert signed.post("/theme", data={"theme": "dark", "csrf": before}).status_code == 403


def test_a_script_may_send_the_token_as_a_header(signed: TestClient) -> None:
    header = {"x-csrf-token": form_token(signed)}
    assert signed.post("/theme", data={"theme": "dark"}, headers=header).status_code == 303


def test_a_form_is_bounded(signed: TestClient) -> None:
    form = {"csrf": form_token(signed), "theme": "x" * (1 << 20)}
    assert signed.post("/theme", data=form).status_code == 413
    many = "&".join(f"a{n}=1" for n in range(600)) + f"&csrf={form_token(signed)}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert signed.post("/theme", content=many, headers=kind).status_code == 403


def test_links_that_lead_nowhere_are_not_shown(app: FastAPI, doorman: Doorman) -> None:
    account(doorman, "member")
    client = browser_of(app)
    sign_in(client, "ada@acme.example")
    page = client.get("/definitions", headers=HTML).text
    assert 'href="/spend"' in page
    assert 'href="/sources"' not in page
    assert "/settings" not in page
    urls = [entry["url"] for entry in client.get("/palette.json").json()]
    assert "/spend" in urls
    assert "/sources" not in urls
