"""Every metric gives the same answer on DuckDB and on ClickHouse."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.metrics import CATALOGUE, DIMENSIONS, Metric, Question, ask
from steelyard.metrics.dialects import render
from steelyard.metrics.shape import literal

from .engines import ChdbStore, DuckStore
from .world import END, NOW, START

PAIRS = random.Random(11).sample(sorted(itertools.combinations(DIMENSIONS, 2)), 40)


def asked(*by: str) -> list[Metric]:
    """The metrics that can be broken down so, or would be once their needs are in `by`."""
    return [
        metric
        for metric in CATALOGUE.values()
        if all(name in metric.dimensions for name in by) and set(metric.needs) <= set(by)
    ]


def assert_equal(question: Question, duck: DuckStore, clickhouse: ChdbStore) -> None:
    one, two = ask(duck, question, NOW, totals=True), ask(clickhouse, question, NOW, totals=True)
    width = len(question.by)
    first = {row[:width]: row[width:] for row in one.rows}
    second = {row[:width]: row[width:] for row in two.rows}
    assert first.keys() == second.keys()
    for key in first:
        for column, a, b in zip(one.columns[width:], first[key], second[key], strict=True):
            assert same(a, b), (column.name, question.by, key, a, b)
    assert one.coverage == two.coverage
    assert one.warnings == two.warnings
    assert one.as_of == two.as_of


def same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("by", [(), *((name,) for name in DIMENSIONS), *PAIRS], ids=",".join)
def test_both_engines_agree(by: tuple[str, ...], duck: DuckStore, clickhouse: ChdbStore) -> None:
    metrics = asked(*by)
    if not metrics:
        with pytest.raises(Exception, match="cannot be broken down"):
            Question(("spend_usd", "headcount", "tool_calls"), by=by)
        return
    question = Question(tuple(m.name for m in metrics), START, END, by)
    assert_equal(question, duck, clickhouse)


def test_both_engines_agree_on_filters_and_comparison(
    duck: DuckStore, clickhouse: ChdbStore
) -> None:
    where = {"team": ("o'brien\\core", "search"), "repo": ("acme/it's \\ odd", "")}
    names = tuple(m.name for m in asked("week", "team", "repo"))
    assert_equal(Question(names, START, END, ("week",), where, "previous"), duck, clickhouse)


def test_money_is_equal_to_the_nano(duck: DuckStore, clickhouse: ChdbStore) -> None:
    question = Question(("spend_usd", "spend_reported_usd", "cache_savings_usd"), START, END)
    one = ask(duck, question, NOW).rows[0]
    assert one == ask(clickhouse, question, NOW).rows[0]
    assert all(round(value * 1e9) == pytest.approx(value * 1e9, abs=0.5) for value in one)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_as_a_literal(text: str, duck: DuckStore, clickhouse: ChdbStore) -> None:
    from sqlglot import exp

    query = exp.select(literal(text).as_("said"))
    for store in (duck, clickhouse):
        assert store.query(render(query, store.dialect)) == [(text,)]
