"""The single values a quantile metric rests on, one row each: for intervals of medians.

A closed door: it takes a Quantile of the catalogue and a scope, nothing else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp

from steelyard.metrics.compile import only
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS
from steelyard.metrics.measures import Quantile
from steelyard.metrics.shape import Scope, between, column, dimension, filters, join
from steelyard.metrics.store import Store


def single_values(store: Store, measure: Quantile, scope: Scope) -> list[tuple[Any, ...]]:
    """The dimensions of `scope.by`, then one known value of the measure's column, a row each."""
    if measure.filters:
        raise ValueError("single values of a filtered quantile are not asked")
    return store.query(_sql(measure, scope, store.dialect))


@lru_cache(maxsize=256)
def _sql(measure: Quantile, scope: Scope, dialect: str) -> str:
    day = column("day")
    value = exp.cast(column(measure.column), "double")
    chosen = [dimension(name, measure.fact, day.copy()) for name in scope.by]
    query = exp.select(*chosen, value).from_(f"{FACTS[measure.fact].table} AS f")
    query = join(query, measure.fact, scope.dimensions, day)
    query = query.where(
        between(day, scope.start, scope.end),
        exp.not_(column(measure.column).is_(exp.null())),
        *filters(scope, measure.fact, day),
        *only(measure.fact),
    )
    return render(query, dialect)
