"""The documented nginx and settings, with real TLS: pages, OTLP over HTTP and over gRPC."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub

from tests.server.running import Running, command, running, until
from tests.test_docs import BLOCK, DOCS

NAME = "steelyard.example.com"
BLOCKS = dict(BLOCK.findall((DOCS / "guides" / "proxy.md").read_text()))
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def token(folder: Path) -> str:
    """Of a data folder with the page's settings."""
    if NGINX is None or shutil.which("openssl") is None:
        pytest.skip("needs nginx and openssl")
    (folder / "data").mkdir()
    (folder / "data" / "steelyard.toml").write_text(BLOCKS["toml"])
    return command("token", "create", "laptops", "--data", str(folder / "data")).stdout.strip()


@pytest.fixture(scope="module")
def server(folder: Path, token: str) -> Iterator[Running]:
    with running(folder / "data") as found:
        yield found


@pytest.fixture(scope="module")
def port(server: Running, folder: Path) -> Iterator[int]:
    """Where the page's nginx listens, in front of the server."""
    _certify(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    (folder / "nginx.conf").write_text(_configuration(server, folder, number))
    words = [str(NGINX), "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]
    process = subprocess.Popen(words)
    try:
        until(lambda: _listens(number) or process.poll() is not None, "nginx")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield number
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(10)


@pytest.fixture
def client(port: int, folder: Path) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    trust.check_hostname = False  # it goes by the certificate's name, and we by the address
    headers = {"host": NAME, "accept": "text/html"}
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, headers=headers) as found:
        yield found


def test_pages_know_that_they_are_reached_by_https(client: httpx.Client) -> None:
    assert client.get("/spend").headers["location"] == "/sign-in?next=%2Fspend"
    shown = client.get("/sign-in")
    assert shown.headers["strict-transport-security"]
    cookie = shown.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert client.get("/spend", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/readyz").status_code == 200


def test_telemetry_over_http(client: httpx.Client, token: str) -> None:
    kind = {"content-type": "application/x-protobuf"}
    assert client.post("/v1/logs", headers=kind).status_code == 401
    said = kind | {"authorization": f"Bearer {token}"}
    for signal_name in ("logs", "metrics", "traces"):
        assert client.post(f"/v1/{signal_name}", headers=said).status_code == 200


def test_telemetry_over_grpc(port: int, folder: Path, token: str) -> None:
    trust = grpc.ssl_channel_credentials((folder / "fullchain.pem").read_bytes())
    options = [("grpc.ssl_target_name_override", NAME)]
    with grpc.secure_channel(f"127.0.0.1:{port}", trust, options) as channel:
        export = LogsServiceStub(channel).Export
        with pytest.raises(grpc.RpcError) as refused:
            export(ExportLogsServiceRequest(), timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
        export(
            ExportLogsServiceRequest(),
            timeout=20,
            metadata=[("authorization", f"Bearer {token}")],
        )


def _configuration(server: Running, folder: Path, port: int) -> str:
    """The page's block with the ports and files of here, in the least that nginx needs."""
    ours = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "127.0.0.1:8480": server.web.removeprefix("http://"),
        "127.0.0.1:4318": server.http,
        "127.0.0.1:4317": server.grpc,
        "/etc/ssl/steelyard": str(folder),
    }
    block = BLOCKS["nginx"]
    for documented, here in ours.items():
        assert documented in block
        block = block.replace(documented, here)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{block}}}\n"
    )


def _certify(folder: Path) -> None:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    names = ("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}")
    files = ("-keyout", "key.pem", "-out", "fullchain.pem")
    subprocess.run(
        ["openssl", "req", "-x509", *key, *names, *files],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_the_page_names_settings_that_exist() -> None:
    from steelyard.config import settings_rows

    known = {row.name for row in settings_rows()}
    said = set(re.findall(r"^(\w+) =", BLOCKS["toml"], re.MULTILINE))
    assert said <= known
