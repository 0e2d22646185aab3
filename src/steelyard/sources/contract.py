"""The one contract of all sources, ours and third parties'.

A source reads one system and yields records page by page, each page with the cursor from which to
go on. It knows no database, no team and no clock: the time it may need is handed in. Storing,
schedules, retries of whole streams and health are the runner's. A class is registered by the entry
point group `steelyard.sources`, under the name of its kind.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, SecretStr

from steelyard.model import Record

if TYPE_CHECKING:
    from steelyard.sources.network import Network

GROUP = "steelyard.sources"


Secret = SecretStr  # the type of options that are secrets


class Options(BaseModel):
    """What somebody who adds a source must say. The first field is the one without a name.

    A field of type `Secret` is given as `env:NAME` or `file:PATH` and resolved when the source is
    opened; only the reference is stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Request:
    """Telemetry that a system kept, as a request of OTLP in protobuf. What may not be kept is
    taken out by the runner, as from what comes over the network."""

    signal: str  # logs | metrics
    data: bytes
    records: int
    newest: dt.datetime


@dataclass(frozen=True)
class Page:
    """Records and the cursor after them: what is stored together, or not at all.

    `done` of `total` is progress where the system tells it. `notes` are sentences about what a
    reader should know though the stream goes on, such as a field that is not there any more.
    """

    records: Sequence[Record]
    cursor: str
    done: int | None = None
    total: int | None = None
    notes: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()


# From the cursor of the last page stored (None at first) and the time of the run to what is new.
Pages = Callable[[str | None, dt.datetime], Iterator[Page]]


@dataclass(frozen=True)
class Stream:
    """One sequence of pages with a cursor of its own.

    A `snapshot` lists everything there is each time: its last page has the cursor '', and records
    of its `kinds` that a whole pass did not bring are gone. An increment brings what changed.
    """

    name: str
    pages: Pages
    kinds: tuple[str, ...]
    snapshot: bool = False


@dataclass(frozen=True)
class Check:
    """One finding of `source test`: a permission or a setting, and what to do when it is not ok."""

    what: str
    ok: bool
    detail: str = ""
    hint: str = ""


class Source(ABC):
    """A system that can be read. Subclasses say what they need in `Options`.

    Opening one does no I/O. Errors come from steelyard.errors: SourceDenied, SourceChanged,
    SourceLimited, Unreachable, TimedOut; `network` raises most of them by itself.
    """

    kind: ClassVar[str]
    title: ClassVar[str]  # as a person would write it: GitHub
    Options: ClassVar[type[Options]]

    def __init__(self, options: Any, network: Network) -> None:
        self.options, self.network = options, network

    @abstractmethod
    def streams(self) -> Sequence[Stream]:
        """In the order in which they are best read; each stands for itself."""

    @abstractmethod
    def check(self) -> Iterator[Check]:
        """Try the smallest call of each permission that is needed and say what is missing."""


@runtime_checkable
class Directory(Protocol):
    """What a source of people may also do: say who somebody is whose address was seen elsewhere.

    A runner asks for addresses that nobody could name yet. A directory that has told of everybody
    in its streams answers with no page.
    """

    def look_up(self, emails: Sequence[str]) -> Iterator[Page]:
        """The people with these addresses and everyone above them; cursors mean nothing here."""
