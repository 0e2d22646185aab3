"""`steelyard serve`: one process tree.

The receiver and the decoders are processes of their own; this one holds the warehouse, applies,
refreshes and serves pages. SIGTERM drains: what was acknowledged is applied, then all ends.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import uvicorn

from steelyard.app.control import Address, Control, address_file, new_address, write_address
from steelyard.app.house import House
from steelyard.app.services import ServerServices
from steelyard.config import split_address
from steelyard.errors import ConfigError, StoreError
from steelyard.receiver.access import is_loopback
from steelyard.receiver.otlp import Limits
from steelyard.receiver.service import ReceiverConfig, run_receiver
from steelyard.state.database import open_state
from steelyard.state.tokens import Tokens
from steelyard.web.services import Listener

if TYPE_CHECKING:
    from steelyard.config import Settings

_START_SECONDS = 30
_DRAIN_SECONDS = 30
_PAUSE_SECONDS = 0.05  # how long the applier rests when nothing waits
_REFRESH_REST = 5  # facts are built at most one part in six of the time
_TIDY_SECONDS = 3600


class _PageServer(uvicorn.Server):
    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()  # signals are ours: there is more to end than pages


class Server:
    """Everything in one process tree over one data folder."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings, self.say = settings, say
        self._stop = threading.Event()
        self._receiver: Any = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        web = _bind(self.settings.web) if self.settings.web else None
        workers = self.settings.decode_workers or max(1, (os.cpu_count() or 2) // 2)
        house = House(self.settings, workers)
        try:
            self._run(house, web)
        finally:
            self._stop_receiver()
            house.close()

    def _run(self, house: House, web: socket.socket | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        state = open_state(self.settings.state_url)
        tokens = Tokens(state)
        address = new_address(self.settings)
        ports = self._start_receiver()
        listeners = self._listeners(ports)
        services = ServerServices(house, listeners)
        control = Control(house, address)
        control.start()
        applier = threading.Thread(target=self._apply_for_ever, args=(house,), name="applier")
        applier.start()
        try:
            for listener in listeners:
                self.say(f"{listener.name:<10} {listener.url}")
            self._serve_pages(services, tokens, web, address, listeners)
        finally:
            self._stop_receiver()
            self._stop.set()
            applier.join(_DRAIN_SECONDS)
            control.close()
            address_file(self.settings).unlink(missing_ok=True)
            state.close()
        if self._failure:
            raise StoreError(
                f"The warehouse failed: {self._failure}.",
                "Nothing acknowledged is lost: it lies in the inbox. Free disk space, start again.",
            ) from self._failure

    def _serve_pages(
        self,
        services: ServerServices,
        tokens: Tokens,
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
        from steelyard.web.access import Doorman
        from steelyard.web.app import create_app

        host, port = web.getsockname()[:2]
        public = self.settings.require_token or not is_loopback(host)
        doorman = Doorman(require_token=public, verify=tokens.verify)
        app = create_app(services, doorman)
        url = f"http://{_shown(host)}:{port}"
        write_address(self.settings, replace(known, web=url))
        self.say(f"{'web':<10} {url}")
        link = url + doorman.sign_in_path() if public else url
        self.say(f"Sign in once with {link}" if public else f"Open {link}")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5
        )
        server = _PageServer(config)
        threading.Thread(target=self._end_with, args=(server,), daemon=True).start()
        server.run(sockets=[web])

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

    def _start_receiver(self) -> tuple[int, int]:
        """Start the receiver's process; its ports once it listens."""
        if not (self.settings.otlp_http or self.settings.otlp_grpc):
            return 0, 0
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        config = receiver_config(self.settings)
        self._receiver = context.Process(
            target=run_receiver, args=(config, there), name="receiver", daemon=False
        )
        self._receiver.start()
        there.close()
        if not here.poll(_START_SECONDS):
            raise StoreError("The receiver did not start in time.", "Look at its output.")
        try:
            told = here.recv()
        except EOFError:
            raise StoreError("The receiver stopped while starting.", "Look above.") from None
        if told[0] == "error":
            raise ConfigError(*map(str, told[1:3]))
        return int(told[1] or 0), int(told[2] or 0)

    def _stop_receiver(self) -> None:
        if self._receiver is not None and self._receiver.is_alive():
            self._receiver.terminate()
            self._receiver.join(_DRAIN_SECONDS)
            if self._receiver.is_alive():
                self._receiver.kill()

    def _apply_for_ever(self, house: House) -> None:
        """Apply as bodies come, refresh with rests, tidy each hour; drain at the end."""
        next_refresh = next_tidy = 0.0
        try:
            while not self._stop.is_set():
                busy = house.applier.run(until_empty=False).bodies
                now = time.monotonic()
                if now >= next_refresh and house.refresh():
                    took = time.monotonic() - now
                    next_refresh = time.monotonic() + max(0.5, _REFRESH_REST * took)
                if now >= next_tidy:
                    house.tidy(dt.datetime.now(dt.UTC))
                    next_tidy = now + _TIDY_SECONDS
                if not busy:
                    self._stop.wait(_PAUSE_SECONDS)
            house.settle()
        except Exception as error:  # told to the user by the main thread, which ends everything
            self._failure = error
            self._stop.set()


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
