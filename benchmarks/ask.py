"""How fast questions and the Spend page are answered over 1, 10 and 50 million events' worth.

    python -m benchmarks.ask [--sizes 1 10] [--big] [--rounds 15]

The facts are made by SQL (`company`); no raw events lie behind them. `ask` is called in this
process; the page and the API go through the whole web application with the in-process client,
so their times hold everything but the network. `first` is the first time on a fresh connection;
`new` are questions after the facts have changed, so that no answer is remembered; `again` is the
same question asked once more while nothing has changed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import company, machine
from starlette.testclient import TestClient

from steelyard.app.house import House
from steelyard.app.reception import Reception
from steelyard.app.server import receiver_config
from steelyard.app.services import ServerServices
from steelyard.config import Settings, load_settings
from steelyard.metrics import Question
from steelyard.web.app import create_app
from steelyard.web.services import Listener

END = company.LAST_DAY
MONTH, QUARTER = END - dt.timedelta(days=27), END - dt.timedelta(days=89)
HALF = END - dt.timedelta(days=company.DAYS - 1)
QUESTIONS = {
    "spend by model, 28 days": Question(("spend_usd",), MONTH, END, ("model",)),
    "spend by team, 90 days": Question(("spend_usd", "tokens"), QUARTER, END, ("team",)),
    "spend by person, 28 days": Question(("spend_usd", "sessions"), MONTH, END, ("person",)),
    "spend by day and model, 180 days": Question(("spend_usd",), HALF, END, ("day", "model")),
    "weekly active people, 180 days": Question(("active_people",), HALF, END, ("week",)),
    "latency p95 by model, 28 days": Question(("api_latency_ms_p95",), MONTH, END, ("model",)),
    "latency p95 by model, 180 days": Question(("api_latency_ms_p95",), HALF, END, ("model",)),
    "tool calls by tool, 90 days": Question(("tool_calls",), QUARTER, END, ("tool",)),
    "acceptance by team, 90 days": Question(("accept_rate",), QUARTER, END, ("team",)),
    "cost per commit by team, compared": Question(
        ("cost_per_assistant_commit",), MONTH, END, ("team",), compare="previous"
    ),
}
SPAN = f"from={MONTH}&to={END}"
PAGES = {
    "Spend page, 28 days": f"/spend?{SPAN}",
    "Spend page, by team": f"/spend?{SPAN}&by=team",
    "Spend page, one team": f"/spend?{SPAN}&where.team=team%203",
    "Spend page, 90 days by person": f"/spend?from={QUARTER}&to={END}&by=person",
    "API: spend by model": f"/api/v1/ask?metrics=spend_usd&by=model&{SPAN}",
}


def milliseconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def line(name: str, house: House, work: Callable[[], Any], rounds: int) -> None:
    """The first time, then after changes, then unchanged."""
    first, new, again = milliseconds(work), [], []
    for _ in range(rounds):
        with house.warehouse.transaction() as cursor:
            cursor.execute("update data_version set version = version + 1")
        new.append(milliseconds(work))
        again.append(milliseconds(work))
    new.sort()
    p95 = new[min(rounds - 1, round(0.95 * rounds))]
    figures = (first, statistics.median(new), p95, statistics.median(again))
    print(f"  {name:<36}" + "".join(f"{each:>10.1f}" for each in figures), flush=True)


def measure(settings: Settings, rounds: int) -> None:
    """All questions and pages over the warehouse in the data folder."""
    heads = ("first", "new p50", "new p95", "again")
    print(f"  {'milliseconds':<36}" + "".join(f"{head:>10}" for head in heads))
    with House(settings) as house:
        for name, question in QUESTIONS.items():
            line(name, house, partial(house.ask, question), rounds)
        client = TestClient(create_app(services(house)), "http://127.0.0.1")
        for name, address in PAGES.items():
            line(name, house, partial(get, client, address), rounds)


def services(house: House) -> ServerServices:
    reception = Reception(receiver_config(house.settings), threading.Event(), print)
    return ServerServices(house, (Listener("otlp-http", "http://127.0.0.1:4318"),), reception)


def get(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text[:500]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="million events")
    parser.add_argument("--big", action="store_true", help="50 million too")
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    print(machine.facts())
    for size in [*chosen.sizes, *([50] if chosen.big else [])]:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
            settings = load_settings(Path(folder))
            start = time.monotonic()
            with House(settings) as house:
                rows = company.build(house.warehouse, size * 1_000_000)
            size_mb = machine.folder_bytes(Path(folder), "*.duckdb*") / 1e6
            print(f"\n{company.made(rows, size * 1_000_000)}")
            print(f"  made in {time.monotonic() - start:.0f} s, {size_mb:.0f} MB on disk")
            measure(settings, chosen.rounds)


if __name__ == "__main__":
    main()
