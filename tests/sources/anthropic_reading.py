"""Reading the stand-in of Anthropic's APIs the way a runner does, for three sources' tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import httpx
from pydantic import SecretStr
from tests.standins.anthropic import Anthropic
from tests.standins.server import StandIn, serving

from steelyard.model import Record
from steelyard.sources.contract import Page, Source, Stream
from steelyard.sources.network import Network
from steelyard.sources.registry import source_class

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
Found = dict[tuple[str, str], Record]


@dataclass
class Reading:
    """A source on a stand-in. `waits` are the seconds it was asked to wait."""

    source: Source
    world: Anthropic
    server: StandIn
    waits: list[float] = field(default_factory=list)

    def stream(self, name: str) -> Stream:
        return next(stream for stream in self.source.streams() if stream.name == name)

    def pages(self, name: str, cursor: str | None = None) -> list[Page]:
        return list(self.stream(name).pages(cursor, self.world.now))

    def all(self, name: str, cursor: str | None = None) -> Found:
        return found(self.pages(name, cursor))

    def interrupted(self, name: str, after: int) -> Found:
        """What is known after a run was killed after some pages and another one went on."""
        first = list(islice(self.stream(name).pages(None, self.world.now), after))
        return found([*first, *self.pages(name, first[-1].cursor)])

    def survives_interruptions(self, name: str) -> bool:
        clean, count = self.all(name), len(self.pages(name))
        return count > 1 and all(self.interrupted(name, k) == clean for k in range(1, count + 1))


@contextmanager
def reading(kind: str, world: Anthropic, key: str, **options: Any) -> Iterator[Reading]:
    """The source of a kind, opened on a stand-in of the world."""
    with serving(world) as server:
        waits: list[float] = []

        def pause(seconds: float) -> None:
            waits.append(seconds)
            world.advance(seconds)

        # A connection a call: on one that is kept, loopback waits 40 ms for the stand-in's body.
        limits = httpx.Limits(max_keepalive_connections=0)
        transport = httpx.HTTPTransport(verify=False, limits=limits)
        network = Network(pause=pause, clock=lambda: world.now, transport=transport)
        cls = source_class(kind)
        said = {"key": SecretStr(key), "base_url": server.url, **options}
        yield Reading(cls(cls.Options.model_validate(said), network), world, server, waits)


def found(pages: list[Page]) -> Found:
    """Records by kind and key: what a later page says replaces what an earlier said."""
    return {(record.kind, record.key): record for page in pages for record in page.records}


def of(records: Found, kind: str) -> list[Any]:
    return [record for (name, _), record in records.items() if name == kind]


def nanos(cents: str | float) -> int:
    """The world's truth in nano-dollars, computed without any of the program's code."""
    whole, _, part = str(cents).partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 10**7 + int((part + "0" * 7)[:7]))
