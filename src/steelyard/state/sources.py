"""Which sources there are, how far each stream has been read, and how the last run went.

Options are kept as said, secrets as references only. A source is read by one process at a time:
who reads it has its lease, and what is written under a lease that was lost is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from steelyard.errors import BadValue, UnknownName
from steelyard.state import leases
from steelyard.state.database import State
from steelyard.state.leases import Lease
from steelyard.state.tokens import utc_now

_AGAIN = timedelta(minutes=1)  # after reading that was cut off, by a crash or an upgrade


@dataclass(frozen=True)
class Problem:
    """Why a stream stopped. It goes on from its cursor when the cause is gone."""

    code: str
    message: str
    hint: str
    at: datetime


@dataclass(frozen=True)
class StreamState:
    """How far a stream has been read. `pass_began` is set while a pass is under way."""

    stream: str
    cursor: str | None = None
    pass_began: datetime | None = None
    started: datetime | None = None
    succeeded: datetime | None = None
    records: int = 0
    newest: datetime | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What somebody should know of a source, once, however many streams met it."""

    streams: tuple[str, ...]  # () for all of them
    is_problem: bool
    message: str
    hint: str = ""


@dataclass(frozen=True)
class KnownSource:
    """A source as it was added, with its streams' states."""

    name: str
    kind: str
    options: Mapping[str, str]
    every: timedelta
    added: datetime
    streams: tuple[StreamState, ...] = field(default=())

    @property
    def status(self) -> str:
        """new | ok | warn | failing."""
        if any(stream.problem for stream in self.streams):
            return "failing"
        if any(stream.notes for stream in self.streams):
            return "warn"
        return "ok" if any(stream.succeeded for stream in self.streams) else "new"

    @property
    def last_success(self) -> datetime | None:
        """When all streams had been read for the last time; None while one never was."""
        found = [stream.succeeded for stream in self.streams]
        return min((at for at in found if at), default=None) if all(found) else None

    @property
    def findings(self) -> list[Finding]:
        """Problems first; streams with the same one together."""
        met: dict[tuple[bool, str, str], list[str]] = {}
        for stream in self.streams:
            for what in self._met(stream):
                met.setdefault(what, []).append(stream.stream)
        found = [
            Finding(() if 1 < len(names) == len(self.streams) else tuple(names), *what)
            for what, names in met.items()
        ]
        return sorted(found, key=lambda finding: not finding.is_problem)

    def _met(self, stream: StreamState) -> Iterator[tuple[bool, str, str]]:
        if stream.problem:
            yield True, stream.problem.message, stream.problem.hint
        elif stream.pass_began and stream.cursor is not None:
            began = f"{stream.pass_began:%Y-%m-%d %H:%M} UTC"
            said = f"Reading began {began} and has not ended: {stream.records:,} records so far."
            again = f"If nothing reads it now, `steelyard source sync {self.name}` goes on there."
            yield False, said, again
        for note in stream.notes:
            yield False, note, ""

    @property
    def job(self) -> str:
        """The name of the lease of whoever reads it."""
        return f"source {self.name}"

    @property
    def was_cut_off(self) -> bool:
        """Whether reading ended without an end, unless somebody is at it now."""
        return any(stream.pass_began and not stream.problem for stream in self.streams)

    def is_due(self, now: datetime) -> bool:
        began = [stream.started for stream in self.streams if stream.started]
        pause = min(self.every, _AGAIN) if self.was_cut_off else self.every
        return not began or now >= max(began) + pause


