"""A small made-up company in a real DuckDB warehouse, and the server's services over it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from tests.web.impact_world import MadeStudies

from steelyard.app.shown import build_common
from steelyard.app.storage import stored
from steelyard.config import Settings
from steelyard.errors import UnknownName
from steelyard.ledger.prices import Price, all_prices
from steelyard.metrics import Answer, Question, ask
from steelyard.metrics.memory import Recent
from steelyard.metrics.person_fit import person_fit
from steelyard.metrics.plan_fit import PlanFit
from steelyard.metrics.questions import QuestionAnswer, Terms, answer_question
from steelyard.metrics.session_course import Call, session_course
from steelyard.metrics.session_rows import SessionRows, SessionTerms, session_rows
from steelyard.metrics.sight import OPEN, Sight
from steelyard.people.coverage import Coverage, coverage
from steelyard.people.listing import Listed, Time, list_people, times
from steelyard.people.options import Options
from steelyard.people.shown import ShownOptions, build_shown
from steelyard.people.unmatched import Unmatched, largest_unmatched
from steelyard.receiver.body import InboxStatus, Refusal, SetAside
from steelyard.state.database import open_state
from steelyard.state.forgotten import Copy
from steelyard.state.identities import Identities
from steelyard.state.looks import Look
from steelyard.state.sources import KnownSource
from steelyard.warehouse import open_warehouse
from steelyard.web.services import Listener, Seen, SourceKind, SourceOption, Status, Stored

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

NOW = dt.datetime(2026, 11, 22, 11, 14, 3, tzinfo=dt.UTC)
TODAY = NOW.date()
HTTP = Listener("otlp-http", "http://127.0.0.1:4318")
GRPC = Listener("otlp-grpc", "http://127.0.0.1:4317")
TEAMS = ("payments", "search", "mobile", "platform", "identity")
FIRST = ("ada", "bo", "cai", "dee", "eli", "fay", "gus", "hal", "ida", "jo", "kim", "lee")
PEOPLE = tuple(f"{name}{n}@acme.example" for n in (1, 2) for name in FIRST)
# Model, share of use, dollars per million tokens by type; None: no price is known.
MODELS: tuple[tuple[str, str, float, dict[str, float] | None], ...] = (
    ("claude-opus-4-8", "claude-code", 0.4, {"input": 5, "output": 25, "cacheRead": 0.5}),
    ("claude-sonnet-5", "claude-code", 0.3, {"input": 3, "output": 15, "cacheRead": 0.3}),
    ("gpt-5.6-codex", "codex", 0.2, {"input": 1.75, "output": 14, "cacheRead": 0.175}),
    ("gemini-3-pro", "gemini-cli", 0.08, {"input": 2, "output": 12, "cacheRead": 0.2}),
    ("acme-inhouse-1", "claude-code", 0.02, None),
)
MIX = {"input": 40_000, "output": 22_000, "cacheRead": 2_400_000, "cacheCreation": 150_000}
UNTOUCHED = InboxStatus(0, 0, 0, 0, 0, 0, None, 0, 0, 0)
Rows = list[dict[str, Any]]
_NOTHING = {"VARCHAR": "", "BOOLEAN": False}


def empty_warehouse(path: Path) -> Warehouse:
    return open_warehouse(str(path / "steelyard.duckdb"))


ROLL_UPS = resources.files("steelyard.ledger").joinpath("sql", "07_days.sql")


def insert(warehouse: Warehouse, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of a fact; text that is not given is empty, numbers that are not given are null."""
    columns = warehouse.query(
        "select column_name, data_type, is_nullable = 'YES' from information_schema.columns"
        " where table_name = ? order by ordinal_position",
        [name],
    )
    empty = {column: None if free else _NOTHING.get(kind) for column, kind, free in columns}
    full = [empty | dict(row) for row in rows]
    with warehouse.transaction() as cursor:
        cursor.register("rows", pa.Table.from_pylist(full))
        cursor.execute(f"insert into {name} by name select * from rows")
        if name in ("usage", "costs"):
            cursor.execute("create or replace temp table todo as select distinct day from rows")
            cursor.execute(ROLL_UPS.read_text())
        cursor.unregister("rows")
        cursor.execute("update data_version set version = version + 1")


