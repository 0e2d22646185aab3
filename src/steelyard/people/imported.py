"""People as an organisation told them: rows replace those of the same people, aliases too."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

_FACTS = (
    "person",
    "email",
    "name",
    "team",
    "department",
    "role",
    "level",
    "manager",
    "rollup",
    "office",
    "country",
    "start_date",
    "end_date",
    "valid_from",
    "valid_to",
)


def store_people(cursor: Any, people: pa.Table, identities: pa.Table) -> None:
    """Replace the people that `people` names, in the caller's transaction.

    `people` has the columns of the warehouse's table, `identities` has kind, value and person.
    When an alias changes, every day is built again: its facts may belong to somebody else.
    """
    cursor.register("told", people.select(list(_FACTS)))
    cursor.execute("delete from people where person in (select person from told)")
    cursor.execute("insert into people by name select * from told")
    cursor.unregister("told")
    cursor.execute("update data_version set version = version + 1")
    cursor.register("named", identities)
    if cursor.execute(_CHANGED).fetchall()[0][0]:
        cursor.execute(
            "delete from identities where person in (select person from named)"
            " or (kind, value) in (select (kind, value) from named)"
        )
        cursor.execute("insert into identities by name select * from named")
        cursor.execute("delete from session_people")
        cursor.execute("insert into dirty_days select distinct day from session_days")
    cursor.unregister("named")


# Aliases that are new, or that the people named had and have no longer.
_CHANGED = """
with held as (select kind, value, person from identities)
select count(*) from (
  (select kind, value, person from named except select * from held)
  union all
  (select * from held where person in (select person from named)
   except select kind, value, person from named))
"""
