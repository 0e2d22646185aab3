"""ClickHouse's HTTP interface in front of chDB, the same engine in a process of its own.

What the wire client says goes over a real socket; the answers are the engine's. Run as a program it
serves until its standard input is closed.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.standins.server import Answer, Request, serving

_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$")
_INSERT = re.compile(r"^\s*INSERT\s+INTO\s+(\S+)(?:\s*\(([^)]*)\))?\s+FORMAT\s+(\w+)", re.I)
_ASKS = re.compile(r"^\s*(SELECT|WITH|EXISTS|SHOW|DESCRIBE)\b", re.I)
_OURS = {"query", "database", "default_format", "user", "password", "client_protocol_version"}
_OURS |= {"session_id", "wait_end_of_query", "buffer_size", "enable_http_compression", "compress"}


class Engine:
    """One chDB with a client for each database asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clients: dict[str, Any] = {}

    def client(self, database: str) -> Any:
        import clickhouse_connect

        if database not in self.clients:
            self.clients[database] = clickhouse_connect.get_client(
                interface="chdb", path=str(self.folder), database=database
            )
        return self.clients[database]

    def answer(self, request: Request) -> Answer:
        if request.path == "/ping":
            return Answer(raw=b"Ok.\n")
        try:
            return Answer(raw=self._answer(request))
        except Exception as error:
            text = str(error)
            code = re.search(r"Code: (\d+)", text)
            headers = {"X-ClickHouse-Exception-Code": code[1] if code else "1001"}
            return Answer(raw=text.encode(), status=500, headers=headers)

    def _answer(self, request: Request) -> bytes:
        body = _plain(request)
        sql = request.one("query") or body.decode()
        client = self.client(request.one("database", "default"))
        settings = {
            name: values[0]
            for name, values in request.query.items()
            if name not in _OURS and not name.startswith("param_")
        }
        inserted = _INSERT.match(sql)
        if inserted:
            names = [n.strip(" `") for n in inserted[2].split(",")] if inserted[2] else None
            data = body if request.one("query") else body[inserted.end() :].lstrip()
            client.raw_insert(inserted[1], names, data, settings=settings, fmt=inserted[3])
            return b""
        found = _FORMAT.search(sql)
        fmt = found[1] if found else request.one("default_format", "TabSeparated")
        values = {n[6:]: v[0] for n, v in request.query.items() if n.startswith("param_")}
        said = _FORMAT.sub("", sql)
        if not _ASKS.match(said):
            client.command(said, parameters=values, settings=settings)
            return b""
        return bytes(client.raw_query(said, parameters=values, settings=settings, fmt=fmt))


def _plain(request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "")
    if encoding == "lz4":
        import lz4.frame

        return bytes(lz4.frame.decompress(request.body))
    if encoding == "gzip":
        return gzip.decompress(request.body)
    assert not encoding, encoding
    return request.body


@contextmanager
def clickhouse() -> Iterator[str]:
    """A stand-in in a process of its own; yields its `clickhouse://` address without a database."""
    program = [sys.executable, "-m", "tests.standins.clickhouse"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip().replace("http://", "clickhouse://")
        finally:
            process.stdin.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "chdb")
        with serving(engine.answer) as stand_in:
            stand_in.seen = deque(maxlen=1)  # what was sent is not looked at, and is much
            print(stand_in.url, flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
