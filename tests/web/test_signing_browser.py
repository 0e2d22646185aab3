"""Signing in, accounts and tokens in a real Chromium: by keyboard, on a phone, in the dark."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.web.signing import PASSWORD, QUICK, opened
from tests.web.test_browser import DARK, DESKTOP, PHONE, Open, browser, open_page
from tests.web.world import World

from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman

pytest.importorskip("playwright", reason="playwright is not installed")
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
__all__ = ["browser", "open_page"]


@pytest.fixture
def site(company_world: World, tmp_path: Path) -> Iterator[tuple[str, Doorman]]:
    """A real server on loopback where everybody has to sign in."""
    doorman = Doorman(opened(tmp_path), True, passwords=QUICK)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(company_world, doorman)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", doorman
    server.should_exit = True
    thread.join(20)


def fine(page: Page) -> None:
    """Nothing for axe to find, and no wider than the screen."""
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("options", [DESKTOP, PHONE, DARK], ids=["desktop", "phone", "dark"])
def test_from_the_operators_link_to_somebody_elses_password(
    site: tuple[str, Doorman], open_page: Open, options: dict[str, object]
) -> None:
    address, doorman = site
    page = open_page(address + doorman.sign_in_path(), **options)
    fine(page)
    page.get_by_label("E-mail address", exact=True).fill("ada@acme.example")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"{address}/settings/accounts")
    fine(page)
    page.get_by_label("E-mail address", exact=True).fill("bo@acme.example")
    page.get_by_label("Role").select_option("finance")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("button", name="Make an invitation").click()
    fine(page)
    link = re.search(r"http://\S+/invitation\?code=[\w-]+", page.inner_text("main"))
    assert link is not None
    page.goto(f"{address}/settings/tokens")
    page.get_by_label("Name: who or what will use it").fill("laptops")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("sty_")).to_be_visible()
    fine(page)
    page.goto(f"{address}/account")
    fine(page)
    page.get_by_role("button", name="Everywhere").click()
    expect(page.get_by_role("heading", name="Sign in to Steelyard")).to_be_visible()
    fine(page)
    page.goto(link[0])
    fine(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_title("Your account")).to_have_text("bo")
