"""Takes the pictures of the documentation from the demo company: `make pictures`.

A real server over a demo company of its own, a real Chromium; the same company gives the same
pictures, as far as fonts allow.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).resolve().parent / "pictures"
PORT = 8497
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
DARK = {**DESKTOP, "color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
# The file's name, the page, how it is looked at.
TAKEN = (
    ("impact", "/impact/demo-rollout", DESKTOP),
    ("overview", "/", DESKTOP),
    ("overview-dark", "/", DARK),
    ("overview-phone", "/", PHONE),
    ("spend", "/spend?by=team", DESKTOP),
    ("adoption", "/adoption?period=12w", DESKTOP),
    ("organisation", "/organisation", DESKTOP),
    ("delivery", "/delivery?period=12w", DESKTOP),
    ("get-started", "/get-started", DESKTOP),
)


@contextmanager
def demo_server(folder: Path) -> Iterator[str]:
    """The demo company of fixed days, served on loopback."""
    steelyard = [sys.executable, "-m", "steelyard", "demo", "--data", str(folder)]
    listeners = ["--web", f"127.0.0.1:{PORT}"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STEELYARD_")}
    environment |= {"STEELYARD_OTLP_HTTP": "127.0.0.1:0", "STEELYARD_OTLP_GRPC": "127.0.0.1:0"}
    server = subprocess.Popen([*steelyard, *listeners], env=environment)  # noqa: S603 - our own
    site = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                httpx.get(f"{site}/healthz")
                break
            time.sleep(0.5)
        yield site
    finally:
        server.terminate()
        server.wait()


def take(browser: Browser, site: str, name: str, address: str, options: dict[str, Any]) -> None:
    context = browser.new_context(**options)
    page = context.new_page()
    for _ in range(120):  # an analysis is computed beside its page
        page.goto(site + address)
        if not page.locator("[data-waits], :text('is being computed')").count():
            break
        page.wait_for_timeout(1000)
    page.wait_for_selector("[data-chart]:not([data-drawn])", state="detached")
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_server(Path(folder) / "data") as site,
        sync_playwright() as playwright,
    ):
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none for root
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name, address, options in TAKEN:
            take(browser, site, name, address, options)


if __name__ == "__main__":
    main()
