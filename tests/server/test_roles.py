"""A receiver of its own beside the rest on one folder: upgrades of the rest refuse no telemetry."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.recorded import open_house
from tests.server.running import ANY, Running, environment, running, until
from tests.server.sending import Client, made_up

NO_LISTENERS = ("--otlp-http", "", "--otlp-grpc", "")


@dataclass
class Addresses:
    http: str
    grpc: str


@contextmanager
def receiver(data: Path) -> Iterator[Addresses]:
    """`serve --role receiver`, which ends by SIGTERM with 0 and leaves no address behind."""
    words = [sys.executable, "-m", "steelyard", "serve", "--role", "receiver", "--data", str(data)]
    words += ["--otlp-http", ANY, "--otlp-grpc", ANY]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said, env=environment())

        def ports() -> list[str]:
            assert process.poll() is None
            said.seek(0)
            found = re.findall(r"http://(127\.0\.0\.1:\d+)", said.read())
            return found if len(found) == 2 else []

        try:
            yield Addresses(*until(ports, "listeners", 60))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def test_a_receiver_goes_on_while_the_rest_is_started_killed_and_started_again(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with receiver(data) as there:
        client = Client(there, timeout=10)
        assert client.send(made_up("before", session="s")) == 200
        assert not (data / "steelyard.duckdb").exists(), "a receiver opens no warehouse"
        assert not (data / "server.json").exists()
        first = Running(data, *NO_LISTENERS)
        first.settle()
        first.kill()
        assert client.send(made_up("between", session="s")) == 200
        with running(data, *NO_LISTENERS) as second:
            assert client.send(made_up("after", session="s").over_grpc()) == 200
            second.settle()
        client.close()
    with open_house(tmp_path) as house:
        rows = house.warehouse.query("select request_id from events order by 1")
    assert rows == [("after",), ("before",), ("between",)]
