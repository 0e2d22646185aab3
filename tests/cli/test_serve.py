"""`steelyard serve` as a process: what it prints, how it ends, and a port that is taken."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import Run

ANY = "127.0.0.1:0"


@contextmanager
def server(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and what it has said until its pages are up."""
    command = [sys.executable, "-m", "steelyard", "serve", "--data", str(folder), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith(("Open ", "Sign in")):
                break
        try:
            yield process, said
        finally:
            process.terminate()
            process.communicate(timeout=60)


def test_serve_answers_commands_and_drains(run: Run, tmp_path: Path, recordings: Path) -> None:
    folder = tmp_path / "data"
    ports = ("--web", ANY, "--otlp-http", ANY, "--otlp-grpc", "")
    with server(folder, *ports) as (process, said):
        web = re.search(r"Open (http://127\.0\.0\.1:\d+)", said)
        assert web, said
        assert "otlp-http" in said
        assert "otlp-grpc" not in said
        for path in ("/healthz", "/readyz"):
            assert urllib.request.urlopen(web[1] + path, timeout=10).status == 200
        scenario = recordings / "claude-code" / "01-text-only-http-protobuf"
        assert run("import", "otlp", str(scenario)).code == 0
        rows = json.loads(run("ask", "tokens", "--format", "json").out)["rows"]
        assert rows[0]["tokens"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert json.loads(run("ask", "tokens", "--format", "json").out)["rows"] == rows


def test_a_port_in_use_names_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for option, others in (("--web", ("--otlp-http",)), ("--otlp-http", ("--web",))):
            command = [sys.executable, "-m", "steelyard", "serve", "--data", str(tmp_path / "d")]
            command += [option, address, "--otlp-grpc", "", others[0], ANY]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode in (2, 3), done.stderr
            assert address.rpartition(":")[2] in done.stderr
            assert option in done.stderr


def test_beyond_loopback_needs_a_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "steelyard", "serve", "--data", str(tmp_path / "d")]
    command += ["--otlp-http", "0.0.0.0:0", "--otlp-grpc", "", "--web", ANY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "steelyard token create" in done.stderr
