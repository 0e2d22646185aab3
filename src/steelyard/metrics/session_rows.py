"""Sessions one by one, a row each: what an explorer lists, never beyond what the asker may see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics import shown
from steelyard.metrics.dialects import render
from steelyard.metrics.memory import RememberingStore
from steelyard.metrics.question import Question, Where
from steelyard.metrics.shape import Scope, between, column, date, filters, join
from steelyard.metrics.sight import OPEN, Sight
from steelyard.metrics.store import Store

__all__ = ["MOST_ROWS", "SORTS", "SessionRow", "SessionRows", "SessionTerms", "session_rows"]

MOST_ROWS = 100_000
_FACT = "sessions"
_NANOS = 1e9
# What rows are ordered by, as an expression over a session `f` and the sums `d` of its days.
SORTS: Mapping[str, str] = {
    "time": "coalesce(d.first_time, f.day)",
    "minutes": "f.minutes",
    "prompts": "d.prompts",
    "tool_calls": "d.tool_calls",
    "spend_usd": "f.list_nanos",
    "spend_per_tool_call": "f.list_nanos / nullif(d.tool_calls, 0)",
    "context": "f.context_tokens_max",
    "accepted": "d.accepted_edits",
    "rejected": "d.person_rejections",
    "api_errors": "d.api_errors",
    "commits": "f.commits",
    "stuck": "f.is_stuck::int",
}
_SUMS: tuple[str, ...] = ("prompts", "tool_calls", "accepted_edits", "approved_edits")
_SUMS += ("person_rejections", "api_errors")
_PLAIN: tuple[str, ...] = (
    "day",
    "person",
    "assistant",
    "session",
    "repo",
    "minutes",
    "list_nanos",
    "tokens",
)
_PLAIN += ("context_tokens_max", "session_size", "session_duration", "commits", "is_stuck")


@dataclass(frozen=True)
class SessionTerms:
    """Sessions that began between two UTC days (both included), in an order, some of them.

    `where` is as in a Question about `sessions`; `limit` rows after the first `offset`. Raises
    UnknownName for an order there is not, BadValue for more rows than are given at once.
    """

    start: dt.date
    end: dt.date
    where: Where = field(default_factory=dict)
    sort: str = "time"
    down: bool = True
    limit: int = 50
    offset: int = 0

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise UnknownName("column", self.sort, SORTS)
        if not 0 < self.limit <= MOST_ROWS:
            raise BadValue(f"{self.limit:,} rows are not given.", f"At most {MOST_ROWS:,} are.")
        if self.offset < 0:
            raise BadValue("There are no rows before the first.")

    @property
    def page(self) -> tuple[str, bool, int, int]:
        """Which rows of all, in which order."""
        return self.sort, self.down, self.limit, self.offset

    @property
    def question(self) -> Question:
        """The question whose answer would be as much as these rows: it decides who may ask."""
        return Question(("sessions",), self.start, self.end, ("session", "person"), self.where)


@dataclass(frozen=True)
class SessionRow:
    """One session with work; None is unknown, an empty text not said.

    `minutes` is from the first to the last sign of work, `context_tokens_max` the largest single
    context, `accepted` and `rejected` decisions by people (edits, and any tool), `approved` edits
    accepted by whomever. `models` are its models, the one with most tokens first. `stuck` is the
    catalogue's rule (`stuck_session_share`), and `why_stuck` which parts of it hold.
    """

    session: str
    day: dt.date
    began: dt.datetime | None
    person: str
    assistant: str
    models: tuple[str, ...]
    repo: str
    minutes: float | None
    prompts: int
    tool_calls: int
    spend_usd: float | None
    tokens: int
    context_tokens_max: int | None
    session_size: str
    session_duration: str
    accepted: int
    approved: int
    rejected: int
    api_errors: int
    commits: int
    stuck: bool | None

    @property
    def spend_per_tool_call(self) -> float | None:
        """In US dollars; None without a price or a call."""
        known = self.spend_usd is not None and self.tool_calls
        return (self.spend_usd or 0.0) / self.tool_calls if known else None

    @property
    def why_stuck(self) -> tuple[str, ...]:
        """The parts of the rule that hold, in words."""
        said = []
        if (self.minutes or 0) > 30 and not self.commits and not self.approved:
            said.append("no result in 30 min")
        if self.rejected > 10:
            said.append(f"{self.rejected} rejections")
        if self.api_errors > 3:
            said.append(f"{self.api_errors} API errors")
        return tuple(said)


@dataclass(frozen=True)
class SessionRows:
    """`rows` in the order asked for; `total` counts all that there are (0 where no row is here)."""

    rows: tuple[SessionRow, ...]
    total: int


def session_rows(store: Store, terms: SessionTerms, sight: Sight = OPEN) -> SessionRows:
    """The sessions of people the asker may see. Raises NotShown where there are none such."""
    asked = terms.question
    seen = sight.on(asked)
    held = shown.limited(shown.meant(store, asked, seen), seen)
    names = {"session", "person", "repo", *held.where}
    store = RememberingStore(store, store.data_version())
    source = shown.shown_store(store, seen, names, terms.start, terms.end)
    scope = Scope(terms.start, terms.end, (), tuple(sorted(held.where.items())))
    found = source.query(_sql(scope, *terms.page, source.dialect))
    if not found:
        return SessionRows((), 0)
    models = _models(source, scope, {str(row[3]) for row in found})
    name = shown.called(seen)
    return SessionRows(tuple(_row(row, models, name) for row in found), int(found[0][-1]))


@lru_cache(maxsize=256)
def _sql(scope: Scope, sort: str, down: bool, limit: int, offset: int, dialect: str) -> str:
    day = column("day")
    sums = [f"coalesce(d.{name}, 0)" for name in _SUMS]
    plain = [column(name) for name in _PLAIN]
    query = exp.select(*plain, "d.first_time", *sums, "count(*) over ()").from_("sessions AS f")
    query = join(query, _FACT, scope.dimensions, day)
    on = "f.person = d.person and f.assistant = d.assistant and f.session = d.session"
    query = query.join(_days(scope), on=on, join_type="left")
    query = query.where(
        between(day, scope.start, scope.end), *filters(scope, _FACT, day), "f.session <> ''"
    )
    way = "desc" if down else "asc"
    order = (f"{SORTS[sort]} {way} nulls last", "f.day desc", "f.session", "f.person")
    return render(query.order_by(*order).limit(limit).offset(offset), dialect)


def _days(scope: Scope) -> exp.Expr:
    """What sessions did on all their days: they may go on after the last one asked about."""
    sums = [f"sum({name}) as {name}" for name in _SUMS]
    keys = ("person", "assistant", "session")
    days = exp.select(*keys, "min(first_time) as first_time", *sums).from_("session_days")
    since = exp.GTE(this=exp.column("day"), expression=date(scope.start))
    return days.where("worked", since).group_by(*keys).subquery("d")


def _models(store: Store, scope: Scope, sessions: set[str]) -> dict[tuple[str, ...], list[str]]:
    """Each session's models, the one with most tokens first."""
    some = tuple(sorted(sessions)) if len(sessions) <= 1_000 else ()
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for *key, model in store.query(_models_sql(scope.start, some, store.dialect)):
        found[tuple(map(str, key))].append(str(model))
    return found


