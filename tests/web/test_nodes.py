"""Two nodes that serve the same pages over one state in PostgreSQL: one sign-in is good on both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from tests.postgres import Postgres
from tests.web.conftest import HTML, text_of
from tests.web.signing import QUICK, account, browser_of, sign_in, submit
from tests.web.world import World

from steelyard.state.database import open_state
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman

SESSION = "__Host-steelyard_session"


@pytest.fixture
def doormen(postgres: Postgres) -> Iterator[list[Doorman]]:
    url = postgres.database()
    found = [Doorman(open_state(url), True, passwords=QUICK) for _ in range(2)]
    yield found
    for doorman in found:
        assert doorman.state is not None
        doorman.state.close()


@pytest.fixture
def nodes(acme: World, doormen: list[Doorman]) -> list[TestClient]:
    return [browser_of(create_app(acme, doorman)) for doorman in doormen]


def test_who_signs_in_on_one_node_is_signed_in_on_the_other_and_out_on_both(
    nodes: list[TestClient], doormen: list[Doorman]
) -> None:
    here, there = nodes
    account(doormen[0])
    assert there.get("/spend", headers=HTML).status_code == 303, "to the page of signing in"
    assert sign_in(here, "ada@acme.example").status_code == 303
    there.cookies.update(here.cookies)
    page = there.get("/definitions", headers=HTML)
    assert page.status_code == 200 and "Ada admin Sign out" in text_of(page.text)
    saved = submit(there, "/views", {"name": "mine", "address": "/spend?by=team"})
    assert saved.status_code == 303, "a form of one node is good on the other"
    assert [view["name"] for view in here.get("/views.json").json()["views"]] == ["mine"]
    assert submit(there, "/sign-out", {}).status_code == 303
    assert here.get("/spend", headers=HTML).status_code == 303


def test_a_form_shown_by_one_node_can_be_sent_to_the_other(
    nodes: list[TestClient], doormen: list[Doorman]
) -> None:
    here, there = nodes
    account(doormen[1])
    here.get("/sign-in", headers=HTML)
    there.cookies.update(here.cookies)
    assert sign_in(there, "ada@acme.example").cookies.get(SESSION)


def test_a_token_revoked_and_an_account_closed_on_one_node_open_nothing_on_the_other(
    nodes: list[TestClient], doormen: list[Doorman]
) -> None:
    there = nodes[1]
    account(doormen[0])
    eve = account(doormen[0], email="eve@acme.example", role="member")
    identifier, secret = doormen[0].tokens.create("report", ["read"])
    bearer = {"authorization": f"Bearer {secret}"}
    assert there.get("/api/v1/metrics", headers=bearer).status_code == 200
    assert sign_in(there, "eve@acme.example").status_code == 303
    doormen[0].tokens.revoke(identifier)
    doormen[0].accounts.disable(eve.id)
    assert there.get("/api/v1/metrics", headers=bearer).status_code == 401
    assert there.get("/spend", headers=HTML).status_code == 303
