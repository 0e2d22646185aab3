"""One pass over many repositories that can be broken off anywhere.

The cursor (JSON) has a `mark` for each repository read to its end, the `place` within the one being
read, and the `last` one finished in this pass. Going on begins after it and goes round, so that a
pass that is always cut short still gets to everyone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from steelyard.errors import SourceError
from steelyard.model import Record
from steelyard.sources.contract import Page
from steelyard.sources.github.repositories import Repository

Mark = dict[str, Any]  # what a repository's last whole pass ended with
Place = dict[str, Any]  # where the present one stands
_GONE = (404, 409, 410, 451)  # not there, empty, switched off, blocked


@dataclass(frozen=True)
class Step:
    """Some records of a repository: with a `place` there is more to come, with a `mark` it ends."""

    records: Sequence[Record] = ()
    place: Place | None = None
    mark: Mark | None = None
    notes: tuple[str, ...] = ()


Reader = Callable[[Repository, Mark, Place], Iterator[Step]]


class Skipped(Exception):
    """A repository that cannot be read now; the next pass tries it again from its mark."""


@dataclass
class _Cursor:
    marks: dict[str, Mark] = field(default_factory=dict)
    last: str = ""
    place: Place = field(default_factory=dict)
    reading: str = ""  # the repository of `place`

    @classmethod
    def of(cls, text: str | None) -> _Cursor:
        return cls(**json.loads(text)) if text else cls()

    def __str__(self) -> str:
        return json.dumps(vars(self), separators=(",", ":"))


def pages(
    repositories: Sequence[Repository], cursor: str | None, reader: Reader, notes: Sequence[str]
) -> Iterator[Page]:
    """A page a step; the last one says that the pass is whole, with the marks of all."""
    at = _Cursor.of(cursor)
    order = _turned(repositories, at)
    for done, repository in enumerate(order):
        for step in _steps(repository, at, reader):
            yield Page(step.records, str(at), done, len(order), step.notes)
    at.last = at.reading = ""
    yield Page((), str(at), len(order), len(order), tuple(notes))


def _turned(repositories: Sequence[Repository], at: _Cursor) -> list[Repository]:
    """Beginning with the one under way, else after the last one finished."""
    under_way = any(one.id == at.reading for one in repositories)
    first = at.reading if under_way else ""
    ahead = [one for one in repositories if (one.id >= first if first else one.id > at.last)]
    return [*ahead, *repositories[: len(repositories) - len(ahead)]]


def _steps(repository: Repository, at: _Cursor, reader: Reader) -> Iterator[Step]:
    """A reader's steps, each with the cursor moved on already when it comes out."""
    mark = at.marks.get(repository.id, {})
    place = at.place if at.reading == repository.id else {}
    repository, note = _as_known(repository, mark or place)
    name = {"name": repository.key}
    try:
        for step in reader(repository, mark, place):
            at.reading, at.place = repository.id, {**(step.place or {}), **name}
            if step.mark is not None:
                at.marks[repository.id] = {**step.mark, **name}
                at.last, at.reading, at.place = repository.id, "", {}
            yield replace(step, notes=(*note, *step.notes))
    except (Skipped, SourceError) as error:
        if isinstance(error, SourceError) and getattr(error, "status", 0) not in _GONE:
            raise
        at.last, at.reading, at.place = repository.id, "", {}
        said = str(error).rstrip(".")
        yield Step(notes=(f"{repository.path} is left out for now: {said}.",))


def _as_known(repository: Repository, known: Mark) -> tuple[Repository, tuple[str, ...]]:
    """Under the name of its first pass: its records must not come again under another one."""
    name = known.get("name", repository.key)
    if name == repository.key:
        return repository, ()
    note = f"{repository.key} was called {name}; its records keep that name."
    return replace(repository, key=name), (note,)
