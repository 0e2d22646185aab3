"""Runs sources: page by page into the inbox, each page's cursor saved after its records are safe.

Killed at any moment, a run goes on from the last saved cursor, on this node or on another; a page
read twice changes nothing. A stream that fails keeps its cursor and says why; the others go on.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from steelyard.app.work_bodies import completion, page_bodies
from steelyard.errors import SteelyardError
from steelyard.receiver.otlp import Limits, take_in
from steelyard.sources.contract import Check, Directory, Page, Request, Source, Stream
from steelyard.sources.network import Network
from steelyard.sources.registry import open_source
from steelyard.state.leases import LeaseLost, Leases
from steelyard.state.sources import KnownSource, Problem, Sources, StreamState

if TYPE_CHECKING:
    from steelyard.receiver.body import NewBody
    from steelyard.receiver.inbox import Inbox

# Tells of progress: source, stream, records so far, done and total where they are known.
Update = Callable[[str, str, int, int | None, int | None], None]
_TIMES = ("updated_at", "merged_at", "committed_at", "finished_at", "submitted_at", "created_at")
_MOST_NOTES = 20
_LOOK_UP = "look-up"
_LOOK_AGAIN = dt.timedelta(days=1)


class Stopped(Exception):
    """Somebody asked to stop; what is stored stays."""


@dataclass(frozen=True)
class StreamReport:
    """What one run read of a stream."""

    stream: str
    pages: int = 0
    records: int = 0
    seconds: float = 0.0
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SyncReport:
    """What one run read of a source. `busy`: another process is reading it."""

    source: str
    kind: str
    streams: tuple[StreamReport, ...] = ()
    busy: bool = False

    @property
    def failed(self) -> bool:
        return any(stream.problem for stream in self.streams)


@dataclass
class Runner:
    """Reads sources into one inbox. `seen` are addresses in telemetry, `unknown` those among them
    that no directory has told of yet."""

    inbox: Inbox
    sources: Sources
    update: Update = lambda *_: None
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    stop: threading.Event = field(default_factory=threading.Event)
    seen: Sequence[str] = ()
    unknown: Sequence[str] = ()
    network: Callable[[], Network] | None = None

    def sync_all(self, names: Sequence[str] = ()) -> list[SyncReport]:
        """The named sources, or all. Raises UnknownName before anything is read."""
        known = names or [source.name for source in self.sources.list()]
        for name in known:
            self.sources.get(name)
        return [self.sync(name) for name in known]

    def sync(self, name: str) -> SyncReport:
        """Read what is new of one source. Raises UnknownName and Stopped only."""
        known = self.sources.get(name)
        with Leases(self.sources.state).held(known.job) as lease, suppress(LeaseLost):
            if lease is not None:
                mine = replace(self, sources=self.sources.under(lease))
                return SyncReport(name, known.kind, tuple(mine._streams(known)))
        return SyncReport(name, known.kind, busy=True)

    def _streams(self, known: KnownSource) -> Iterator[StreamReport]:
        network = self._network()
        try:
            source = open_source(known.kind, known.options, network)
            streams = [*source.streams(), *self._look_up(source)]
        except Exception as error:
            yield self._refused(known, error)
            return
        self._forget_opening(known)
        for stream in streams:
            yield self._read(known.name, stream, network)

    def _network(self) -> Network:
        network = self.network() if self.network else Network()
        network.pause = self._pause
        return network

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped

    def _look_up(self, source: Source) -> list[Stream]:
        """People seen in telemetry, asked for one by one where a directory can do that."""
        if not isinstance(source, Directory) or not self.seen:
            return []

        def pages(cursor: str | None, now: dt.datetime) -> Iterator[Page]:
            """The unknown each time; once a day everybody seen, since people move and leave."""
            whole = not cursor or now - dt.datetime.fromisoformat(cursor) >= _LOOK_AGAIN
            after = now.isoformat() if whole else str(cursor)
            for page in source.look_up(self.seen if whole else self.unknown):
                yield replace(page, cursor=str(cursor or ""))
            yield Page((), after)

        return [Stream(_LOOK_UP, pages, ("people",))]

    def _read(self, source: str, stream: Stream, network: Network) -> StreamReport:
        now = self.clock()
        state = replace(self.sources.stream(source, stream.name), started=now)
        state = replace(state, pass_began=state.pass_began or now)
        self.sources.save(source, state)
        reader = _Reader(self, source, stream, state, now)
        try:
            reader.run()
            reader.end(network)
        except (Stopped, LeaseLost):
            raise
        except Exception as error:  # whatever one stream meets, the others go on
            reader.fail(error)
        took = (self.clock() - now).total_seconds()
        return StreamReport(
            stream.name,
            reader.pages,
            reader.records,
            took,
            reader.state.problem,
            reader.state.notes,
        )

    def _refused(self, known: KnownSource, error: Exception) -> StreamReport:
        """A source that cannot even be opened: its options or secrets are wrong."""
        now = self.clock()
        problem = problem_of(error, now)
        state = self.sources.stream(known.name, "open")
        self.sources.save(known.name, replace(state, started=now, problem=problem))
        return StreamReport("open", problem=problem)

    def _forget_opening(self, known: KnownSource) -> None:
        if any(stream.stream == "open" for stream in known.streams):
            self.sources.drop_stream(known.name, "open")


class _Reader:
    """One stream in one run."""

    def __init__(
        self, runner: Runner, source: str, stream: Stream, state: StreamState, now: dt.datetime
    ) -> None:
        self.runner, self.source, self.stream = runner, source, stream
        self.state, self.now = state, now
        self.pages = self.records = 0
        self.notes: dict[str, None] = {}

    def run(self) -> None:
        for page in self.stream.pages(self.state.cursor, self.now):
            if self.runner.stop.is_set():
                raise Stopped
            self._store(page)

    def _store(self, page: Page) -> None:
        place = f"{self.stream.name}:{self.pages}"
        bodies = page_bodies(self.source, page.records, self.now, place)
        bodies += [_taken_in(self.source, request) for request in page.requests]
        if bodies:
            self.runner.inbox.put(bodies)
        count = len(page.records) + sum(request.records for request in page.requests)
        self.pages += 1
        self.records += count
        self.notes.update(dict.fromkeys(page.notes))
        self.state = replace(
            self.state,
            cursor=page.cursor,
            records=self.state.records + count,
            newest=_newest(page, self.state.newest),
        )
        self.runner.sources.save(self.source, self.state)
        self.runner.update(self.source, self.stream.name, self.records, page.done, page.total)

    def end(self, network: Network) -> None:
        if self.stream.snapshot:
            began = self.state.pass_began or self.now
            kinds = self.stream.kinds
            self.runner.inbox.put([completion(self.source, kinds, began, self.now)])
        if network.skew:
            self.notes[_skewed(network.skew)] = None
        self.state = replace(
            self.state,
            succeeded=self.runner.clock(),
            pass_began=None,
            problem=None,
            notes=tuple(self.notes)[:_MOST_NOTES],
        )
        self.runner.sources.save(self.source, self.state)

    def fail(self, error: Exception) -> None:
        problem = problem_of(error, self.runner.clock())
        notes = tuple(self.notes)[:_MOST_NOTES]
        self.state = replace(self.state, problem=problem, notes=notes)
        self.runner.sources.save(self.source, self.state)


def check_source(kind: str, options: Any) -> list[Check]:
    """What `source test` finds. Raises what opening the source raises."""
    source = open_source(kind, options, Network(attempts=2))
    checks: list[Check] = []
    try:
        checks.extend(source.check())
    except SteelyardError as error:
        checks.append(Check("reach", False, error.message, error.hint))
    return checks


def problem_of(error: Exception, at: dt.datetime) -> Problem:
    if isinstance(error, SteelyardError):
        return Problem(error.code, error.message, error.hint, at)
    said = f"{type(error).__name__}: {error}"[:300]
    return Problem("unexpected", f"Reading failed unexpectedly: {said}", "Please report this.", at)


def _skewed(skew: dt.timedelta) -> str:
    minutes = abs(skew.total_seconds()) / 60
    way = "ahead of" if skew > dt.timedelta() else "behind"
    return f"Its clock is {minutes:.0f} minutes {way} ours: one of the two is wrong."


def _taken_in(source: str, request: Request) -> NewBody:
    """As the receiver takes it in: without content."""
    return take_in(request.signal, "protobuf", "", request.data, f"source:{source}", Limits())


def _newest(page: Page, known: dt.datetime | None) -> dt.datetime | None:
    times = (getattr(record, name, None) for record in page.records for name in _TIMES)
    found = [at for at in times if at is not None]
    found += [request.newest for request in page.requests]
    return max([*found, *([known] if known else [])], default=None)
