"""People to look at: everybody as of a day, or one of them with all that is known and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.people.history import Row
from steelyard.people.identity import Evidence
from steelyard.people.options import Options
from steelyard.people.resolve import resolve
from steelyard.people.review import find_person
from steelyard.people.spans import NEVER
from steelyard.people.told import read_told, script
from steelyard.state.decision import Decision
from steelyard.state.identities import Identities

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Listed:
    """Somebody of a directory on a day. `end_date` is None where it is not known or not said;
    `last_work` is the last day on which an assistant worked for them."""

    person: str
    name: str
    email: str
    team: str
    department: str
    role: str
    level: str
    manager: str
    rollup: str
    office: str
    country: str
    start_date: dt.date | None
    end_date: dt.date | None
    employed: bool
    identities: int
    last_work: dt.date | None


@dataclass(frozen=True)
class Known:
    """A reference of a person and why it is theirs."""

    reference: str
    reason: str


@dataclass(frozen=True)
class Time:
    """What was so from one day to another. Nobody is counted as staff while not `employed`."""

    valid_from: dt.date
    valid_to: dt.date
    name: str
    team: str
    department: str
    role: str
    level: str
    manager: str
    rollup: str
    start_date: dt.date | None
    end_date: dt.date | None
    counted: bool


@dataclass(frozen=True)
class Shown:
    """All that is known about a person."""

    person: str
    name: str
    in_directory: bool
    identities: tuple[Known, ...]
    times: tuple[Time, ...]
    decisions: tuple[Decision, ...]


def list_people(warehouse: Warehouse, day: dt.date) -> tuple[Listed, ...]:
    """Everybody whom a directory knows on that day, leavers too, by name."""
    rows = warehouse.query(script("list").replace("{day}", day.isoformat()))
    return tuple(Listed(*row) for row in rows)


def show_person(warehouse: Warehouse, identities: Identities, options: Options, text: str) -> Shown:
    """One person, named by id, reference or name. Raises UnknownName where nobody is meant."""
    person = find_person(warehouse, text)
    decisions = identities.decisions()
    resolution = resolve(read_told(warehouse.query), decisions, options)
    refs = resolution.owned().get(person, [])
    none = Evidence(-1)
    known = (Known(r, _reason(resolution.evidence.get(r, none))) for r in refs)
    spans = times(warehouse, person)
    return Shown(
        person,
        spans[-1].name if spans else "",
        bool(spans),
        tuple(known),
        spans,
        tuple(d for d in decisions if d.person == person or d.reference in refs),
    )


def _reason(evidence: Evidence) -> str:
    return evidence.in_words() if evidence.rule >= 0 else "stands for itself"


def times(warehouse: Warehouse, person: str) -> tuple[Time, ...]:
    """What directories said of a person, a row a stretch of time, in its order."""
    columns = ", ".join(Row.__dataclass_fields__)
    sql = f"select {columns} from people where person = ? order by valid_from"
    return tuple(_time(Row(*row)) for row in warehouse.query(sql, [person]))


def _time(row: Row) -> Time:
    has_left = row.end_date is not None and row.end_date < row.valid_from
    return Time(
        *(row.valid_from, row.valid_to, row.name, row.team, row.department, row.role, row.level),
        *(row.manager, row.rollup, row.start_date),
        None if row.end_date == NEVER else row.end_date,
        not has_left,
    )
