"""What one commit inserts into ClickHouse: rows with its version, and an entry for each part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from steelyard.warehouse.bench import PartMarks

# What a commit says of raw records, which have no parts: without it, one of records alone is none.
OF_RECORDS: PartMarks = {date(1970, 1, 1): (0, "")}
_ENTRY: list[tuple[str, pa.DataType]] = [
    ("name", pa.string()),
    ("part", pa.date32()),
    ("version", pa.uint64()),
    ("rows", pa.uint64()),
    ("mark", pa.string()),
]


def numbered(table: pa.Table, version: int) -> pa.Table:
    """Raw records with their commit's version, and their place in what came together."""
    places = pa.array(range(table.num_rows), pa.uint32())
    return versioned(table, version).append_column("of_place", places)


def versioned(table: pa.Table, version: int) -> pa.Table:
    """The rows with their commit's version."""
    return table.append_column("of_version", pa.array([version] * table.num_rows, pa.uint64()))


def entries(marks_of: Mapping[str, PartMarks], version: int) -> pa.Table:
    """Rows of `parts`: with them in, the commit is."""
    rows = [
        {"name": name, "part": part, "version": version, "rows": count, "mark": mark}
        for name, marks in marks_of.items()
        for part, (count, mark) in marks.items()
    ]
    return pa.Table.from_pylist(rows, pa.schema(_ENTRY))
