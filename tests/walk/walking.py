"""A walk over every page of a demo company, in Chromium, over a real server.

Each page is opened once and then looked at in light, in dark, on a phone and on paper; and once
more without script. What a size shares with the others is here; a module a size, so that they
run side by side.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from steelyard.web.rights import PAGES, READS
from tests.server.running import Running, command
from tests.web.test_browser import DESKTOP, PHONE, Open, violations

END = "2026-11-20"
PAPER = {"width": 794, "height": 1123}  # A4 at 96 dots an inch
OTHERS = ("/account", "/spend?by=team&period=4w", "/roi?question=stuck", "/delivery?period=month")
# Addresses of the table of rights that are no pages to walk: the same page, or a form between.
ELSEWHERE = {"/overview": "/", "/people": "/organisation"}
# Pages that hold nothing of the company: the same at every size, walked once.
ALIKE = ("/account", "/definitions", "/get-started", "/me", "/views", "/settings")
# One of each kind, found when the company is there.
OF_ONE = {"/person": "person", "/sessions/{session}": "session", "/impact/{name}": "study"}


def fixed() -> list[str]:
    """Every page with an address of its own, and some with more said in it."""
    return [path for path in PAGES if path not in ELSEWHERE and path not in OF_ONE] + list(OTHERS)


def sized() -> list[str]:
    """Those that grow with the company."""
    return [path for path in (*fixed(), *OF_ONE) if not path.startswith(ALIKE)]


def unwalked() -> set[str]:
    """What answers to a browser and is walked by none of the lists."""
    pages = {path for path in (*PAGES, *READS) if not path.startswith(("/api", "/chart"))}
    files = {"/palette.json", "/me.zip"}
    return pages - {path.partition("?")[0] for path in fixed()} - files - {*ELSEWHERE, *OF_ONE}


def company(data: Path, people: int, weeks: int) -> Running:
    """A server over the demo company of so many people, which shows single ones by name."""
    words = ("--people", str(people), "--weeks", str(weeks), "--end", END, "--no-serve")
    loaded = command("demo", "--data", str(data), *words, seconds=600)
    assert loaded.returncode == 0, loaded.stderr
    return Running(data, STEELYARD_PEOPLE_SHOWN="names")


def address(web: str, path: str) -> str:
    """Also of the page of one person or session, the dearest, and of one study."""
    if path not in OF_ONE:
        return web + path
    if path == "/impact/{name}":
        return web + path.format(name="demo-rollout")
    kind = OF_ONE[path]
    asked = {"metrics": "spend_usd", "by": kind, "period": "28d"}
    url = f"{web}/api/v1/ask?{urllib.parse.urlencode(asked)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        name = next(row[kind] for row in json.load(answer)["rows"] if row[kind])
    if kind == "session":
        return web + path.format(session=name)
    return f"{web}/person?who={urllib.parse.quote(name)}"


def look(open_page: Open, url: str) -> None:
    """In light, dark, on a phone and on paper: nothing for axe to find, nothing too wide."""
    page = open_page(url, **DESKTOP)
    settled(page)
    assert page.locator("h1").inner_text()
    assert violations(page) == []
    assert not sideways(page), "in a window"
    page.emulate_media(color_scheme="dark")
    assert violations(page, ["color-contrast"]) == []  # all else is as in light
    page.set_viewport_size(PHONE["viewport"])
    page.emulate_media(color_scheme="light")
    settled(page)
    assert violations(page) == []
    assert not sideways(page), "on a phone"
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    assert not sideways(page), "on paper"
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")


def read(open_page: Open, url: str) -> None:
    """Without script: it says the same, and every picture has its table."""
    page = open_page(url, **DESKTOP, java_script_enabled=False)
    assert page.locator("main").inner_text().strip()
    for figure in page.locator("[data-chart]").all():
        assert page.locator(f"table[id='{figure.get_attribute('data-table')}']").count() == 1
        assert figure.locator(".no-script").is_visible()


def settled(page: Page) -> None:
    """All charts of the page are drawn."""
    page.wait_for_selector("[data-chart]:not([data-drawn])", state="detached")


def sideways(page: Page) -> bool:
    found: Any = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return bool(found)
