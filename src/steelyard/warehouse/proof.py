"""What a warehouse holds in a few figures a column, to prove that another holds the same.

Rows; of whole numbers and booleans exact sums, of others a sum that may differ in the ninth digit;
of texts, days, times and lists the least, the greatest, how many different ones, and their length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.warehouse.clickhouse import ClickHouseWarehouse
from steelyard.warehouse.clickhouse_schema import Column, Schema, schema_of
from steelyard.warehouse.duck import DuckWarehouse

CLOSE = 1e-9  # relative: sums of doubles depend on the order they are added in

# What tells each kind of column, in DuckDB's and in ClickHouse's words; `{0}` is the column.
_SUMS = {"BIGINT": ("sum({0})::varchar", "toString(sum(toInt128({0})))")}
_SUMS |= {"BOOLEAN": ("sum({0}::bigint)::varchar", "toString(sum(toInt128({0})))")}
_SUMS |= {"DOUBLE": ("sum({0})", "sum({0})")}
_AS_TEXT = {
    "VARCHAR": ("{0}", "{0}"),
    "VARCHAR[]": ("array_to_string({0}, chr(31))", "arrayStringConcat({0}, char(31))"),
    "DATE": ("{0}::varchar", "toString({0})"),
    "TIMESTAMP": ("epoch_us({0})::varchar", "toString(toUnixTimestamp64Micro({0}))"),
}
_OF_TEXT = (
    ("min({0})", "max({0})", "count(distinct {0})", "sum(strlen({0}))::varchar"),
    ("min({0})", "max({0})", "uniqExact({0})", "toString(sum(length({0})))"),
)


@dataclass(frozen=True)
class Compared:
    """A table in both places: its rows, and which columns say something else."""

    table: str
    rows_before: int
    rows_after: int
    different: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        return self.rows_before == self.rows_after and not self.different


def compare(source: DuckWarehouse, target: ClickHouseWarehouse) -> Iterator[Compared]:
    """Every table of the schema, the embedded one's first. Days are compared as ClickHouse holds
    them: those before 1900 and after 2299 are the first and the last it has."""
    schema = _schema(source)
    for name, columns in schema.items():
        before = _figures(source.query(_asked(name, columns, 0))[0], columns)
        after = _figures(target.facts.query(_asked(name, columns, 1))[0], columns)
        different = [c.name for c in columns if not same(before[c.name], after[c.name])]
        yield Compared(name, before[""][0], after[""][0], tuple(different))


def same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether figures are equal; doubles nearly."""
    return all(_same(a, b) for a, b in zip(one, other, strict=True))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=CLOSE, abs_tol=1e-12) or (
            a != a and b != b
        )  # not a number
    return bool(a == b)


def _schema(source: DuckWarehouse) -> Schema:
    with source.transaction() as cursor:
        return schema_of(cursor)


def _asked(name: str, columns: Sequence[Column], engine: int) -> str:
    said = [words for column in columns for words in _words(column, engine)]
    values = ", ".join(c.clipped for c in columns)
    rows = f"(select {values} from {name})" if engine == 0 else name
    return f"SELECT {', '.join(['count(*)', *said])} FROM {rows}"


def _words(column: Column, engine: int) -> list[str]:
    """The expressions that tell a column: how many are known first."""
    quoted = f'"{column.name}"'
    known = f"count({quoted})"
    if column.kind in _SUMS:
        return [known, _SUMS[column.kind][engine].format(quoted)]
    text = _AS_TEXT[column.kind][engine].format(quoted)
    return [known, *(words.format(text) for words in _OF_TEXT[engine])]


def _figures(row: Sequence[Any], columns: Sequence[Column]) -> dict[str, tuple[Any, ...]]:
    """The answer's row by column; under '' the number of rows."""
    rest = iter(row)
    found: dict[str, tuple[Any, ...]] = {"": (int(next(rest)),)}
    for column in columns:
        found[column.name] = tuple(_plain(next(rest)) for _ in _words(column, 0))
    return found


def _plain(value: Any) -> Any:
    """Of nothing: null in one engine, an empty text or zero in the other."""
    return None if value in ("", "0", 0) else value
