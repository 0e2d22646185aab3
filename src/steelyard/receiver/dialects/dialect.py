"""What a dialect is: how one assistant's telemetry maps onto the canonical records.

A dialect names the assistant, where each of its attributes goes, what its metrics measure, and
two small functions for what a table of names cannot say. Attributes it does not name are kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from steelyard import model
from steelyard.records import EVENTS, NANOS_PER_USD, POINTS, SPANS

Row = list[Any]
Extras = dict[str, Any]
Convert = Callable[[Any], Any]
# Where an attribute goes: column and conversion. The column "" means: not kept, said elsewhere.
Place = tuple[str, Convert]


class Columns:
    """The positions of a table's columns, as attributes: `E.session` is an index into a row."""

    def __init__(self, names: Iterable[str]) -> None:
        self.index = {name: i for i, name in enumerate(names)}
        self.__dict__.update(self.index)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> int: ...


E = Columns(EVENTS.names)
P = Columns(POINTS.names)
S = Columns(SPANS.names)


def text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def lower(value: Any) -> str:
    return text(value).strip().lower()


_MOST = 10**18  # fits the 64 bits of a column, also as a sum of two


def whole(value: Any) -> int | None:
    """A count; older clients send numbers as text. Unreadable is unknown, not 0."""
    try:
        count = int(value) if not isinstance(value, str) or value.isdigit() else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return count if abs(count) < _MOST else None


def number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def usd(value: Any) -> int | None:
    """US dollars as integer nano-dollars; what cannot be an amount is unknown."""
    amount = number(value)
    if amount is None or not abs(amount) < _MOST / NANOS_PER_USD:
        return None
    return round(amount * NANOS_PER_USD)


def repository(value: Any) -> str:
    """`https://user:secret@github.com/acme/app.git` → `github.com/acme/app`."""
    return model.repository(text(value))


def iso_ns(value: str) -> int:
    """Nanoseconds since 1970 of an ISO 8601 time, 0 when it cannot be read."""
    try:
        time = dt.datetime.fromisoformat(value)
    except ValueError:
        return 0
    if time.tzinfo is None:
        time = time.replace(tzinfo=dt.UTC)
    delta = time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


# Attributes that mean the same for every assistant.
SHARED: dict[str, Place] = {
    "event.name": ("name", text),
    "event.timestamp": ("", text),  # the record's own time, again
    "service.name": ("", text),  # the dialect says it
    "session.id": ("session", text),
    "user.email": ("email", lower),
    "user.account_id": ("account_id", text),
    "user.account_uuid": ("account_uuid", text),
    "organization.id": ("organization", text),
    "app.version": ("app_version", text),
    "terminal.type": ("terminal", text),
    "vcs.repository.url.full": ("repo", repository),
    "model": ("model", text),
}


def keep_event(row: Row, extras: Extras) -> None:
    """The default: an event means what its attributes say."""


def one_point(row: Row, extras: Extras) -> list[Row]:
    """The default: a point is one record."""
    return [row]


@dataclass(frozen=True)
class Dialect:
    """One assistant's way of speaking OTLP.

    `events` and `points` map attribute names to columns, `measures` maps metric names to the
    canonical ones. `finish_event` may rewrite a row in place; `finish_point` may turn one point
    into several (input that includes cache becomes input and cacheRead).
    """

    assistant: str
    services: frozenset[str] = frozenset()
    prefix: str = ""
    provider: str = ""
    events: Mapping[str, Place] = field(default_factory=dict)
    points: Mapping[str, Place] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    finish_event: Callable[[Row, Extras], None] = keep_event
    finish_point: Callable[[Row, Extras], list[Row]] = one_point
    # True: (session, sequence, time, name) tells records apart; else every attribute is needed.
    sequenced: bool = False
