"""Habits of the pages in a real Chromium; tests/walk looks at every page as a whole."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import threading
import time
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from tests.web.people_world import people_company
from tests.web.world import World, empty_warehouse

from steelyard.web.app import create_app

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DARK: dict[str, Any] = {**DESKTOP, "color_scheme": "dark"}
CHART = ".chart[data-table=chart-data]"  # what the Spend page is about
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, else playwright's own, else a skip. The headless shell comes first: it
    takes half the time of the whole browser."""
    system = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=system, args=FLAGS)
        except Error as error:
            pytest.skip(f"no Chromium can be started: {error.message.splitlines()[0]}")
        yield found
        found.close()


def serve(world: World) -> Iterator[str]:
    """A real server on a free port of loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(world), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def site(company_world: World) -> Iterator[str]:
    yield from serve(company_world)


@pytest.fixture
def new_site(empty: World) -> Iterator[str]:
    yield from serve(empty)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens an address; at the end no page may have complained on its console."""
    contexts, complaints = [], []

    def opened(address: str, **options: Any) -> Page:
        context = browser.new_context(**(options or DESKTOP))
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and complaints.append(message.text)
            ),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A directory with lines of managers; single people may be shown."""
    folder = tmp_path_factory.mktemp("organisation")
    warehouse = empty_warehouse(folder)
    people_company(warehouse, 120)
    world = World(warehouse, folder, people=120)
    world.receives()
    yield from serve(world)
    warehouse.close()


def drawn(page: Page) -> Page:
    page.wait_for_selector("[data-chart][data-drawn]")
    return page


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds: by all its rules, or by the named ones."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page, options={"runOnly": rules} if rules else None).response
    found = found["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in found]


@pytest.mark.parametrize("options", [DESKTOP, DARK, PHONE], ids=["light", "dark", "phone"])
def test_the_organisation_is_clean_with_a_branch_open(
    organisation: str, open_page: Open, options: dict[str, Any]
) -> None:
    page = open_page(f"{organisation}/organisation", **options)
    page.locator("#organisation summary").first.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_organisation_works_without_script(organisation: str, open_page: Open) -> None:
    page = open_page(f"{organisation}/organisation", **DESKTOP, java_script_enabled=False)
    branch = page.locator("#organisation li").first
    expect(branch.locator("li").first).to_be_hidden()
    branch.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(branch.locator("li").first).to_be_visible()
    branch.locator("li a").first.click()
    expect(page.locator(".pick.set")).to_have_count(2)
    expect(page.locator("#scorecard")).to_be_visible()


@pytest.mark.parametrize("path", ["/spend", "/adoption", "/organisation", "/get-started"])
def test_empty_pages_are_clean_too(new_site: str, open_page: Open, path: str) -> None:
    assert violations(open_page(new_site + path, **DARK)) == []


def test_the_chart_draws_its_table_without_eval(site: str, open_page: Open) -> None:
    page = drawn(open_page(f"{site}/spend"))
    cells = page.locator("#chart-data td[data-v]")
    values = cells.evaluate_all("all => all.map(cell => Number(cell.dataset.v))")
    bars = page.locator(f"{CHART} .mark-rect.role-mark").first.locator("path")
    assert bars.count() == len([value for value in values if value > 0])
    assert page.locator(f"{CHART} svg").count() == 1


def test_a_line_leads_to_what_is_not_over_in_dashes(organisation: str, open_page: Open) -> None:
    page = open_page(f"{organisation}/adoption?period=12w", **DESKTOP)
    figure = page.locator(".chart[data-chart=lines][data-drawn]").first
    figure.wait_for()
    table = page.locator(f"#{figure.get_attribute('data-table')}")
    assert table.locator("tr[data-partial]").count() == 1
    assert figure.locator("path[stroke-dasharray='3,4']").count() >= 1


def test_the_chart_follows_the_theme(site: str, open_page: Open) -> None:
    page = drawn(open_page(f"{site}/spend", **DESKTOP, color_scheme="light"))
    bar = page.locator(f"{CHART} .mark-rect.role-mark path").first
    before = bar.evaluate("bar => getComputedStyle(bar).fill")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert bar.evaluate("bar => getComputedStyle(bar).fill") != before
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_print_is_light_and_without_controls(site: str, open_page: Open) -> None:
    page = drawn(open_page(f"{site}/spend", **DARK))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("#breakdown")).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_script_everything_but_the_chart_works(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/spend", **DESKTOP, java_script_enabled=False)
    expect(page.locator(f"{CHART} .no-script")).to_be_visible()
    page.get_by_text("The figures as a table").first.click()
    expect(page.locator("#chart-data")).to_be_visible()
    page.locator("summary", has_text="Team").click()
    page.locator("details.menu[open] a", has_text="search").click()
    assert "where.team=search" in page.url
    page.locator("#breakdown thead a", has_text="Tokens").click()
    assert "sort=-tokens" in page.url


def test_keys(site: str, open_page: Open) -> None:
    page = drawn(open_page(f"{site}/spend?where.team=search"))
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("[")
    page.wait_for_url("**/spend?from=2026-09-28&to=2026-10-25**")
    page.keyboard.press("]")
    page.wait_for_url(lambda url: "from=" not in url)
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "where" not in url)


def test_what_is_chosen_is_in_the_address_and_back_takes_it_back(
    site: str, open_page: Open
) -> None:
    page = drawn(open_page(f"{site}/spend"))
    chosen = page.locator(".pick.set")
    expect(chosen).to_have_count(0)
    page.locator("details.menu summary", has_text="Team").click()
    page.locator("details.menu[open] a[href*='where.team=search']").click()
    page.wait_for_url("**where.team=search**")
    expect(chosen).to_have_text("Team search")
    page.keyboard.press("[")
    page.wait_for_url("**from=**")
    shared = open_page(page.url)  # to whom the address is sent sees the same
    expect(shared.locator(".pick.set")).to_have_text("Team search")
    assert (
        shared.locator("h1 + *").all_text_contents() == page.locator("h1 + *").all_text_contents()
    )
    page.go_back()
    page.go_back()
    page.wait_for_url(f"{site}/spend")
    expect(chosen).to_have_count(0)


def test_the_palette_jumps(site: str, open_page: Open) -> None:
    page = open_page(f"{site}/get-started")
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("accept rate")
    expect(page.locator("#choices li")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/definitions#accept_rate")


def test_a_definition_shows_on_focus_and_leaves_on_escape(site: str, open_page: Open) -> None:
    page = drawn(open_page(f"{site}/spend"))
    page.locator(".tile .def").first.focus()
    expect(page.locator("#tip")).to_contain_text("Tokens times the dated list price")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_copying_takes_the_whole_block(new_site: str, open_page: Open) -> None:
    page = open_page(f"{new_site}/get-started", **DESKTOP, permissions=["clipboard-read"])
    page.locator(".copy").first.click()
    expect(page.locator(".toast")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0] == "export CLAUDE_CODE_ENABLE_TELEMETRY=1"


def test_the_first_event_turns_the_page_green_by_itself(
    new_site: str, empty: World, open_page: Open
) -> None:
    page = open_page(f"{new_site}/get-started")
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    empty.refuses(404, "no_such_path", "/")
    page.get_by_text("Not arriving?").click()
    expect(page.get_by_text("Declined once with 404")).to_be_visible(timeout=10_000)
    expect(page.locator("#diagnosis")).to_have_attribute("open", "")
    empty.receives()
    expect(page.get_by_text("Claude Code is reporting.")).to_be_visible(timeout=10_000)
    assert violations(page) == []


def test_times_are_the_readers_own_with_utc_on_hover(site: str, open_page: Open) -> None:
    india = {**DESKTOP, "timezone_id": "Asia/Kolkata"}
    for options, zone in ((india, "GMT+5:30"), ({**DESKTOP, "timezone_id": "UTC"}, "UTC")):
        said = open_page(f"{site}/spend", **options).locator("footer time")
        at = dt.datetime.fromisoformat(said.get_attribute("datetime") or "")
        assert f"{at:%H:%M:%S} UTC" in (said.get_attribute("title") or "")
        there = at.astimezone(zoneinfo.ZoneInfo(options["timezone_id"]))
        assert said.inner_text() == f"{there.day} {there:%b %Y, %H:%M} {zone}"
