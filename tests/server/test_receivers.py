"""Receivers on nodes of their own: each with its inbox, ClickHouse's address and the tokens of the
shared state in PostgreSQL. A worker elsewhere gets all that they acknowledged, once."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.postgres import Postgres
from tests.recorded import FOLDER, Recording, asked
from tests.server.running import command, running, until
from tests.server.sending import Client, Request, recorded
from tests.server.test_roles import NO_LISTENERS, Node, receiver
from tests.standins.line import cut_line
from tests.warehouse.opened import database

SCENARIO = "claude-code/06-many-exports-delta-http-protobuf"


@pytest.mark.slow
@pytest.mark.usefixtures("recordings")
def test_two_receivers_and_a_worker_share_nothing_but_databases(
    tmp_path: Path, postgres: Postgres
) -> None:
    recording, url = Recording(FOLDER / "recordings" / SCENARIO), database()
    there = {"STEELYARD_STATE": postgres.database()}
    made = command("token", "create", "clients", "--data", str(tmp_path / "desk"), **there)
    assert made.returncode == 0, made.stderr
    requests = [replace(each, token=made.stdout.split()[-1]) for each in recorded(recording)]
    third = len(requests) // 3
    with ExitStack() as stack:
        line, over_line = stack.enter_context(cut_line(url))
        node = there | {"STEELYARD_WAREHOUSE": over_line, "STEELYARD_REQUIRE_TOKEN": "true"}
        folders = [tmp_path / "a", tmp_path / "b"]
        line.cut()
        nodes = [stack.enter_context(receiver(folder, **node)) for folder in folders]
        assert Client(nodes[0]).send(replace(requests[0], token="")) == 401
        send(nodes, requests[:third])
        line.mend()
        there["STEELYARD_WAREHOUSE"] = url
        data = tmp_path / "worker"
        worker = stack.enter_context(running(data, *NO_LISTENERS, **there))
        send(nodes, requests[third : 2 * third])
        nodes[0].end(signal.SIGKILL)
        nodes[0] = stack.enter_context(receiver(folders[0], **node))
        worker.kill()
        send(nodes, requests[third:])
        worker = stack.enter_context(running(data, *NO_LISTENERS, **there))
        until(lambda: worker.status()["inbox"]["received"] == len(requests), "all taken", 60)
        worker.settle()
        assert asked(worker.door, "tokens", "model", "token_type") == recording.tokens()
        examined = command("doctor", "--data", str(data), **there)
        assert "wait there" in examined.stdout, examined.stdout
        told = worker.status()
        assert len(told["receivers"]) == 2
        assert all(each["last_received_at"] for each in told["receivers"])


def send(nodes: list[Node], requests: list[Request]) -> None:
    """Each to one of the nodes in turn, every third to both, some of those twice."""
    clients = [Client(node, timeout=10) for node in nodes]
    for n, request in enumerate(requests):
        for client in clients if n % 3 == 0 else [clients[n % 2]]:
            assert client.send(request) == 200
        if n % 6 == 0:
            assert clients[1].send(request) == 200
    for client in clients:
        client.close()
