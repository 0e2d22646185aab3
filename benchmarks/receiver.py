"""CPU seconds per million acknowledged records: Steelyard's receiver beside rotel.

    python -m benchmarks.receiver [--requests 1500] [--only steelyard] [--case http-protobuf]

Bodies are made from recorded Claude Code events (about 60 records each, every id and time its
own), so that nothing is a repeat. The same sender sends the same bodies to both. Steelyard runs
as it is installed: content stripped, SQLite with synchronous=FULL; rotel decodes and drops
(blackhole exporter, nothing on disk). CPU is user and system time of the receiver's processes.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.client
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from benchmarks.receiver_bodies import RECORDS, json_bodies, protobuf_bodies

CONNECTIONS = 32
WARM_UP = 40  # requests before the clock starts
TICKS = os.sysconf("SC_CLK_TCK")
GRPC_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


@dataclass(frozen=True)
class Case:
    name: str
    encoding: str  # protobuf | json
    transport: str  # http | grpc
    gzip: bool


CASES = (
    Case("http-protobuf", "protobuf", "http", False),
    Case("http-protobuf-gzip", "protobuf", "http", True),
    Case("http-json", "json", "http", False),
    Case("grpc", "protobuf", "grpc", False),
    Case("grpc-gzip", "protobuf", "grpc", True),
)


@dataclass(frozen=True)
class Running:
    pid: int
    http: int
    grpc: int


@contextlib.contextmanager
def steelyard() -> Iterator[Running]:
    from steelyard.receiver.service import ReceiverConfig, run_receiver

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        config = ReceiverConfig(data=Path(folder), http="127.0.0.1:0", grpc="127.0.0.1:0")
        process = context.Process(target=run_receiver, args=(config, theirs))
        process.start()
        theirs.close()
        word, *ports = ours.recv()
        assert word == "ready", ports
        try:
            yield Running(process.pid or 0, *ports)
        finally:
            process.terminate()
            process.join(20)


@contextlib.contextmanager
def rotel() -> Iterator[Running]:
    import rotel as package

    agent = Path(package.__file__).with_name("rotel-agent")
    ports = [_free_port(), _free_port()]
    command = [
        str(agent), "start", "--exporter", "blackhole",
        "--otlp-http-endpoint", f"127.0.0.1:{ports[0]}",
        "--otlp-grpc-endpoint", f"127.0.0.1:{ports[1]}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(ports[0])
        yield Running(process.pid, *ports)
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all that it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in listed)


def send(case: Case, running: Running, bodies: Sequence[bytes]) -> None:
    """Send all bodies over a few connections; stop at the first that is not acknowledged."""
    sender = (
        _http_sender(case, running.http)
        if case.transport == "http"
        else _grpc_sender(case, running.grpc)
    )
    errors: list[BaseException] = []

    def work(part: Sequence[bytes]) -> None:
        try:
            sender(part)
        except BaseException as error:
            errors.append(error)

    threads = [
        threading.Thread(target=work, args=(bodies[at::CONNECTIONS],)) for at in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _http_sender(case: Case, port: int) -> Callable[[Sequence[bytes]], None]:
    headers = {"Content-Type": f"application/{'json' if case.encoding == 'json' else 'x-protobuf'}"}
    if case.gzip:
        headers["Content-Encoding"] = "gzip"

    def work(part: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for body in part:
            connection.request("POST", "/v1/logs", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, (answer.status, said)
        connection.close()

    return work


def _grpc_sender(case: Case, port: int) -> Callable[[Sequence[bytes]], None]:
    compression = grpc.Compression.Gzip if case.gzip else grpc.Compression.NoCompression
    number = iter(range(1000))

    def work(part: Sequence[bytes]) -> None:
        options = [("grpc.channel_id", next(number)), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", options, compression) as channel:
            export = channel.unary_unary(GRPC_METHOD)
            for body in part:
                export(body, timeout=30, wait_for_ready=True)

    return work


def measure(case: Case, target: Any, bodies: Sequence[bytes]) -> tuple[float, float]:
    """CPU seconds per million records, and records a second by the clock."""
    with target() as running:
        send(case, running, bodies[:WARM_UP])
        timed = bodies[WARM_UP:]
        before, start = cpu_seconds(running.pid), time.monotonic()
        send(case, running, timed)
        seconds = time.monotonic() - start
        time.sleep(0.5)  # what it still does behind the acknowledgement
        used = cpu_seconds(running.pid) - before
    records = len(timed) * RECORDS
    return used / records * 1e6, records / seconds


def bodies_for(case: Case, count: int) -> list[bytes]:
    bodies = json_bodies(count) if case.encoding == "json" else protobuf_bodies(count)
    return (
        [gzip.compress(body, 6) for body in bodies]
        if case.gzip and case.transport == "http"
        else bodies
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["steelyard", "rotel"])
    parser.add_argument("--case", choices=[case.name for case in CASES])
    chosen = parser.parse_args()
    targets = {"steelyard": steelyard, "rotel": rotel}
    if chosen.only:
        targets = {chosen.only: targets[chosen.only]}
    print(f"{'case':<20}{'target':<12}{'CPU-s/M records':>16}{'records/s':>12}")
    for case in CASES:
        if chosen.case in (None, case.name):
            compare(case, targets, chosen.requests, chosen.rounds)


def compare(case: Case, targets: dict[str, Any], requests: int, rounds: int) -> None:
    """Best of several rounds, in turns, so that a busy moment hits both alike."""
    bodies = bodies_for(case, requests + WARM_UP)
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
    for _ in range(rounds):
        for name, target in targets.items():
            measured[name].append(measure(case, target, bodies))
    used = {name: min(cpu for cpu, _ in found) for name, found in measured.items()}
    for name, found in measured.items():
        speed = max(speed for _, speed in found)
        print(f"{case.name:<20}{name:<12}{used[name]:>16.2f}{speed:>12.0f}", flush=True)
    if len(used) == 2:
        print(f"{case.name:<20}{'ratio':<12}{used['steelyard'] / used['rotel']:>16.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
