"""A data folder, open: everything the doors can ask of it.

`Doors` is the seam: a House does the work itself, `control.Remote` asks the server that holds the
folder. Imports go through the inbox in both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from steelyard.app.applier import Applier
from steelyard.app.backup import BackupReport, ExportReport, export_tables, write_backup
from steelyard.app.changing import changes, working
from steelyard.app.decoding import Decoders
from steelyard.app.facts import build_facts, people_options
from steelyard.app.folder import make_folder
from steelyard.app.importing import (
    CsvReport,
    OtlpReport,
    PeopleReport,
    TranscriptsReport,
    Update,
    put_csv,
    put_otlp,
    put_people,
    put_transcripts,
)
from steelyard.errors import UsageError
from steelyard.ledger.prices import all_prices, load_prices
from steelyard.metrics import Answer, Question, ask
from steelyard.metrics.plans import own_plans
from steelyard.metrics.questions import QuestionAnswer, Terms, answer_question
from steelyard.metrics.sight import OPEN, Sight
from steelyard.people.doors import PeopleDoors
from steelyard.receiver.inbox import Inbox
from steelyard.records import TABLES
from steelyard.warehouse import open_warehouse, told

if TYPE_CHECKING:
    from steelyard.app.handing import Taking
    from steelyard.app.life import ForgetReport
    from steelyard.app.studies import Studies
    from steelyard.app.syncing import SyncReport
    from steelyard.app.syncing import Update as SyncUpdate
    from steelyard.config import Settings
    from steelyard.metrics.panel import PanelQuestion, UnitWeeks
    from steelyard.people.coverage import Coverage
    from steelyard.people.forgotten import Forgotten, Session
    from steelyard.people.listing import Listed, Shown
    from steelyard.people.review import Choice, Review
    from steelyard.state.database import State
    from steelyard.state.decision import Decision
    from steelyard.state.identities import Identities
    from steelyard.warehouse import Warehouse


class Doors(PeopleDoors, Protocol):
    """What commands may ask, whoever answers."""

    def ask(self, question: Question) -> Answer: ...
    def answer_question(self, name: str, terms: Terms) -> QuestionAnswer: ...
    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks: ...
    def facts_version(self) -> int: ...
    def import_otlp(self, paths: list[Path], update: Update) -> OtlpReport: ...
    def import_transcripts(
        self, path: Path | None, person: str | None, update: Update
    ) -> TranscriptsReport: ...
    def import_people(self, file: Path) -> PeopleReport: ...
    def import_csv(self, kind: str, file: Path, source: str) -> CsvReport: ...
    def sync(self, names: Sequence[str], update: SyncUpdate) -> list[SyncReport]: ...
    def forget_source(self, name: str) -> None: ...
    def remove_demo(self) -> bool: ...
    def people_forget(self, person: str, with_work: bool) -> ForgetReport: ...
    def people_export(self, person: str, file: Path) -> ExportReport: ...
    def backup(self, file: Path) -> BackupReport: ...
    def export(self, folder: Path) -> ExportReport: ...
    def rebuild(self, update: Update) -> ExportReport: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...


class House:
    """The rooms over one data folder. One process at a time can hold it open.

    Without `writes` it only reads: a warehouse on the network has one writer, the node that works.
    """

    def __init__(self, settings: Settings, workers: int = 0, writes: bool = True) -> None:
        self.settings, self.writes = settings, writes
        self._until_closed = ExitStack()
        make_folder(settings.data)
        self.inbox = Inbox(settings.inbox_path, int(settings.inbox_max_bytes))
        self.inbox.belong(to_node=False)
        self.warehouse = self._open()
        self.inbox.begin_after(self.warehouse.position())  # a new folder for an old ClickHouse
        self.taking: Taking | None = None  # where receiver nodes hand over to this one
        self.decoders = Decoders(workers)
        self._trouble = ""
        self.applier = Applier(
            self.inbox, self.warehouse, self.decoders, self._forgotten, self._learned
        )
        if writes:
            load_prices(self.warehouse, all_prices(settings.prices))

    @classmethod
    def open(cls, settings: Settings, workers: int = 0) -> House:
        """For a command: it works here, unless another node does, and then only reads."""
        with ExitStack() as stack:
            writes = settings.state_is_file or stack.enter_context(working(settings))
            house = cls(settings, workers, writes)
            house._until_closed = stack.pop_all()
        if house.writes:
            house.settle()
        return house

    def check_writes(self) -> None:
        """Raises UsageError where another node works: nothing may be changed from here."""
        if not self.writes:
            raise UsageError(
                f"Another node writes to {self.warehouse.place}; this one only reads it.",
                "Say it in the data folder of the node that works (role worker or all).",
            )

    def _open(self) -> Warehouse:
        return open_warehouse(
            self.settings.warehouse_url,
            memory_limit=self.settings.memory_limit,
            threads=self.settings.threads,
            bench=self.settings.data / "bench.duckdb",
            writes=self.writes,
        )

    @cached_property
    def state(self) -> State:
        """The small state, opened when first wanted: most questions need none of it."""
        from steelyard.state.database import open_state

        return open_state(self.settings.state_url)

    @cached_property
    def studies(self) -> Studies:
        """Saved plans and what came of them."""
        from steelyard.app.studies import Studies

        return Studies(self, lambda: self.state)

    def ask(self, question: Question, sight: Sight = OPEN) -> Answer:
        """An answer; whoever holds the data folder may see everything."""
        return ask(self.warehouse.facts, question, dt.datetime.now(dt.UTC), sight=sight)

    def answer_question(self, name: str, terms: Terms, sight: Sight = OPEN) -> QuestionAnswer:
        """A named question, with what the settings say of plans and bugs."""
        said = self.settings
        bugs = tuple(each.strip() for each in said.bug_types.split(",") if each.strip())
        plans = own_plans(said.plans) if said.plans else ()
        terms = replace(terms, bug_types=bugs, plans=plans)
        return answer_question(self.warehouse.facts, name, terms, dt.datetime.now(dt.UTC), sight)

    def unit_weeks(self, question: PanelQuestion) -> UnitWeeks:
        """A metric as units by weeks, for studies of cause."""
        from steelyard.metrics.panel import unit_weeks

        return unit_weeks(self.warehouse.facts, question, dt.datetime.now(dt.UTC))

    def facts_version(self) -> int:
        """Grows with every change of the facts."""
        return self.warehouse.data_version()

    def _forgotten(self) -> Forgotten:
        from steelyard.app.life import read_forgotten

        return read_forgotten(self.settings, self.state)

    def _learned(self, sessions: Mapping[Session, bool]) -> None:
        """Sessions that turn out to be of somebody who was forgotten."""
        from steelyard.app.life import forget_sessions

        forget_sessions(self, sessions)

    def settle(self, bodies: frozenset[int] = frozenset()) -> dict[str, int]:
        """Apply all that waits in the inbox and build the facts.

        Returns how many records came of the given bodies, by table.
        """
        self.check_writes()
        if self.taking is not None:
            self.taking.round()
        self.applier.run(up_to=self.inbox.status().received)
        self.refresh()
        return self._records_of(bodies) if bodies else {}

    def _records_of(self, bodies: frozenset[int]) -> dict[str, int]:
        which = f"body between {min(bodies)} and {max(bodies)}"
        which += f" and body in ({', '.join(map(str, sorted(bodies)))})"
        ask = self.warehouse.facts.query
        counts = {
            name: int(ask(f"select count(*) from {name} where {which}")[0][0]) for name in TABLES
        }
        return {name: count for name, count in counts.items() if count}

    def refresh(self) -> int:
        """Build the facts of days that changed; how many."""
        self.applier.is_stale = False
        try:
            return build_facts(self.warehouse, self.settings, lambda: self.state)
        except BaseException:
            self.applier.is_stale = True
            raise

    @changes
    def import_otlp(self, paths: list[Path], update: Update) -> OtlpReport:
        report, new = put_otlp(self.inbox, paths, update)
        return replace(report, records=self.settle(new))

    @changes
    def import_transcripts(
        self, path: Path | None, person: str | None, update: Update
    ) -> TranscriptsReport:
        report = put_transcripts(self.inbox, path, person, self.settings.marks_path, update)
        self.settle()
        return report

    @changes
    def import_people(self, file: Path) -> PeopleReport:
        report = put_people(self.inbox, file)
        self.settle()
        return replace(report, unmatched=self.unmatched())

    @changes
    def import_csv(self, kind: str, file: Path, source: str) -> CsvReport:
        report = put_csv(self.inbox, kind, file, source)
        self.settle()
        return report

    @changes
    def sync(self, names: Sequence[str], update: SyncUpdate) -> list[SyncReport]:
        """Read what is new of the named sources, or of all; then build the facts."""
        from steelyard.app.syncing import Runner
        from steelyard.state.sources import Sources

        seen, unknown = self.seen_people()
        runner = Runner(self.inbox, Sources(self.state), update, seen=seen, unknown=unknown)
        reports = runner.sync_all(names)
        self.settle()
        return reports

    @changes
    def forget_source(self, name: str) -> None:
        """Delete all that a source told, and build the facts without it."""
        with self.applier.turn, self.warehouse.transaction() as cursor:
            told.forget(cursor, name)
        self.refresh()

    @changes
    def remove_demo(self) -> bool:
        """Delete the demo company, and build the facts without it; False where there is none."""
        from steelyard.app import demo

        return demo.remove(self)

    def seen_people(self) -> tuple[list[str], list[str]]:
        """Addresses in telemetry, and those among them that no directory names."""
        from steelyard.people.unmatched import unmatched_emails

        seen = "select person from people_seen where person like '%@%' order by person"
        unknown = unmatched_emails(self.warehouse.query)
        return [row[0] for row in self.warehouse.query(seen)], unknown

    def people_list(self, day: dt.date) -> tuple[Listed, ...]:
        from steelyard.people.listing import list_people

        return list_people(self.warehouse, day)

    def people_show(self, text: str) -> Shown:
        from steelyard.people.listing import show_person

        return show_person(
            self.warehouse, self._identities, people_options(self.settings, self.state), text
        )

    def people_coverage(self, day: dt.date) -> Coverage:
        from steelyard.people.coverage import coverage

        return coverage(
            self.warehouse, self._identities, people_options(self.settings, self.state), day
        )

    def people_review(self, limit: int) -> Review:
        from steelyard.people.review import review

        return review(
            self.warehouse, self._identities, people_options(self.settings, self.state), limit
        )

    @changes
    def people_decide(self, choice: Choice, by: str) -> Decision:
        """Keep a decision about who is who, and build the facts with it."""
        from steelyard.people.review import decide

        decision = decide(self.warehouse, self._identities, choice, by)
        self.refresh()
        return decision

    @property
    def _identities(self) -> Identities:
        from steelyard.state.identities import Identities

        return Identities(self.state)

    def unmatched(self) -> int:
        """People with work whom no imported file knows."""
        sql = "select count(*) from people_seen where person not in (select person from people)"
        return int(self.warehouse.query(sql)[0][0])

    @changes
    def people_forget(self, person: str, with_work: bool) -> ForgetReport:
        """Take a person out of everything that is kept, for good."""
        from steelyard.app.life import forget

        return forget(self, person, with_work)

    def people_export(self, person: str, file: Path) -> ExportReport:
        """Everything kept of a person as a zip of CSV files; rows of each."""
        from steelyard.app.kept import write_kept

        return ExportReport(write_kept(self, person, file))

    def backup(self, file: Path) -> BackupReport:
        report = write_backup(self.settings, self.warehouse, self.inbox, file)
        self._note_copy(file, "backup")
        return report

    def export(self, folder: Path) -> ExportReport:
        report = export_tables(self.warehouse, folder)
        self._note_copy(folder, "export")
        return report

    def _note_copy(self, place: Path, kind: str) -> None:
        """Whoever is forgotten later stands in it still."""
        from steelyard.state.forgotten import Copies

        Copies(self.state).add(str(place.absolute()), kind)

    @changes
    def rebuild(self, update: Update | None = None) -> ExportReport:
        """Decode again what the inbox still holds, and build all facts again."""
        with self.applier.turn:
            self.warehouse.forget_bodies(self.inbox.status().first_number)
            self.applier.use(self.warehouse)
        self.settle()
        return ExportReport(self.warehouse.counts())

    def tidy(self, now: dt.datetime) -> None:
        """Retention: whatever is older than the settings allow."""
        from steelyard.app.retention import tidy

        tidy(self, now)

    def trouble(self) -> str:
        """What keeps a server from applying what came in; empty when all is well."""
        return self._trouble

    def troubled(self, trouble: str) -> None:
        self._trouble = trouble

    def reopen(self) -> None:
        """Open the warehouse anew: DuckDB refuses all work after a write that failed."""
        with self.applier.turn:
            self.warehouse.close()
            self.warehouse = self._open()
            self.applier.use(self.warehouse)

    def close(self) -> None:
        self.decoders.close()
        self.warehouse.close()
        self.inbox.close()
        if "state" in vars(self):
            self.state.close()
        self._until_closed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
