"""A small world of work: say what sources told, build, look at the facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tests.warehouse.opened import clear, in_memory

from steelyard.model import Record
from steelyard.sources.tables import to_tables
from steelyard.warehouse import told
from steelyard.work.build import Options, build_work

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse

NOW = dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC)
REPO = "github.com/acme/app"
Row = dict[str, Any]


def at(text: str) -> dt.datetime:
    """`at("10-05 09:00")` in 2026, UTC."""
    return dt.datetime.fromisoformat(f"2026-{text}").replace(tzinfo=dt.UTC)


def sha(text: str) -> str:
    """A whole SHA that begins as said."""
    return text.encode().hex().ljust(40, "0")


class World:
    def __init__(self) -> None:
        self.warehouse: Warehouse = in_memory()

    def forget(self) -> None:
        clear(self.warehouse)

    def tell(self, records: Iterable[Record], source: str = "github") -> None:
        """What a source told, as the applier stores it."""
        with self.warehouse.transaction() as cursor:
            for kind, table in to_tables(records).items():
                told.store(cursor, source, kind, table, NOW)

    def identify(self, *known: tuple[str, str, str]) -> None:
        """(kind, value, person) of each alias."""
        with self.warehouse.transaction() as cursor:
            cursor.executemany("insert into identities values (?, ?, ?)", known)

    def build(self, options: Options | None = None) -> bool:
        return build_work(self.warehouse, options or Options(), NOW)

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """The columns of all rows, in order."""
        return self.warehouse.query(f"select {', '.join(columns)} from {table} order by all")

    def facts(self) -> dict[str, pa.Table]:
        """All facts of work, each in one order."""
        names = [name for name in self.warehouse.counts() if name.startswith("work_")]
        names = [name for name in names if name != "work_built"] + ["bills", "vendor_days"]
        return {n: self.warehouse.arrow(f"select * from {n} order by all") for n in names}
