"""One session call by call: how its context grew, never beyond what the asker may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from steelyard.metrics import shown
from steelyard.metrics.dialects import render
from steelyard.metrics.memory import RememberingStore
from steelyard.metrics.question import Question
from steelyard.metrics.session_rows import SessionTerms
from steelyard.metrics.shape import Scope, column, date, filters, join
from steelyard.metrics.sight import OPEN, Sight
from steelyard.metrics.store import Store

__all__ = ["MOST_POINTS", "Call", "session_course"]

MOST_POINTS = 400  # a longer session's calls are taken together in as many runs
_FACT = "requests"


@dataclass(frozen=True)
class Call:
    """An answered model call, or several in a row of a long session.

    `time` is when the first was answered (UTC), `source` what asked (main loop, sub-agent; empty
    where not said), `context_tokens` the largest context among them: input, cache reads and cache
    writes of one call.
    """

    time: dt.datetime
    source: str
    context_tokens: int
    calls: int


def session_course(store: Store, terms: SessionTerms, sight: Sight = OPEN) -> tuple[Call, ...]:
    """The calls of the session that `terms.where` names, in their order, from its first day on.

    Empty where nothing tells of single calls, or no longer when they were. Raises NotShown where
    the asker may see nobody's sessions.
    """
    store = RememberingStore(store, store.data_version())
    asked = Question(
        ("api_requests",), terms.start, terms.end, ("session", "person"), dict(terms.where)
    )
    seen = sight.on(asked)
    held = shown.limited(shown.meant(store, asked, seen), seen)
    source = shown.shown_store(
        store, seen, {"session", "person", *held.where}, terms.start, terms.end
    )
    scope = Scope(terms.start, terms.end, (), tuple(sorted(held.where.items())))
    rows = source.query(_sql(scope, source.dialect))
    return tuple(Call(time, name, int(most), int(n)) for _, name, time, most, n in rows)


@lru_cache(maxsize=256)
def _sql(scope: Scope, dialect: str) -> str:
    """Runs of about as many calls; main loop and sub-agents, whose contexts differ, stay apart."""
    day = column("day")
    run = f"ntile({MOST_POINTS}) over (order by f.time, f.query_source, f.context_tokens) as run"
    known = ("f.ok", "f.time is not null", "f.context_tokens is not null")
    calls = exp.select(run, "f.query_source", "f.time", "f.context_tokens").from_(f"{_FACT} AS f")
    since = exp.GTE(this=day, expression=date(scope.start))
    calls = join(calls, _FACT, scope.dimensions, day).where(
        since, *filters(scope, _FACT, day), *known
    )
    figures = ("min(time) as first", "max(context_tokens)", "count(*)")
    query = exp.select("run", "query_source", *figures).from_(calls.subquery("calls"))
    query = query.group_by("run", "query_source").order_by("run", "first", "query_source")
    return render(query, dialect)
