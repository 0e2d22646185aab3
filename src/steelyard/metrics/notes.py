"""Warnings: what a careful reader must know about an answer, in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from steelyard.metrics.answer import Coverage, Note
from steelyard.metrics.compile import aggregate_query
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import FACTS, PEOPLE_DIMENSIONS, resolve
from steelyard.metrics.measures import Headcount, Ratio, Sum
from steelyard.metrics.metric import Metric
from steelyard.metrics.question import Question
from steelyard.metrics.shape import Scope, column
from steelyard.metrics.store import Store
from steelyard.metrics.values import Values

_MOST_NAMED = 5


@dataclass(frozen=True)
class Findings:
    """All that warnings are read from. `undefined` counts rows per metric without a value."""

    store: Store
    question: Question
    scope: Scope
    values: Values
    coverage: Coverage
    undefined: dict[str, int]
    rows: int
    today: dt.date


def notes(found: Findings) -> tuple[Note, ...]:
    """Every warning that applies, the gravest first."""
    return tuple(note for rule in _RULES for note in rule(found))


def _names(found: Findings, concerns: Callable[[Metric], bool]) -> tuple[str, ...]:
    return tuple(m.name for m in found.question.declared if concerns(m))


def _no_data(found: Findings) -> Iterator[Note]:
    if not found.values.has_work and not any(map(found.values.has_rows, FACTS)):
        days = f"{found.scope.start} to {found.scope.end}"
        message = f"Nothing was recorded from {days}: numbers are unknown, not 0."
        yield Note("no_data", message, found.question.metrics)


def _unknown_price(found: Findings) -> Iterator[Note]:
    affected = _names(found, _rests_on_prices)
    models = _unpriced(found) if affected else []
    if models:
        listed = "; ".join(f"{name or 'no name'}: {n:,} tokens" for name, n in models[:_MOST_NAMED])
        more = f"; and {len(models) - _MOST_NAMED} more" if len(models) > _MOST_NAMED else ""
        message = f"No list price is known for {listed}{more}. Spend is a floor without them."
        yield Note("unknown_price", message, affected)


def _rests_on_prices(metric: Metric) -> bool:
    priced = ("list_nanos", "input_nanos")
    return any(getattr(m, "column", "") in priced for m in metric.measures)


def _unpriced(found: Findings) -> list[tuple[str, int]]:
    """Models whose price is unknown in scope and their tokens, most tokens first."""
    fact = resolve("usage", (*found.scope.dimensions, "model"))
    if fact is None:
        return []
    scope = Scope(found.scope.start, found.scope.end, ("model",), found.scope.where)
    rows = found.store.query(_unpriced_sql(fact, scope, found.store.dialect))
    return sorted(((row[0], int(row[2] or 0)) for row in rows), key=lambda r: (-r[1], r[0]))


@lru_cache(maxsize=256)
def _unpriced_sql(fact: str, scope: Scope, dialect: str) -> str:
    tokens = Sum(fact, "unpriced_tokens")
    query = aggregate_query((tokens,), (fact,), scope, dialect)
    return render(query.where(column("list_nanos").is_(exp.null())), dialect)


def _no_people(found: Findings) -> Iterator[Note]:
    affected = _about_people(found)
    if affected and not found.values.has_people:
        message = "No people were imported: teams and headcount are unknown. "
        yield Note("no_people", message + "`steelyard import csv people FILE` adds them.", affected)


def _unmatched_people(found: Findings) -> Iterator[Note]:
    affected, share = _about_people(found), found.coverage.people_matched
    if affected and share is not None and share < 1:
        message = f"{1 - share:.1%} of active people are not in the people table: "
        yield Note("unmatched_people", message + "their team is not said.", affected)


def _about_people(found: Findings) -> tuple[str, ...]:
    """Metrics whose value hangs on the people table: by breakdown, filter or headcount."""
    if set(found.scope.dimensions) & set(PEOPLE_DIMENSIONS):
        return found.question.metrics
    counted = ("headcount", "adoption_rate", "people_matched_share")
    return _names(found, lambda m: m.name in counted or Headcount() in m.measures)


def _floor_metrics_only(found: Findings) -> Iterator[Note]:
    affected = _names(found, lambda m: "requests" in m.facts)
    if affected and not found.values.has_rows("requests") and found.values.has_rows("usage"):
        message = "No request events came in, only metrics: model calls are unknown, not 0. "
        yield Note("floor_metrics_only", message + "Switch the logs exporter on.", affected)


def _undefined_ratio(found: Findings) -> Iterator[Note]:
    for metric in found.question.declared:
        missing = found.undefined.get(metric.name, 0)
        if missing and isinstance(metric.formula, Ratio):
            where = "" if found.rows == 1 else f" in {missing} of {found.rows} rows"
            message = f"{metric.name} is undefined{where}: what it divides by is 0 or unknown."
            yield Note("undefined_ratio", message, (metric.name,))


def _partial_day(found: Findings) -> Iterator[Note]:
    if found.scope.end >= found.today:
        message = f"The period includes today, {found.today} (UTC), which is not over."
        yield Note("partial_day", message, found.question.metrics)


_RULES: tuple[Callable[[Findings], Iterator[Note]], ...] = (
    _no_data,
    _unknown_price,
    _no_people,
    _unmatched_people,
    _floor_metrics_only,
    _undefined_ratio,
    _partial_day,
)
