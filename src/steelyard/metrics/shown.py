"""The facts as a restricted asker may read them: small groups merged, rare values as one.

A statement is given relations of the same names in front (`WITH people AS …`), so whatever is
asked, and however it is compiled, reads the merged ones. Nothing has to remember to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from steelyard.errors import NotBuilt, StoreError
from steelyard.metrics.answer import Note
from steelyard.metrics.facts import FACTS, PEOPLE_COLUMNS
from steelyard.metrics.question import Question, Where
from steelyard.metrics.sight import FREE, PERSONAL, SMALL, NotShown, Sight
from steelyard.metrics.store import Store

_NONE: Mapping[str, Sequence[str]] = {}
_CHECKED = frozenset(PEOPLE_COLUMNS) - PERSONAL
Notes = tuple[Note, ...]
_PSEUDONYM_BYTES = 8
_NOBODY = "\u2026nobody"


class ShownStore:
    """A store in which groups are large enough and, of `rare` dimensions, values common enough."""

    def __init__(
        self, store: Store, rare: Iterable[str] = (), few: Mapping[str, Sequence[str]] = _NONE
    ) -> None:
        self._store = store
        self._relations = dict((*_merged(few), *_common(frozenset(rare), store.schema)))

    @property
    def dialect(self) -> str:
        return self._store.dialect

    @property
    def schema(self) -> str:
        return self._store.schema

    def data_version(self) -> int:
        return self._store.data_version()

    def query(self, sql: str, parameters: Sequence[Any] = (), /) -> list[tuple[Any, ...]]:
        # Only what the statement names, to the letter: what it does not read need not be planned.
        read = [f"{name} AS ({said})" for name, said in self._relations.items() if name in sql]
        front = f"WITH {', '.join(read)} " if read else ""
        return self._store.query(front + sql, parameters)


def shown_store(
    store: Store, sight: Sight, names: Iterable[str], start: dt.date, end: dt.date
) -> Store:
    """The store a question with these dimensions and days reads.

    A group that was too small to be shown alone on any of the days is not shown alone on the
    others: what is told of a group is all of it. Raises NotBuilt until groups are built.
    """
    wanted = frozenset(names)
    if sight.everything or (sight.limits(wanted) and not sight.pseudonyms):
        return store
    built = store.query("SELECT max(smallest), max(places) FROM shown_built")[0]
    if not built[0] or int(built[0]) < sight.smallest or built[1] != ",".join(sight.places):
        raise NotBuilt(
            "The groups that may be shown are not built yet.",
            "The server builds them after what came in; ask again in a moment.",
        )
    few = _few(store, wanted, start, end)
    return ShownStore(store, rare(wanted), {n: v for n, v in few.items() if n in PEOPLE_COLUMNS})


def partly(store: Store, sight: Sight, names: Iterable[str], start: dt.date, end: dt.date) -> Notes:
    """Names groups of which only some of the days are told, where classes change by the day."""
    wanted = frozenset(names) & {"tenure", "segment"}
    if sight.everything or not wanted:
        return ()
    found = _few(store, wanted, start, end)
    return tuple(
        Note("partly_shown", f"On some of these days too few people were of {n} {_said(v)}.", ())
        for n, v in sorted(found.items())
    )


def _said(values: Sequence[str]) -> str:
    return " or ".join(value or "not said" for value in values)


def _few(store: Store, names: Iterable[str], start: dt.date, end: dt.date) -> dict[str, list[str]]:
    """Per dimension, the values that were too small to be shown alone on some of the days."""
    found: dict[str, list[str]] = {}
    sql = (
        "SELECT DISTINCT dimension, value FROM merged_days WHERE valid_from <= CAST(? AS date)"
        " AND valid_to >= CAST(? AS date) ORDER BY 1, 2"
    )
    wanted = frozenset(names)
    for dimension, value in store.query(sql, (end.isoformat(), start.isoformat())):
        if dimension in wanted:
            found.setdefault(dimension, []).append(value)
    return found


def _merged(few: Mapping[str, Sequence[str]]) -> Iterable[tuple[str, str]]:
    """The groups of people, without those that are too small on some day that is asked about."""
    replaced = ", ".join(
        f"CASE WHEN {name} IN ({', '.join(map(_literal, values))}) THEN '{SMALL}'"
        f" ELSE {name} END AS {name}"
        for name, values in sorted(few.items())
    )
    columns = f"* REPLACE ({replaced})" if replaced else "*"
    yield "people", f"SELECT {columns} FROM people_shown"
    yield "segments", "SELECT * FROM segments_shown"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def check_values(store: Store, where: Where) -> None:
    """Raises NotShown for a filter on a group that is never shown: it would look like nothing."""
    for name in sorted(where.keys() & _CHECKED):
        rows = store.query(f"SELECT DISTINCT {name} FROM people")
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


def _common(dimensions: frozenset[str], schema: str) -> Iterable[tuple[str, str]]:
    """Facts with the values that few people ever used as one. With its schema a table is named
    itself, not what now hides it."""
    columns: dict[str, dict[str, str]] = {}
    for fact in FACTS.values():
        for name in dimensions & fact.dimensions.keys():
            columns.setdefault(fact.table, {})[fact.dimensions[name]] = name
    for table, found in sorted(columns.items()):
        shown = ", ".join(_shown(column, name) for column, name in sorted(found.items()))
        yield table, f"SELECT * REPLACE ({shown}) FROM {schema}.{table}"


def _shown(column: str, name: str) -> str:
    common = f"SELECT value FROM work_shown WHERE dimension = '{name}'"
    return f"CASE WHEN {column} IN ({common}) THEN {column} ELSE '{SMALL}' END AS {column}"
