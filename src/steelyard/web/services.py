"""What the pages need from the running server: one small protocol and plain facts.

The web room never opens the inbox or the warehouse; whoever starts it hands these in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from steelyard.metrics import Answer, Question
from steelyard.metrics.plan_fit import PlanFit
from steelyard.metrics.questions import QuestionAnswer, Terms
from steelyard.metrics.session_course import Call
from steelyard.metrics.session_rows import SessionRows, SessionTerms
from steelyard.metrics.sight import Sight
from steelyard.people.listing import Listed, Time
from steelyard.people.unmatched import Unmatched
from steelyard.receiver.body import InboxStatus, ReceiverNode, Refusal, SetAside
from steelyard.state.forgotten import Copy
from steelyard.state.looks import Look
from steelyard.state.sources import KnownSource

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.impact.analysed import PlannedStudies
    from steelyard.ledger.prices import Price
    from steelyard.people.coverage import Coverage
    from steelyard.web.own import OwnData


@dataclass(frozen=True)
class Listener:
    """A port that takes telemetry: `name` is otlp-http or otlp-grpc, `url` what clients paste."""

    name: str
    url: str
    needs_token: bool = False


@dataclass(frozen=True)
class Seen:
    """One record as it arrived: the proof shown to a new user. `time` is the client's."""

    assistant: str
    name: str
    time: dt.datetime
    session: str = ""


@dataclass(frozen=True)
class SourceOption:
    """An option of a kind of source. `default` is its text, or that it is required or secret."""

    name: str
    default: str
    help: str


@dataclass(frozen=True)
class SourceKind:
    """A kind of system that can be read; `command` adds one."""

    name: str
    title: str
    command: str
    options: tuple[SourceOption, ...] = ()


@dataclass(frozen=True)
class Stored:
    """A database and its size; None where it is not a file of this machine."""

    what: str
    place: str
    size_bytes: int | None


@dataclass(frozen=True)
class Status:
    """The server at one moment. `assistants` counts sessions, `people` imported people."""

    version: str
    warehouse: str
    data_folder: str
    inbox: InboxStatus
    listeners: tuple[Listener, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    data_version: int = 0
    refreshed_at: dt.datetime | None = None
    last_event: Seen | None = None
    assistants: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    demo: bool = False  # whether a made-up company is here
    demo_stage: str = ""  # loading | loaded | removing | interrupted
    demo_trouble: str = ""
    demo_effects: Mapping[str, float] = field(default_factory=dict)  # built in, by plan, percent
    nodes: tuple[ReceiverNode, ...] = ()  # receivers with inboxes of their own
    trouble: str = ""  # what keeps the server from applying what came in; it tries again by itself

    @property
    def has_data(self) -> bool:
        """Whether anything an assistant sent is in the warehouse."""
        return self.last_event is not None or any(self.assistants.values())

    @property
    def last_received_at(self) -> dt.datetime | None:
        """When telemetry last came, here or at a receiver node."""
        times = (self.inbox.last_received_at, *(node.last_received_at for node in self.nodes))
        return max((time for time in times if time), default=None)

    def for_everybody(self) -> Status:
        """Without what only who runs the server needs: folders, machines, somebody's session."""
        last = self.last_event
        return replace(
            self,
            warehouse="",
            data_folder="",
            refusals=tuple(replace(refusal, peer="") for refusal in self.refusals),
            nodes=tuple(replace(node, name="") for node in self.nodes),
            last_event=replace(last, session="") if last else None,
        )


class Services(Protocol):
    """The seam between pages and server. Every call is safe from several threads."""

    @property
    def cache(self) -> Path | None:
        """A folder for files that can be built again; None when nothing may be written."""

    def ask(self, question: Question) -> Answer:
        """Answers from facts; raises steelyard.errors.UsageError for a wrong question, NotShown
        where the answer would show more than whoever asks (`viewer.current`) may see."""

    def answer_question(self, name: str, terms: Terms) -> QuestionAnswer:
        """One of the named questions (steelyard.metrics.questions), with its panels."""

    @property
    def sight(self) -> Sight:
        """What whoever asks may see; `sight.allows(question)` says whether there is an answer."""

    def people_list(self, day: dt.date) -> Sequence[Listed]:
        """Everybody whom a directory knows on that day; those who may not be seen stand in the
        groups that are shown, without the day of their last work."""

    def own_data(self) -> OwnData | None:
        """What is kept of whoever asks; None where they are nobody whom anything names."""

    def write_own(self, out: IO[bytes]) -> None:
        """All of it as a zip. Raises UnknownName where there is nothing."""

    def looks(self, limit: int) -> Sequence[Look]:
        """The latest looks at single people, newest first."""

    def copies(self) -> Sequence[Copy]:
        """Backups and exports that are known to have been made."""

    def person_history(self, person: str) -> Sequence[Time]:
        """What directories said of a person, a row a stretch of time, in its order. Raises
        NotShown where the person may not be seen by name."""

    def plan_fit(self, person: str, day: dt.date) -> PlanFit | None:
        """Which plan the person's last month that was over on the day would have fitted; None
        without use in it. Raises NotShown where the person may not be seen."""

    def session_list(self, terms: SessionTerms) -> SessionRows:
        """Sessions one by one. Raises NotShown where nobody's may be seen."""

    def session_course(self, terms: SessionTerms) -> Sequence[Call]:
        """One session's calls to models. Raises NotShown where nobody's may be seen."""

    def people_unmatched(self) -> Sequence[Unmatched]:
        """The largest that belong to nobody a directory knows; nobody unless all may be seen."""

    @property
    def studies(self) -> PlannedStudies:
        """Saved plans and what came of them."""

    def status(self) -> Status:
        """Cheap: every open Get-started page asks every two seconds."""

    def sources(self) -> Sequence[KnownSource]:
        """The systems that are read, with their health."""

    def source_kinds(self) -> Sequence[SourceKind]:
        """The kinds of systems that can be read."""

    @property
    def settings(self) -> Settings:
        """The settings in force since the server started; with passwords in them."""

    def stored(self) -> Sequence[Stored]:
        """The databases with their sizes, and what is free."""

    def prices(self) -> Sequence[Price]:
        """The prices in force since the server started, of every day."""

    def people_coverage(self) -> Coverage:
        """How much of what is recorded belongs to somebody a directory knows."""

    def demo_load(self) -> None:
        """Begin to load the made-up company; raises UsageError where there are data already."""

    def demo_remove(self) -> None:
        """Begin to remove it again; what came in beside it stays."""

    def now(self) -> dt.datetime:
        """The time it is, in UTC."""

    def today(self) -> dt.date:
        """The UTC day it is."""
