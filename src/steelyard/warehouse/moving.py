"""A whole embedded warehouse into a new ClickHouse: all of it is there at once, or nothing.

Rows go over in bounded batches under one version, and count when the one insert into `parts` names
it. What a move that was cut off left is invisible, and is deleted when the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from steelyard.errors import StoreError
from steelyard.warehouse import clickhouse_keeping as keeping
from steelyard.warehouse.clickhouse_schema import RAW

if TYPE_CHECKING:
    from steelyard.warehouse.bench import Bench, PartMarks
    from steelyard.warehouse.duck import DuckWarehouse
    from steelyard.warehouse.wire import Wire

_AT_ONCE = 100_000  # rows in memory


def is_new(wire: Wire) -> bool:
    """Whether nothing was ever committed but what every new database begins with."""
    names = wire.rows("SELECT DISTINCT toString(name) FROM parts WHERE rows > 0")
    return {name for (name,) in names} <= {"data_version"}


def load(
    wire: Wire,
    bench: Bench,
    source: DuckWarehouse,
    version: int,
    update: Callable[[int, int], None],
) -> dict[str, PartMarks]:
    """Copy every table's rows; the marks of the parts that make them count."""
    if not is_new(wire):
        raise StoreError(f"{wire.place} holds data already.", "Name a database that is not there.")
    keeping.drop_unfinished(wire)
    keeping.sweep(wire, bench.schema, 0)
    with source.transaction() as reading:  # all tables as they stood at one moment
        marks = {name: bench.marks(reading, name) for name in bench.schema if name not in RAW}
        counts = source.counts()
        done, total = 0, sum(counts[name] for name in bench.schema)
        for name in bench.schema:
            table = name if name in RAW else f"{name}_rows"
            for rows in _batches(bench, reading, name):
                versions = pa.array([version] * rows.num_rows, pa.uint64())
                rows = rows.append_column("of_version", versions)
                wire.insert(table, rows, f"{version}-{table}-{done}")
                done += rows.num_rows
                update(done, total)
    return {name: found for name, found in marks.items() if found}


def _batches(bench: Bench, reading: Any, name: str) -> Iterator[pa.Table]:
    """All rows as ClickHouse takes them: raw records in their order with the place they had, facts
    with the part they belong to."""
    values = ", ".join(column.clipped for column in bench.schema[name])
    part = "" if name in RAW else f", {bench.part(name)} as of_part"
    begin = 0
    for batch in reading.sql(f"select {values}{part} from {name}").to_arrow_reader(_AT_ONCE):
        rows = pa.Table.from_batches([batch])
        end = begin + rows.num_rows
        if name in RAW:
            rows = rows.append_column("of_place", pa.array(range(begin, end), pa.uint32()))
        begin = end
        if rows.num_rows:
            yield rows
