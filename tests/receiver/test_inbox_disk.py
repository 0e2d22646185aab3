from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs

from steelyard.errors import Refused
from steelyard.receiver.inbox import Inbox, NewBody


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, a few megabytes large."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all space there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def request(size: int) -> bytes:
    """A request that does not compress."""
    group = ResourceLogs(schema_url=os.urandom(size).hex())
    made: bytes = ExportLogsServiceRequest(resource_logs=[group]).SerializeToString()
    return made


def test_a_full_disk_refuses_and_comes_back(small_disk: Path) -> None:
    inbox = Inbox(small_disk / "inbox.db")
    kept = [NewBody("logs", "protobuf", os.urandom(20_000)) for _ in range(3)]
    assert inbox.put(kept) == [1, 2, 3]
    filler = fill(small_disk)
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            inbox.put([NewBody("logs", "protobuf", os.urandom(50_000))])
        assert (refused.value.status, refused.value.reason) == (503, "disk")
    filler.unlink()
    assert inbox.put([NewBody("logs", "protobuf", b"after")]) == [4]
    assert [found.data for found in inbox.after(0)] == [*(body.data for body in kept), b"after"]


def test_a_receiver_says_503_while_its_disk_is_full(
    small_disk: Path, receiving: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    receiver = receiving(data=small_disk)
    assert receiver.post("/v1/logs", request(10)).status_code == 200
    filler = fill(small_disk)
    answer = receiver.post("/v1/logs", request(50_000))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    filler.unlink()
    eventually(
        lambda: receiver.post("/v1/logs", request(50_000)).status_code == 200,
        "the receiver recovers",
    )
    assert receiver.process.is_alive()
