"""Opens every page of the rail before somebody does: at the start, and after the facts changed.

So templates, statements and answers are there already. Nobody sees these pages: they are no look at
anybody, and no reader's question. It rests between pages, so that readers and the applier go first.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from steelyard.errors import SteelyardError
from steelyard.web.viewer import ASKER, Role, Viewer

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_LOOK_SECONDS = 5.0
_REST = 1  # rests after a page for so many times as long as it took
_LONG_REST = 50  # and after all of them
Site = Callable[[str, Viewer], int]


class Warming(threading.Thread):
    """One thread; `stand` is what answers hang on: the version of the facts, and the day.

    Readers who must sign in may all be no admins, who see less and so ask for other answers.
    """

    def __init__(self, site: Site, stand: Callable[[], object], roles: Iterable[Role]) -> None:
        super().__init__(name="warming", daemon=True)
        self._site, self._stand, self._roles = site, stand, tuple(roles)
        self._ended = threading.Event()
        self._warm: object = None

    def catch_up(self) -> int:
        """Open all pages if they are not warm; how many were opened."""
        from steelyard.web.layout import nav

        stand = self._stand()
        if stand == self._warm:
            return 0
        opened = 0
        for role in self._roles:
            viewer = Viewer(role, "Steelyard", looks=False)
            for link in (link for group in nav(role) for link in group.links):
                began = time.monotonic()
                opened += self._site(link.url, viewer) < 400
                if self._ended.wait(_REST * (time.monotonic() - began)):
                    return opened
        self._warm = stand
        return opened

    def run(self) -> None:
        rest = 0.0
        while not self._ended.wait(rest):
            began = time.monotonic()
            with suppress(SteelyardError):
                self.catch_up()
            rest = max(_LOOK_SECONDS, _LONG_REST * (time.monotonic() - began))

    def stop(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join()


def visits(app: ASGIApp) -> Site:
    """How a page of the application is opened without a network; gives the answer's status."""

    def opened(address: str, viewer: Viewer) -> int:
        return asyncio.run(_visit(app, address, viewer))

    return opened


async def _visit(app: ASGIApp, address: str, viewer: Viewer) -> int:
    from httpx import ASGITransport, AsyncClient

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {ASKER: viewer}, receive, send)

    transport = ASGITransport(asked, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get(address, headers={"Accept": "text/html"})).status_code
