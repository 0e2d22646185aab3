"""Whoever was forgotten is not let in again: what arrives is cleaned before it is kept.

Known only by keyed hashes: without the key, which lies in a file of its own, the list names nobody.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from steelyard.people.personal import (
    ABOUT,
    HANDS,
    LISTS,
    TELLING_KEYS,
    TRACES,
    WHO,
    Hand,
    kind_of,
    mark,
    session_mark,
)

Session = tuple[str, str]  # the assistant, and its name there
_BUILT_IN = '{"command_source":"builtin"}'  # says that a prompt was a command, and nothing else


def digest(key: bytes, text: str) -> str:
    """A text as the list knows it."""
    return hmac.new(key, f"forgotten\0{text}".encode(), hashlib.sha256).hexdigest()


class Forgotten:
    """The people who were forgotten. `marks` are digests; true where their work goes as well."""

    def __init__(self, key: bytes = b"", marks: Mapping[str, bool] | None = None) -> None:
        self.key, self.marks = key, dict(marks or {})
        self._known = lru_cache(100_000)(self._look)

    def __bool__(self) -> bool:
        return bool(self.marks)

    def knows(self, text: str) -> bool:
        """Whether a mark is somebody's who was forgotten."""
        return self._known(text) is not None

    def work_goes(self, text: str) -> bool:
        """Whether the work of whose mark it is goes, too."""
        return bool(self._known(text))

    def _look(self, text: str) -> bool | None:
        return self.marks.get(digest(self.key, text)) if text else None

    def session(self, session: str) -> str:
        """The name a session of theirs goes by: always the same, and no way back."""
        return digest(self.key, f"session:{session}")[:32] if session else ""

    def records(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Telemetry as it may be kept: theirs without a name, under sessions of other names.

        All records of a session go by whom any of them names, or by whom it is known to be of.
        """
        named = {name: self._named(table) for name, table in tables.items()}
        theirs = self._sessions(tables, named)
        return {name: self._clean(table, named[name], theirs) for name, table in tables.items()}

    def unknown_sessions(self, tables: Mapping[str, pa.Table]) -> dict[Session, bool]:
        """Sessions that these tables name as theirs and that are not on the list: what comes of
        them later may name nobody."""
        named = {name: self._named(table) for name, table in tables.items()}
        found = self._sessions(tables, named)
        return {pair: goes for pair, goes in found.items() if not self.knows(session_mark(*pair))}

    def _sessions(
        self, tables: Mapping[str, pa.Table], named: Mapping[str, list[bool | None]]
    ) -> dict[Session, bool]:
        """Their sessions among these, and whether the work goes whole."""
        theirs: dict[Session, bool] = {}
        for name, table in tables.items():
            pairs = list(zip(_texts(table, "assistant"), _texts(table, "session"), strict=True))
            said = [(pair, self._known(session_mark(*pair))) for pair in set(pairs)]
            for pair, found in (*said, *zip(pairs, named[name], strict=True)):
                if found is not None and pair[1]:
                    theirs[pair] = theirs.get(pair, False) or found
        return theirs

    def _named(self, table: pa.Table) -> list[bool | None]:
        """Of each record None where it is nobody's, else whether it goes whole. An address says
        more than an account: machines are shared."""
        columns = [(kind, _texts(table, column)) for column, kind in WHO.items()]
        found: list[bool | None] = [None] * table.num_rows
        for kind, texts in reversed(columns):
            for at, text in enumerate(texts):
                if text:
                    known = self._known(mark(kind, text))
                    found[at] = known if kind == "email" or known is not None else found[at]
        return found

    def _clean(
        self, table: pa.Table, named: list[bool | None], theirs: Mapping[Session, bool]
    ) -> pa.Table:
        sessions = _texts(table, "session")
        pairs = list(zip(_texts(table, "assistant"), sessions, strict=True))
        whose = [
            theirs.get(pair) if pair in theirs else found
            for pair, found in zip(pairs, named, strict=True)
        ]
        if all(each is None for each in whose):
            return table
        mine = pa.array([each is not None for each in whose])
        for name in (*WHO, *TRACES):
            if name in table.column_names:
                table = _put(table, name, pc.if_else(mine, "", table.column(name)))
        again = [
            self.session(session) if each is not None else session
            for session, each in zip(sessions, whose, strict=True)
        ]
        table = _put(table, "session", pa.array(again, pa.string()))
        commands = pc.match_substring(table.column("attributes"), _BUILT_IN[1:-1])
        kept = pc.if_else(commands, _BUILT_IN, "{}")
        table = _put(table, "attributes", pc.if_else(mine, kept, table.column("attributes")))
        table = _put(table, "resource", pc.if_else(mine, "{}", table.column("resource")))
        return table.filter(pa.array([not each for each in whose]))

    def told(self, kind: str, table: pa.Table) -> pa.Table:
        """What a source told as it may be kept."""
        if not table.num_rows:
            return table
        if kind in ABOUT:
            return self._about(kind, table)
        for hand in HANDS:
            if hand.kind == kind:
                table = self._unhanded(table, hand)
        return table

    def _about(self, kind: str, table: pa.Table) -> pa.Table:
        gone = [False] * table.num_rows
        for column, what in ABOUT[kind].items():
            for at, value in enumerate(table.column(column).to_pylist()):
                texts = value if column in LISTS else [value]
                gone[at] |= any(self.knows(mark(what, text)) for text in texts or () if text)
        table = table.filter(pa.array([not each for each in gone]))
        if kind == "people":
            above = [
                "" if text and self.is_person(text) else text for text in _texts(table, "manager")
            ]
            table = _put(table, "manager", pa.array(above, table.schema.field("manager").type))
        return table

    def is_person(self, text: str) -> bool:
        """Whether a text a directory names people by is theirs."""
        return self.knows(mark("email", text)) or self.knows(mark("key", text))

    def _unhanded(self, table: pa.Table, hand: Hand) -> pa.Table:
        if hand.columns[0] in LISTS:
            column = hand.columns[0]
            left = [
                [text for text in texts or () if not self.knows(mark("", text))]
                for texts in table.column(column).to_pylist()
            ]
            return _put(table, column, pa.array(left, table.schema.field(column).type))
        whose: list[bool | None] = [None] * table.num_rows
        for column in hand.columns:
            for at, text in enumerate(_texts(table, column)):
                known = self._known(mark(kind_of(column), text)) if text else None
                whose[at] = known if whose[at] is None else whose[at]
        if all(each is None for each in whose):
            return table
        mine = pa.array([each is not None for each in whose])
        for name in (*hand.columns, *hand.also):
            table = _put(table, name, pc.if_else(mine, "", table.column(name)))
        if hand.kind in TELLING_KEYS:
            keys = [
                digest(self.key, f"key:{text}")[:32] if each is not None else text
                for text, each in zip(_texts(table, "key"), whose, strict=True)
            ]
            table = _put(table, "key", pa.array(keys, pa.string()))
        return table.filter(pa.array([not (each and hand.own) for each in whose]))

    def file(self, people: pa.Table) -> pa.Table:
        """The rows of a people file of those who may be kept."""
        if not people.num_rows:
            return people
        names = people.rename_columns(
            ["key" if name == "person" else name for name in people.column_names]
        )
        emails: Any = pa.array([[]] * names.num_rows, pa.list_(pa.string()))
        kept = self._about("people", names.append_column("emails", emails)).drop(["emails"])
        return kept.rename_columns(people.column_names).cast(people.schema)


def _texts(table: pa.Table, column: str) -> list[str]:
    return [text or "" for text in table.column(column).to_pylist()]


def _put(table: pa.Table, name: str, values: Any) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), values)


def digests(key: bytes, marks: Iterable[str]) -> list[str]:
    """Marks as the list keeps them."""
    return sorted({digest(key, text) for text in marks if text})
