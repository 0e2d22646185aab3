"""Records as Arrow tables, ready for the inbox: a column a field."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from steelyard.model import KINDS, Record

_TYPES: dict[str, pa.DataType] = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "dt.date": pa.date32(),
    "dt.datetime": pa.timestamp("us", tz="UTC"),
    "tuple[str, ...]": pa.list_(pa.string()),
}


def schema_of(kind: str) -> pa.Schema:
    """The columns of a kind of record, the key first."""
    fields = dataclasses.fields(KINDS[kind])
    types = {f.name: _TYPES[str(f.type).removesuffix(" | None")] for f in fields}
    return pa.schema(types)


def empty_of(field: Any, rows: int) -> Any:
    """A column nobody has said anything in: '' and [] for text and lists, else null."""
    nothing: object = None
    if pa.types.is_string(field.type):
        nothing = ""
    elif pa.types.is_list(field.type):
        nothing = []
    elif pa.types.is_boolean(field.type):
        nothing = False
    return pa.array([nothing] * rows, field.type)


def to_tables(records: Iterable[Record]) -> Mapping[str, pa.Table]:
    """Records sorted out by kind. Of two with one key the later counts."""
    by_kind: dict[str, dict[str, Record]] = {}
    for record in records:
        by_kind.setdefault(record.kind, {})[_identity(record)] = record
    return {kind: to_table(kind, list(found.values())) for kind, found in by_kind.items()}


def to_table(kind: str, records: Sequence[Record]) -> pa.Table:
    schema = schema_of(kind)
    columns = [
        pa.array([_cell(getattr(record, name)) for record in records], schema.field(name).type)
        for name in schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _identity(record: Record) -> str:
    """A person's history has a row for each of its times."""
    return f"{record.key}\x1f{getattr(record, 'valid_from', None) or ''}"


def _cell(value: object) -> object:
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value}")
    return value
