"""Looks at everything that can be wrong and says the command that mends it. Changes nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import steelyard
from steelyard.app.control import reach, read_address
from steelyard.config import shown, split_address
from steelyard.errors import SteelyardError
from steelyard.receiver.inbox import Inbox

if TYPE_CHECKING:
    from steelyard.config import Settings

_DISK_LOW_BYTES = 2 * 1024**3
_SILENT = dt.timedelta(days=1)
_LAG = dt.timedelta(minutes=5)  # of a receiver node
_LATE_RUNS = 3  # a source is late when so many of its intervals have passed


@dataclass(frozen=True)
class Check:
    """One finding. `status` is ok, warn or fail."""

    name: str
    status: str
    message: str
    hint: str = ""


def examine(settings: Settings) -> list[Check]:
    """All checks, in the order a newcomer would make them."""
    checks: list[Check] = []
    for look in (
        _version,
        _folder,
        _disk,
        _server,
        _ports,
        _warehouse,
        _inbox,
        _receivers,
        _telemetry,
        _tokens,
        _sources,
    ):
        checks.extend(_safely(look, settings))
    return checks


def _safely(look: Callable[[Settings], Iterator[Check]], settings: Settings) -> Iterator[Check]:
    name = look.__name__.lstrip("_")
    try:
        yield from look(settings)
    except SteelyardError as error:
        yield Check(name, "fail", error.message, error.hint)
    except OSError as error:
        yield Check(name, "fail", str(error), "Check the rights of the data folder.")


def _version(settings: Settings) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Check("version", "ok", f"Steelyard {steelyard.__version__} on Python {python}")


def _folder(settings: Settings) -> Iterator[Check]:
    if settings.data.is_dir():
        yield Check("data folder", "ok", str(settings.data))
    else:
        yield Check(
            "data folder",
            "warn",
            f"{settings.data} does not exist yet",
            "`steelyard serve` makes it.",
        )


def _disk(settings: Settings) -> Iterator[Check]:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    low = free < _DISK_LOW_BYTES
    yield Check(
        "disk",
        "warn" if low else "ok",
        f"{free / 1024**3:.1f} GiB free",
        "Free space, or lower inbox_days and events_days." if low else "",
    )


def _server(settings: Settings) -> Iterator[Check]:
    remote = reach(settings)
    if remote is None:
        yield Check(
            "server", "warn", "none runs on this data folder", "`steelyard serve` starts one."
        )
    else:
        at = remote.address
        places = ", ".join(filter(None, (at.web, at.otlp_http, at.otlp_grpc)))
        yield Check("server", "ok", f"process {at.pid} on {places}")
        if trouble := remote.call("trouble"):
            hint = "Free disk space; the server goes on by itself. Nothing acknowledged is lost."
            yield Check("applying", "fail", trouble, hint)


def _ports(settings: Settings) -> Iterator[Check]:
    if read_address(settings):
        return
    for option in ("web", "otlp_http", "otlp_grpc"):
        text = getattr(settings, option)
        if not text:
            continue
        flag = "--" + option.replace("_", "-")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(split_address(text))
                yield Check(f"port {option}", "ok", f"{text} is free")
            except OSError as error:
                hint = f"Stop what uses it, or choose another with {flag} HOST:PORT."
                yield Check(f"port {option}", "fail", f"{text}: {error.strerror}", hint)


def _warehouse(settings: Settings) -> Iterator[Check]:
    if read_address(settings):
        place = shown("warehouse", settings.warehouse_url)
        yield Check("warehouse", "ok", f"{place}, held by the server")
        return
    from steelyard.warehouse.health import health

    state, words = health(settings.warehouse_url)
    hint = {"warn": "`steelyard serve` makes it.", "fail": "Use a newer one."}.get(state, "")
    yield Check("warehouse", state, words, hint)


def _inbox(settings: Settings) -> Iterator[Check]:
    if not settings.inbox_path.exists():
        return
    inbox = Inbox(settings.inbox_path)
    try:
        status = inbox.status()
        size = (
            f"{status.received:,} bodies received, {status.pending:,} wait, {status.bytes:,} bytes"
        )
        yield Check("inbox", "ok", size)
        poison = inbox.poison()
        for body in poison[:20]:
            yield Check(
                "set aside",
                "fail",
                f"body {body.number} ({body.signal}, {body.encoding}, {body.size_bytes:,} bytes):"
                f" {body.error}",
                "It is kept. After an upgrade, `steelyard rebuild` tries again.",
            )
        for refusal in inbox.refusals(10):
            yield Check(
                "refused",
                "warn",
                f"{refusal.count} × {refusal.status} on {refusal.path or refusal.protocol}:"
                f" {refusal.reason}"
                f", last at {refusal.time:%Y-%m-%d %H:%M} UTC from {refusal.peer}",
                "See 'Not arriving?' on the page Get started.",
            )
    finally:
        inbox.close()


def _receivers(settings: Settings) -> Iterator[Check]:
    """Receiver nodes with inboxes of their own."""
    from steelyard.warehouse.handed import Handed, takes_nodes

    if not takes_nodes(settings.warehouse_url):
        return
    handed = Handed(settings.warehouse_url)
    try:
        nodes = handed.nodes()
    finally:
        handed.close()
    now = dt.datetime.now(dt.UTC)
    for node in nodes:
        name = f"receiver {node.name}"
        lag = f"{node.pending:,} wait there, {node.handed:,} are handed over"
        if now - node.told_at > _LAG:
            said = f"silent since {node.told_at:%Y-%m-%d %H:%M} UTC; {lag}"
            hint = "Start it again on its folder: what it acknowledged lies in its inbox."
            yield Check(name, "warn", said, hint)
        elif node.handed_since and now - node.handed_since > _LAG:
            said = f"{lag}, since {node.handed_since:%Y-%m-%d %H:%M} UTC"
            yield Check(name, "warn", said, "See that `steelyard serve --role worker` runs.")
        else:
            yield Check(name, "ok", f"{lag}; heard {node.told_at:%H:%M:%S} UTC")


def _telemetry(settings: Settings) -> Iterator[Check]:
    if not settings.inbox_path.exists():
        yield Check("telemetry", "warn", "nothing has arrived yet", "Open the page Get started.")
        return
    inbox = Inbox(settings.inbox_path)
    try:
        last = inbox.status().last_received_at
    finally:
        inbox.close()
    if last is None:
        yield Check("telemetry", "warn", "nothing has arrived yet", "Open the page Get started.")
    elif dt.datetime.now(dt.UTC) - last > _SILENT:
        yield Check(
            "telemetry",
            "warn",
            f"silent since {last:%Y-%m-%d %H:%M} UTC",
            "Check the clients' settings.",
        )
    else:
        yield Check("telemetry", "ok", f"last body {last:%Y-%m-%d %H:%M:%S} UTC")


def _tokens(settings: Settings) -> Iterator[Check]:
    from steelyard.receiver.access import is_loopback
    from steelyard.state.database import open_state
    from steelyard.state.tokens import Tokens

    public = [
        text
        for text in (settings.otlp_http, settings.otlp_grpc)
        if text and not is_loopback(split_address(text)[0])
    ]
    if not public:
        return
    state = open_state(settings.state_url)
    try:
        usable = [t for t in Tokens(state).list() if t.revoked is None and t.allows("ingest")]
    finally:
        state.close()
    if usable:
        yield Check("tokens", "ok", f"{len(usable)} may send telemetry")
    else:
        yield Check(
            "tokens",
            "fail",
            f"{', '.join(public)} is public and nobody may send",
            "`steelyard token create NAME`",
        )


def _sources(settings: Settings) -> Iterator[Check]:
    if not settings.state and not (settings.data / "state.db").exists():
        return
    from steelyard.app import open_state_of
    from steelyard.state.sources import Sources

    with open_state_of(settings) as state:
        found = Sources(state).list()
    now = dt.datetime.now(dt.UTC)
    for known in found:
        name = f"source {known.name}"
        for finding in known.findings:
            where = f"{', '.join(finding.streams)}: " if finding.streams else ""
            status = "fail" if finding.is_problem else "warn"
            yield Check(name, status, where + finding.message, finding.hint)
        last = known.last_success
        if last and now - last > max(_LATE_RUNS * known.every, _SILENT):
            hint = f"Leave `steelyard serve` running, or `steelyard source sync {known.name}`."
            yield Check(name, "warn", f"last read {last:%Y-%m-%d %H:%M} UTC", hint)
        elif last and known.status == "ok":
            yield Check(name, "ok", f"last read {last:%Y-%m-%d %H:%M} UTC")
        elif known.status == "new":
            hint = f"`steelyard source sync {known.name}` reads it."
            yield Check(name, "warn", "has not been read yet", hint)