@lru_cache(maxsize=256)
def _models_sql(first: dt.date, sessions: tuple[str, ...], dialect: str) -> str:
    """Of all sessions where none are named."""
    keys = ("person", "assistant", "session")
    query = exp.select(*keys, "model").from_("usage").group_by(*keys, "model")
    since = exp.GTE(this=exp.column("day"), expression=date(first))
    query = query.where(since, "model <> ''").order_by("sum(tokens) desc", "model")
    if sessions:
        query = query.where(exp.column("session").isin(*sessions))
    return render(query, dialect)


def _row(row: Sequence[Any], models: Mapping[tuple[str, ...], list[str]], name: Any) -> SessionRow:
    said = dict(zip((*_PLAIN, "first_time", *_SUMS), row, strict=False))
    key = (said["person"], said["assistant"], said["session"])
    nanos = said["list_nanos"]
    return SessionRow(
        said["session"],
        said["day"],
        said["first_time"],
        name(said["person"]),
        said["assistant"],
        tuple(models.get(key, ())),
        said["repo"],
        said["minutes"],
        int(said["prompts"]),
        int(said["tool_calls"]),
        None if nanos is None else nanos / _NANOS,
        int(said["tokens"]),
        said["context_tokens_max"],
        said["session_size"],
        said["session_duration"],
        int(said["accepted_edits"]),
        int(said["approved_edits"]),
        int(said["person_rejections"]),
        int(said["api_errors"]),
        int(said["commits"]),
        said["is_stuck"],
    )
