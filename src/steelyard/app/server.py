"""`steelyard serve`: one process tree.

The receiver and the decoders are processes of their own; this one holds the warehouse, applies,
refreshes and serves pages, as far as its role goes. SIGTERM drains: what was acknowledged is
applied, then all ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from steelyard.app.control import Address, Control, address_file, new_address, write_address
from steelyard.app.folder import make_folder
from steelyard.app.handing import Handing, Taking
from steelyard.app.house import House
from steelyard.app.reception import Reception
from steelyard.app.roles import has_own_inbox, of_role, only_worker
from steelyard.app.schedule import Schedule
from steelyard.app.services import ServerServices
from steelyard.app.signing import asks_to_sign_in, first_words, make_doorman, without_tls
from steelyard.app.steady import Steady
from steelyard.app.upkeep import Upkeep
from steelyard.app.warming import Warming, visits
from steelyard.config import read_names, split_address
from steelyard.errors import ConfigError, StoreError
from steelyard.receiver.access import is_loopback
from steelyard.receiver.inbox import Inbox
from steelyard.receiver.otlp import Limits
from steelyard.receiver.service import ReceiverConfig
from steelyard.state.account import Role
from steelyard.warehouse.handed import takes_nodes
from steelyard.web.services import Listener

if TYPE_CHECKING:
    from steelyard.config import Settings


class _PageServer(uvicorn.Server):
    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()  # signals are ours: there is more to end than pages


class Server:
    """Everything in one process tree over one data folder."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings, self.say = of_role(settings), say
        self._stop = threading.Event()
        self._reception = Reception(receiver_config(self.settings), self._stop, say)

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        if self.settings.role == "receiver":
            self._receive()
        else:
            self._keep_house()

    def _receive(self) -> None:
        """Into the inbox only: the worker applies it, from there or from what is handed over."""
        if not has_own_inbox(self.settings):
            self._receive_until_told()
            return
        make_folder(self.settings.data)
        inbox = Inbox(self.settings.inbox_path)
        handing = Handing(inbox, self.settings.warehouse_url)
        steady = Steady("hand-over", handing.round, self.say)
        steady.start()
        try:
            self._receive_until_told()
        finally:
            steady.stop()
            handing.end()
            inbox.close()

    def _receive_until_told(self) -> None:
        try:
            self._tell(self._listeners(self._reception.start()))
            self._stop.wait()
        finally:
            self._reception.stop()

    def _keep_house(self) -> None:
        web = _bind(self.settings.web) if self.settings.web else None
        workers = self.settings.decode_workers or max(1, (os.cpu_count() or 2) // 2)
        with only_worker(self.settings, self.say, self._stop):
            house = House(self.settings, workers, writes=self.settings.role != "web")
            try:
                self._run(house, web)
            finally:
                self._reception.stop()
                house.close()

    def _run(self, house: House, web: socket.socket | None) -> None:
        address = new_address(self.settings)
        listeners = self._listeners(self._reception.start())
        services = ServerServices(house, listeners, self._reception)
        control = Control(house, address)
        control.start()
        threads = self._working(house) if self.settings.role != "web" else []
        for thread in threads:
            thread.start()
        services.ahead.start()
        try:
            self._tell(listeners)
            self._serve_pages(services, web, address, listeners)
        finally:
            self._reception.stop()
            services.ahead.stop()
            services.looking.write()
            for thread in threads:
                thread.stop()
            if house.taking is not None:
                house.taking.end()
            control.close()
            address_file(self.settings).unlink(missing_ok=True)
        if house.trouble():
            raise StoreError(
                f"The warehouse failed: {house.trouble()}",
                "Nothing acknowledged is lost: it lies in the inbox. Free disk space, start again.",
            )

    def _working(self, house: House) -> list[Steady | Schedule | Upkeep]:
        """What a worker does, in the order in which it ends: what was taken is applied."""
        threads: list[Steady | Schedule | Upkeep] = [Schedule(house, self.say)]
        if takes_nodes(self.settings.warehouse_url):
            house.taking = Taking(house.inbox, self.settings.warehouse_url)
            threads.append(Steady("hand-over", house.taking.round, self.say))
        return [*threads, Upkeep(house, self.say)]

    def _serve_pages(
        self,
        services: ServerServices,
        web: socket.socket | None,
        address: Address,
        listeners: tuple[Listener, ...],
    ) -> None:
        urls = {listener.name: listener.url for listener in listeners}
        known = replace(
            address, otlp_http=urls.get("otlp-http", ""), otlp_grpc=urls.get("otlp-grpc", "")
        )
        if web is None:
            write_address(self.settings, known)
            self._stop.wait()
            return
        from steelyard.web.app import create_app

        host, port = web.getsockname()[:2]
        doorman = make_doorman(services.house, asks_to_sign_in(self.settings, host))
        app = create_app(services, doorman, hosts=read_names(self.settings.hosts))
        url = f"http://{_shown(host)}:{port}"
        write_address(self.settings, replace(known, web=url))
        self.say(f"{'web':<10} {url}")
        if warning := without_tls(self.settings, host):
            self.say(warning)
        self.say(first_words(doorman, url))
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(self.settings.forwarded_allow),
            forwarded_allow_ips=read_names(self.settings.forwarded_allow),
            timeout_graceful_shutdown=5,
        )
        server = _PageServer(config)
        threading.Thread(target=self._end_with, args=(server,), daemon=True).start()
        roles: tuple[Role, ...] = ("admin", "member") if doorman.required else ("admin",)
        warming = Warming(visits(app), services.stand, roles)
        warming.start()
        try:
            server.run(sockets=[web])
        finally:
            warming.stop()

    def _tell(self, listeners: tuple[Listener, ...]) -> None:
        for listener in listeners:
            self.say(f"{listener.name:<10} {listener.url}")

    def _end_with(self, server: uvicorn.Server) -> None:
        self._stop.wait()
        server.should_exit = True

    def _listeners(self, ports: tuple[int, int]) -> tuple[Listener, ...]:
        found = []
        for name, text, port in (
            ("otlp-http", self.settings.otlp_http, ports[0]),
            ("otlp-grpc", self.settings.otlp_grpc, ports[1]),
        ):
            if text:
                host = split_address(text)[0]
                guarded = self.settings.require_token or not is_loopback(host)
                found.append(Listener(name, f"http://{_shown(host)}:{port}", guarded))
        return tuple(found)


def receiver_config(settings: Settings) -> ReceiverConfig:
    return ReceiverConfig(
        data=settings.data,
        http=settings.otlp_http,
        grpc=settings.otlp_grpc,
        state=settings.state_url,
        require_token=settings.require_token,
        inbox_max_bytes=int(settings.inbox_max_bytes),
        limits=Limits(int(settings.max_body_bytes), int(settings.max_inflated_bytes)),
    )


def _bind(text: str) -> socket.socket:
    """A listening socket, so that a port in use is known before anything is started."""
    host, port = split_address(text)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"The web port {text} cannot be used: {error.strerror}.",
            "Stop what uses it, or choose another with --web HOST:PORT.",
        ) from error
    return listener


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
