"""The facts as a restricted asker may read them: small groups merged, rare values as one.

A statement is given relations of the same names in front (`WITH people AS …`), so whatever is
asked, and however it is compiled, reads the merged ones. Nothing has to remember to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from steelyard.errors import StoreError
from steelyard.metrics.answer import Note
from steelyard.metrics.facts import FACTS, PEOPLE_COLUMNS
from steelyard.metrics.question import Question, Where
from steelyard.metrics.sight import FREE, PERSONAL, SMALL, NotShown, Sight
from steelyard.metrics.store import Store

_MERGED = (
    "people AS (SELECT * FROM people_shown)",
    "segments AS (SELECT * FROM segments_shown)",
)
_CHECKED = frozenset(PEOPLE_COLUMNS) - PERSONAL
_PSEUDONYM_BYTES = 8
_NOBODY = "\u2026nobody"


class ShownStore:
    """A store in which groups are large enough and, of `rare` dimensions, values common enough."""

    def __init__(self, store: Store, rare: Iterable[str] = ()) -> None:
        self._store = store
        self._front = f"WITH {', '.join((*_MERGED, *_common(frozenset(rare), store.dialect)))} "

    @property
    def dialect(self) -> str:
        return self._store.dialect

    def data_version(self) -> int:
        return self._store.data_version()

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        return self._store.query(self._front + sql, parameters)


def shown_store(store: Store, sight: Sight, names: Iterable[str]) -> Store:
    """The store a question with these dimensions reads. Raises StoreError until it is built."""
    wanted = frozenset(names)
    if sight.everything or (sight.limits(wanted) and not sight.pseudonyms):
        return store
    built = store.query("SELECT max(smallest), max(places) FROM shown_built")[0]
    if not built[0] or int(built[0]) < sight.smallest or built[1] != ",".join(sight.places):
        raise StoreError(
            "The groups that may be shown are not built yet.",
            "The server builds them after what came in; ask again in a moment.",
        )
    return ShownStore(store, rare(wanted))


def check_values(store: Store, where: Where) -> None:
    """Raises NotShown for a filter on a group that is never shown: it would look like nothing."""
    for name in sorted(where.keys() & _CHECKED):
        rows = store.query(f"SELECT DISTINCT {name} FROM people_shown")
        known = {row[0] for row in rows}
        missing = [value for value in where[name] if value and value not in known]
        if known and missing:
            said = f"{missing[0]} ({name}) is not shown by itself: nobody known here is in it, or"
            raise NotShown(f"{said} too few people.", "It counts in the small groups together.")


def rare(names: Iterable[str]) -> frozenset[str]:
    """The dimensions of work whose values may belong to a few people alone."""
    carried = {name for fact in FACTS.values() for name in fact.dimensions}
    return (frozenset(names) & carried) - FREE - PERSONAL


def limited(question: Question, sight: Sight) -> Question:
    """A question about single people, held to those who may be seen."""
    if not sight.limits((*question.by, *question.where)):
        return question
    return replace(question, where=held(question.where, sight))


def held(where: Where, sight: Sight) -> dict[str, tuple[str, ...]]:
    """Filters that leave only people who may be seen."""
    if sight.persons is None:
        return dict(where)
    persons = set(where.get("person", sight.persons)) & sight.persons
    return {**where, "person": tuple(sorted(persons)) or (_NOBODY,)}


def limitation(sight: Sight, names: Iterable[str]) -> tuple[Note, ...]:
    """What a reader must know about an answer that is held to some people."""
    if sight.persons is None or not sight.limits(names):
        return ()
    said = f"Only people you may see are counted here: {len(sight.persons):,}."
    return (Note("own_people", said, ()),)


def pseudonym(person: str, key: bytes) -> str:
    """A stable name that leads back to nobody without the key."""
    said = hashlib.blake2b(person.encode(), key=key, digest_size=_PSEUDONYM_BYTES).hexdigest()
    return f"p-{said}"


def called(sight: Sight) -> Callable[[str], str]:
    """How a person is called in an answer."""
    if not sight.pseudonyms:
        return lambda person: person
    if not sight.key:
        raise StoreError("There is no key for pseudonyms.", "See the setting `pseudonym_key`.")
    return lambda person: person and pseudonym(person, sight.key)


def meant(store: Store, question: Question, sight: Sight) -> Question:
    """The question with the people whom its pseudonyms stand for; an unknown one is nobody."""
    if not sight.pseudonyms or "person" not in question.where:
        return question
    sql = "SELECT person FROM people UNION SELECT person FROM people_seen"
    name = called(sight)
    people = {name(row[0]): row[0] for row in store.query(sql)}
    found = tuple(people.get(said, _NOBODY) for said in question.where["person"])
    return replace(question, where={**question.where, "person": found})


def _common(dimensions: frozenset[str], dialect: str) -> Iterable[str]:
    """Facts with the values that few people ever used as one."""
    schema = "main" if dialect == "duckdb" else "default"  # the table, not what now hides it
    columns: dict[str, dict[str, str]] = {}
    for fact in FACTS.values():
        for name in dimensions & fact.dimensions.keys():
            columns.setdefault(fact.table, {})[fact.dimensions[name]] = name
    for table, found in sorted(columns.items()):
        shown = ", ".join(_shown(column, name) for column, name in sorted(found.items()))
        yield f"{table} AS (SELECT * REPLACE ({shown}) FROM {schema}.{table})"


def _shown(column: str, name: str) -> str:
    common = f"SELECT value FROM work_shown WHERE dimension = '{name}'"
    return f"CASE WHEN {column} IN ({common}) THEN {column} ELSE '{SMALL}' END AS {column}"