def company(warehouse: Warehouse, days: int = 75, people: tuple[str, ...] = PEOPLE) -> None:
    """Use of the last `days` days by the people, four of five of them imported with a team."""
    chance = random.Random(7)
    facts: dict[str, Rows] = {"usage": [], "costs": [], "session_days": [], "person_days": []}
    for age in range(days):
        day = TODAY - dt.timedelta(days=age)
        for index, person in enumerate(people):
            if chance.random() < (0.1 if day.weekday() > 4 else 0.75):
                _work(facts, chance, day, person, 1 + index % 5, age)
    for name, rows in facts.items():
        insert(warehouse, name, rows)
    insert(warehouse, "people_seen", _seen(facts["person_days"]))
    insert(warehouse, "people", [_employee(p, n) for n, p in enumerate(people) if n % 5])


def _seen(days: Rows) -> Rows:
    """Everybody's first and last day of work."""
    found: dict[str, list[dt.date]] = {}
    for row in days:
        found.setdefault(row["person"], []).append(row["day"])
    return [{"person": p, "first_day": min(d), "last_day": max(d)} for p, d in found.items()]


def _employee(person: str, number: int) -> dict[str, Any]:
    return {
        "person": person,
        "email": person,
        "name": person.split("@")[0].title(),
        "team": TEAMS[number % len(TEAMS)],
        "valid_from": dt.date(2025, 1, 1),
        "valid_to": dt.date(9999, 12, 31),
    }


