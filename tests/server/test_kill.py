"""kill -9 at any moment: what was acknowledged is there once, and no process stays behind."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import pytest
from tests.recorded import open_house
from tests.server.running import Running
from tests.server.sending import Client, Request, made_up

ROUNDS = 20
RECORDS = 3  # in a body
CONNECTIONS = ("http", "http", "http", "grpc", "grpc")


class Sender(threading.Thread):
    """Sends bodies of its own until the server is gone; remembers what was acknowledged."""

    def __init__(self, server: Running, name: str, transport: str) -> None:
        super().__init__(name=name)
        self.server, self.transport = server, transport
        self.tried: list[str] = []
        self.acknowledged: list[str] = []

    def run(self) -> None:
        client = Client(self.server, timeout=5)
        try:
            while True:
                ids = [f"{self.name}-{len(self.tried) + n}" for n in range(RECORDS)]
                self.tried += ids
                if client.send(self._request(ids)) == 200:
                    self.acknowledged += ids
        except (OSError, grpc.RpcError, ConnectionError, EOFError):
            return  # the server was killed
        except Exception as error:
            if type(error).__module__ != "http.client":
                raise
        finally:
            client.close()

    def _request(self, ids: list[str]) -> Request:
        request = made_up(*ids, session=self.name, day=len(self.tried) % 5)
        return request.over_grpc() if self.transport == "grpc" else request


def strike(data: Path, number: int, chance: random.Random) -> list[Sender]:
    """Start, send from several connections, kill after a moment; who sent."""
    server = Running(data)
    senders = [
        Sender(server, f"round{number}-{n}", transport) for n, transport in enumerate(CONNECTIONS)
    ]
    for sender in senders:
        sender.start()
    time.sleep(chance.uniform(0.05, 0.9))
    server.kill(whole_tree=number % 2 == 0)  # otherwise its parts must notice by themselves
    for sender in senders:
        sender.join(30)
        assert not sender.is_alive()
    return senders


@pytest.mark.slow
def test_twenty_kills_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(20)
    senders = [s for number in range(ROUNDS) for s in strike(tmp_path / "data", number, chance)]
    acknowledged = {name for sender in senders for name in sender.acknowledged}
    tried = {name for sender in senders for name in sender.tried}
    server = Running(tmp_path / "data")
    server.settle()
    assert server.stop() == 0
    with open_house(tmp_path) as house:
        rows = house.warehouse.query("select request_id from events")
        assert house.inbox.status().pending == 0
    found = Counter(name for (name,) in rows)
    assert len(acknowledged) > 20 * ROUNDS
    assert not acknowledged - found.keys()
    assert not found.keys() - tried
    assert {name: count for name, count in found.items() if count > 1} == {}
