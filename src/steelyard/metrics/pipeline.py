"""How a question is answered: fix the days, read the facts, compute, compare, cover, warn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from steelyard.metrics import shown
from steelyard.metrics.answer import Answer, Cell, Column
from steelyard.metrics.cover import coverage
from steelyard.metrics.facts import TELEMETRY_FACTS, TIME_DIMENSIONS
from steelyard.metrics.measures import Number
from steelyard.metrics.notes import LATE, Findings, notes, uncompared
from steelyard.metrics.period import bucket_of, finest, next_bucket, ordinal
from steelyard.metrics.question import Question
from steelyard.metrics.shape import Scope
from steelyard.metrics.sight import Sight
from steelyard.metrics.store import Store, recorded_days
from steelyard.metrics.values import Key, Values

Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """The metrics of a question (with real dates) at every combination of its dimensions."""

    question: Question
    scope: Scope
    values: Values
    rows: dict[Key, Row]


def answer(
    store: Store, question: Question, now: dt.datetime, totals: bool, sight: Sight
) -> Answer:
    """Answer a question; see `steelyard.metrics.ask`. It is one that the sight allows."""
    today = now.astimezone(dt.UTC).date()
    dated = _dated(store, question, today)
    names = (*question.by, *question.where)
    asked = shown.limited(shown.meant(store, dated, sight), sight)
    days = _days(dated)
    seen = shown.shown_store(store, sight, names, *days)
    if seen is not store:
        shown.check_values(seen, dated.where)
    table = _table(seen, asked)
    rows = _compared(seen, table) if dated.compare else table.rows
    covered = coverage(seen, table.scope, table.values.has_people, _work_facts(dated))
    findings = Findings(
        seen, asked, table.scope, table.values, covered, _undefined(table), len(rows), today
    )
    return Answer(
        dated,
        _columns(dated),
        _ordered(dated, _called(dated, rows, sight)),
        _as_of(store, now),
        covered,
        (
            *shown.limitation(sight, names),
            *shown.partly(store, sight, names, *days),
            *notes(findings),
        ),
        _totals(seen, asked) if totals else None,
    )


def _days(dated: Question) -> tuple[dt.date, dt.date]:
    """All days the answer speaks of, with those it compares with."""
    if dated.start is None or dated.end is None:
        raise ValueError("days must be fixed first")
    first = dated.earlier().start if dated.compare else dated.start
    return first or dated.start, dated.end


def _called(question: Question, rows: dict[Key, Row], sight: Sight) -> dict[Key, Row]:
    """The rows with people under the names they have for the asker."""
    if not sight.pseudonyms or "person" not in question.by:
        return rows
    name, place = shown.called(sight), question.by.index("person")
    return {(*k[:place], name(str(k[place])), *k[place + 1 :]): row for k, row in rows.items()}


def _dated(store: Store, question: Question, today: dt.date) -> Question:
    """With real days: a missing one is the first or last day of anything recorded that way."""
    start, end = question.start, question.end
    if start is None or end is None:
        days = recorded_days(store, _opening(question))
        firsts = [start] if start else [first for _, first, _ in days] or [end or today]
        lasts = [end] if end else [last for _, _, last in days] or [start or today]
        start, end = min(firsts), max(lasts)
        # An open end before the given start, or the reverse: the given day alone.
        start, end = (min(start, end), end) if question.end else (start, max(start, end))
    return question.within(start, end)


def _opening(question: Question) -> tuple[str, ...]:
    """The tables whose days an open period takes: all of telemetry, unless only work is asked for.

    Trackers and repositories reach back for years before the first assistant; divided by them,
    spend would look small.
    """
    telemetry = {fact.table for fact in TELEMETRY_FACTS.values()}
    asked = {table for metric in question.declared for table in metric.facts} - {"people"}
    return tuple(sorted(telemetry if asked & telemetry or not asked else asked))


def _table(store: Store, question: Question) -> Table:
    if question.start is None or question.end is None:
        raise ValueError("days must be fixed first")
    where = tuple(sorted(question.where.items()))
    scope = Scope(question.start, question.end, question.by, where)
    measures = [m for metric in question.declared for m in metric.measures]
    values = Values(store, scope, measures)
    columns = [(values.computing(metric.formula), metric.whole) for metric in question.declared]
    rows: dict[Key, Row] = {
        key: tuple(_cell(at(key), whole) for at, whole in columns) for key in values.keys
    }
    return Table(question, scope, values, rows)


def _undefined(table: Table) -> dict[str, int]:
    """Per metric, the rows in which it has no value."""
    columns = zip(*table.rows.values(), strict=True)
    return {
        name: sum(cell is None for cell in column)
        for name, column in zip(table.question.metrics, columns, strict=False)
    }


def _cell(value: Number | None, whole: bool) -> int | float | None:
    if value is None:
        return None
    if whole and value == int(value):
        return int(value)
    return float(value)


def _compared(store: Store, table: Table) -> dict[Key, Row]:
    """Each row followed, metric by metric, by its value one period earlier and the change.

    A period (or bucket) before that is only partly recorded is unknown: it would look like a rise.
    """
    before = _table(store, table.question.earlier())
    unit = finest(table.question.by)
    begun = [uncompared(store, table.question, metric) for metric in table.question.declared]
    earlier = {
        _moved(key, before, table, unit): tuple(
            None if since and _first_day(key, before, unit) < since - LATE else cell
            for cell, since in zip(row, begun, strict=True)
        )
        for key, row in before.rows.items()
    }
    nothing = (None,) * len(table.question.metrics)
    rows: dict[Key, Row] = {}
    for key in dict.fromkeys((*table.rows, *(k for k in earlier if k is not None))):
        pairs = zip(table.rows.get(key, nothing), earlier.get(key, nothing), strict=True)
        rows[key] = tuple(cell for now, then in pairs for cell in (now, then, _change(now, then)))
    return rows


def _first_day(key: Key, table: Table, unit: str | None) -> dt.date:
    """The first day that the row speaks of."""
    day = key[table.question.by.index(unit)] if unit else table.scope.start
    if not isinstance(day, dt.date):
        raise TypeError(f"{unit} is not a date: {day!r}")
    return max(day, table.scope.start)


def _change(now: Any, then: Any) -> float | None:
    """Relative change; None where either is unknown or there was nothing to change from."""
    if now is None or not then:
        return None
    return float(now) / float(then) - 1


def _moved(key: Key, before: Table, after: Table, unit: str | None) -> Key | None:
    """The key one period later: the n-th bucket of the one is compared with the other's n-th.

    None when the later period has no such bucket.
    """
    by = after.question.by
    if unit is None:
        return key
    then = key[by.index(unit)]
    if not isinstance(then, dt.date):
        raise TypeError(f"{unit} is not a date: {then!r}")
    steps = ordinal(then, before.scope.start, unit)
    now = next_bucket(bucket_of(after.scope.start, unit), unit, steps)
    if now > after.scope.end:
        return None
    return tuple(
        bucket_of(now, n) if n in TIME_DIMENSIONS else v for n, v in zip(by, key, strict=True)
    )


def _ordered(question: Question, rows: dict[Key, Row]) -> tuple[Row, ...]:
    """By time where there is time, else the largest first; then by the dimensions' values."""

    def place(item: tuple[Key, Row]) -> tuple[Any, ...]:
        key, row = item
        size = () if finest(question.by) else _descending(row[0])
        return (*size, *(str(value) for value in key))

    shown = (
        (*(value or None for value in key), *row) for key, row in sorted(rows.items(), key=place)
    )
    return tuple(shown)


