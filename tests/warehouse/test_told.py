"""The tables of what sources tell have exactly the columns of the canonical records."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from tests.warehouse.opened import in_memory

from steelyard.model import KINDS, VERSIONED
from steelyard.sources.tables import schema_of
from steelyard.warehouse.contract import Warehouse

_NAMES = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN"}
_NAMES |= {"date32[day]": "DATE", "timestamp[us, tz=UTC]": "TIMESTAMP"}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    with in_memory() as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_table_with_a_column_a_field(kind: str, warehouse: Warehouse) -> None:
    rows = warehouse.query(f"describe raw_{kind}")
    head = ["source", "key", "seen_at", "gone", *(["seen_day"] if kind in VERSIONED else [])]
    assert [row[0] for row in rows] == [*head, *schema_of(kind).names[1:]]
    types = {row[0]: row[1] for row in rows}
    for field in schema_of(kind):
        assert types[field.name] == _type_name(field.type), field.name


def _type_name(found: pa.DataType) -> str:
    return "VARCHAR[]" if pa.types.is_list(found) else _NAMES[str(found)]
