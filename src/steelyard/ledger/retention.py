"""Facts of use that are older than may be kept, deleted for good."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from steelyard.people.personal import SESSION_FACTS
from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

_DAYS = (*SESSION_FACTS, "person_days", "usage_days", "cost_days")


def drop_facts_before(warehouse: Warehouse, day: dt.date) -> bool:
    """Delete the facts of earlier days as far as their raw records are gone, for from those they
    would be built again; whether there were any. Since when a person is known stays for whoever
    has work since."""
    with warehouse.transaction() as cursor:
        return _drop(warehouse, cursor, day)


def _drop(warehouse: Warehouse, cursor: Any, day: dt.date) -> bool:
    kept = cursor.execute("select coalesce(max(day), '0001-01-01'::date) from kept_since")
    day = min(day, kept.fetchall()[0][0])
    warehouse.renew_before(cursor, day)
    gone = [_delete(cursor, table, "day < ?", day) for table in _DAYS]
    for table in ("segments", "segments_shown"):
        gone.append(_delete(cursor, table, "week + 6 < ?", day))
    gone.append(_delete(cursor, "people_seen", "last_day < ?", day))
    if not any(gone):
        return False
    cursor.execute(
        "delete from session_people where (assistant, session) not in"
        " (select (assistant, session) from session_days)"
    )
    count_up(cursor)
    return True


def _delete(cursor: Any, table: str, where: str, day: dt.date) -> int:
    return int(cursor.execute(f"delete from {table} where {where}", [day]).fetchall()[0][0])
