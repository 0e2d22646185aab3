"""How fast every page is over ten million events' worth of facts, and how heavy.

    python -m benchmarks.pages [--millions 10] [--rounds 5] [--people-shown names]

Server time is the whole request of an admin through a real server on loopback, without rendering:
`new` right after the facts changed, when nothing is remembered; `ahead` after they changed and the
server asked again what readers had asked lately, as readers meet it; `again` while nothing changed.
CPU is of the whole process in milliseconds, the asking client's two or three among them: on a busy
machine it says more than time. `paint` is the first contentful paint in Chromium with a warm cache
of style, script and charts. Weight is gzip on the wire; style, script and the chart library come
once and are kept. `opened` is what the server's own opening of all pages after its start costs.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import uvicorn
from benchmarks import company, machine
from benchmarks.ask import milliseconds

from steelyard.app.ahead import Ahead
from steelyard.app.house import House
from steelyard.app.reception import Reception
from steelyard.app.server import receiver_config
from steelyard.app.services import ServerServices
from steelyard.app.shown import build_what_is_shown
from steelyard.app.signing import make_doorman
from steelyard.app.warming import Warming, visits
from steelyard.config import load_settings
from steelyard.web.app import create_app
from steelyard.web.layout import NAV
from steelyard.web.services import Listener

SPAN = f"from={company.LAST_DAY - dt.timedelta(days=27)}&to={company.LAST_DAY}"
HEADERS = {"Accept": "text/html"}


def addresses(house: House) -> list[str]:
    """Every page of the rail over four weeks, one person, one session and the reader's own."""
    asked = "select max_by(session, tokens), max_by(person, tokens) from sessions where day = ?"
    session, person = house.warehouse.query(asked, [company.LAST_DAY])[0]
    rail = [f"{link.url}?{SPAN}" for group in NAV for link in group.links]
    shown = house.settings.people_shown == "names"
    alone = [f"/sessions/{session}?{SPAN}", f"/person?who={quote(person)}&{SPAN}"]
    return [*rail, *(alone if shown else []), "/me"]


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
    """Milliseconds and CPU milliseconds of new, ahead and again; then the page's KB."""
    house = services.house
    services.ahead = Ahead(house.facts_version)  # of this page's questions alone
    times: dict[str, list[tuple[float, float]]] = {"new": [], "ahead": [], "again": []}
    with httpx.Client(base_url=site, headers=HEADERS, timeout=120) as client:

        def get() -> None:
            answer = client.get(address)
            assert answer.status_code == 200, f"{address}: {answer.text[:300]}"

        get()
        for _ in range(rounds):
            change(house)
            times["new"].append(spent(get))
            times["again"].append(spent(get))
            change(house)
            services.ahead.catch_up()
            times["ahead"].append(spent(get))
        with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            weight = sum(len(part) for part in answer.iter_raw()) / 1024
    sides = (zip(*found, strict=True) for found in times.values())
    return [*(statistics.median(side) for pair in sides for side in pair), weight]


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds, and those of CPU."""
    before = time.process_time()
    took = milliseconds(work)
    return took, (time.process_time() - before) * 1e3


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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people-shown", choices=("groups", "names"), default="names")
    chosen = parser.parse_args()
    print(machine.facts())
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        settings = load_settings(Path(folder), people_shown=chosen.people_shown)
        with House(settings) as house:
            rows = company.build(house.warehouse, chosen.millions * 1_000_000)
            print(company.made(rows, chosen.millions * 1_000_000))
            build_what_is_shown(house.warehouse, settings, dt.datetime.now(dt.UTC))
            reception = Reception(receiver_config(settings), threading.Event(), print)
            listeners = (Listener("otlp-http", "http://127.0.0.1:4318"),)
            report(ServerServices(house, listeners, reception), chosen.rounds)


def report(services: ServerServices, rounds: int) -> None:
    with serving(services) as site:
        wanted = addresses(services.house)
        rows = {address: measure(services, site, address, rounds) for address in wanted}
        painted = paints(site, list(rows), rounds)
    heads = ("new ms", "cpu", "ahead ms", "cpu", "again ms", "cpu", "KB", "paint ms")
    print(f"{'page':<24}" + "".join(f"{head:>10}" for head in heads))
    for address, figures in rows.items():
        name, paint = address.partition("?")[0][:23], painted.get(address)
        last = f"{paint:>10.0f}" if paint is not None else f"{'–':>10}"
        print(f"{name:<24}" + "".join(f"{each:>10.1f}" for each in figures) + last)
    for head, values in zip(heads, zip(*rows.values(), strict=True), strict=False):
        print(f"slowest, {head}: {max(values):.1f}")
    print(f"opened: {opened(services)}")


def opened(services: ServerServices) -> str:
    """What the server's own opening of all pages costs after the facts changed."""
    change(services.house)
    app = create_app(services, make_doorman(services.house, required=False))
    warming = Warming(visits(app), services.stand, ("admin",))
    before = time.process_time()
    pages = warming.catch_up()
    return f"{pages} pages in {time.process_time() - before:.1f} CPU seconds"


if __name__ == "__main__":
    main()
