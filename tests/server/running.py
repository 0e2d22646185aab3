"""A real `steelyard serve`: started as its own process group, waited for, stopped or killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from steelyard.app.control import Remote, reach
from steelyard.config import load_settings

ANY = "127.0.0.1:0"
T = TypeVar("T")
READY_SECONDS = 120
STOP_SECONDS = 60
# Every start compiles hundreds of modules unless the machine may keep what it compiled.
_COMPILED = Path(tempfile.gettempdir()) / "steelyard-tests-pycache"


def environment(**more: str) -> dict[str, str]:
    """This one, without its Steelyard settings and with a cache of compiled modules."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STEELYARD_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(_COMPILED), "COLUMNS": "100"} | more


def command(*words: str, seconds: float = 120, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a `steelyard` command as its users do."""
    line = [sys.executable, "-m", "steelyard", *words]
    return subprocess.run(
        line, capture_output=True, text=True, timeout=seconds, env=environment(**more)
    )


def until(look: Callable[[], T], what: str, seconds: float = 30) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s: {what}")


class Running:
    """A server over a data folder, in a process group of its own."""

    def __init__(self, data: Path, *options: str, **more: str) -> None:
        self.data = data
        words = [sys.executable, "-m", "steelyard", "serve", "--data", str(data), *_free(options)]
        with tempfile.NamedTemporaryFile(prefix="steelyard-said-", delete=False) as said:
            self.log = Path(said.name)
            self.process = subprocess.Popen(
                words, stdout=said, stderr=said, start_new_session=True, env=environment(**more)
            )
        try:
            self.address: dict[str, Any] = until(self._ready, "ready", READY_SECONDS)
        except BaseException:
            self.kill()
            raise
        self.web = str(self.address["web"])
        self.http, self.grpc = _local(self.address["otlp_http"]), _local(self.address["otlp_grpc"])

    def _ready(self) -> dict[str, Any]:
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.said()}")
        with contextlib.suppress(OSError, ValueError):
            address: dict[str, Any] = json.loads((self.data / "server.json").read_bytes())
            if address["pid"] == self.process.pid and get(address["web"] + "/readyz")[0] == 200:
                return address
        return {}

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def door(self) -> Remote:
        """What commands talk to."""
        remote = reach(load_settings(self.data))
        assert remote is not None, self.said()
        return remote

    def settle(self) -> None:
        """Until everything that was taken is applied and its facts are built."""
        self.door.call("settle")

    def status(self) -> dict[str, Any]:
        code, text = get(self.web + "/api/v1/status")
        assert code == 200, text
        found: dict[str, Any] = json.loads(text)
        return found

    def members(self) -> list[int]:
        """Living processes of the group."""
        return [pid for pid, group in _groups() if group == self.process.pid]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self, whole_tree: bool = True) -> None:
        """kill -9; returns when no process of the group is left."""
        with contextlib.suppress(ProcessLookupError):
            if whole_tree:
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait(STOP_SECONDS)
        until(lambda: not self.members(), f"the end of {self.members()}")
        self.log.unlink(missing_ok=True)


@contextlib.contextmanager
def running(data: Path, *options: str, **more: str) -> Iterator[Running]:
    """A server that is stopped, and that left nothing behind, when the block ends."""
    server = Running(data, *options, **more)
    try:
        yield server
        if server.process.poll() is None:
            assert server.stop() == 0, server.said()
            until(lambda: not server.members(), "all processes gone", 10)
    finally:
        server.kill()


def get(url: str, **headers: str) -> tuple[int, str]:
    """Status and text, whatever the status."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=20
        ) as got:
            return int(got.status), got.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _local(url: str) -> str:
    """Where this machine reaches a listener, also one that shows the machine's name."""
    return f"127.0.0.1:{url.rpartition(':')[2]}" if url else ""


def _free(options: tuple[str, ...]) -> list[str]:
    """The options, with a free port for each listener that they leave out."""
    listeners = ("--web", "--otlp-http", "--otlp-grpc")
    return [*options, *(word for name in listeners if name not in options for word in (name, ANY))]


def _groups() -> Iterator[tuple[int, int]]:
    """(process, group) of all that live; what only waits to be reaped is dead."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    yield int(entry.name), int(fields[2])
