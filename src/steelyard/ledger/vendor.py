"""Notices the days for which a vendor's counts changed, so that their facts are built again.

What is made of the counts stands in `sql/03b_vendor.sql`.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

# Each day's counts and whose they are, whatever order they came in.
_TOLD = """
create or replace temp table telling as
select day, count(*) || ' ' ||
  sum(hash(*columns(* exclude (key, seen_at, list_nanos)))) as fingerprint
from vendor_rows group by day
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
