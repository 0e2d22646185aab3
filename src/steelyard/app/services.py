"""What the pages see of the running server."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import steelyard
from steelyard.app import demo, own
from steelyard.app.ahead import Ahead
from steelyard.app.demo_beside import DemoBeside
from steelyard.app.looking import Looking
from steelyard.app.seeing import Seeing
from steelyard.app.storage import stored
from steelyard.errors import SteelyardError, StoreError
from steelyard.ledger.prices import Price, loaded_prices
from steelyard.metrics import Answer, Question
from steelyard.metrics.memory import Recent, RememberingStore
from steelyard.metrics.person_fit import person_fit
from steelyard.metrics.plan_fit import PlanFit
from steelyard.metrics.plans import own_plans
from steelyard.metrics.questions import QuestionAnswer, Terms
from steelyard.metrics.session_course import Call, session_course
from steelyard.metrics.session_rows import SessionRows, SessionTerms, session_rows
from steelyard.metrics.sight import Sight
from steelyard.people.listing import Listed, Time, times
from steelyard.people.shown import shown_listed
from steelyard.people.unmatched import Unmatched, largest_unmatched
from steelyard.sources import registry
from steelyard.state.forgotten import Copies, Copy
from steelyard.state.looks import Look, Looks
from steelyard.state.sources import KnownSource, Sources
from steelyard.warehouse.handed import Handed, takes_nodes
from steelyard.web.services import Listener, Seen, SourceKind, SourceOption, Status, Stored
from steelyard.web.viewer import current

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.app.reception import Reception
    from steelyard.config import Settings
    from steelyard.impact.analysed import PlannedStudies
    from steelyard.metrics.store import Store
    from steelyard.people.coverage import Coverage
    from steelyard.web.own import OwnData

_STATUS_SECONDS = 0.5  # how long a status may be told again
_LISTS_REMEMBERED = 8  # days of which the list of people is kept
_UNMATCHED_SHOWN = 12
_PAGE_ROWS = 1000  # longer lists are files, which are not asked for ahead


class ServerServices:
    """The seam of `steelyard.web.services.Services`, over an open house."""

    def __init__(self, house: House, listeners: tuple[Listener, ...], reception: Reception) -> None:
        self.house, self.listeners, self.reception = house, listeners, reception
        self._seeing = Seeing(house)
        self._demo = DemoBeside(house)
        self.ahead = Ahead(house.facts_version)
        self.looking = Looking(lambda: house.state)
        url = house.settings.warehouse_url
        self._handed = Handed(url) if takes_nodes(url) else None
        self._lock = threading.Lock()
        self._status: tuple[float, Status] | None = None
        self._told: dict[str, Any] | None = None  # by the warehouse, for the status
        self._lists: Recent[tuple[Listed, ...]] = Recent(_LISTS_REMEMBERED)
        self._unmatched: Recent[tuple[Unmatched, ...]] = Recent(1)
        self._coverage: Recent[Coverage] = Recent(1)

    @property
    def cache(self) -> Path | None:
        return self.house.settings.data / "cache"

    def ask(self, question: Question) -> Answer:
        with _speaking():
            sight = self._sight(question.end)
            answer = self.house.ask(question, sight)
        self.looking.answered(answer)
        self._ask_ahead((question, sight), partial(self.house.ask, question, sight))
        return answer

    def answer_question(self, name: str, terms: Terms) -> QuestionAnswer:
        with _speaking():
            sight = self._sight(terms.end)
            answer = self.house.answer_question(name, terms, sight)
        self.looking.answered_question(answer)
        again = partial(self.house.answer_question, name, terms, sight)
        self._ask_ahead((name, terms, sight), again)
        return answer

    def _ask_ahead(self, key: Hashable, again: Callable[[], object]) -> None:
        """Have it asked again when the facts change, because a reader asked."""
        if current.get().looks:
            self.ahead.note(key, again)

    @property
    def sight(self) -> Sight:
        with _speaking():
            return self._sight()

    def _sight(self, day: dt.date | None = None) -> Sight:
        """Of whoever asks now; managers see those whom they had on the last day asked about."""
        return self._seeing.sight(min(day or self.today(), self.today()))

    def people_list(self, day: dt.date) -> Sequence[Listed]:
        sight = self.sight
        found = self._people_list(day)
        self._ask_ahead(("people", day), partial(self._people_list, day))
        if sight.everything:
            return found
        with _speaking():
            return shown_listed(self.house.warehouse.query, day, found, sight.sees)

    def _people_list(self, day: dt.date) -> Sequence[Listed]:
        key = (self.house.warehouse.data_version(), day)
        with _speaking():
            return self._lists.found(key, lambda: self.house.people_list(day))

    def person_history(self, person: str) -> Sequence[Time]:
        self.sight.check_named(person)
        with _speaking():
            found = times(self.house.warehouse, person)
        self.looking.note([person], "history")
        return found

    def own_data(self) -> OwnData | None:
        self.looking.write()
        with _speaking():
            return own.own_data(self.house, current.get().person)

    def write_own(self, out: IO[bytes]) -> None:
        with _speaking():
            own.write_own(self.house, current.get().person, out)

    def looks(self, limit: int) -> Sequence[Look]:
        self.looking.write()
        return Looks(self.house.state).latest("", limit)

    def copies(self) -> Sequence[Copy]:
        return Copies(self.house.state).since("")

    def plan_fit(self, person: str, day: dt.date) -> PlanFit | None:
        plans = self.house.settings.plans
        with _speaking():
            found = person_fit(
                *(self.house.warehouse.facts, person, day, self.today(), self._sight(day)),
                own_plans(plans) if plans else (),
            )
        self.looking.note([person], "plan_fit")
        return found

    def session_list(self, terms: SessionTerms) -> SessionRows:
        with _speaking():
            sight = self._sight(terms.end)
            found = session_rows(self.house.warehouse.facts, terms, sight)
        self.looking.note([row.person for row in found.rows], "sessions")
        if terms.limit <= _PAGE_ROWS:
            again = partial(session_rows, self.house.warehouse.facts, terms, sight)
            self._ask_ahead((terms.question, *terms.page, sight), again)
        return found

    def session_course(self, terms: SessionTerms) -> Sequence[Call]:
        """The look at its person is noted where the session itself is asked for."""
        with _speaking():
            return session_course(self.house.warehouse.facts, terms, self._sight(terms.end))

    def people_unmatched(self) -> Sequence[Unmatched]:
        return self._largest_unmatched() if self.sight.everything else ()

    def _largest_unmatched(self) -> Sequence[Unmatched]:
        version = self.house.warehouse.data_version()
        found = self._unmatched.get(version)
        if found is None:
            with _speaking():
                found = largest_unmatched(self.house.warehouse.query, _UNMATCHED_SHOWN)
            self._unmatched.put(version, found)
        return found

    @property
    def studies(self) -> PlannedStudies:
        return self.house.studies

    def status(self) -> Status:
        with self._lock:
            if self._status is None or time.monotonic() - self._status[0] > _STATUS_SECONDS:
                self._status = (time.monotonic(), self._look())
            status = self._status[1]
        return status if current.get().role == "admin" else status.for_everybody()

    def sources(self) -> Sequence[KnownSource]:
        return Sources(self.house.state).list()

    def source_kinds(self) -> Sequence[SourceKind]:
        return _kinds()

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def stored(self) -> Sequence[Stored]:
        return stored(self.house.settings)

    def prices(self) -> Sequence[Price]:
        with _speaking():
            return loaded_prices(self.house.warehouse)

    def people_coverage(self) -> Coverage:
        self._ask_ahead("coverage", self._people_coverage)
        return self._people_coverage()

    def _people_coverage(self) -> Coverage:
        key = (self.house.warehouse.data_version(), self.today())
        with _speaking():
            return self._coverage.found(key, lambda: self.house.people_coverage(self.today()))

    def demo_load(self) -> None:
        self._demo.load(self.today())
        self._status = None

    def demo_remove(self) -> None:
        self._demo.remove()
        self._status = None

    def stand(self) -> tuple[int, dt.date]:
        """What every answer hangs on: the facts, and which day it is."""
        return self.house.facts_version(), self.today()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def today(self) -> dt.date:
        return self.now().date()

    def _look(self) -> Status:
        house = self.house
        made_up = demo.read_mark(house.settings)
        told, unread = self._told_last()
        return Status(
            **told,
            version=steelyard.__version__,
            warehouse=house.warehouse.place,
            data_folder=str(house.settings.data),
            inbox=house.inbox.status(),
            listeners=self.listeners,
            refusals=tuple(house.inbox.refusals()),
            set_aside=tuple(house.inbox.poison()),
            demo=made_up is not None,
            demo_stage=self._demo.stage(),
            demo_trouble=self._demo.trouble,
            demo_effects=made_up.effects if made_up else {},
            trouble=" ".join(filter(None, (house.trouble() or unread, self.reception.trouble))),
        )

    def _told_last(self) -> tuple[dict[str, Any], str]:
        """What the warehouse tells; while it cannot be read, what it told last, and why: the
        status is where whoever runs the server looks then."""
        try:
            with _speaking():
                self._told = self._ask_warehouse()
        except StoreError as error:
            if self._told is None:
                raise
            return self._told, error.message
        return self._told, ""

    def _ask_warehouse(self) -> dict[str, Any]:
        warehouse = self.house.warehouse
        facts = RememberingStore(warehouse.facts, warehouse.data_version())
        counts = facts.query(
            "select assistant, count(*) from session_days group by assistant order by 1"
        )
        return {
            "nodes": self._handed.nodes() if self._handed else (),
            "data_version": warehouse.data_version(),
            "refreshed_at": warehouse.refreshed_at(),
            "last_event": self._last_event(facts),
            "assistants": {str(name): int(count) for name, count in counts},
            "people": int(facts.query("select count(distinct person) from people")[0][0]),
        }

    def _last_event(self, facts: Store) -> Seen | None:
        newest = self.house.applier.newest
        if newest is not None:
            return Seen(newest["assistant"], newest["name"], newest["time"], newest["session"])
        rows = facts.query(
            "select assistant, last_time, session from session_days"
            " where day = (select max(day) from session_days) and last_time is not null"
            " order by last_time desc limit 1"
        )
        if not rows:
            return None
        assistant, time_, session = rows[0]
        return Seen(assistant, "", time_.replace(tzinfo=dt.UTC), session)


@cache
def _kinds() -> tuple[SourceKind, ...]:
    """Every installed kind that can be loaded; a broken one of somebody else's is left out."""
    found = []
    for name in registry.kinds():
        with suppress(SteelyardError):
            rows = registry.describe(name)
            options = tuple(SourceOption(row.name, row.default, row.help) for row in rows)
            title = registry.source_class(name).title
            found.append(SourceKind(name, title, _command(name, rows), options))
    return tuple(found)


def _command(kind: str, rows: Sequence[registry.OptionRow]) -> str:
    """The line that adds one, with all it must be told; of secrets that may be left out, one."""
    place = [rows[0].name.upper()] if rows[0].default == "required" else []
    others = rows[len(place) :]
    secrets = [row for row in others if row.default == "secret, required"]
    secrets = secrets or [row for row in others if row.default == "secret"][:1]
    said = [f"{row.name}={row.name.upper()}" for row in others if row.default == "required"]
    prefix = kind.upper().replace("-", "_")
    said += [f"{row.name}=env:{prefix}_{row.name.upper()}" for row in secrets]
    return " ".join(["steelyard source add", kind, *place, *(f"--set {each}" for each in said)])


@contextmanager
def _speaking() -> Iterator[None]:
    """A warehouse that cannot be read, for a moment or for long, is said to be just that."""
    try:
        yield
    except SteelyardError:
        raise
    except Exception as error:
        raise StoreError(
            f"The warehouse cannot be read: {str(error).splitlines()[0]}",
            "The server tries again by itself; `steelyard doctor` says what is wrong.",
        ) from error
