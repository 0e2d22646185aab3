"""The demo company in a data folder: put in through the inbox like everything else, and out again.

A mark in the data folder says that it is there. Its bodies carry the token `demo`, what its systems
tell the source `demo`; so it can be removed wholly, and what came in beside it stays.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.app.work_bodies import page_bodies
from steelyard.demo import Company, Shape
from steelyard.demo.studies import plans, truths, written
from steelyard.errors import UsageError
from steelyard.model import KINDS
from steelyard.receiver.body import NewBody
from steelyard.receiver.content import strip
from steelyard.receiver.inflate import deflate
from steelyard.records import TABLES
from steelyard.state.plans import Plans

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.config import Settings
    from steelyard.receiver.inbox import Inbox

NAME = "demo"  # of its source, and the token its bodies came with
BY = "Steelyard's demo"
_TURN = threading.Lock()
_AT_ONCE = 40  # bodies in one transaction of the inbox
# What is done, of how much, in words.
Update = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Mark:
    """What is known of the demo in a folder. `stage`: loading, loaded or removing; `bodies` are
    the first and last numbers of runs of its bodies in the inbox, `effects` those built in, in
    percent, by plan."""

    stage: str
    people: int
    weeks: int
    seed: int
    end: str
    bodies: tuple[tuple[int, int], ...] = ()
    effects: dict[str, float] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        return Shape(self.people, self.weeks, dt.date.fromisoformat(self.end), self.seed)


class HasData(UsageError):
    code = "has_data"


def mark_file(settings: Settings) -> Path:
    return settings.data / "demo.json"


def read_mark(settings: Settings) -> Mark | None:
    """The mark; None where there is no demo company."""
    try:
        said = json.loads(mark_file(settings).read_bytes())
    except FileNotFoundError:
        return None
    return Mark(**said | {"bodies": tuple(map(tuple, said["bodies"]))})


def _write(settings: Settings, mark: Mark) -> Mark:
    file = mark_file(settings)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(mark)))
    new.replace(file)
    return mark


def refuse_beside_data(house: House) -> None:
    """Raises HasData where the folder holds anything: made-up figures never mix with real ones."""
    if read_mark(house.settings) is not None:
        raise HasData("The demo company is here already.", "`steelyard demo --remove` removes it.")
    kept = {*TABLES, "usage", "people", *(f"raw_{kind}" for kind in KINDS)}
    counts = house.warehouse.counts()
    if house.inbox.status().pending or any(counts[name] for name in kept):
        raise HasData(
            "There are data here: the demo company is only loaded into an empty folder.",
            "`steelyard demo` without --data makes one of its own, beside yours.",
        )


def begin(house: House, shape: Shape) -> Mark:
    """Check that nothing is here, and say from now on that the demo is. Raises HasData."""
    house.check_writes()
    refuse_beside_data(house)
    mark = Mark("loading", shape.people, shape.weeks, shape.seed, shape.end.isoformat())
    return _write(house.settings, replace(mark, effects=truths()))


def load(house: House, shape: Shape, update: Update = lambda *_: None) -> Company:
    """Make the company, put it into the inbox, build its facts. Raises HasData."""
    return fill(house, begin(house, shape), update)


def fill(house: House, mark: Mark, update: Update = lambda *_: None) -> Company:
    """After `begin`, all the rest. Another thread may not remove what this one loads."""
    with _busy():
        company = put(house, mark, update)
        update("Building the figures", 0, 1)
        house.settle()
        numbers = tuple(house.inbox.numbers_of(NAME))
        _write(house.settings, replace(mark, stage="loaded", bodies=numbers))
    return company


def put(house: House, mark: Mark, update: Update) -> Company:
    """Everything the company sends and its systems tell, and its two studies, into the folder."""
    company = Company(mark.shape)
    at = dt.datetime.now(dt.UTC)
    pages = (page_bodies(NAME, page, at, str(n)) for n, page in enumerate(company.pages()))
    for n, bodies in enumerate(pages):
        _keep(house.inbox, bodies)
        update("People and work", n + 1, 0)
    total, done = max(1, len(company.sessions)), 0
    waiting = _telemetry(company)
    while group := list(islice(waiting, _AT_ONCE)):
        _keep(house.inbox, group)
        done += len(group)
        update("Telemetry", min(done * 12, total), total)
    kept = Plans(house.state, lambda: written(mark.shape))
    for plan in plans(mark.shape, company.staff):
        kept.save(plan.name, plan.canonical(), plan.first_start, BY)
    return company


def remove(house: House) -> bool:
    """Delete all of the demo company; False where there is none. Started again after a crash, it
    goes on: the mark goes last. Raises UsageError while it is being loaded."""
    with _busy():
        return _remove(house)


def _remove(house: House) -> bool:
    mark = read_mark(house.settings)
    if mark is None:
        return False
    _write(house.settings, replace(mark, stage="removing"))
    runs = sorted({*mark.bodies, *house.inbox.numbers_of(NAME)})
    with house.applier.turn:
        house.warehouse.forget_runs(runs)
        house.forget_source(NAME)
        house.inbox.forget_token(NAME)
        house.applier.newest = None  # it may have been the demo's
    kept = Plans(house.state)
    for name in mark.effects:
        kept.drop(name, BY)
    mark_file(house.settings).unlink()
    return True


@contextmanager
def _busy() -> Iterator[None]:
    """One at a time in this process."""
    if not _TURN.acquire(blocking=False):
        raise UsageError("The demo company is being loaded or removed.", "Wait until it is.")
    try:
        yield
    finally:
        _TURN.release()


def _telemetry(company: Company) -> Iterator[NewBody]:
    """As the receiver keeps bodies: without content, compressed as they came."""
    for signal, data in company.exports():
        yield NewBody(signal, "protobuf", deflate(strip(signal, "protobuf", data)), "gzip")


def _keep(inbox: Inbox, bodies: Iterable[NewBody]) -> None:
    inbox.put([replace(body, token=NAME) for body in bodies])
