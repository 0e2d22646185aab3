"""Rows to Arrow: the only place here that knows the columns of `records.EVENTS`.

Columns are made from buffers. `pa.array` and `pa.scalar` must not be called here: wherever pandas
is installed they import it, which takes 60 MB and seconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from steelyard import records
from steelyard.sources.transcripts.rows import EVENT_NAMES, Row

Array: TypeAlias = "pa.Array[Any]"
MISSING = -1  # stands for null among numbers, which are never negative


def to_table(rows: Sequence[Row], person: str = "") -> pa.Table:
    """The rows as a table of `records.EVENTS`; `person` is the e-mail they are put down to."""
    tables = [pa.Table.from_batches([], schema=records.EVENTS)]
    for kind, name in EVENT_NAMES.items():
        if some := [row for row in rows if type(row) is kind]:
            tables.append(_of_one_kind(kind, name, some, person))
    return pa.concat_tables(tables)


def _of_one_kind(kind: type[Row], name: str, rows: Sequence[Row], person: str) -> pa.Table:
    values: dict[str, Sequence[Any]] = dict(zip(kind._fields, zip(*rows, strict=True), strict=True))
    time = _numbers(values.pop("time")).cast(records.TIME)
    fixed: dict[str, Array] = {"time": time, "day": time.cast(pa.date32())}
    constant = {"witness": "transcripts", "name": name, "email": person}
    columns: list[Array] = []
    for column in records.EVENTS:
        if column.name in fixed:
            columns.append(fixed[column.name])
        elif column.type != pa.string():
            known = values.get(column.name)
            columns.append(_numbers(known) if known else pa.nulls(len(rows), column.type))
        elif column.name in values:
            columns.append(_texts(values[column.name]))
        else:
            columns.append(_same(constant.get(column.name, ""), len(rows)))
    return pa.Table.from_arrays(columns, schema=records.EVENTS)


def _numbers(values: Sequence[int | None]) -> Array:
    missing = None in values
    numbers = array("q", [MISSING if value is None else value for value in values])
    column = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(numbers)])
    if missing:
        null, sign = pa.nulls(1, pa.int64())[0], _numbers([MISSING])[0]
        column = pc.if_else(pc.equal(column, sign), null, column)
    return column


def _texts(values: Sequence[str]) -> Array:
    """Half of a surrogate pair, as JavaScript leaves where it cuts a string, becomes "?"."""
    if values.count(values[0]) == len(values):
        return _same(values[0], len(values))
    texts = [value.encode("utf-8", "replace") for value in values]
    ends = array("i", accumulate(map(len, texts), initial=0))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _same(text: str, length: int) -> Array:
    data = text.encode("utf-8", "replace")
    ends = pa.py_buffer(array("i", [0, len(data)]))
    one = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(data)])
    repeated: Array = pa.repeat(one[0], length)  # type: ignore[call-overload]
    return repeated
