"""The HTTP listener: its connections, their deadlines, and a clock that all of them share."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate
from typing import Protocol

TICK_SECONDS = 0.5
IDLE_SECONDS = 120.0  # longer than clients' usual export interval of a minute
MAX_CONNECTIONS = 4000


class Connection(Protocol):
    """What the listener needs of a connection."""

    deadline: float

    def stop(self) -> None: ...
    def expire(self) -> None: ...
    def abort(self) -> None: ...


class HttpListener:
    """All connections of a port. `now` is the loop's time, at most a tick old."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS, most: int = MAX_CONNECTIONS) -> None:
        self.idle_seconds, self.most = idle_seconds, most
        self.now, self.date = 0.0, b""
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._tick()

    async def listen(self, listener: socket.socket, make: type, *arguments: object) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: make(*arguments, self), sock=listener, backlog=1024
        )

    def enter(self, connection: Connection) -> bool:
        """Whether there is room for one more."""
        self._connections.add(connection)
        return len(self._connections) <= self.most

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)

    async def watch(self) -> None:
        """Keep the clock and end what is overdue."""
        while True:
            self._tick()
            for connection in [c for c in self._connections if c.deadline < self.now]:
                connection.expire()
            await asyncio.sleep(TICK_SECONDS)

    async def close(self, seconds: float) -> None:
        """Take no more connections, answer what was asked, then close; abort after a time."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        deadline = asyncio.get_running_loop().time() + seconds
        while self._connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self._connections):
            connection.abort()

    def _tick(self) -> None:
        self.now = asyncio.get_running_loop().time()
        self.date = formatdate(usegmt=True).encode()
