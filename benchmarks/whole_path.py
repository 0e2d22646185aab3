"""CPU seconds per million log records, from HTTP bodies to rows and facts in the warehouse.

    python -m benchmarks.whole_path [--bodies 5000] [--rate RECORDS_PER_SECOND]

A real `steelyard serve`; user and system time of its whole process tree from /proc, with gzip
protobuf bodies of 60 records over eight connections. Beside it, in the same run: inflating and
parsing the same bodies with the official protobuf classes and nothing else; and the stages
one by one in this process. Without --rate everything is sent as fast as it is taken, and facts
are built a few times; with it, as often as the rhythm of the server has it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks import machine
from benchmarks.telemetry import bodies, records
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from steelyard.app.control import reach
from steelyard.config import load_settings
from steelyard.ledger.prices import all_prices, load_prices
from steelyard.ledger.refresh import Options, refresh
from steelyard.receiver.body import Body, NewBody
from steelyard.receiver.content import strip
from steelyard.receiver.decode import decode
from steelyard.receiver.inbox import Inbox
from steelyard.warehouse import open_warehouse

T = TypeVar("T")
CONNECTIONS = 8
BATCH = 500
WARM_UP = 60  # bodies before the clock starts
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
ANY = "127.0.0.1:0"


@contextmanager
def serving(data: Path) -> Iterator[tuple[int, int]]:
    """Process id and OTLP/HTTP port of a server."""
    words = [sys.executable, "-m", "steelyard", "serve", "--data", str(data), "--otlp-grpc", ""]
    words += ["--web", ANY, "--otlp-http", ANY]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (data / "server.json").exists():
            if process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
        url = json.loads((data / "server.json").read_text())["otlp_http"]
        yield process.pid, int(url.rpartition(":")[2])
        process.send_signal(signal.SIGTERM)
        process.wait(120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def send(port: int, made: Sequence[bytes], bodies_per_second: float = 0) -> None:
    """Every body is acknowledged; in order on each of a few connections."""
    refused: list[int] = []
    start = time.monotonic()

    def work(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for at in range(first, len(made), CONNECTIONS):
            if bodies_per_second:
                time.sleep(max(0.0, start + at / bodies_per_second - time.monotonic()))
            connection.request("POST", "/v1/logs", made[at], HEADERS)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                refused.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise SystemExit(f"{len(refused)} bodies were refused: {set(refused)}")


def whole_path(made: Sequence[bytes], rate: float, folder: Path) -> dict[str, float]:
    """CPU seconds by process: receiver, decoder, and the one that appends and builds facts."""
    with serving(folder) as (pid, port):
        send(port, made[:WARM_UP])
        door = reach(load_settings(folder))
        assert door is not None
        door.call("settle")
        versions = _data_version(folder)
        before, start = machine.cpu_seconds(pid), time.monotonic()
        send(port, made[WARM_UP:], rate / (records(1)))
        sent = time.monotonic() - start
        door.call("settle")
        settled = time.monotonic() - start
        used = {p: t - before.get(p, 0.0) for p, t in machine.cpu_seconds(pid).items()}
        peak = sum(map(machine.peak_bytes, used))
        built = _data_version(folder) - versions
    workers = sorted(p for p in used if p != pid and used[p] > 0.02)
    names = {pid: "append and facts", workers[0]: "receive", workers[-1]: "decode"}
    parts = {name: used[p] for p, name in names.items()}
    totals = {"all": sum(used.values()), "sent": sent, "settled": settled}
    return parts | totals | {"peak": peak, "built": built}


def _data_version(folder: Path) -> int:
    """How often facts have changed."""
    web = json.loads((folder / "server.json").read_text())["web"]
    with urllib.request.urlopen(web + "/readyz", timeout=60) as answer:
        return int(json.load(answer)["data_version"])


def stages(made: Sequence[bytes], folder: Path) -> dict[str, float]:
    """CPU seconds of each step in this process, one after the other, facts built once."""
    took: dict[str, float] = {}

    def clock(name: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        done = work()
        took[name] = took.get(name, 0.0) + time.process_time() - start
        return done

    plain = [gzip.decompress(body) for body in made]
    parse = ExportLogsServiceRequest.FromString
    clock("inflate", lambda: [gzip.decompress(body) for body in made])
    clock("official parse", lambda: [parse(body) for body in plain])
    clock("strip content", lambda: [strip("logs", "protobuf", body) for body in plain])
    inbox = Inbox(folder / "inbox.db")
    groups = [made[at : at + 32] for at in range(0, len(made), 32)]
    new = [[NewBody("logs", "protobuf", b, "gzip") for b in group] for group in groups]
    clock("inbox", lambda: [inbox.put(group) for group in new])
    inbox.close()
    now = dt.datetime.now(dt.UTC)
    held = [
        Body("logs", "protobuf", b, "gzip", number=n, received_at=now)
        for n, b in enumerate(made, 1)
    ]
    with open_warehouse(str(folder / "bench.duckdb")) as warehouse:
        load_prices(warehouse, all_prices(None))
        for at in range(0, len(held), BATCH):
            found = clock("decode", partial(decode, held[at : at + BATCH]))
            clock("append", partial(warehouse.append, found.tables, at + BATCH, now))
        clock("facts", lambda: refresh(warehouse, Options(), now))
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bodies", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=0, help="records a second; 0: at full speed")
    chosen = parser.parse_args()
    made = bodies(chosen.bodies + WARM_UP)
    timed = made[WARM_UP:]
    millions = records(len(timed)) / 1e6
    print(f"{machine.facts()}\n{millions * 1e6:,.0f} records in {len(timed):,} gzip bodies")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        alone = stages(timed, Path(folder))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        used = whole_path(made, chosen.rate, Path(folder))
    parse = alone["inflate"] + alone["official parse"]
    print(f"\n{'a running server':<28}{'CPU-s / million records':>24}")
    for name in ("receive", "decode", "append and facts", "all"):
        print(f"  {name:<26}{used[name] / millions:>24.2f}")
    print(f"{'official inflate and parse':<28}{parse / millions:>24.2f}")
    print(f"{'ratio':<28}{used['all'] / parse:>24.2f}")
    print(f"\n{'stages in one process':<28}{'CPU-s / million records':>24}")
    for name, seconds in alone.items():
        print(f"  {name:<26}{seconds / millions:>24.2f}")
    lag = used["settled"] - used["sent"]
    print(
        f"\ntaken at {millions * 1e6 / used['sent']:,.0f} records/s, in the facts {lag:.1f} s later"
    )
    print(f"facts built {used['built']} times; peak memory {used['peak'] / 1024**2:.0f} MiB")


if __name__ == "__main__":
    main()
