"""Reads streams as the runner does, and interrupts them wherever they can be interrupted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from steelyard.model import Record
from steelyard.sources.contract import Page, Source, Stream
from steelyard.sources.network import Network

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
Told = dict[tuple[str, str], Record]


@dataclass
class Pass:
    """What a stream told, by kind and key, and where it stands."""

    told: Told = field(default_factory=dict)
    cursor: str | None = None
    pages: list[Page] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [record for page in self.pages for record in page.records]

    @property
    def notes(self) -> list[str]:
        return [note for page in self.pages for note in page.notes]

    def of(self, kind: str) -> dict[str, Record]:
        return {key: record for (found, key), record in self.told.items() if found == kind}

    def take(self, page: Page) -> None:
        self.told.update({(record.kind, record.key): record for record in page.records})
        self.cursor = page.cursor
        self.pages.append(page)


def stream_of(source: Source, name: str) -> Stream:
    return next(stream for stream in source.streams() if stream.name == name)


def read(source: Source, name: str, cursor: str | None = None, now: dt.datetime = NOW) -> Pass:
    """A whole pass of a stream."""
    done = Pass(cursor=cursor)
    for page in stream_of(source, name).pages(cursor, now):
        done.take(page)
    return done


def interrupted(
    opened: Callable[[], Source], name: str, cursor: str | None = None, now: dt.datetime = NOW
) -> list[Pass]:
    """A pass broken off after its first page, after its second …, each gone on with anew."""
    passes: list[Pass] = []
    for pages in range(1, len(read(opened(), name, cursor, now).pages)):
        done = Pass(cursor=cursor)
        for count, page in enumerate(stream_of(opened(), name).pages(cursor, now), 1):
            done.take(page)
            if count == pages:
                break
        for page in stream_of(opened(), name).pages(done.cursor, now + dt.timedelta(minutes=1)):
            done.take(page)
        passes.append(done)
    return passes


@dataclass
class Waits:
    """A network that does not wait, but notes how long it was asked to."""

    seconds: list[float] = field(default_factory=list)
    attempts: int = 4

    @property
    def network(self) -> Network:
        # A connection a call: on one that is kept, loopback waits 40 ms for the stand-in's body.
        limits = httpx.Limits(max_keepalive_connections=0)
        transport = httpx.HTTPTransport(verify=False, limits=limits)
        pause = self.seconds.append
        return Network(self.attempts, pause=pause, clock=lambda: NOW, transport=transport)
