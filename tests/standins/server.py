"""A small HTTP server on loopback that speaks one vendor's documented API.

A stand-in is a function from a request to an answer; `trouble` lets a test put failures in between:
each entry is used up by one request.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Answer:
    data: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # sent as it is, instead of the data as JSON
    cut: bool = False  # close the connection in the middle of the body


@dataclass
class StandIn:
    """`answer` speaks the API; `seen` are all requests so far, troubled ones included."""

    answer: Callable[[Request], Answer]
    url: str = ""
    trouble: list[Answer] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: Request) -> Answer:
        with self.lock:
            self.seen.append(request)
            if self.trouble:
                return self.trouble.pop(0)
        return self.answer(request)


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[StandIn]:
    """The stand-in, listening on a free port of loopback until the block ends."""
    stand_in = StandIn(answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    server.daemon_threads = True
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: else 40 ms a request

        def _do(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length") or 0)
            request = Request(
                self.command,
                parts.path,
                parse_qs(parts.query, keep_blank_values=True),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(size),
            )
            self._send(stand_in.take(request))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815 - names the library calls

        def _send(self, answer: Answer) -> None:
            body = answer.raw if answer.raw is not None else json.dumps(answer.data).encode()
            self.send_response_only(answer.status)
            if "date" not in answer.headers:
                self.send_header("date", self.date_time_string())
            for name, value in {"content-type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if answer.cut:
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    return Handler
