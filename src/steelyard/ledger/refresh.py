"""Builds the facts of dirty days again, whole, from the raw records.

The order in which records arrive, and how often, can make no difference: each day is computed from
all that is known of it. The SQL is in `sql/`, one file a subject; this module only runs it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from steelyard.ledger.models import family
from steelyard.ledger.vendor import dirty_vendor_days, has_vendors
from steelyard.warehouse.version import count_up

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

# Days built in one transaction: a batch costs a second whatever is in it, and its records memory.
_DAYS_AT_ONCE = (7, 60)
_RECORDS_AT_ONCE = 500_000
_DAY = dt.timedelta(days=1)
_SCRIPTS = (
    ("steelyard.ledger", "02_records"),
    ("steelyard.people", "persons"),
    ("steelyard.ledger", "03_usage"),
    ("steelyard.ledger", "00_vendor_rows"),
    ("steelyard.ledger", "03a_vendor_days"),
    ("steelyard.ledger", "03b_vendor_units"),
    ("steelyard.ledger", "03c_vendor"),
    ("steelyard.ledger", "04_activity"),
    ("steelyard.ledger", "05_rollups"),
    ("steelyard.ledger", "07_days"),
)
_UNITS = ("steelyard.ledger", "03b_vendor_units")
_OF_VENDORS = (_UNITS, ("steelyard.ledger", "03c_vendor"))


@dataclass(frozen=True)
class Options:
    """Thresholds that facts are built with; changing them makes all days dirty."""

    short_prompt_chars: int = 20
    segment_days: int = 28
    minimal_active_days: int = 4
    autonomous_sessions_quantile: float = 0.6
    autonomous_commits_quantile: float = 0.5
    autonomous_approved_share: float = 0.8


def refresh(warehouse: Warehouse, options: Options, now: dt.datetime) -> int:
    """Build the facts of all dirty days; returns how many days were built.

    Everything of a day changes in one transaction together with the data version.
    """
    built = 0
    dirty_vendor_days(warehouse)
    while days := _due(warehouse):
        built += _build(warehouse, days, options, now)
    return built


def _due(warehouse: Warehouse) -> list[dt.date]:
    _settle_old_days(warehouse)
    return dirty_days(warehouse, _days_at_once(warehouse))


def _days_at_once(warehouse: Warehouse) -> int:
    """As many as hold a fair number of records, if this day is like the others."""
    asked = "select count(distinct day) from (from session_days select day union all"
    days = int(warehouse.query(f"{asked} from dirty_days select day)")[0][0])
    few, many = _DAYS_AT_ONCE
    return max(few, min(many, _RECORDS_AT_ONCE * days // max(1, warehouse.records())))


def dirty_days(warehouse: Warehouse, limit: int) -> list[dt.date]:
    rows = warehouse.query(f"select distinct day from dirty_days order by day limit {limit:d}")
    return [row[0] for row in rows]


def _settle_old_days(warehouse: Warehouse) -> None:
    """Days whose raw records retention has deleted are final: built again, they would be empty."""
    late = "day < (select coalesce(max(day), '0001-01-01') from kept_since)"
    if warehouse.query(f"select count(*) from dirty_days where {late}")[0][0]:
        with warehouse.transaction() as cursor:
            cursor.execute(f"delete from dirty_days where {late}")


def _build(warehouse: Warehouse, days: list[dt.date], options: Options, now: dt.datetime) -> int:
    with warehouse.transaction() as cursor:
        _fill(cursor, "todo(day date)", [(day,) for day in days])
        _grow(warehouse, cursor)
        _learn_models(cursor)
        idle = () if has_vendors(cursor) else _OF_VENDORS
        for package, name in (script for script in _SCRIPTS if script not in idle):
            _run(cursor, package, name, options)
            if (package, name) == _UNITS:
                _bring_usage(warehouse, cursor)
        _segments(cursor, options)
        todo = [row[0] for row in cursor.execute("select day from todo").fetchall()]
        cursor.execute("delete from dirty_days where day in (select day from todo)")
        naive = now.astimezone(dt.UTC).replace(tzinfo=None)
        count_up(cursor, naive)
    return len(todo)


def _grow(warehouse: Warehouse, cursor: Any) -> None:
    """Days that sessions across midnight tie to those asked for are built with them.

    A day added so is built whole, too: of the days that its own sessions reach, those sessions'
    records are read and nothing is written. So building one day never leads to building all.
    """
    cursor.execute(
        "create or replace temp table reach(assistant varchar, session varchar, day date)"
    )
    brought = _bring_records(warehouse, cursor, set())
    cursor.execute(_SESSIONLESS)
    _follow(warehouse, cursor, brought)
    cursor.execute(
        "insert into todo select distinct day from reach where day not in (select day from todo)"
    )
    _follow(warehouse, cursor, brought)
    cursor.execute(
        "create or replace temp table span as select day from todo union select day from reach"
    )
    _bring_series(warehouse, cursor, brought)
    warehouse.renew(cursor, _days(cursor, "todo"))


def _days(cursor: Any, table: str) -> list[dt.date]:
    return [row[0] for row in cursor.execute(f"select distinct day from {table}").fetchall()]


def _bring_records(warehouse: Warehouse, cursor: Any, brought: set[dt.date]) -> set[dt.date]:
    """The records of all days known so far and of those beside them; all days brought."""
    known = {*_days(cursor, "todo"), *_days(cursor, "reach")}
    new = {day + n * _DAY for day in known for n in (-1, 0, 1)} - brought
    for table in ("events", "points"):
        if new:
            warehouse.bring(cursor, table, f"day in ({_said(new)})")
    return brought | new


def _bring_series(warehouse: Warehouse, cursor: Any, brought: set[dt.date]) -> None:
    """The earlier points of cumulative series: what a point adds is counted from the one before."""
    series = (
        f"select series from points where temporality = 'cumulative' and day in ({_said(brought)})"
    )
    if brought:
        where = f"series in ({series}) and day not in ({_said(brought)})"
        warehouse.bring(cursor, "points", f"{where} and day < '{max(brought)}'")


def _bring_usage(warehouse: Warehouse, cursor: Any) -> None:
    """What days beside those to build have of usage: a vendor's day is compared across midnight."""
    beside = {*_days(cursor, "affected"), *_days(cursor, "reading")} - {*_days(cursor, "todo")}
    if beside:
        warehouse.bring(cursor, "usage", f"day in ({_said(beside)})")


