"""A receiver of its own beside the rest on one folder: upgrades of the rest refuse no telemetry."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import Postgres
from tests.recorded import open_house
from tests.server.running import ANY, Running, command, environment, running, until
from tests.server.sending import Client, made_up
from tests.standins.git import Repo

from steelyard.app.control import reach
from steelyard.config import load_settings

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


def test_commands_reach_a_server_whose_process_they_cannot_see(tmp_path: Path) -> None:
    """In another container, its number is nobody's, or somebody else's."""
    data = tmp_path / "data"
    with running(data) as server:
        file = data / "server.json"
        address = json.loads(file.read_text())
        for number in (1, 4_000_000):
            file.write_text(json.dumps(address | {"pid": number}))
            done = command("backup", str(tmp_path / f"{number}.tar"), "--data", str(data))
            assert done.returncode == 0, done.stderr
            assert (tmp_path / f"{number}.tar").exists()
        server.process.kill()
        server.process.wait()
        assert reach(load_settings(data)) is None


def test_a_server_keeps_its_state_in_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    data, there = tmp_path / "data", {"STEELYARD_STATE": postgres.database()}
    repo = Repo(tmp_path / "app")
    repo.commit("one", app_py="1\n")
    with running(data, **there) as server:
        place = ("--data", str(data))
        added = command("source", "add", "git", str(repo.folder), *place, **there)
        assert added.returncode == 0, added.stderr
        synced = command("source", "sync", *place, **there)
        assert synced.returncode == 0, synced.stderr
        server.settle()
        listed = json.loads(command("source", "list", "--format", "json", *place, **there).stdout)
        assert [source["status"] for source in listed] == ["ok"]
        assert command("account", "list", *place, **there).returncode == 0
        examined = command("doctor", *place, **there)
        assert "source git" in examined.stdout and "FAIL" not in examined.stdout, examined.stdout
        other = command("serve", *place, **(there | {"STEELYARD_ROLE": "web"}))
        assert other.returncode == 2 and "warehouse on the network" in other.stderr
    assert not (data / "state.db").exists()
