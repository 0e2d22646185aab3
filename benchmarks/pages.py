"""How fast every page is over ten million events' worth of facts, and how heavy.

    python -m benchmarks.pages [--millions 10] [--rounds 9]

Server time is the whole request through a real server on loopback, without rendering: `new` right
after the facts changed, `ahead` after they changed and the server asked again what readers had
asked lately (what a reader meets), `again` while nothing changed. `paint` is the first contentful
paint in Chromium with a warm cache of style, script and charts. Weight is gzip on the wire; style,
script and the chart library come once and are kept.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from benchmarks import company, machine
from benchmarks.ask import milliseconds

from steelyard.app.house import House
from steelyard.app.reception import Reception
from steelyard.app.server import receiver_config
from steelyard.app.services import ServerServices
from steelyard.app.shown import build_what_is_shown
from steelyard.app.signing import make_doorman
from steelyard.config import load_settings
from steelyard.web.app import create_app
from steelyard.web.layout import NAV
from steelyard.web.services import Listener

SPAN = f"from={company.LAST_DAY - dt.timedelta(days=27)}&to={company.LAST_DAY}"
HEADERS = {"Accept": "text/html"}


def addresses() -> list[str]:
    """Every page of the rail over four weeks."""
    return [f"{link.url}?{SPAN}" for group in NAV for link in group.links]


@contextmanager
def serving(services: ServerServices) -> Iterator[str]:
    """A real server on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(services, make_doorman(services.house, required=False))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def change(house: House) -> None:
    with house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")


def measure(services: ServerServices, site: str, address: str, rounds: int) -> list[float]:
    """New, ahead and again in milliseconds, then the page's KB."""
    house = services.house
    times: dict[str, list[float]] = {"new": [], "ahead": [], "again": []}
    with httpx.Client(base_url=site, headers=HEADERS, timeout=120) as client:

        def get() -> None:
            answer = client.get(address)
            assert answer.status_code == 200, f"{address}: {answer.text[:300]}"

        get()
        for _ in range(rounds):
            change(house)
            times["new"].append(milliseconds(get))
            times["again"].append(milliseconds(get))
            change(house)
            services.ahead.catch_up()
            times["ahead"].append(milliseconds(get))
        with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            weight = sum(len(part) for part in answer.iter_raw()) / 1024
    return [*(statistics.median(times[name]) for name in times), weight]


def paints(site: str, wanted: list[str], rounds: int) -> dict[str, float]:
    """First contentful paint of each page, median; empty where no Chromium can be started."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return {}
    script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found: dict[str, float] = {}
    with sync_playwright() as playwright:
        try:
            flags = ["--no-sandbox", "--disable-gpu"]
            path = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=flags)
        except Error:
            return {}
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for address in wanted:
            times = []
            for _ in range(rounds + 1):
                page.goto(site + address)
                page.wait_for_function(f"() => {script.replace('[0].startTime', '.length')} > 0")
                times.append(page.evaluate(script))
            found[address] = statistics.median(times[1:])
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    print(machine.facts())
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        settings = load_settings(Path(folder))
        with House(settings) as house:
            rows = company.build(house.warehouse, chosen.millions * 1_000_000)
            print(company.made(rows, chosen.millions * 1_000_000))
            build_what_is_shown(house.warehouse, settings, dt.datetime.now(dt.UTC))
            reception = Reception(receiver_config(settings), threading.Event(), print)
            listeners = (Listener("otlp-http", "http://127.0.0.1:4318"),)
            report(ServerServices(house, listeners, reception), chosen.rounds)


def report(services: ServerServices, rounds: int) -> None:
    with serving(services) as site:
        rows = {address: measure(services, site, address, rounds) for address in addresses()}
        painted = paints(site, list(rows), rounds)
    heads = ("new ms", "ahead ms", "again ms", "KB", "paint ms")
    print(f"{'page':<24}" + "".join(f"{head:>10}" for head in heads))
    for address, figures in rows.items():
        name, paint = address.partition("?")[0], painted.get(address)
        last = f"{paint:>10.0f}" if paint is not None else f"{'–':>10}"
        print(f"{name:<24}" + "".join(f"{each:>10.1f}" for each in figures) + last)


if __name__ == "__main__":
    main()