def _said(days: Iterable[dt.date]) -> str:
    return ", ".join(f"'{day}'" for day in sorted(days))


# Metrics without a session give way to events of their day and of the day before.
_SESSIONLESS = """
insert into todo
select distinct day from points
where session = '' and name in ('tokens', 'cost', 'edit_decisions')
  and day in (select day + 1 from todo) and day not in (select day from todo)
"""


def _follow(warehouse: Warehouse, cursor: Any, brought: set[dt.date]) -> None:
    before = -1
    while before != (count := cursor.execute("select count(*) from reach").fetchall()[0][0]):
        before = count
        brought |= _bring_records(warehouse, cursor, brought)
        _run(cursor, "steelyard.ledger", "01_scope", Options())


def _learn_models(cursor: Any) -> None:
    """Normalised names for models that are met for the first time."""
    new = cursor.execute(
        "select distinct model from (select model from events where day in (select day from span)"
        " union all select model from points where day in (select day from span)"
        " union all select model from raw_usage_days)"
        " where model <> '' and model not in (select reported from models)"
    ).fetchall()
    if new:
        cursor.executemany("insert into models values (?, ?)", [(m, family(m)) for (m,) in new])


def _segments(cursor: Any, options: Options) -> None:
    """Weeks that the days just built can change, and weeks that have none yet."""
    told = {row[0] for row in cursor.execute("select distinct week from segments").fetchall()}
    built = {row[0] for row in cursor.execute("select day from todo").fetchall()}
    worked = {row[0] for row in cursor.execute("select distinct day from session_days").fetchall()}
    changed = _weeks_of(built, options)
    due = {w for w in _weeks_of(worked, options) | changed if w in changed or w not in told}
    last = max(worked, default=dt.date.min)
    cursor.execute("delete from segments where week > ?", [last])
    _fill(cursor, "weeks(week date)", [(week,) for week in sorted(due) if week <= last])
    _run(cursor, "steelyard.ledger", "06_segments", options)


def _weeks_of(days: set[dt.date], options: Options) -> set[dt.date]:
    """The Mondays of all weeks whose segments rest on one of the days."""
    mondays = {day - dt.timedelta(days=day.weekday()) for day in days}
    reach = range(options.segment_days // 7 + 1)
    return {monday + dt.timedelta(weeks=n) for monday in mondays for n in reach}


def _fill(cursor: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    cursor.execute(f"create or replace temp table {table}")
    if rows:
        cursor.executemany(f"insert into {table.split('(')[0]} values (?)", rows)


def _run(cursor: Any, package: str, name: str, options: Options) -> None:
    """Run a script; `$name` in it is the option of that name."""
    script = resources.files(package).joinpath("sql", f"{name}.sql").read_text()
    values = asdict(options)
    for statement in cursor.extract_statements(script):
        wanted = {key: values[key] for key in statement.named_parameters}
        cursor.execute(statement, wanted or None)
