from __future__ import annotations

import gzip
import random
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SPECIFIED = {200, 400, 401, 404, 405, 408, 413, 415, 503}
SPECIFIED_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
}
CONTENT_TYPES = ["application/x-protobuf", "application/json"]
ENCODINGS = ["identity", "gzip", "deflate"]
METHODS = [
    f"/opentelemetry.proto.collector.{name}/Export"
    for name in ("logs.v1.LogsService", "metrics.v1.MetricsService", "trace.v1.TraceService")
]
COMPRESS = {"identity": lambda data: data, "gzip": gzip.compress, "deflate": zlib.compress}
RELAXED = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def mutated(payload: bytes, seed: int) -> bytes:
    """A recording with some bytes changed, cut out or repeated."""
    dice, data = random.Random(seed), bytearray(payload)
    for _ in range(dice.randrange(1, 8)):
        at = dice.randrange(len(data) or 1)
        match dice.randrange(4):
            case 0 if data:
                data[at] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randrange(1, 64)]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 64)]
            case _:
                data[at:at] = dice.randbytes(dice.randrange(1, 16))
    return bytes(data)


@pytest.fixture(scope="module")
def client(receiver: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=receiver.http, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def exports(receiver: Any) -> Iterator[list[Any]]:
    with grpc.insecure_channel(receiver.grpc) as channel:
        yield [channel.unary_unary(method) for method in METHODS]


def resident_bytes(receiver: Any) -> int:
    status = Path(f"/proc/{receiver.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@given(
    signal=st.sampled_from(["logs", "metrics", "traces"]),
    kind=st.sampled_from(CONTENT_TYPES),
    encoding=st.sampled_from(ENCODINGS),
    honest=st.booleans(),
    body=st.binary(max_size=400),
)
@RELAXED
def test_any_bytes_get_a_specified_status_over_http(
    client: httpx.Client, signal: str, kind: str, encoding: str, honest: bool, body: bytes
) -> None:
    data = COMPRESS[encoding](body) if honest else body
    headers = {"content-type": kind, "content-encoding": encoding}
    answer = client.post(f"/v1/{signal}", content=data, headers=headers)
    assert answer.status_code in SPECIFIED
    assert answer.headers["content-type"] == kind


@given(at=st.integers(0, 10_000), seed=st.integers(0, 2**32), zipped=st.booleans())
@RELAXED
def test_damaged_recordings_get_a_specified_status_over_http(
    client: httpx.Client, recorded: Any, at: int, seed: int, zipped: bool
) -> None:
    one = recorded[at % len(recorded)]
    data = mutated(gzip.compress(one.payload) if zipped else one.payload, seed)
    kind = CONTENT_TYPES[one.encoding == "json"]
    headers = {"content-type": kind, "content-encoding": "gzip" if zipped else "identity"}
    assert client.post(f"/v1/{one.signal}", content=data, headers=headers).status_code in SPECIFIED


@given(method=st.integers(0, 2), body=st.binary(max_size=400), at=st.integers(0, 10_000))
@RELAXED
def test_any_bytes_get_a_specified_code_over_grpc(
    exports: list[Any], recorded: Any, method: int, body: bytes, at: int
) -> None:
    one = recorded[at % len(recorded)]
    for data in (body, mutated(one.payload, at)):
        try:
            assert exports[method](data, timeout=30) == b""
        except grpc.RpcError as refused:
            assert refused.code() in SPECIFIED_CODES


def test_after_all_that_it_still_works_and_has_not_grown(
    receiver: Any, client: httpx.Client
) -> None:
    """Bombs of 1 GB each on top, over both protocols: the receiver stays below 1 GB."""
    bomb = zlib.compressobj(9, wbits=31)
    data = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(1024)) + bomb.flush()
    headers = {"content-type": CONTENT_TYPES[1], "content-encoding": "gzip"}
    for _ in range(5):
        assert client.post("/v1/logs", content=data, headers=headers).status_code == 413
    assert client.get("/healthz").status_code == 200
    assert resident_bytes(receiver) < 1 << 30


def test_coverage_guided_fuzzing_finds_nothing(recorded: Any, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for at, one in enumerate(recorded[::9]):
        first = {"logs": 0, "metrics": 1, "traces": 2}[one.signal]
        if one.encoding == "json":
            first = {0: 0x60, 1: 0x40, 2: 0x41}[first]  # any number with the right remainder
        (corpus / str(at)).write_bytes(bytes([first]) + one.payload[:20_000])
    pytest.importorskip("atheris")
    script = Path(__file__).with_name("fuzz_otlp.py")
    command = [sys.executable, str(script), "-runs=3000", "-seed=1", "-max_len=20001", str(corpus)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Done 3" in run.stderr or "stat::number_of_executed_units" in run.stderr
