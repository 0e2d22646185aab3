"""A receiver of its own beside the rest on one folder: upgrades of the rest refuse no telemetry."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import Postgres
from tests.recorded import open_house
from tests.server.running import ANY, Running, command, environment, running, until
from tests.server.sending import Client, made_up
from tests.standins.git import Repo

from steelyard.app.control import reach
from steelyard.config import load_settings

NO_LISTENERS = ("--otlp-http", "", "--otlp-grpc", "")


class Node:
    """`serve --role receiver`, in a process group of its own."""

    def __init__(self, data: Path, **more: str) -> None:
        words = [sys.executable, "-m", "steelyard", "serve", "--role", "receiver"]
        words += ["--data", str(data), "--otlp-http", ANY, "--otlp-grpc", ANY]
        with tempfile.NamedTemporaryFile(prefix="steelyard-said-", delete=False) as said:
            self.log = Path(said.name)
            self.process = subprocess.Popen(
                words, stdout=said, stderr=said, env=environment(**more), start_new_session=True
            )
        try:
            self.http, self.grpc = until(self._ports, "listeners", 60)
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def _ports(self) -> list[str]:
        said = self.log.read_text()
        assert self.process.poll() is None, said
        found = re.findall(r"^otlp-\w+ +http://(127\.0\.0\.1:\d+)", said, re.M)
        return found if len(found) == 2 else []

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """By a signal to all of its processes; its exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        code = self.process.wait(60)
        self.log.unlink(missing_ok=True)
        return code


@contextmanager
def receiver(data: Path, **more: str) -> Iterator[Node]:
    """A receiver that ends by SIGTERM with 0, unless somebody killed it."""
    node = Node(data, **more)
    try:
        yield node
        if node.process.poll() is None:
            assert node.end() == 0
    finally:
        node.end(signal.SIGKILL)


def test_a_receiver_goes_on_while_the_rest_is_started_killed_and_started_again(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    alone = command("serve", "--role", "receiver", "--data", str(data))
    assert alone.returncode == 2 and "has no worker" in alone.stderr
    first = Running(data, *NO_LISTENERS)
    with receiver(data) as there:
        client = Client(there, timeout=10)
        assert client.send(made_up("before", session="s")) == 200
        first.settle()
        first.kill()
        (data / "server.json").unlink()
        assert client.send(made_up("between", session="s")) == 200
        assert not (data / "server.json").exists()
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
