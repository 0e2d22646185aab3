"""Notices the days for which a vendor's counts changed, so that their facts are built again.

What is made of the counts stands in `sql/03c_vendor.sql`.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

# Each day's counts and whose they are, and whose telemetry of that day may be anybody's: who is
# named by a vendor or a directory later is nobody in particular no longer. In whatever order.
_TOLD = """
create or replace temp table telling as
with counted as (
  select day, count(*) || ' ' ||
    sum(hash(*columns(* exclude (key, seen_at, list_nanos)))) as counts
  from vendor_rows group by day
),
unsure as (
  select day, bit_xor(hash(person)) as names
  from (select distinct day, person from person_days
    anti join (select person from vendor_rows union select person from people) using (person))
  where day >= (select min(day) - 1 from vendor_rows)
    and day <= (select max(day) + 1 from vendor_rows)
  group by day
)
select day, coalesce(counts, '') || ' ' || coalesce(names, 0) as fingerprint
from counted full join unsure using (day)
"""
_CHANGED = """
insert into dirty_days
select day from telling full join vendor_told t using (day)
where telling.fingerprint is distinct from t.fingerprint
"""


def dirty_vendor_days(warehouse: Warehouse) -> None:
    """Mark the days of which vendors tell something else, or of somebody else, than last time."""
    known = "(select count(*) from raw_usage_days) + (select count(*) from vendor_told)"
    if not warehouse.query(f"select {known}")[0][0]:
        return
    with warehouse.transaction() as cursor:
        cursor.execute(
            resources.files(__package__).joinpath("sql", "00_vendor_rows.sql").read_text()
        )
        cursor.execute(_TOLD)
        cursor.execute(_CHANGED)
        cursor.execute("delete from vendor_told")
        cursor.execute("insert into vendor_told select day, fingerprint from telling")


def has_vendors(cursor: Any) -> bool:
    """Whether a vendor has counted anything."""
    found = cursor.execute("select exists (from raw_usage_days where not gone)").fetchall()
    return bool(found[0][0])
