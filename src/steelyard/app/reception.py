"""The receiver's process: started, watched, and started again on the same ports when it dies."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any

from steelyard.config import split_address
from steelyard.errors import ConfigError, SteelyardError, StoreError
from steelyard.receiver.service import ReceiverConfig, run_receiver

_START_SECONDS = 60
_STOP_SECONDS = 30
_RETRY_SECONDS = (0.5, 30.0)


class Reception:
    """Both telemetry listeners, in a process of their own."""

    def __init__(
        self, config: ReceiverConfig, stopping: threading.Event, say: Callable[[str], None]
    ) -> None:
        self.config, self.say = config, say
        self.trouble = ""
        self._stopping = stopping  # set when everything is told to end
        self._starting = threading.Lock()
        self._process: Any = None

    def start(self) -> tuple[int, int]:
        """The ports of HTTP and gRPC once it listens; 0 for one that is off."""
        if not (self.config.http or self.config.grpc):
            return 0, 0
        ports = self._start()
        self.config = replace(
            self.config, http=_at(self.config.http, ports[0]), grpc=_at(self.config.grpc, ports[1])
        )
        threading.Thread(target=self._watch, name="reception", daemon=True).start()
        return ports

    def stop(self) -> None:
        """Let it write what it has taken, then end it."""
        self._stopping.set()
        with self._starting:
            if self._process is None:
                return
            self._process.terminate()
            self._process.join(_STOP_SECONDS)
            if self._process.is_alive():
                self._process.kill()

    def _start(self) -> tuple[int, int]:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process = context.Process(
            target=run_receiver, args=(self.config, there), name="receiver", daemon=False
        )
        self._process.start()
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

    def _watch(self) -> None:
        pause = _RETRY_SECONDS[0]
        while True:
            wait([self._process.sentinel])
            if self._stopping.wait(pause):
                return
            self.trouble = "The receiver ended; it is being started again."
            self.say(self.trouble)
            try:
                self._start_again()
                self.trouble, pause = "", _RETRY_SECONDS[0]
            except SteelyardError as error:
                self.trouble = f"The receiver cannot be started: {error.message}"
                pause = min(2 * pause, _RETRY_SECONDS[1])

    def _start_again(self) -> None:
        with self._starting:
            if not self._stopping.is_set():
                self._start()


def _at(address: str, port: int) -> str:
    """The address with the port that was found."""
    if not address:
        return ""
    host = split_address(address)[0]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
