"""How a warehouse is, without opening it for work: nothing is made, migrated or changed."""

from __future__ import annotations

from pathlib import Path

from steelyard.warehouse import is_clickhouse, open_warehouse

_OLDEST = (24, 8)  # the oldest ClickHouse that has all that is said to it


def health(url: str) -> tuple[str, str]:
    """ "ok", "warn" or "fail", and in words what is kept there. Raises StoreError when it cannot be
    read, NewerData when it is of a newer version."""
    if is_clickhouse(url):
        return _of_clickhouse(url)
    if not Path(url.partition("://")[2] or url).exists():
        return "warn", "does not exist yet"
    with open_warehouse(url) as warehouse:
        counts = warehouse.counts()
    return "ok", _words(counts["events"], counts["points"], counts["dirty_days"])


def _of_clickhouse(url: str) -> tuple[str, str]:
    from steelyard.warehouse.migrations import check_version
    from steelyard.warehouse.wire import Wire

    wire = Wire(url)
    try:
        version = str(wire.rows("SELECT version()")[0][0])
        place = f"{wire.place} ({version})"
        if tuple(map(int, version.split(".")[:2])) < _OLDEST:
            return "fail", f"{place} is older than {_OLDEST[0]}.{_OLDEST[1]}"
        if not wire.rows("EXISTS TABLE schema_version")[0][0]:
            return "warn", f"{place} has no tables yet"
        check_version(wire.place, int(wire.rows("SELECT max(version) FROM schema_version")[0][0]))
        asked = ("events", "points", "dirty_days")
        found = [int(wire.rows(f"SELECT count() FROM {name}")[0][0]) for name in asked]
        return "ok", f"{place}: {_words(*found)}"
    finally:
        wire.close()


def _words(events: int, points: int, dirty: int) -> str:
    return f"{events:,} events, {points:,} points, {dirty} days to build"
