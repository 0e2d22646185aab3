"""Real receivers in their own processes, and the recorded requests to send them."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from steelyard.receiver.inbox import Inbox
from steelyard.receiver.service import ReceiverConfig, run_receiver

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@dataclass
class Receiver:
    """A running receiver and its inbox."""

    process: Any
    config: ReceiverConfig
    http: str
    grpc: str

    def post(self, path: str, content: Any, headers: dict[str, str] = PROTOBUF) -> httpx.Response:
        return httpx.post(f"{self.http}{path}", content=content, headers=headers, timeout=30)

    def inbox(self) -> Inbox:
        return Inbox(self.config.data / "inbox.db")

    def stop(self) -> int:
        self.process.terminate()
        self.process.join(20)
        return self.process.exitcode


def start(config: ReceiverConfig) -> tuple[Any, tuple[Any, ...]]:
    """The process and what it said first."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_receiver, args=(config, theirs), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(30), "the receiver says nothing"
    return process, ours.recv()


@pytest.fixture(scope="session")
def starting() -> Callable[[ReceiverConfig], tuple[Any, tuple[Any, ...]]]:
    return start


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """A function that starts a receiver with settings of the test's own."""
    running: list[Receiver] = []

    def run(**settings: Any) -> Receiver:
        config = ReceiverConfig(
            **{"data": tmp_path, "http": "127.0.0.1:0", "grpc": "127.0.0.1:0"} | settings
        )
        process, (word, http, grpc) = start(config)
        assert word == "ready", (http, grpc)
        running.append(Receiver(process, config, f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}"))
        return running[-1]

    yield run
    for receiver in running:
        receiver.process.kill()
        receiver.process.join()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """One receiver with default settings for all tests of a module."""
    data = tmp_path_factory.mktemp("receiver")
    config = ReceiverConfig(data=data, http="127.0.0.1:0", grpc="127.0.0.1:0")
    process, (word, http, grpc) = start(config)
    assert word == "ready"
    yield Receiver(process, config, f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}")
    process.kill()
    process.join()


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Ask until the answer is true, or fail after a while."""

    def ask(question: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"never happened: {what}"
            time.sleep(0.02)
        return answer

    return ask


@dataclass(frozen=True)
class Recorded:
    """A recorded request. `wire` is the body as it was sent, `payload` the inflated bytes."""

    client: str
    scenario: str
    name: str
    signal: str
    encoding: str
    compression: str
    wire: bytes
    payload: bytes

    def inflated(self) -> Recorded:
        return replace(self, wire=self.payload, compression="")


@pytest.fixture(scope="session")
def recorded(recordings: Path) -> list[Recorded]:
    """Every request of every scenario, in order."""
    found = []
    for manifest in sorted(recordings.glob("*/*/manifest.json")):
        for request in json.loads(manifest.read_text())["requests"]:
            wire = (manifest.parent / request["file"]).read_bytes()
            zipped = request["file"].endswith(".gz")
            found.append(
                Recorded(
                    client=manifest.parent.parent.name,
                    scenario=manifest.parent.name,
                    name=request["file"],
                    signal=request["signal"],
                    encoding="json" if "json" in request["content_type"] else "protobuf",
                    compression="gzip" if zipped else "",
                    wire=wire,
                    payload=gzip.decompress(wire) if zipped else wire,
                )
            )
    return found