def _work(
    facts: dict[str, Rows], chance: random.Random, day: dt.date, person: str, weight: int, age: int
) -> None:
    """One session of a person on a day, with one or two models."""
    shares = [share for _, _, share, _ in MODELS]
    picked = list(dict.fromkeys(chance.choices(range(len(MODELS)), shares, k=1 + weight // 3)))
    session = f"{chance.getrandbits(64):016x}"
    repo = f"acme/{TEAMS[weight % 5]}-{'app' if weight % 2 else 'service'}"
    who = {"day": day, "person": person, "session": session, "witness": "metrics", "repo": repo}
    for model, assistant, _, prices in (MODELS[index] for index in picked):
        what = who | {"assistant": assistant, "model": model, "model_reported": model}
        rows = _usage(chance, weight * (1.6 - age / 120), assistant, prices)
        facts["usage"] += [what | row for row in rows]
        if assistant == "claude-code" and prices:
            spent = sum(row["list_nanos"] for row in rows)
            facts["costs"].append(what | {"reported_nanos": int(spent * 0.97)})
    begun = who | {"assistant": MODELS[picked[0]][1], "by_telemetry": True, "by_transcript": False}
    facts["session_days"].append(begun | _session(day))
    del begun["session"], begun["witness"], begun["repo"]
    facts["person_days"].append(begun | {"sessions": 1, "commits": 1})


def _usage(
    chance: random.Random, size: float, assistant: str, prices: dict[str, float] | None
) -> Rows:
    """A row a token type; only Claude Code tells cache writes apart."""
    rows = []
    for kind, amount in MIX.items():
        if kind == "cacheCreation" and assistant != "claude-code":
            continue
        tokens = int(amount * size * chance.uniform(0.4, 1.6))
        rows.append(
            {
                "token_type": kind,
                "tokens": tokens,
                "list_nanos": _nanos(prices, kind, tokens),
                "input_nanos": _nanos(prices, "input", tokens),
                "unpriced_tokens": 0 if prices else tokens,
            }
        )
    return rows


def _session(day: dt.date) -> dict[str, Any]:
    first = dt.datetime.combine(day, dt.time(9, 30))
    counts = ("prompts", "requests", "tool_calls", "api_errors", "person_rejections")
    counts += ("accepted_edits", "approved_edits", "edit_decisions", "commits", "pull_requests")
    return {
        "worked": True,
        "first_time": first,
        "last_time": first + dt.timedelta(minutes=50),
        "active_seconds": 900.0,
        "tokens": 1,
        **dict.fromkeys(counts, 1),
    }


def _nanos(prices: dict[str, float] | None, kind: str, tokens: int) -> int | None:
    """Dollars per million tokens are thousands of nano-dollars per token."""
    if prices is None:
        return None
    price = prices.get(kind, prices["input"] * 1.25)
    return int(tokens * price * 1000)


@dataclass
class World:
    """The services of `steelyard.web.services.Services`, changeable by a test."""

    warehouse: Warehouse
    folder: Path
    inbox: InboxStatus = UNTOUCHED
    listeners: tuple[Listener, ...] = (HTTP, GRPC)
    refusals: tuple[Refusal, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    last_event: Seen | None = None
    assistants: dict[str, int] = field(default_factory=dict)
    people: int = 0
    cache: Path | None = None
    known: tuple[KnownSource, ...] = ()
    asked: list[Question] = field(default_factory=list)
    moment: dt.datetime = NOW
    sight: Sight = OPEN
    chosen: Settings | None = None
    studies: MadeStudies = field(default_factory=MadeStudies)
    lists: Recent[tuple[Listed, ...]] = field(default_factory=lambda: Recent(9))
    unmatched: Recent[tuple[Unmatched, ...]] = field(default_factory=lambda: Recent(1))

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        self._build_shown()
        return ask(self.warehouse, question, self.moment, sight=self.sight)

    def answer_question(self, name: str, terms: Terms) -> QuestionAnswer:
        self._build_shown()
        return answer_question(self.warehouse, name, terms, self.moment, self.sight)

    def _build_shown(self) -> None:
        """What the server builds with the facts, where this one needs it."""
        if not self.sight.everything:
            build_shown(self.warehouse, ShownOptions(self.sight.smallest), self.moment)
            build_common(self.warehouse, self.sight.smallest)

    def people_list(self, day: dt.date) -> tuple[Listed, ...]:
        key = (self.warehouse.data_version(), day)
        if (found := self.lists.get(key)) is None:
            found = list_people(self.warehouse, day)
            self.lists.put(key, found)
        return found

    def own_data(self) -> None:
        """Nobody signs in to a made-up world."""

    def write_own(self, out: IO[bytes]) -> None:
        raise UnknownName("person", "", ())

    def looks(self, limit: int) -> tuple[Look, ...]:
        return ()

    def copies(self) -> tuple[Copy, ...]:
        return ()

    def person_history(self, person: str) -> tuple[Time, ...]:
        self.sight.check_named(person)
        return times(self.warehouse, person)

    def plan_fit(self, person: str, day: dt.date) -> PlanFit | None:
        return person_fit(self.warehouse, person, day, self.today(), self.sight)

    def session_list(self, terms: SessionTerms) -> SessionRows:
        self._build_shown()
        return session_rows(self.warehouse, terms, self.sight)

    def session_course(self, terms: SessionTerms) -> tuple[Call, ...]:
        self._build_shown()
        return session_course(self.warehouse, terms, self.sight)

    def people_unmatched(self) -> tuple[Unmatched, ...]:
        if not self.sight.everything:
            return ()
        version = self.warehouse.data_version()
        if (found := self.unmatched.get(version)) is None:
            found = largest_unmatched(self.warehouse.query, 12)
            self.unmatched.put(version, found)
        return found

    def status(self) -> Status:
        return Status(
            version="0.1.0",
            warehouse=f"DuckDB at {self.folder / 'steelyard.duckdb'}",
            data_folder=str(self.folder),
            inbox=self.inbox,
            listeners=self.listeners,
            refusals=self.refusals,
            set_aside=self.set_aside,
            data_version=self.warehouse.data_version(),
            last_event=self.last_event,
            assistants=self.assistants,
            people=self.people,
        )

    def sources(self) -> list[KnownSource]:
        return list(self.known)

    def source_kinds(self) -> list[SourceKind]:
        options = (SourceOption("path", "required", "A clone, or a folder of `clones`."),)
        return [SourceKind("git", "Git", "steelyard source add git PATH", options)]

    @property
    def settings(self) -> Settings:
        return self.chosen or Settings(data=self.folder)

    def stored(self) -> tuple[Stored, ...]:
        return stored(self.settings)

    def prices(self) -> list[Price]:
        return all_prices(self.settings.prices)

    def people_coverage(self) -> Coverage:
        state = open_state(self.settings.state_url)
        try:
            return coverage(self.warehouse, Identities(state), Options(), self.today())
        finally:
            state.close()

    def now(self) -> dt.datetime:
        return self.moment

    def today(self) -> dt.date:
        return self.moment.date()

    def receives(self, name: str = "api_request") -> None:
        """A first event has come in."""
        self.inbox = replace(self.inbox, received=3, applied=3, last_received_at=self.moment)
        when = self.moment - dt.timedelta(seconds=14)
        self.last_event = Seen("claude-code", name, when, "77d0c54a-46f4-4857-be76-b5836e767071")
        self.assistants = {"claude-code": 1}

    def refuses(self, status: int, reason: str, path: str = "/v1/metrics") -> None:
        self.inbox = replace(self.inbox, refused=self.inbox.refused + 1)
        refusal = Refusal(self.moment, status, reason, path, "10.0.0.7", "OTel-OTLP", "http", 1)
        self.refusals = (refusal, *self.refusals)
