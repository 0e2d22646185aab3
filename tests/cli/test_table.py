"""The table of an answer: figures with their unit, unknown instead of zero, totals last."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest

from steelyard.cli.table import cell_text, coverage_line, figure, table_text
from steelyard.metrics import Answer, Column, Coverage, Question

COLUMNS = (
    Column("team", "dimension"),
    Column("spend_usd", "metric", "USD", "spend_usd"),
    Column("spend_usd_change", "change", "share", "spend_usd"),
    Column("tokens", "metric", "tokens", "tokens"),
    Column("cache_hit_share", "metric", "share", "cache_hit_share"),
    Column("active_minutes", "metric", "min", "active_minutes"),
)


def answer() -> Answer:
    question = Question(
        ("spend_usd", "tokens", "cache_hit_share", "active_minutes"),
        dt.date(2026, 10, 1),
        dt.date(2026, 10, 31),
        ("team",),
    )
    return Answer(
        question=question,
        columns=COLUMNS,
        rows=(
            ("payments", 1234.567, 0.25, 9_876_543, 0.912, 61.25),
            ("[red]checkout[/red]", 0.0042, -0.5, 12, None, 0.5),
            (None, None, None, 0, 0.0, None),
        ),
        as_of=dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC),
        coverage=Coverage(people_matched=0.97, sessions=848, silent_people=3),
        totals=(None, 1234.5712, 0.24, 9_876_555, 0.91, 61.75),
    )


def test_a_table_of_every_kind_of_figure(golden: Callable[[str, str], None]) -> None:
    golden("table.txt", table_text(answer(), io.StringIO()))


def test_nothing_is_cut_off_a_terminal() -> None:
    long = answer()
    wide = Answer(
        long.question, long.columns, (("t" * 300, 1.0, 0.0, 1, 0.5, 1.0),), long.as_of, Coverage()
    )
    assert "t" * 300 in table_text(wide, io.StringIO())


def test_an_answer_without_rows_is_a_heading() -> None:
    empty = answer()
    bare = Answer(empty.question, empty.columns, (), empty.as_of, Coverage())
    assert table_text(bare, io.StringIO()).split()[0] == "team"


def test_the_coverage_line() -> None:
    assert coverage_line(answer()) == (
        "2026-10-01 to 2026-10-31 · 848 sessions · 97% of active people in the people file"
        " · 3 people without any work · as of 2026-11-22 06:00 UTC"
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.5, "USD", "$1,234.50"),
        (-0.05, "USD", "-$0.0500"),
        (0.0, "USD", "$0.00"),
        (0.1234, "share", "12.3%"),
        (1_000_000, "tokens", "1,000,000"),
        (3.0, "ms", "3"),
        (1234.56, "ms", "1,234.6"),
        (1.234, "min", "1.23"),
    ],
)
def test_figures(value: float, unit: str, text: str) -> None:
    assert figure(value, unit) == text


def test_unknown_is_not_zero() -> None:
    assert cell_text(COLUMNS[1], None) == "unknown"
    assert cell_text(COLUMNS[0], None) == "(not said)"
