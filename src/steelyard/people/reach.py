"""Which records and facts a transaction must have before it looks for somebody's: on an engine that
keeps them elsewhere they are brought.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from steelyard.people.personal import SESSION_FACTS, WHO
from steelyard.records import TABLES
from steelyard.warehouse.words import texts

if TYPE_CHECKING:
    from steelyard.people.erase import Named
    from steelyard.people.forgotten import Session
    from steelyard.warehouse import Warehouse


def bring_beside(warehouse: Warehouse, cursor: Any, person: str, emails: Collection[str]) -> None:
    """Who else was seen on the accounts and installs that occur with these addresses."""
    said = texts(sorted(emails) or [""], warehouse.facts.dialect)
    named = texts([person], warehouse.facts.dialect)
    for table in TABLES:
        theirs = f"from {table} where lower(email) in ({said})"
        tests = [f"{c} in (select {c} {theirs} and {c} <> '')" for c in WHO if c != "email"]
        tests.append(f"concat('install:', left(install_id, 12)) = {named}")
        warehouse.bring(cursor, table, " or ".join(tests), tuple(WHO))


def bring_theirs(warehouse: Warehouse, cursor: Any, who: Named) -> None:
    """All records of a person, of their sessions, and on machines and accounts of theirs."""
    tests = _tests(warehouse, who)
    person = f"person = {texts([who.person], warehouse.facts.dialect)}"
    sessions = [f"from {table} where session <> '' and ({tests})" for table in TABLES]
    sessions += [f"from {name} where {person}" for name in (*SESSION_FACTS, "session_people")]
    among = " union all ".join(f"select assistant, session {each}" for each in sessions)
    for table in TABLES:
        where = f"{tests} or (session <> '' and (assistant, session) in ({among}))"
        warehouse.bring(cursor, table, where)


def bring_sessions(warehouse: Warehouse, cursor: Any, sessions: Iterable[Session]) -> None:
    """All records of these sessions."""
    pairs = ", ".join(f"({texts(pair, warehouse.facts.dialect)})" for pair in sessions)
    for table in TABLES:
        warehouse.bring(cursor, table, f"(assistant, session) in ({pairs})")


def bring_facts(warehouse: Warehouse, cursor: Any, who: Named) -> None:
    """The fine facts of a person, to look at."""
    person = f"person = {texts([who.person], warehouse.facts.dialect)}"
    for table in warehouse.fine:
        warehouse.bring(cursor, table, person)


def bring_days(warehouse: Warehouse, cursor: Any, who: Named) -> None:
    """All fine facts of the days on which a person has any, to be changed."""
    person = f"person = {texts([who.person], warehouse.facts.dialect)}"
    asked = " union all ".join(f"select day from {t} where {person}" for t in warehouse.fine)
    if not asked:
        return
    days = sorted({row[0] for row in warehouse.facts.query(asked)})
    warehouse.renew(cursor, days)
    for table in warehouse.fine if days else ():
        warehouse.bring(cursor, table, f"day in ({texts(map(str, days), 'clickhouse')})")


def _tests(warehouse: Warehouse, who: Named) -> str:
    """Whether a column of a record names them."""
    tests = [
        f"lower({column}) in ({_lower(warehouse, who.values(kind))})"
        for column, kind in WHO.items()
        if who.values(kind)
    ]
    return f"({' or '.join(tests)})" if tests else "1 = 0"


def _lower(warehouse: Warehouse, values: Iterable[str]) -> str:
    return texts(sorted({value.lower() for value in values}), warehouse.facts.dialect)
