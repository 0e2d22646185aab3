"""The same work on DuckDB and on ClickHouse: move, ask, open the Overview, take telemetry in.

    python -m benchmarks.engines [--sizes 1] [--big] [--rounds 7] [--bodies 5000]

The facts are those of `ask`, made once in DuckDB and moved to ClickHouse as `steelyard migrate`
does. ClickHouse is the tests' stand-in: chDB, the same engine, in a process of its own behind a
socket on loopback; what it uses is counted apart. Telemetry is decoded before the clock starts:
counted is appending its records to a warehouse that is full already, and building their facts.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import company, machine
from benchmarks.ask import PAGES, QUESTIONS, SPAN, get, services
from benchmarks.telemetry import bodies, records
from starlette.testclient import TestClient
from tests.standins.clickhouse import clickhouse

from steelyard.app.facts import build_what_is_shown
from steelyard.app.house import House
from steelyard.config import Settings, load_settings
from steelyard.ledger.refresh import Options, refresh
from steelyard.receiver.body import Body
from steelyard.receiver.decode import Decoded, decode
from steelyard.warehouse.clickhouse import ClickHouseWarehouse
from steelyard.warehouse.duck import DuckWarehouse
from steelyard.web.app import create_app

ASKED = (
    "spend by model, 28 days",
    "spend by person, 28 days",
    "latency p95 by model, 180 days",
    "tool calls by tool, 90 days",
)
OPENED = {"Overview, 28 days": f"/?{SPAN}", "Spend page, 28 days": PAGES["Spend page, 28 days"]}
AT_ONCE = 200  # bodies in a batch, as the server takes them when much waits
BUILDS = 5  # of facts, spread over the batches


@dataclass(frozen=True)
class Cost:
    """What work took: CPU seconds of this process, of the engine's where it has one, and time."""

    own: float
    engine: float
    wall: float

    def per(self, count: float) -> Cost:
        return Cost(self.own / count, self.engine / count, self.wall / count)

    @property
    def cpu(self) -> float:
        return self.own + self.engine


