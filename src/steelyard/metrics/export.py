"""Answers as files: CSV for spreadsheets, Parquet for programs. The header is the column names."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import BadFile
from steelyard.metrics.facts import TIME_DIMENSIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from steelyard.metrics.answer import Answer, Cell, Column


def to_csv(answer: Answer) -> str:
    """RFC 4180 rows with a header; unknown numbers and dimensions not said are empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in answer.columns])
    writer.writerows([harmless(value) for value in row] for row in answer.rows)
    return out.getvalue()


def harmless(value: Cell) -> str | int | float | None:
    """Text that a spreadsheet would run as a formula is made harmless with an apostrophe."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value.isoformat() if isinstance(value, dt.date) else value


def to_parquet(answer: Answer, path: Path) -> None:
    """Write the rows with their types; each metric's unit is metadata of its field."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields, arrays = [], []
    for index, column in enumerate(answer.columns):
        values = [row[index] for row in answer.rows]
        array = pa.array(values, _arrow_type(column, values))
        metadata = {"unit": column.unit} if column.unit else None
        fields.append(pa.field(column.name, array.type, metadata=metadata))
        arrays.append(array)
    try:
        pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path)
    except OSError as error:
        raise BadFile(f"Cannot write {path}: {error}.", "Choose a folder that exists.") from error


def _arrow_type(column: Column, values: list[Cell]) -> pa.DataType:
    import pyarrow as pa

    if column.kind == "dimension":
        return pa.date32() if column.name in TIME_DIMENSIONS else pa.string()
    return (
        pa.int64()
        if column.whole and not any(isinstance(v, float) for v in values)
        else pa.float64()
    )
