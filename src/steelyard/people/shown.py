"""Builds `people_shown` and `segments_shown`: whom a restricted asker may see together, day by day.

On every day every group has enough people, and so has every difference of groups (`merge`).
Whoever is employed counts, and whoever has work that day though no directory employs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.people.listing import Listed
    from steelyard.warehouse import Warehouse

SMALL = "\u2026small groups"  # stands for all groups that are too small to be shown alone
TENURES = ((3, "<3 mo"), (12, "3–12 mo"), (36, "1–3 y"))
LONGEST = ">3 y"
# What a date says in the merged relation where it is none.
MERGED = dt.date(1900, 1, 2)  # as a start: the class of tenure is too small to be shown
STRANGER = dt.date(1900, 1, 2)  # as an end: no directory knows them

_GROUPS = ("team", "department", "role", "level", "rollup", "office", "country")
Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class ShownOptions:
    """How many people a group has at least, and the dimensions that may be combined."""

    smallest: int = 5
    places: tuple[str, ...] = ("rollup", "department", "team")


def shown_listed(
    query: Query, day: dt.date, listed: Sequence[Listed], sees: Callable[[str], bool]
) -> list[Listed]:
    """Those who may not be seen with the groups they are shown in; when they last worked is left
    out."""
    columns = ", ".join(_GROUPS)
    sql = f"select person, {columns} from people_shown where ? between valid_from and valid_to"
    groups = {
        person: dict(zip(_GROUPS, found, strict=True)) for person, *found in query(sql, [day])
    }
    nothing = dict.fromkeys(_GROUPS, "")
    return [
        each
        if sees(each.person)
        else replace(each, last_work=None, **groups.get(each.person, nothing))
        for each in listed
    ]


def build_shown(warehouse: Warehouse, options: ShownOptions, now: dt.datetime) -> bool:
    """Build both tables again where anything they rest on changed; whether it did."""
    from steelyard.people.told import script

    now = now.astimezone(dt.UTC)
    today = now.date()
    asked = script("shown_mark").replace("{seen}", script("shown_seen"))
    monday = today - dt.timedelta(days=today.weekday())
    # This week's ways of working change all the time; people are told apart by those of an hour.
    mark = repr((warehouse.query(asked, [monday]), monday, now.hour))
    wanted = (options.smallest, ",".join(options.places), mark)
    if warehouse.query("select smallest, places, built_from from shown_built") == [wanted]:
        return False
    from steelyard.people.days import shown_days
    from steelyard.people.stretches import read_stretches

    stretches = read_stretches(warehouse, options.places, today)
    tables = shown_days(stretches, options.smallest)
    with warehouse.transaction() as cursor:
        for name, table in tables.items():
            cursor.register("built", table)
            cursor.execute(f"delete from {name}")
            cursor.execute(f"insert into {name} by name select * from built")
            cursor.unregister("built")
        cursor.execute("delete from shown_built")
        cursor.execute("insert into shown_built values (?, ?, ?)", list(wanted))
        count_up(cursor)
    return True