def _descending(cell: Cell) -> tuple[Any, ...]:
    return (0, -cell) if isinstance(cell, int | float) else (1, 0)


def _work_facts(question: Question) -> tuple[str, ...]:
    """The facts asked for when none of telemetry is; coverage then speaks of them."""
    measures = (m for metric in question.declared for m in metric.measures)
    facts = tuple(dict.fromkeys(getattr(m, "fact", "") for m in measures))
    return () if set(facts) & set(TELEMETRY_FACTS) else tuple(filter(None, facts))


def _columns(question: Question) -> tuple[Column, ...]:
    found = [Column(name, "dimension") for name in question.by]
    for metric in question.declared:
        found.append(Column(metric.name, "metric", metric.unit, metric.name, metric.whole))
        if question.compare:
            then, change = f"{metric.name}_previous", f"{metric.name}_change"
            found.append(Column(then, "previous", metric.unit, metric.name, metric.whole))
            found.append(Column(change, "change", "share", metric.name))
    return tuple(found)


def _totals(store: Store, question: Question) -> Row:
    """The same question without its breakdown; what adds up only within a dimension is unknown."""
    addable = tuple(m.name for m in question.declared if not set(m.needs) & set(question.by))
    whole: Row = ()
    if addable:
        table = _table(store, replace(question, metrics=addable, by=()))
        whole = (_compared(store, table) if question.compare else table.rows)[()]
    names = [column.name for column in _columns(question) if column.metric in addable]
    cells = dict(zip(names, whole, strict=True))
    return tuple(cells.get(column.name) for column in _columns(question))


def _as_of(store: Store, now: dt.datetime) -> dt.datetime:
    """When the facts were last built; `now` before they ever were."""
    found = store.query("SELECT max(refreshed_at) FROM data_version")
    built = found[0][0] if found else None
    if not isinstance(built, dt.datetime):
        return now
    return built if built.tzinfo else built.replace(tzinfo=dt.UTC)  # kept as UTC without a zone
