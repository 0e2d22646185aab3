"""Bodies that pass the door's check and cannot be read: set aside, told, and in nobody's way."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from tests.recorded import total
from tests.server.running import Running, command, running, until
from tests.server.sending import JSON, PROTOBUF, Client, Request, made_up


def event(tokens: str, nanoseconds: str = "1793534400000000000") -> bytes:
    """A model call in OTLP/JSON with that many tokens, at that time since 1970."""
    values = {
        "event.name": {"stringValue": "api_request"},
        "session.id": {"stringValue": "s"},
        "input_tokens": {"intValue": tokens},
    }
    pairs = [{"key": key, "value": value} for key, value in values.items()]
    record = {"timeUnixNano": nanoseconds, "attributes": pairs}
    service = {"key": "service.name", "value": {"stringValue": "claude-code"}}
    group = {"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [record]}]}
    return json.dumps({"resourceLogs": [group]}).encode()


POISON = {
    "no number": Request("logs", event("many"), JSON),
    "no record": Request("logs", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}', JSON),
    "no time": Request("logs", event("1", "9" * 30), JSON),
    # resource_metrics { scope_metrics { metrics: four bytes that are none } }
    "no metric": Request("metrics", b"\x0a\x08\x12\x06\x12\x04\xff\xff\xff\x01", PROTOBUF),
}


def test_poison_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        client = Client(server)
        for number, poison in enumerate(POISON.values()):
            assert client.send(made_up(f"before-{number}")) == 200
            assert client.send(poison) == 200
            assert client.send(made_up(f"after-{number}")) == 200
        server.settle()
        assert total(server.door, "tokens") == 100 * 2 * len(POISON)
        assert client.send(made_up("later")) == 200
        server.settle()
        assert total(server.door, "tokens") == 100 * (2 * len(POISON) + 1)
        check_it_is_told(server)


def check_it_is_told(server: Running) -> None:
    aside = server.status()["set_aside"]
    assert [body["signal"] for body in aside] == [request.signal for request in POISON.values()]
    assert all(body["error"] for body in aside)
    assert server.status()["inbox"]["pending"] == 0
    assert server.status()["trouble"] == ""
    done = command("doctor", "--data", str(server.data), "--format", "json")
    assert done.returncode == 1
    told = [c for c in json.loads(done.stdout)["checks"] if c["name"] == "set aside"]
    assert len(told) == len(POISON)
    assert all(check["status"] == "fail" and check["hint"] for check in told)


@pytest.mark.parametrize("part", ["receiver", "decoder"])
def test_a_part_that_dies_is_started_again(part: str, tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        assert Client(server).send(made_up("one")) == 200
        server.settle()
        os.kill(child(server, part), signal.SIGKILL)
        client = Client(server)
        until(lambda: arrives(client, made_up("two")), "the same port takes bodies again", 60)
        server.settle()
        assert total(server.door, "tokens") == 200
        assert server.status()["trouble"] == ""
        assert server.status()["set_aside"] == []  # a body is not blamed for a worker's end


def arrives(client: Client, request: Request) -> bool:
    try:
        return client.send(request) == 200
    except OSError:
        client.close()
        return False


def child(server: Running, part: str) -> int:
    """The receiver is started first; a decoder only when there is something to decode."""
    workers = [
        pid
        for pid in server.members()
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(workers) == 2
    return min(workers) if part == "receiver" else max(workers)
