"""One server that has been sent every recording, shared by the tests that only ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.recorded import FOLDER, SCENARIOS, Recording
from tests.server.running import Running, running
from tests.server.sending import Request, recorded, send_all


@pytest.fixture(scope="session")
def all_recordings(recordings: Path) -> list[Recording]:
    return [Recording(FOLDER / "recordings" / name) for name in SCENARIOS]


@pytest.fixture(scope="session")
def every_request(all_recordings: list[Recording]) -> list[Request]:
    """All recorded requests, scenario by scenario in their order."""
    return [request for recording in all_recordings for request in recorded(recording)]


@pytest.fixture(scope="session")
def told(
    every_request: list[Request], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server that got everything once, in order, the way the clients sent it."""
    with running(tmp_path_factory.mktemp("told") / "data") as server:
        send_all(server, varied(every_request))
        server.settle()
        yield server


def varied(requests: list[Request]) -> list[Request]:
    """Some in chunks and some gRPC calls compressed, as proxies and settings do."""
    chunked = [request.in_chunks() if n % 5 == 0 else request for n, request in enumerate(requests)]
    return [
        request.gzipped() if request.transport == "grpc" and n % 2 else request
        for n, request in enumerate(chunked)
    ]