class Sources:
    """The sources in a state database. With a lease, how far streams are is written under it:
    LeaseLost is raised as soon as somebody else had it."""

    def __init__(
        self, state: State, clock: Callable[[], datetime] = utc_now, lease: Lease | None = None
    ) -> None:
        self.state, self.clock, self.lease = state, clock, lease

    def under(self, lease: Lease) -> Sources:
        """The same, for whoever reads a source."""
        return Sources(self.state, self.clock, lease)

    def add(self, name: str, kind: str, options: Mapping[str, str], every: timedelta) -> None:
        """Raises BadValue when the name is taken or cannot be one."""
        if not name or any(c.isspace() or c in "/," for c in name):
            raise BadValue(f"{name!r} cannot be a source's name.", "Use letters, digits and -.")
        if name in {known.name for known in self.list()}:
            raise BadValue(
                f"There is a source {name} already.", "Choose another with --name, or remove it."
            )
        row = {
            "name": name,
            "kind": kind,
            "options": json.dumps(dict(options), sort_keys=True),
            "every": int(every.total_seconds()),
            "added": _written(self.clock()),
        }
        self._execute(
            "INSERT INTO sources (name, kind, options, every_seconds, added)"
            " VALUES (:name, :kind, :options, :every, :added)",
            row,
        )

    def list(self) -> list[KnownSource]:
        with self.state.transaction() as connection:
            rows = connection.execute(text("SELECT * FROM sources ORDER BY name")).mappings().all()
            streams = connection.execute(text("SELECT * FROM streams")).mappings().all()
        by_source: dict[str, list[StreamState]] = {}
        for row in streams:
            by_source.setdefault(row["source"], []).append(_stream(row))
        return [_source(row, by_source.get(row["name"], ())) for row in rows]

    def get(self, name: str) -> KnownSource:
        found = {known.name: known for known in self.list()}
        if name not in found:
            raise UnknownName("source", name, found, "`steelyard source list` shows them.")
        return found[name]

    def remove(self, name: str) -> None:
        self.get(name)
        self._execute("DELETE FROM streams WHERE source = :name", {"name": name})
        self._execute("DELETE FROM sources WHERE name = :name", {"name": name})

    def stream(self, source: str, stream: str) -> StreamState:
        sql = "SELECT * FROM streams WHERE source = :source AND stream = :stream"
        with self.state.transaction() as connection:
            row = connection.execute(text(sql), {"source": source, "stream": stream}).mappings()
            found = row.first()
        return _stream(found) if found else StreamState(stream)

    def save(self, source: str, state: StreamState) -> None:
        """What is known of a stream now, instead of what was."""
        row = {"source": source, "stream": state.stream, **_written_stream(state)}
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        with self._writing() as connection:
            _delete_stream(connection, source, state.stream)
            connection.execute(text(f"INSERT INTO streams ({names}) VALUES ({values})"), row)

    def drop_stream(self, source: str, stream: str) -> None:
        with self._writing() as connection:
            _delete_stream(connection, source, stream)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.state.alone() as connection:
            if self.lease is not None:
                leases.check(connection, self.lease)
            yield connection

    def _execute(self, sql: str, row: Mapping[str, Any]) -> None:
        with self.state.transaction() as connection:
            connection.execute(text(sql), dict(row))


def _delete_stream(connection: Connection, source: str, stream: str) -> None:
    sql = "DELETE FROM streams WHERE source = :source AND stream = :stream"
    connection.execute(text(sql), {"source": source, "stream": stream})


def _source(row: RowMapping, streams: Sequence[StreamState]) -> KnownSource:
    return KnownSource(
        name=row["name"],
        kind=row["kind"],
        options=json.loads(row["options"]),
        every=timedelta(seconds=row["every_seconds"]),
        added=datetime.fromisoformat(row["added"]),
        streams=tuple(sorted(streams, key=lambda stream: stream.stream)),
    )


def _stream(row: RowMapping) -> StreamState:
    error = json.loads(row["error"]) if row["error"] else None
    return StreamState(
        stream=row["stream"],
        cursor=row["cursor"],
        pass_began=_read(row["pass_began"]),
        started=_read(row["started"]),
        succeeded=_read(row["succeeded"]),
        records=row["records"],
        newest=_read(row["newest"]),
        problem=Problem(**error | {"at": datetime.fromisoformat(error["at"])}) if error else None,
        notes=tuple(json.loads(row["notes"])),
    )


def _written_stream(state: StreamState) -> dict[str, Any]:
    problem = state.problem
    error = problem and json.dumps({**vars(problem), "at": _written(problem.at)})
    return {
        "cursor": state.cursor,
        "pass_began": _written(state.pass_began),
        "started": _written(state.started),
        "succeeded": _written(state.succeeded),
        "records": state.records,
        "newest": _written(state.newest),
        "error": error,
        "notes": json.dumps(state.notes),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _read(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)
