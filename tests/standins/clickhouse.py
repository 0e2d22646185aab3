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
_ASKS = re.compile(r"^\s*(?:--.*\n\s*)*(SELECT|WITH|EXISTS|SHOW|DESCRIBE)\b", re.I)
_TOKEN = "insert_deduplication_token"  # the one setting that each insert has of its own
_OURS = {"query", "database", "default_format", "user", "password", "client_protocol_version"}
_OURS |= {"session_id", "query_id", "wait_end_of_query", "buffer_size", "compress"}
_OURS |= {"enable_http_compression"}


class Engine:
    """One chDB with a client for each database and settings asked for: to give a statement settings
    of its own takes chDB's client a dozen statements before and after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clients: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = {}

    def client(self, database: str, settings: dict[str, str]) -> Any:
        import clickhouse_connect

        which = (database, tuple(sorted(settings.items())))
        if which not in self.clients:
            self.clients[which] = clickhouse_connect.get_client(
                interface="chdb", path=str(self.folder), database=database, settings=settings
            )
        return self.clients[which]

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
        said = {name: values[0] for name, values in request.query.items() if name not in _OURS}
        settings = {k: v for k, v in said.items() if not k.startswith("param_") and k != _TOKEN}
        client = self.client(request.one("database", "default"), settings)
        inserted = _INSERT.match(sql)
        if inserted:
            names = [n.strip(" `") for n in inserted[2].split(",")] if inserted[2] else None
            data = body if request.one("query") else body[inserted.end() :].lstrip()
            token = {_TOKEN: said[_TOKEN]} if _TOKEN in said else {}
            client.raw_insert(inserted[1], names, data, settings=token, fmt=inserted[3])
            return b""
        found = _FORMAT.search(sql)
        fmt = found[1] if found else request.one("default_format", "TabSeparated")
        values = {n[6:]: v for n, v in said.items() if n.startswith("param_")}
        statement = _FORMAT.sub("", sql)
        if not _ASKS.match(statement):
            client.command(statement, parameters=values)
            return b""
        return bytes(client.raw_query(statement, parameters=values, fmt=fmt))


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
