"""Everything the warehouse keeps of a person: each table with the rows that name them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.people.erase import (
    Named,
    find_theirs,
    hand_test,
    is_about,
    is_theirs,
)
from steelyard.people.personal import ABOUT, HANDS, PERSON_FACTS, PERSON_ROWS, SESSION_FACTS
from steelyard.people.reach import bring_facts, bring_theirs
from steelyard.records import TABLES

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Kept:
    """Rows of one table: what they are, in their columns."""

    table: str
    meaning: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


Part = tuple[str, str, str]  # a table, what it is, and which of its rows


def kept(warehouse: Warehouse, cursor: Any, who: Named) -> Iterator[Kept]:
    """Every table of the warehouse that names them, one at a time; the caller's transaction."""
    bring_theirs(warehouse, cursor, who)
    bring_facts(warehouse, cursor, who)
    find_theirs(cursor, who)
    for table, meaning, where in _parts():
        done = cursor.execute(f"select * from {table} where {where}", _values(where, who))
        columns = tuple(each[0] for each in done.description)
        yield Kept(table, meaning, columns, done.fetchall())


def counted(
    warehouse: Warehouse, cursor: Any, who: Named
) -> Iterator[tuple[str, str, int, dt.date | None, dt.date | None]]:
    """The same tables with how many rows there are, and their first and last day where they have
    one."""
    bring_theirs(warehouse, cursor, who)
    bring_facts(warehouse, cursor, who)
    find_theirs(cursor, who)
    for table, meaning, where in _parts():
        known = [each[0] for each in cursor.execute(f"from {table} limit 0").description]
        days = "min(day), max(day)" if "day" in known else "null, null"
        sql = f"select count(*), {days} from {table} where {where}"
        yield table, meaning, *cursor.execute(sql, _values(where, who)).fetchall()[0]


def _parts() -> Iterator[Part]:
    for table in TABLES:
        yield table, "as assistants sent it", is_theirs()
    for table in (*SESSION_FACTS, *PERSON_FACTS):
        yield table, "worked out from what came in", "person = $p"
    for table in PERSON_ROWS:
        yield table, "who they are", "person = $p"
    for kind in ABOUT:
        yield f"raw_{kind}", "as directories and files said it", is_about(kind)
    tests: dict[str, list[str]] = {}
    for hand in HANDS:
        tests.setdefault(hand.kind, []).append(hand_test(hand))
    for kind, some in tests.items():
        yield f"raw_{kind}", "as sources of work said it", " or ".join(some)


def _values(where: str, who: Named) -> dict[str, Any] | None:
    """Only the parameters the test has."""
    values: dict[str, Any] = {"p": who.person} if "$p" in where else {}
    values |= {"m": list(who.marks)} if "$m" in where else {}
    return values or None
