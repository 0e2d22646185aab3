"""A real PostgreSQL for tests: started from the machine's own binaries, on a Unix socket only."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwnam
from typing import Any

import pytest

_FAST = ("fsync=off", "full_page_writes=off", "max_connections=40", "shared_buffers=16MB")
_START_SECONDS = 30


class Postgres:
    """A running server; `database` makes an empty one and gives its URL."""

    def __init__(self, folder: Path, bin: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.bin, self.process = folder, bin, process
        self._numbers = itertools.count(1)

    def database(self) -> str:
        name = f"steelyard_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://steelyard@/{name}?host={self.folder}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        line = [self.bin / "psql", "-h", self.folder, "-U", "steelyard", "-d", database]
        line += ["-Atqc", statement]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Skips, with a reason, where PostgreSQL is not installed."""
    bin = _binaries()
    who = _somebody()
    folder = Path(tempfile.mkdtemp(prefix="steelyard-pg-"))
    try:
        if who:
            shutil.chown(folder, who)
        _make(bin, folder, who)
        settings = [f"-c{each}" for each in (*_FAST, "listen_addresses=")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin / "postgres", "-D", folder / "data", "-k", folder, *settings],
                stdout=log,
                stderr=log,
                cwd=folder,
                **_as(who),
            )
        try:
            _wait(bin, folder, process)
            yield Postgres(folder, bin, process)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)  # polite shutdown waits for whoever is connected
            process.send_signal(signal.SIGQUIT)  # this does not
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Where `initdb` and `postgres` are: on the path, or where Debian puts them."""
    places = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if all((place / name).exists() for name in ("initdb", "postgres", "psql", "pg_isready")):
            return place
    pytest.skip("no PostgreSQL here: `apt-get install postgresql`")


def _somebody() -> str:
    """PostgreSQL refuses to be root."""
    return "nobody" if os.geteuid() == 0 else ""


def _as(who: str) -> dict[str, Any]:
    return {"user": who, "group": getpwnam(who).pw_gid, "extra_groups": []} if who else {}


def _make(bin: Path, folder: Path, who: str) -> None:
    """Text is ordered as people do, not by bytes: what relies on an order must say so."""
    line = [bin / "initdb", "-D", folder / "data", "-U", "steelyard", "-A", "trust", "-N"]
    line += ["-E", "UTF8", "--locale=C.UTF-8"]
    people = ["--locale-provider=icu", "--icu-locale=en-US"]
    for each in ([*line, *people], line):  # ICU since PostgreSQL 15
        done = subprocess.run(each, capture_output=True, cwd=folder, timeout=120, **_as(who))
        if done.returncode == 0:
            return
    raise AssertionError(done.stderr.decode())


def _wait(bin: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ready = [bin / "pg_isready", "-q", "-h", folder]
    while subprocess.run(ready).returncode != 0:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)
