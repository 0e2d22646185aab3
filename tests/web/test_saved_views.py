"""Saved views: named addresses of this site, each account its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL
from tests.web.signing import account, browser_of, opened, sign_in, submit
from tests.web.world import World

from steelyard.errors import BadValue
from steelyard.state.views import LONGEST_NAME, MOST, Views
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman

ADDRESS = "/spend?period=12w&by=team&where.team=payments"


def save(client: TestClient, name: str, address: str = ADDRESS) -> int:
    return submit(client, "/views", {"name": name, "address": address}).status_code


def names(client: TestClient) -> list[str]:
    return [view["name"] for view in client.get("/views.json").json()["views"]]


def test_a_view_is_saved_listed_offered_and_deleted(signed: TestClient) -> None:
    assert save(signed, "Payments, a quarter") == 303
    listed = signed.get("/views", headers=HTML).text
    assert "Payments, a quarter" in listed
    assert ADDRESS.replace("&", "&amp;") in listed
    offered = [e for e in signed.get("/palette.json").json() if e["kind"] == "saved view"]
    assert offered == [{"label": "Payments, a quarter", "kind": "saved view", "url": ADDRESS}]
    assert signed.get(ADDRESS, headers=HTML).status_code == 200
    assert signed.get("/views.csv").text.startswith('name,address,saved_at\r\n"Pay')
    gone = submit(signed, "/views/Payments%2C%20a%20quarter/delete", {})
    assert gone.status_code == 303
    assert names(signed) == []
    assert submit(signed, "/views/Payments%2C%20a%20quarter/delete", {}).status_code == 404


def test_the_form_of_a_page_saves_the_view_it_shows(signed: TestClient) -> None:
    html = signed.get("/spend?by=team", headers=HTML).text
    assert 'name="address" value="/spend?by=team"' in html


def test_only_addresses_of_this_site_and_names_one_can_write(signed: TestClient) -> None:
    for address in ("https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"):
        assert save(signed, "Elsewhere", address) == 400
    for name in (" ", "a/b", "..", "x" * (LONGEST_NAME + 1)):
        assert save(signed, name) == 400
    assert save(signed, "Long", "/spend?" + "x" * 3000) == 400
    assert names(signed) == []


def test_a_form_without_its_token_saves_nothing(signed: TestClient) -> None:
    answer = signed.post("/views", data={"name": "Forged", "address": "/"})
    assert answer.status_code == 403
    assert names(signed) == []


def test_everybody_has_views_of_their_own(app: FastAPI, doorman: Doorman) -> None:
    account(doorman, "admin", "root@acme.example")
    found = []
    for name in ("ada", "ben"):
        account(doorman, "member", f"{name}@acme.example")
        client = browser_of(app)
        sign_in(client, f"{name}@acme.example")
        assert save(client, f"Of {name}") == 303
        assert save(client, f"Of  {name} ", "/spend") == 303  # the same name: replaced
        found.append(names(client))
    assert found == [["Of ada"], ["Of ben"]]


def test_without_accounts_they_are_the_machines(acme: World, tmp_path: Path) -> None:
    state = opened(tmp_path)
    client = TestClient(create_app(acme, Doorman(state)), LOCAL, follow_redirects=False)
    assert save(client, "Ours") == 303
    assert [view.name for view in Views(state).list("")] == ["Ours"]
    state.close()


def test_without_a_state_there_is_nothing_to_save_to(client: TestClient) -> None:
    assert "Save this view" not in client.get("/spend", headers=HTML).text
    assert names(client) == []
    assert save(client, "Lost") == 400


def test_the_number_of_views_is_bounded(tmp_path: Path) -> None:
    views = Views(opened(tmp_path))
    for number in range(MOST):
        views.save("a", f"View {number}", "/spend")
    views.save("a", "View 7", "/")  # replaces one
    with pytest.raises(BadValue):
        views.save("a", "One more", "/spend")
    assert len(views.list("a")) == MOST
    views.save("b", "One more", "/spend")


def test_views_about_a_forgotten_person_go(tmp_path: Path) -> None:
    views = Views(opened(tmp_path))
    views.save("a", "Ada", "/spend?where.person=Ada%40acme.example")
    views.save("b", "Team", "/spend?where.team=ada-lovelace")
    views.drop_about({"ada@acme.example"})
    assert views.list("a") == ()
    assert len(views.list("b")) == 1
