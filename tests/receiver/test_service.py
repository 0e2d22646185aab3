from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from steelyard.receiver.inbox import Inbox
from steelyard.receiver.service import ReceiverConfig
from steelyard.state.database import open_state
from steelyard.state.tokens import Tokens

JSON = {"content-type": "application/json"}
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


def bearer(secret: str) -> dict[str, str]:
    return JSON | {"authorization": f"Bearer {secret}"}


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(open_state(tmp_path / "state.db"))


def test_a_port_in_use_is_named_with_the_option(starting: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for http, grpc_, option in ((address, "", "--otlp-http"), ("", address, "--otlp-grpc")):
            config = ReceiverConfig(data=tmp_path, http=http, grpc=grpc_)
            process, (word, message, hint) = starting(config)
            assert word == "error"
            assert address in message and option in hint
            process.join(20)
            assert process.exitcode == 0


def test_a_second_receiver_does_not_share_the_port(
    receiving: Callable[..., Any], starting: Any, tmp_path: Path
) -> None:
    first = receiving()
    config = ReceiverConfig(data=tmp_path, http="", grpc=first.grpc)
    assert starting(config)[1][0] == "error"


def test_a_listener_may_be_off(receiving: Callable[..., Any]) -> None:
    receiver = receiving(grpc="")
    assert receiver.grpc.endswith(":0")
    assert receiver.post("/v1/logs", b"{}", JSON).status_code == 200


def test_ipv6_is_listened_on(receiving: Callable[..., Any]) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 loopback: {error}")
    receiver = receiving(http="[::1]:0", grpc="[::1]:0")
    url = receiver.http.replace("127.0.0.1", "[::1]")
    assert httpx.get(f"{url}/healthz").status_code == 200


def test_sigterm_finishes_what_waits(receiving: Callable[..., Any]) -> None:
    receiver = receiving()
    acknowledged = 0
    failed = threading.Event()

    def send() -> None:
        nonlocal acknowledged
        with httpx.Client(base_url=receiver.http, headers=JSON) as client:
            for at in range(100_000):
                try:
                    answer = client.post("/v1/logs", content=b'{"at":%d}' % at)
                except httpx.TransportError:
                    failed.set()
                    return
                assert answer.status_code == 200
                acknowledged += 1

    sender = threading.Thread(target=send)
    sender.start()
    while acknowledged < 50:
        assert sender.is_alive()
    assert receiver.stop() == 0
    sender.join(20)
    assert failed.is_set()
    received = receiver.inbox().status().received
    assert acknowledged <= received <= acknowledged + 1


def test_a_receiver_ends_with_its_parent(tmp_path: Path, eventually: Callable[..., Any]) -> None:
    script = (
        "import multiprocessing, signal, sys\n"
        "from pathlib import Path\n"
        "from steelyard.receiver.service import ReceiverConfig, run_receiver\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    ours, theirs = context.Pipe()\n"
        "    config = ReceiverConfig(Path(sys.argv[1]), '127.0.0.1:0', '')\n"
        "    process = context.Process(target=run_receiver, args=(config, theirs))\n"
        "    process.start()\n"
        "    print(process.pid, ours.recv()[1], flush=True)\n"
        "    signal.pause()\n"
    )
    file = tmp_path / "parent.py"
    file.write_text(script)
    command = [sys.executable, str(file), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        _, port = map(int, parent.stdout.readline().split())
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        os.kill(parent.pid, signal.SIGKILL)

    def is_gone() -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2)
        except httpx.TransportError:
            return True
        return False

    eventually(is_gone, "the receiver ends too")


def test_beyond_loopback_a_token_must_exist(
    starting: Any, receiving: Callable[..., Any], tokens: Tokens, tmp_path: Path
) -> None:
    config = ReceiverConfig(data=tmp_path, http="0.0.0.0:0", grpc="")
    word, message, hint = starting(config)[1]
    assert word == "error" and "no token" in message and "steelyard token create" in hint
    _, secret = tokens.create("laptops")
    receiver = receiving(http="0.0.0.0:0", grpc="")
    assert receiver.post("/v1/logs", b"{}", JSON).status_code == 401
    assert receiver.post("/v1/logs", b"{}", bearer(secret)).status_code == 200


def test_a_read_token_lets_no_telemetry_in(receiving: Callable[..., Any], tokens: Tokens) -> None:
    tokens.create("laptops")
    _, reading = tokens.create("dashboards", ["read"])
    receiver = receiving(require_token=True)
    assert receiver.post("/v1/logs", b"{}", bearer(reading)).status_code == 401


def test_tokens_are_asked_for_on_both_protocols(
    receiving: Callable[..., Any], tokens: Tokens, eventually: Callable[..., Any]
) -> None:
    identifier, secret = tokens.create("laptops")
    receiver = receiving(require_token=True)
    for headers in (JSON, bearer("sty_wrong"), JSON | {"authorization": "Basic eDp5"}):
        answer = receiver.post("/v1/logs", b"{}", headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == 16
    escaped = JSON | {"authorization": f"Bearer%20{secret}"}
    assert receiver.post("/v1/logs", b"{}", escaped).status_code == 200
    with grpc.insecure_channel(receiver.grpc) as channel:
        export = channel.unary_unary(LOGS)
        with pytest.raises(grpc.RpcError) as refused:
            export(b"", timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert export(b"", metadata=[("authorization", f"Bearer {secret}")], timeout=20) == b""
    assert {body.token for body in receiver.inbox().after(0)} == {identifier}
    eventually(lambda: tokens.list()[0].last_used, "the day of use is noted")


def test_new_and_revoked_tokens_are_noticed_while_running(
    receiving: Callable[..., Any], tokens: Tokens, eventually: Callable[..., Any]
) -> None:
    tokens.create("first")
    receiver = receiving(require_token=True)
    identifier, secret = tokens.create("second")

    def status() -> int:
        return int(receiver.post("/v1/logs", b"{}", bearer(secret)).status_code)

    eventually(lambda: status() == 200, "the new token works", 5)
    tokens.revoke(identifier)
    eventually(lambda: status() == 401, "the revoked token is refused", 5)


def test_a_token_stops_when_it_expires(
    receiving: Callable[..., Any], tokens: Tokens, eventually: Callable[..., Any]
) -> None:
    tokens.create("lasting")  # a receiver only starts where somebody may come in
    receiver = receiving(require_token=True)
    soon = datetime.now(UTC) + timedelta(seconds=10)
    _, secret = tokens.create("brief", expires=soon)

    def status() -> int:
        return int(receiver.post("/v1/logs", b"{}", bearer(secret)).status_code)

    eventually(lambda: status() == 200, "the new token works", 10)
    eventually(lambda: status() == 401, "it expires", 20)


def test_on_loopback_tokens_are_not_looked_at(receiving: Callable[..., Any]) -> None:
    receiver = receiving()
    assert receiver.post("/v1/logs", b"{}", bearer("sty_whatever")).status_code == 200
    assert receiver.inbox().after(0)[0].token == ""


def test_back_pressure_while_the_inbox_is_blocked(
    receiving: Callable[..., Any], tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    """Another process holds the write lock: a few requests wait, further ones are sent away."""
    receiver = receiving(max_waiting=3)
    lock = sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    statuses: dict[int, int] = {}

    def send(at: int) -> None:
        statuses[at] = receiver.post("/v1/logs", b'{"at":%d}' % at, JSON).status_code

    waiting = [threading.Thread(target=send, args=(at,)) for at in range(8)]
    for thread in waiting:
        thread.start()
    eventually(lambda: len(statuses) == 5, "five are sent away")
    assert set(statuses.values()) == {503}
    assert httpx.get(f"{receiver.http}/healthz").status_code == 200
    lock.execute("ROLLBACK")
    for thread in waiting:
        thread.join(30)
    assert sorted(statuses.values()) == [200] * 3 + [503] * 5
    assert Inbox(tmp_path / "inbox.db").status().received == 3
