"""The seam between SQL dialects: everything DuckDB and ClickHouse need said differently.

Trees are printed by sqlglot, which also escapes every literal. Only what it does not translate
faithfully is spelt out here, with the session settings that make both engines mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from steelyard.errors import StoreError

# Sent with every statement, so that no server default can change an answer.
CLICKHOUSE_SETTINGS: Mapping[str, str | int] = {
    "join_use_nulls": 1,  # an outer join without a partner gives NULL, not the type's default
    "aggregate_functions_null_for_empty": 1,  # the sum of nothing is NULL, not 0
    "transform_null_in": 0,
    "count_distinct_implementation": "uniqExact",  # exact, whatever the server prefers
    "enable_positional_arguments": 1,  # GROUP BY 1, 2
    "prefer_column_name_to_alias": 1,
    "union_default_mode": "ALL",
    "distinct_overflow_mode": "throw",  # never a silently cut result
    "group_by_overflow_mode": "throw",
    "result_overflow_mode": "throw",
}
DIALECTS = ("duckdb", "clickhouse")


def render(query: exp.Expr, dialect: str) -> str:
    """The statement in the dialect, settings included."""
    if dialect not in DIALECTS:
        raise StoreError(f"Metrics cannot be asked in {dialect}.", "Use DuckDB or ClickHouse.")
    sql = query.sql(dialect=dialect)
    if dialect == "duckdb":
        return sql
    said = (f"{k} = {v!r}" for k, v in CLICKHOUSE_SETTINGS.items())
    return f"{sql} SETTINGS {', '.join(said)}"


def quantile(value: exp.Expr, share: float, dialect: str) -> exp.Expr:
    """Linear interpolation with both ends included (Hyndman and Fan's type 7) on both engines."""
    number = exp.Literal.number(repr(share))
    if dialect == "clickhouse":
        return exp.CombinedParameterizedAgg(
            this="quantileExactInclusive", expressions=[number], params=[value]
        )
    return exp.Anonymous(this="quantile_cont", expressions=[value, number])


def bucket(day: exp.Expr, unit: str) -> exp.Expr:
    """First day of the week (Monday) or month a date lies in, as a date."""
    if unit == "day":
        return day
    return exp.cast(exp.func("DATE_TRUNC", exp.Literal.string(unit.upper()), day), "date")


def add_months(day: exp.Expr, months: int) -> exp.Expr:
    """A date some months later, clipped to the month's last day."""
    unit = exp.Var(this="MONTH")
    return exp.cast(exp.DateAdd(this=day, expression=exp.Literal.number(months), unit=unit), "date")


def add_days(day: exp.Expr, days: int) -> exp.Expr:
    """A date some days later."""
    unit = exp.Var(this="DAY")
    return exp.cast(exp.DateAdd(this=day, expression=exp.Literal.number(days), unit=unit), "date")
