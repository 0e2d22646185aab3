"""A person forgotten, and a copy of all that is kept of one: across inbox, warehouse and state.

Order: the list of forgotten people (nothing new comes in with a name), the inbox, the state, the
warehouse last and in one transaction. Cut off anywhere before its end, all can be said again,
because the warehouse still knows by what else the person is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text

from steelyard.app.inbox_bodies import holding
from steelyard.app.seeing import read_key
from steelyard.people import erase
from steelyard.people.forgotten import Forgotten, Session, digests
from steelyard.people.personal import mark, session_mark
from steelyard.people.reach import bring_facts, bring_sessions, bring_theirs
from steelyard.state.forgotten import Copies, Copy, ForgottenPeople
from steelyard.state.views import Views

if TYPE_CHECKING:
    from steelyard.app.house import House
    from steelyard.config import Settings
    from steelyard.state.database import State


@dataclass(frozen=True)
class ForgetReport:
    """What forgetting somebody did. `known` is false where nothing was kept of them any more.

    `rows` were deleted or changed, by table; `bodies` of the inbox dropped; `copies` are the
    backups and exports made since they were first seen, which only their owner can delete.
    """

    known: bool
    with_work: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    bodies: int = 0
    copies: tuple[Copy, ...] = ()


def read_forgotten(settings: Settings, state: State) -> Forgotten:
    """The list in force; empty without asking for its key where nobody was forgotten."""
    marks = ForgottenPeople(state).digests()
    return Forgotten(read_key(settings.pseudonym_key_path), marks) if marks else Forgotten()


def find(house: House, asked: str) -> erase.Named:
    """Somebody with all they are known by. Raises UnknownName where nobody is meant."""
    shown = house.people_show(asked)
    with house.warehouse.transaction() as cursor:
        refs = [each.reference for each in shown.identities]
        return erase.name_all(house.warehouse, cursor, shown.person, shown.name, refs)


def forget(house: House, asked: str, with_work: bool) -> ForgetReport:
    """Take a person out of everything that is kept here. Can be repeated."""
    house.settle()
    with house.applier.turn:
        who = find(house, asked)
        rows, bodies = take_out(house, who, with_work)
    house.refresh()
    house.warehouse.checkpoint()
    known = bool(rows or bodies)
    return ForgetReport(known, with_work, rows, bodies, Copies(house.state).since(who.first_day))


def take_out(house: House, who: erase.Named, with_work: bool) -> tuple[dict[str, int], int]:
    """The same without building the facts again: rows by table, and bodies of the inbox. The
    caller has applied what waits and holds the applier's turn."""
    key = read_key(house.settings.pseudonym_key_path)
    with house.warehouse.transaction() as cursor:
        bring_theirs(house.warehouse, cursor, who)
        bring_facts(house.warehouse, cursor, who)
        erase.find_theirs(cursor, who)
        sessions = erase.sessions_of(cursor)
        numbers = erase.bodies_of(cursor)
    ForgottenPeople(house.state).add(digests(key, (*who.marks, *sessions)), with_work)
    forgotten = read_forgotten(house.settings, house.state)
    house.applier.forgotten = forgotten
    bodies = _drop_bodies(house, {*numbers, *holding(house.inbox, who, forgotten)})
    _leave_state(house.state, who)
    with house.warehouse.transaction() as cursor:
        rows = erase.erase(house.warehouse, cursor, who, forgotten, with_work)
    return rows, bodies


def forget_sessions(house: House, sessions: Mapping[Session, bool]) -> None:
    """Clean what came of these sessions before any record said that they are of somebody who was
    forgotten, then keep that they are. True where the work goes as well."""
    forgotten = read_forgotten(house.settings, house.state)
    for with_work in (False, True):
        found = [pair for pair, goes in sessions.items() if goes is with_work]
        if found:
            warehouse = house.applier.warehouse
            with warehouse.transaction() as cursor:
                bring_sessions(warehouse, cursor, found)
                erase.erase_sessions(cursor, found, forgotten, with_work)
            marks = [session_mark(*pair) for pair in found]
            ForgottenPeople(house.state).add(digests(forgotten.key, marks), with_work)


def _drop_bodies(house: House, holding_them: set[int]) -> int:
    """Requests are kept for a rebuild; those that hold the person are let go of, and what came in
    them stays in the warehouse as it is cleaned there."""
    numbers = sorted(holding_them)
    with house.warehouse.transaction() as cursor:
        erase.let_go_of_bodies(house.warehouse, cursor, numbers)
    house.inbox.forget_bodies(numbers)
    return len(numbers)


def _leave_state(state: State, who: erase.Named) -> None:
    """Decisions on who is who, accounts with their sign-ins and views, and looks: at them and by
    them. What they decided or planned for others stays, without saying by whom."""
    names = {who.person, *who.marks, *who.values("email")}
    with state.transaction() as connection:
        for name in sorted(names):
            said = {"name": name}
            for table in ("identity_decisions", "identity_proposals"):
                sql = f"DELETE FROM {table} WHERE lower(reference) = lower(:name)"
                connection.execute(text(f"{sql} OR lower(person) = lower(:name)"), said)
            theirs = "SELECT id FROM accounts WHERE email = lower(:name) OR person = :name"
            for table in ("invitations", "sign_ins", "saved_views"):
                connection.execute(text(f"DELETE FROM {table} WHERE account IN ({theirs})"), said)
            connection.execute(
                text(
                    "DELETE FROM looks WHERE person = :name OR account = :name"
                    f" OR account IN ({theirs})"
                ),
                said,
            )
            connection.execute(text(f"DELETE FROM accounts WHERE id IN ({theirs})"), said)
        for name in sorted({*names, who.name} - {""}):
            for table, column in (("identity_decisions", "decided_by"), ("plans", "saved_by")):
                sql = f"UPDATE {table} SET {column} = '' WHERE lower({column}) = lower(:name)"
                connection.execute(text(sql), {"name": name})
    Views(state).drop_about(names)
    state.checkpoint()


def was_forgotten(house: House, asked: str) -> bool:
    """Whether an address or reference is of somebody who was forgotten."""
    forgotten = read_forgotten(house.settings, house.state)
    return forgotten.knows(mark("", asked)) or forgotten.knows(mark("email", asked))
