"""The receiver's own process: both listeners on one event loop, until told to stop.

Everything that waits is written before it exits. It also stops when its parent is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from steelyard.config import split_address
from steelyard.errors import ConfigError, SteelyardError
from steelyard.receiver.access import SCOPE, OpenAccess, TokenAccess, is_loopback
from steelyard.receiver.door import Door
from steelyard.receiver.grpc import grpc_server
from steelyard.receiver.http import HttpConnection
from steelyard.receiver.http_listener import HttpListener
from steelyard.receiver.inbox import Inbox
from steelyard.receiver.otlp import Limits
from steelyard.receiver.refusal_log import RefusalLog
from steelyard.receiver.writer import Writer

DRAIN_SECONDS = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReceiverConfig:
    """Where to listen and what to keep within. An empty address is off; port 0 is any free one."""

    data: Path
    http: str = "127.0.0.1:4318"
    grpc: str = "127.0.0.1:4317"
    state: str = ""  # URL; empty is SQLite in the data folder
    require_token: bool = False
    inbox_max_bytes: int = 64 * 1024**3
    max_waiting: int = 2000  # requests
    limits: Limits = field(default_factory=Limits)

    @property
    def needs_tokens(self) -> bool:
        hosts = [split_address(address)[0] for address in (self.http, self.grpc) if address]
        return self.require_token or not all(map(is_loopback, hosts))


def run_receiver(config: ReceiverConfig, connection: Connection | None = None) -> None:
    """Receive until SIGTERM, SIGINT or the parent's end.

    Says ("ready", http_port, grpc_port) or ("error", message, hint) through the connection; a
    port is 0 when its listener is off. Raises the error when there is no connection.
    """
    say: Callable[[tuple[Any, ...]], None] = connection.send if connection else lambda word: None
    try:
        uvloop.run(_receive(config, say))
    except SteelyardError as error:
        if connection is None:
            raise
        say(("error", error.message, error.hint))


async def _receive(config: ReceiverConfig, say: Callable[[tuple[Any, ...]], None]) -> None:
    stop = _stop_event()
    async with _open_door(config) as door, contextlib.AsyncExitStack() as listeners:
        http_port = await listeners.enter_async_context(_http(config, door))
        grpc_port = await listeners.enter_async_context(_grpc(config, door))
        _spare_the_collector()
        say(("ready", http_port, grpc_port))
        await stop.wait()


def _spare_the_collector() -> None:
    """What was loaded by now stays; parsing makes many objects and hardly ever a cycle.

    Measured: with the defaults a JSON body costs twice the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _stop_event() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _open_door(config: ReceiverConfig) -> AsyncIterator[Door]:
    config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    access = _token_access(config) if config.needs_tokens else OpenAccess()
    inbox = Inbox(config.data / "inbox.db", config.inbox_max_bytes)
    refusals = RefusalLog(inbox)
    writer = Writer(inbox, config.max_waiting)
    try:
        async with _running(access.watch(), refusals.watch()):
            yield Door(writer, access, refusals, config.limits)
    finally:
        await writer.close()
        refusals.flush()
        inbox.close()


def _token_access(config: ReceiverConfig) -> TokenAccess:
    """Raises ConfigError when no token exists."""
    from steelyard.state.database import open_state  # not needed on loopback, and slow to import
    from steelyard.state.tokens import Tokens

    tokens = Tokens(open_state(config.state or config.data / "state.db"))
    if not tokens.any_valid(SCOPE):
        raise ConfigError(
            "The receiver would take telemetry from other machines, and there is no token.",
            "Make one with `steelyard token create NAME`, or listen on 127.0.0.1 only.",
        )
    return TokenAccess(tokens)


@contextlib.asynccontextmanager
async def _running(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _http(config: ReceiverConfig, door: Door) -> AsyncIterator[int]:
    if not config.http:
        yield 0
        return
    listener = HttpListener()
    async with _running(listener.watch()):
        port = _listen(config.http, "--otlp-http")
        await listener.listen(port, HttpConnection, door)
        try:
            yield port.getsockname()[1]
        finally:
            await listener.close(DRAIN_SECONDS)


def _listen(address: str, option: str) -> socket.socket:
    host, port = split_address(address)
    try:
        return socket.create_server((host, port), family=_family(host), backlog=1024)
    except OSError as error:
        raise _cannot_listen(address, option, error.strerror or str(error)) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _cannot_listen(address: str, option: str, why: str) -> ConfigError:
    return ConfigError(
        f"Cannot listen on {address}: {why}.",
        f"Stop what uses the port, or choose another with `{option}`.",
    )


@contextlib.asynccontextmanager
async def _grpc(config: ReceiverConfig, door: Door) -> AsyncIterator[int]:
    if not config.grpc:
        yield 0
        return
    with contextlib.closing(_listen(config.grpc, "--otlp-grpc")):
        pass  # gRPC's own message does not say that the port is in use
    server = grpc_server(door)
    try:
        port = server.add_insecure_port(config.grpc)
    except RuntimeError as error:
        raise _cannot_listen(config.grpc, "--otlp-grpc", str(error)) from error
    await server.start()
    try:
        yield port
    finally:
        await server.stop(DRAIN_SECONDS)
