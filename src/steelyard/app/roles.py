"""What one node does of all that `serve` can do, and which nodes may run beside each other.

A warehouse in a file belongs to one process; receivers may run beside it on the same data folder.
With one on the network receivers have inboxes of their own, and pages run by themselves. Of all
nodes one works.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import ConfigError
from steelyard.state.database import open_state
from steelyard.state.leases import LIFE, Leases
from steelyard.warehouse.handed import takes_nodes

if TYPE_CHECKING:
    from steelyard.config import Settings

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


def has_own_inbox(settings: Settings) -> bool:
    """Whether a receiver hands over what lies in an inbox of its own; else it shares the folder of
    the worker, whose warehouse is a file. Raises ConfigError where there is no such file."""
    if takes_nodes(settings.warehouse_url):
        return True
    file = Path(settings.warehouse_url.partition("://")[2] or settings.warehouse_url)
    if not file.exists():
        raise ConfigError(
            f"This receiver has no worker: there is no warehouse {file}.",
            "Start the worker on this folder first; for a receiver with a folder of its own, name"
            " the worker's ClickHouse with STEELYARD_WAREHOUSE.",
        )
    return False


@contextlib.contextmanager
def working(settings: Settings) -> Iterator[bool]:
    """Whether this process may write to the warehouse while the block runs: not where another node
    on the same state, which is not a file, works."""
    with _leases(settings) as leases, leases.held(_JOB) as lease:
        yield lease is not None


@contextlib.contextmanager
def only_worker(
    settings: Settings,
    say: Callable[[str], None],
    stop: threading.Event,
    patience: timedelta = PATIENCE,
) -> Iterator[None]:
    """Of the nodes on one state one writes to the warehouse: on the network it takes one writer,
    and in files each node would have a part of the figures. Raises ConfigError after waiting for
    the other, and SystemExit when it is told to stop meanwhile."""
    if settings.role == "web" or settings.state_is_file:
        yield
        return
    with _leases(settings) as leases:
        yield from _waited_for(leases, say, stop, patience)


@contextlib.contextmanager
def _leases(settings: Settings) -> Iterator[Leases]:
    with contextlib.closing(open_state(settings.state_url)) as state:
        yield Leases(state)


def _waited_for(
    leases: Leases, say: Callable[[str], None], stop: threading.Event, patience: timedelta
) -> Iterator[None]:
    told = False
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
