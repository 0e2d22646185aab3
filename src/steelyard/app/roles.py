"""What one node does of all that `serve` can do, and which nodes may run beside each other.

A warehouse in a file belongs to one process. Receivers need none and may run beside it on the
same data folder; pages by themselves need one on the network. Of all nodes one works.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from steelyard.errors import ConfigError
from steelyard.state.leases import LIFE, Leases

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.state.database import State

PATIENCE = LIFE + timedelta(seconds=15)  # a killed node's lease ends by itself
_JOB = "work"  # apply, build facts, read sources
_LOOK_SECONDS = 1.0
_OFF = {
    "all": (),
    "receiver": ("web",),
    "worker": ("web", "otlp_http", "otlp_grpc"),
    "web": ("otlp_http", "otlp_grpc"),
}


def of_role(settings: Settings) -> Settings:
    """The settings with the listeners that the role leaves to others off. Raises ConfigError."""
    if settings.role == "web" and settings.warehouse_is_file:
        raise ConfigError(
            "The role web needs a warehouse on the network: a file belongs to one process.",
            "Use the role all, or name a ClickHouse with STEELYARD_WAREHOUSE.",
        )
    said = settings.model_copy(update=dict.fromkeys(_OFF[settings.role], ""))
    needed = {"receiver": said.otlp_http or said.otlp_grpc, "web": said.web}
    if not needed.get(said.role, "something"):
        raise ConfigError(
            f"The role {said.role} has no address to listen on.",
            "Give it one with --web, --otlp-http or --otlp-grpc.",
        )
    return said


@contextlib.contextmanager
def only_worker(
    settings: Settings,
    state: Callable[[], State],
    say: Callable[[str], None],
    stop: threading.Event,
    patience: timedelta = PATIENCE,
) -> Iterator[None]:
    """Of the nodes on one state one writes to the warehouse: on the network it takes one writer,
    and in files each node would have a part of the figures. Raises ConfigError after waiting for
    the other, and SystemExit when it is told to stop meanwhile."""
    if settings.role == "web" or settings.state_url.startswith("sqlite:"):
        yield
        return
    leases, told = Leases(state()), False
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        with leases.held(_JOB) as lease:
            if lease is not None:
                yield
                return
        if time.monotonic() >= deadline:
            raise ConfigError(
                f"Another node, {leases.holder(_JOB)}, applies telemetry and reads sources here.",
                "Stop it, or run this one with `--role web` or `--role receiver`.",
            )
        if not told:
            say(f"Waiting for {leases.holder(_JOB)} to end.")
        told = True
        if stop.wait(min(_LOOK_SECONDS, patience.total_seconds())):
            raise SystemExit(0)