def spent(work: Callable[[], Any]) -> Cost:
    before, start = _used(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - start, _used()
    return Cost(after[0] - before[0], after[1] - before[1], wall)


def _used() -> tuple[float, float]:
    """CPU seconds of this process, and of those that it started: nothing but the engine."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    return time.process_time(), sum(machine.own_seconds(int(child)) for child in children)


def median(costs: Sequence[Cost]) -> Cost:
    told = [(each.own, each.engine, each.wall) for each in costs]
    return Cost(*(statistics.median(values) for values in zip(*told, strict=True)))


@contextmanager
def opened(settings: Settings) -> Iterator[dict[str, Callable[[], Any]]]:
    """What is asked of an engine, by name; `change` makes all that is remembered old."""
    with House(settings) as house:
        client = TestClient(create_app(services(house)), "http://127.0.0.1")
        asked = {name: partial(house.ask, QUESTIONS[name]) for name in ASKED}
        pages = {name: partial(get, client, address) for name, address in OPENED.items()}
        yield {**asked, **pages, "change": partial(_change, house)}


def _change(house: House) -> None:
    with house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")


def answers(settings: Settings, rounds: int) -> dict[str, Cost]:
    """Each question and page after a change, and unchanged."""
    found: dict[str, Cost] = {}
    with opened(settings) as work:
        change = work.pop("change")
        for name, ask in work.items():
            ask()  # modules and templates are loaded
            new, again = [], []
            for _ in range(rounds):
                change()
                new.append(spent(ask))
                again.append(spent(ask))
            found[name], found[f"{name}, again"] = median(new), median(again)
    return found


def ingest(settings: Settings, batches: Sequence[Decoded]) -> Cost:
    """Records into a full warehouse, and their facts."""
    now = dt.datetime.now(dt.UTC)
    pause = max(1, len(batches) // BUILDS)

    def work() -> None:
        for number, batch in enumerate(batches, 1):
            house.warehouse.append(batch.tables, number, now)
            if number % pause == 0:
                refresh(house.warehouse, Options(), now)
        refresh(house.warehouse, Options(), now)

    with House(settings) as house:
        return spent(work)


def decoded(count: int) -> list[Decoded]:
    now = dt.datetime.now(dt.UTC)
    held = [
        Body("logs", "protobuf", body, "gzip", number=n, received_at=now)
        for n, body in enumerate(bodies(count), 1)
    ]
    return [decode(held[at : at + AT_ONCE]) for at in range(0, count, AT_ONCE)]


def measure(events: int, batches: Sequence[Decoded], rounds: int, folder: Path, url: str) -> None:
    """Both engines, one after the other, over the facts of so many events."""
    duck = load_settings(folder / "duck", people_shown="names")
    other = load_settings(folder / "click", people_shown="names", warehouse=url)
    with House(duck) as house:
        rows = company.build(house.warehouse, events)
        build_what_is_shown(house.warehouse, duck, dt.datetime.now(dt.UTC))
    print(f"\n{company.made(rows, events)}", flush=True)
    file = duck.data / "steelyard.duckdb"
    with DuckWarehouse(str(file), read_only=True) as source, ClickHouseWarehouse(url) as target:
        moved = spent(lambda: target.load(source, lambda *_: None))
        sql = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active"
        sizes = (
            file.stat().st_size,
            target.wire.rows(f"{sql} AND database = currentDatabase()")[0][0],
        )
    total = sum(rows.values())
    print(
        f"  moved to ClickHouse: {total / moved.wall:,.0f} rows/s, CPU-s {moved.own:.0f} here and"
        f" {moved.engine:.0f} there; on disk {sizes[0] / 1e6:,.0f} MB and {sizes[1] / 1e6:,.0f} MB"
    )
    one, two = answers(duck, rounds), answers(other, rounds)
    heads = ("DuckDB ms", "CPU ms", "ClickH. ms", "CPU here", "CPU there", "ratio")
    print(f"  {'p50':<36}" + "".join(f"{head:>11}" for head in heads))
    for name in one:
        _say(name, one[name].per(1e-3), two[name].per(1e-3))
    millions = sum(t.num_rows for batch in batches for t in batch.tables.values()) / 1e6
    print(
        f"  {f'{millions:.1f} M records taken in':<36}" + "".join(f"{head:>11}" for head in heads)
    )
    costs = [ingest(settings, batches).per(millions * 1e-3) for settings in (duck, other)]
    _say("a million (ms: thousandths of s)", *costs)
    with ClickHouseWarehouse(url, writes=False) as target:
        asked = f"{sql} AND database = currentDatabase() AND table = 'events'"
        raw = target.wire.rows(asked)[0][0] / target.wire.rows("SELECT count() FROM events")[0][0]
    print(f"  a raw record takes {raw:.0f} bytes in ClickHouse; in DuckDB see benchmarks.bytes")


def _say(name: str, one: Cost, two: Cost) -> None:
    told = (one.wall, one.cpu, two.wall, two.own, two.engine)
    ratio = two.cpu / one.cpu if one.cpu else float("nan")
    print(
        f"  {name:<36}" + "".join(f"{each:>11,.0f}" for each in told) + f"{ratio:>11.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=float, nargs="+", default=[10], help="million events")
    parser.add_argument("--big", action="store_true", help="50 million too")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bodies", type=int, default=5000, help="of 60 records, taken in")
    chosen = parser.parse_args()
    print(machine.facts())
    batches = decoded(chosen.bodies)
    told = f"in batches of {AT_ONCE} bodies, facts built {BUILDS + 1} times"
    print(f"{records(chosen.bodies):,} records {told}")
    for size in [*chosen.sizes, *([50] if chosen.big else [])]:
        with (
            tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder,
            clickhouse() as address,
        ):
            events = int(size * 1_000_000)
            measure(events, batches, chosen.rounds, Path(folder), f"{address}/bench")


if __name__ == "__main__":
    main()
