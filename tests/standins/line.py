"""A line to a server on loopback that a test can cut and mend: the server itself never notices."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator


class Line:
    """Passes bytes on between its own port and the server's while it is not cut."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        with self._lock:
            self._is_cut = True
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(ours,), daemon=True).start()

    def _pass_on(self, ours: socket.socket) -> None:
        with ours, contextlib.suppress(OSError):
            with self._lock:
                if self._is_cut:
                    return
                theirs = socket.create_connection(("127.0.0.1", self._server))
                ends = {ours, theirs}
                self._open |= ends
            try:
                with theirs:
                    _exchange(ours, theirs)
            finally:
                with self._lock:
                    self._open -= ends


def _exchange(ours: socket.socket, theirs: socket.socket) -> None:
    other = {ours: theirs, theirs: ours}
    with selectors.DefaultSelector() as ready:
        for each in other:
            ready.register(each, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                assert isinstance(key.fileobj, socket.socket)
                if not (data := key.fileobj.recv(65536)):
                    return
                other[key.fileobj].sendall(data)


@contextlib.contextmanager
def cut_line(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server of a URL, and the URL that goes over it."""
    host, _, place = url.partition("://")[2].partition("/")
    line = Line(int(host.rpartition(":")[2]))
    try:
        yield line, f"{url.partition('://')[0]}://127.0.0.1:{line.port}/{place}"
    finally:
        line.close()
