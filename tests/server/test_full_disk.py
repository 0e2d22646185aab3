"""A full disk: refused, never lost; the server stays up and goes on by itself."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tests.recorded import open_house
from tests.server.running import Running, command, get, running, until
from tests.server.sending import Client, Request, made_up

SIZE_MB, BALLAST_MB = 160, 148
RECORDS = 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little space, most of it taken by `ballast`."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    (disk / "ballast").write_bytes(bytes(BALLAST_MB * 1024**2))
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


class Story:
    """What was sent and what was acknowledged."""

    def __init__(self, server: Running) -> None:
        self.client, self.chance = Client(server), random.Random(4)
        self.acknowledged: set[str] = set()
        self.tried: set[str] = set()

    def body(self) -> tuple[list[str], Request]:
        ids = [f"req_{self.chance.getrandbits(160):040x}" for _ in range(RECORDS)]
        self.tried |= set(ids)
        return ids, made_up(*ids, session=ids[0])

    def send(self) -> tuple[int, dict[str, str]]:
        ids, request = self.body()
        status, headers = self.client.post(request)
        if status == 200:
            self.acknowledged |= set(ids)
        return status, headers

    def send_until_refused(self) -> None:
        for _ in range(5000):
            status, headers = self.send()
            if status != 200:
                assert status == 503
                assert int(headers["retry-after"]) > 0
                return
        raise AssertionError("the disk never filled")


def test_a_full_disk_refuses_and_the_server_goes_on(small_disk: Path) -> None:
    data = small_disk / "data"
    with running(data) as server:
        story = Story(server)
        story.send_until_refused()
        until(lambda: get(server.web + "/readyz")[0] == 503, "readyz says so", 60)
        check_refusals(server, story)
        check_trouble_is_said(server)
        (small_disk / "ballast").unlink()
        until(lambda: story.send()[0] == 200, "bodies are taken again", 60)
        until(lambda: get(server.web + "/readyz")[0] == 200, "readyz is well again", 60)
        server.settle()
        assert server.status()["trouble"] == ""
        assert server.status()["inbox"]["pending"] == 0
    with open_house(small_disk) as house:
        found = Counter(name for (name,) in house.warehouse.query("select request_id from events"))
    assert not story.acknowledged - found.keys()
    assert not found.keys() - story.tried
    assert max(found.values()) == 1


def check_refusals(server: Running, story: Story) -> None:
    """Over HTTP and gRPC, with the time after which the client should come again."""
    refused = [headers for status, headers in (story.send() for _ in range(10)) if status == 503]
    assert refused
    ids, request = story.body()
    try:
        Client(server).send(request.over_grpc())
        story.acknowledged |= set(ids)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        told = rpc_status.from_call(error)
        info = error_details_pb2.RetryInfo()
        assert told.details[0].Unpack(info)
        assert info.retry_delay.seconds > 0


def check_trouble_is_said(server: Running) -> None:
    assert "space" in until(lambda: server.status()["trouble"], "the status names the trouble")
    code, text = get(server.web + "/readyz")
    assert code in (200, 503)
    assert set(json.loads(text)) & {"error", "status"}
    done = command("doctor", "--data", str(server.data), "--format", "json")
    assert done.returncode == 1, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["applying"]["status"] == "fail"
    assert "disk space" in checks["applying"]["hint"]
