"""Everything the warehouse keeps of a person: each table with the rows that name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.people.erase import (
    Named,
    find_theirs,
    hand_test,
    is_about,
    is_theirs,
)
from steelyard.people.personal import ABOUT, HANDS, PERSON_FACTS, PERSON_ROWS, SESSION_FACTS
from steelyard.records import TABLES


@dataclass(frozen=True)
class Kept:
    """Rows of one table: what they are, in their columns."""

    table: str
    meaning: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def kept(cursor: Any, who: Named) -> Iterator[Kept]:
    """Every table of the warehouse that names them, one at a time; the caller's transaction."""
    find_theirs(cursor, who)
    for table in TABLES:
        yield _read(cursor, table, "as assistants sent it", is_theirs())
    for table in (*SESSION_FACTS, *PERSON_FACTS):
        yield _read(cursor, table, "worked out from what came in", "person = $p", who)
    for table in PERSON_ROWS:
        yield _read(cursor, table, "who they are", "person = $p", who)
    for kind in ABOUT:
        yield _read(cursor, f"raw_{kind}", "as directories and files said it", is_about(kind), who)
    tests: dict[str, list[str]] = {}
    for hand in HANDS:
        tests.setdefault(hand.kind, []).append(hand_test(hand))
    for kind, some in tests.items():
        yield _read(cursor, f"raw_{kind}", "as sources of work said it", " or ".join(some), who)


def _read(cursor: Any, table: str, meaning: str, where: str, who: Named | None = None) -> Kept:
    values: dict[str, Any] = {}
    if "$p" in where and who:
        values["p"] = who.person
    if "$m" in where and who:
        values["m"] = list(who.marks)
    done = cursor.execute(f"select * from {table} where {where}", values or None)
    columns = tuple(each[0] for each in done.description)
    return Kept(table, meaning, columns, done.fetchall())
