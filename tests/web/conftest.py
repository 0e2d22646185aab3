"""A made-up company (built once) and an empty server, with clients that call them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.web.signing import SITE, account, browser_of, guarded_doorman, sign_in
from tests.web.world import World, company, empty_warehouse

from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman

LOCAL = "http://127.0.0.1:8480"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="session")
def company_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("company")
    warehouse = empty_warehouse(folder)
    company(warehouse)
    world = World(warehouse, folder, cache=folder / "cache", people=19)
    world.receives()
    world.assistants = {"claude-code": 830, "codex": 212}
    yield world
    warehouse.close()


@pytest.fixture
def acme(company_world: World) -> World:
    """A company with 75 days of use by 24 people; a test may change all but the warehouse."""
    return replace(company_world, asked=[])


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """A server that nothing has reached yet."""
    warehouse = empty_warehouse(tmp_path)
    yield World(warehouse, tmp_path)
    warehouse.close()


@pytest.fixture
def client(acme: World) -> TestClient:
    return TestClient(create_app(acme), LOCAL, raise_server_exceptions=False)


@pytest.fixture
def fresh(empty: World) -> TestClient:
    return TestClient(create_app(empty), LOCAL, raise_server_exceptions=False)


@pytest.fixture
def doorman(tmp_path: Path) -> Iterator[Doorman]:
    """One who asks everybody to sign in."""
    found = guarded_doorman(tmp_path)
    yield found
    assert found.state is not None
    found.state.close()


@pytest.fixture
def guarded(acme: World, doorman: Doorman) -> TestClient:
    """A server beyond loopback."""
    return TestClient(create_app(acme, doorman), SITE, follow_redirects=False)


@pytest.fixture
def app(acme: World, doorman: Doorman) -> FastAPI:
    return create_app(acme, doorman)


@pytest.fixture
def signed(app: FastAPI, doorman: Doorman) -> Iterator[TestClient]:
    """Ada, an admin, in her browser."""
    account(doorman)
    client = browser_of(app)
    assert sign_in(client, "ada@acme.example").status_code == 303
    yield client


class _Text(HTMLParser):
    """Visible text, without scripts and markup."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def text_of(html: str) -> str:
    """What a reader sees, in one line."""
    parser = _Text()
    parser.feed(html)
    return re.sub(r"\s+", " ", " ".join(parser.parts))
