"""Makes the tables `people` and `identities` from all that is known, whole, in one transaction.

Nothing is updated in place, so the order and repetition of what came in cannot matter. Where an
identity in telemetry means somebody else now, the days on which it occurs are built again.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from steelyard.people.history import Row, life
from steelyard.people.identity import Resolution
from steelyard.people.options import CSV, Options
from steelyard.people.personal import WHO
from steelyard.people.resolve import resolve
from steelyard.people.rollup import roll_up
from steelyard.people.spans import Span, spans_of
from steelyard.people.teams import told_by_membership
from steelyard.people.told import TEXTS, Entry, Told, read_told, script
from steelyard.state.decision import Decision
from steelyard.warehouse.version import count_up
from steelyard.warehouse.words import texts

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

# Kinds of `dirty_work` after which people must be built again.
CONCERNS = ("people", "memberships", "accounts", "commits")

_TEXTS = ("person", "email", *TEXTS)
_DATES = ("start_date", "end_date", "valid_from", "valid_to")
_TYPES: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in _TEXTS]
_TYPES += [(name, pa.date32()) for name in _DATES]
_PEOPLE = pa.schema(_TYPES)
_IDENTITIES = pa.schema([(name, pa.string()) for name in ("kind", "value", "person")])


def build_people(
    warehouse: Warehouse, decisions: Sequence[Decision], options: Options, now: dt.datetime
) -> bool:
    """Build both tables again; whether anything changed. `now` is the time of the change."""
    with warehouse.transaction() as cursor:
        told = read_told(lambda sql: cursor.execute(sql).fetchall())
        resolution = resolve(told, decisions, options)
        cursor.register("new_people", _table(people_rows(told, resolution, options)))
        cursor.register("new_identities", _identities(resolution))
        changed = _replace(warehouse, cursor, now)
        cursor.unregister("new_people")
        cursor.unregister("new_identities")
    return changed


def people_rows(told: Told, resolution: Resolution, options: Options) -> list[Row]:
    """Everybody's history; nothing of people whom no directory knows."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for entry in told.entries:
        person = resolution.entries[entry.source, entry.key]
        spans[person] += spans_of(entry, told.first_looks[entry.source])
    teams = told_by_membership(told.members, resolution.person_of, options)

    def named(entry: Entry, text: str) -> str:
        return _named(resolution, entry, text)

    lives = {
        person: life(person, found, teams.get(person, []), named, options)
        for person, found in sorted(spans.items())
        if found
    }
    return roll_up(lives, options)


def _named(resolution: Resolution, entry: Entry, text: str) -> str:
    """Somebody as another entry of the directory names them: by its key or an address.

    A text that is neither is kept as it stands in a file; a directory's unknown id says nothing.
    """
    key = resolution.entries.get((entry.source, text))
    if key is not None:
        return key
    if "@" in text:
        return resolution.person_of.get(f"email:{text.lower()}", text.lower())
    return text if entry.source == CSV else ""


def _replace(warehouse: Warehouse, cursor: Any, now: dt.datetime) -> bool:
    if not any(cursor.execute(_differ(name)).fetchall()[0][0] for name in ("people", "identities")):
        return False
    _bring_named(warehouse, cursor)
    cursor.execute(script("changed"))
    for name in ("people", "identities"):
        cursor.execute(f"delete from {name}")
        cursor.execute(f"insert into {name} by name select * from new_{name}")
    at = now.astimezone(dt.UTC).replace(tzinfo=None)
    count_up(cursor, at)
    return True


def _bring_named(warehouse: Warehouse, cursor: Any) -> None:
    """Which sessions have records with an identity that means somebody else now."""
    cursor.execute(script("other_meaning"))
    values: dict[str, list[str]] = {kind: [] for kind in ("email", "account", "install")}
    for kind, value in cursor.execute("select kind, value from other_meaning").fetchall():
        values[kind].append(value)
    said = {kind: texts(each, warehouse.facts.dialect) for kind, each in values.items() if each}
    tests = [f"{column} in ({said[kind]})" for column, kind in WHO.items() if kind in said]
    for table in ("events", "points"):
        columns = ("assistant", "session", "day", *WHO)
        warehouse.bring(cursor, table, " or ".join(tests) or "0", columns)


def _differ(name: str) -> str:
    columns = ", ".join((_PEOPLE if name == "people" else _IDENTITIES).names)
    old, new = f"select {columns} from {name}", f"select {columns} from new_{name}"
    return f"select exists (({old} except {new}) union all ({new} except {old}))"


def _table(rows: Sequence[Row]) -> pa.Table:
    columns = [[getattr(row, name) for row in rows] for name in _PEOPLE.names]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _PEOPLE, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_PEOPLE)


def _identities(resolution: Resolution) -> pa.Table:
    named = [dict(zip(_IDENTITIES.names, row, strict=True)) for row in resolution.identities()]
    return pa.Table.from_pylist(named, schema=_IDENTITIES)
