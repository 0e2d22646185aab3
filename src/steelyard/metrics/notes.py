"""Warnings: what a careful reader must know about an answer, in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from steelyard.metrics.answer import Coverage, Note
from steelyard.metrics.compile import aggregate_query, aggregate_sql
from steelyard.metrics.dialects import render
from steelyard.metrics.facts import PEOPLE_DIMENSIONS, TELEMETRY_FACTS, WORK_FACTS, resolve
from steelyard.metrics.measures import Is, OfPeople, Ratio, Sum
from steelyard.metrics.metric import Metric
from steelyard.metrics.question import Question
from steelyard.metrics.shape import Scope, column
from steelyard.metrics.store import Store, recorded_days, recorded_since
from steelyard.metrics.values import Values

_MOST_NAMED = 5
_UNEVEN = dt.timedelta(days=7)
LATE = dt.timedelta(days=3)  # records may begin so much later: a period may begin on a weekend
_TELEMETRY = {fact.table for fact in TELEMETRY_FACTS.values()}


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
    telemetry = _names(found, lambda m: bool(set(m.facts) & _TELEMETRY) or not _work(m))
    days = f"{found.scope.start} to {found.scope.end}"
    seen = not telemetry or found.values.has_work
    if not seen and not any(map(found.values.has_rows, TELEMETRY_FACTS)):
        message = f"Nothing was recorded from {days}: numbers are unknown, not 0."
        yield Note("no_data", message, telemetry)
    facts = dict.fromkeys(fact for metric in found.question.declared for fact in _work(metric))
    for fact in (fact for fact in facts if not found.values.recorded(fact)):
        what = fact.removeprefix("work_").replace("_", " ")
        message = f"No {what} are recorded from {days}: what rests on them is unknown, not 0. "
        affected = _names(found, lambda m, fact=fact: fact in _work(m))  # type: ignore[misc]
        yield Note("no_data", message + "Connect a source that tells of them.", affected)


def _work(metric: Metric) -> tuple[str, ...]:
    """The facts of work that a metric reads."""
    facts = (getattr(measure, "fact", "") for measure in metric.measures)
    return tuple(dict.fromkeys(fact for fact in facts if fact in WORK_FACTS))


def _uneven_days(found: Findings) -> Iterator[Note]:
    """A joined figure whose one side began to be recorded much later than the other."""
    for metric in found.question.declared:
        tables = [table for table in metric.facts if table != "people"]
        if not _work(metric) or not set(tables) & _TELEMETRY:
            continue
        begun = recorded_days(found.store, sorted(tables))
        firsts = {table: max(first, found.scope.start) for table, first, _ in begun}
        late, early = max(firsts.values(), default=None), min(firsts.values(), default=None)
        if late and early and late - early > _UNEVEN and early <= found.scope.end:
            message = f"One side of {metric.name} is recorded from {early} on, the other only from "
            yield Note("uneven_days", f"{message}{late}: begin there.", (metric.name,))


def uncompared(store: Store, question: Question, metric: Metric) -> dt.date | None:
    """Since when the metric is recorded, where that leaves no whole period before; else None."""
    start = question.earlier().start
    since = recorded_since(store, set(metric.facts) - {"people"})
    return since if since and start and since > start + LATE else None


def _not_compared(found: Findings) -> Iterator[Note]:
    """The period before holds less than a period: nothing is compared with it."""
    if not found.question.compare:
        return
    affected: dict[dt.date, list[str]] = {}
    for metric in found.question.declared:
        if since := uncompared(found.store, found.question, metric):
            affected.setdefault(since, []).append(metric.name)
    for since, names in sorted(affected.items()):
        message = f"Recorded since {since.day} {since:%b %Y}; no whole period before."
        yield Note("not_compared", message, tuple(names))


def _unsaid_repository(found: Findings) -> Iterator[Note]:
    """Spend often names no repository; divided by what shipped there it is a floor."""
    affected = _names(found, lambda m: bool(_work(m)) and "usage_days" in m.facts)
    if not affected or "repo" not in found.scope.dimensions:
        return
    where = tuple(pair for pair in found.scope.where if pair[0] != "repo")
    spend = Sum("usage_sessions", "list_nanos")
    unsaid = Sum("usage_sessions", "list_nanos", filters=(Is("repo", ""),))
    scope = Scope(found.scope.start, found.scope.end, (), where)
    sql = aggregate_sql((unsaid, spend), ("usage_sessions",), scope, found.store.dialect)
    _, missing, _, whole, _ = found.store.query(sql)[0]
    if missing and whole:
        message = f"{missing / whole:.0%} of spend names no repository: "
        yield Note("unsaid_repository", f"{message}what one cost is a floor.", affected)


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
    return _names(found, lambda m: m.name in counted or _counts_people(m))


def _counts_people(metric: Metric) -> bool:
    return any(isinstance(measure, OfPeople) for measure in metric.measures)


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
            message = f"{metric.name} is undefined{where}: "
            why = "what it divides by is 0, or a part of it is unknown."
            yield Note("undefined_ratio", message + why, (metric.name,))


def _partial_day(found: Findings) -> Iterator[Note]:
    if found.scope.end >= found.today:
        message = f"The period includes today, {found.today} (UTC), which is not over."
        yield Note("partial_day", message, found.question.metrics)


_RULES: tuple[Callable[[Findings], Iterator[Note]], ...] = (
    _no_data,
    _uneven_days,
    _not_compared,
    _unsaid_repository,
    _unknown_price,
    _no_people,
    _unmatched_people,
    _floor_metrics_only,
    _undefined_ratio,
    _partial_day,
)
