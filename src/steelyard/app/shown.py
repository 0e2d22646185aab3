"""What restricted askers may see is built with the facts: groups of people, and common values."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from steelyard.metrics.facts import DIMENSIONS, FACTS
from steelyard.metrics.shown import rare
from steelyard.people.shown import ShownOptions, build_shown
from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.config import Settings
    from steelyard.warehouse import Warehouse

_QUICK = 200_000  # days of sessions
# What sessions say is said once a session and day: finer facts say the same more often.
_SESSIONS = frozenset({"repo", "app_version", "terminal"})


def build_what_is_shown(warehouse: Warehouse, settings: Settings, now: dt.datetime) -> None:
    """Build both where what they rest on changed.

    Values are counted over all that ever happened: where that is much, once an hour is enough,
    because what is not counted yet is shown together.
    """
    options = ShownOptions(settings.smallest_group, settings.tree)
    if build_shown(warehouse, options, now) or _is_quick(warehouse):
        build_common(warehouse, settings.smallest_group)


def _is_quick(warehouse: Warehouse) -> bool:
    return int(warehouse.query("select count(*) from session_days")[0][0]) < _QUICK


def build_common(warehouse: Warehouse, smallest: int) -> bool:
    """Keep the values of dimensions of work that enough people ever used; whether any changed."""
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for dimension, value, person in warehouse.facts.query(_counted()):
        people[dimension, value].add(person)
    common = _common([(d, v, frozenset(found)) for (d, v), found in people.items()], smallest)
    if sorted(common) == warehouse.query("select dimension, value from work_shown order by all"):
        return False
    with warehouse.transaction() as cursor:
        cursor.execute("delete from work_shown")
        if common:
            cursor.executemany("insert into work_shown values (?, ?)", common)
        count_up(cursor)
    return True


def _common(counted: list[tuple[str, str, frozenset[str]]], smallest: int) -> list[tuple[str, str]]:
    """The values of each dimension with enough people; the others are enough together, or the
    value with the fewest joins them."""
    found: list[tuple[str, str]] = []
    for name in {dimension for dimension, _, _ in counted}:
        values = sorted(
            ((value, people) for dimension, value, people in counted if dimension == name),
            key=lambda pair: (-len(pair[1]), pair[0]),
        )
        kept = [(value, people) for value, people in values if len(people) >= smallest]
        rest = frozenset().union(*(people for _, people in values[len(kept) :]))
        if rest and len(rest) < smallest:
            kept = kept[:-1]
        found += [(name, value) for value, _ in kept]
    return found


def _counted() -> str:
    """Dimension, value, and each person who used it, once."""
    places = {
        (name, fact.dimensions[name], fact.table)
        for fact in FACTS.values()
        for name in rare(DIMENSIONS) & fact.dimensions.keys()
        if "person" in fact.dimensions and _is_read(name, fact.table)
    }
    parts = (
        f"select '{name}' as dimension, {column} as value, person from {table} where person <> ''"
        for name, column, table in sorted(places)
    )
    return f"select distinct dimension, value, person from ({' union all '.join(parts)}) as used"


def _is_read(name: str, table: str) -> bool:
    told = table.startswith(("work_", "vendor_", "bills")) or name not in _SESSIONS
    return told or table == "session_days"
