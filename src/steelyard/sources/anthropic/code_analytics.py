"""Claude Code Analytics: what Claude Code did, per person and UTC day, for Console organisations.

The documented path has no organisation id in it: the key implies the organisation. One call is one
day. A person has several rows a day (terminal, remote or local, way of paying): each keeps its own
key, so that nothing is overwritten and everything can be summed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import Field

from steelyard.model import Account, Record, UsageDay, reference
from steelyard.sources.anthropic.api import BASE_URL, CONSOLE, VENDOR, Api
from steelyard.sources.anthropic.days import DAY, Part, Pass, first_day, today
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.money import from_cents
from steelyard.sources.network import Network
from steelyard.sources.shapes import read, utc

PATH = "/v1/organizations/usage_report/claude_code"
_MOVING = 2 * DAY  # today, yesterday and the day before are read again
_LIMIT = 1000


class CodeOptions(Options):
    """What the source needs."""

    key: Secret = Field(description="Admin API key of the Claude Console (sk-ant-admin01-…).")
    since: dt.date | None = Field(
        None, description="First UTC day to read. Else 90 days before the first run."
    )
    base_url: str = Field(BASE_URL, description="Where the API is.")


class Actor(msgspec.Struct):
    type: str = ""
    email_address: str | None = None
    api_key_name: str | None = None


class Lines(msgspec.Struct):
    added: int | None = None
    removed: int | None = None


class Core(msgspec.Struct):
    num_sessions: int | None = None
    lines_of_code: Lines | None = None
    commits_by_claude_code: int | None = None
    pull_requests_by_claude_code: int | None = None


class Decisions(msgspec.Struct):
    accepted: int = 0
    rejected: int = 0


class Tokens(msgspec.Struct):
    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_creation: int | None = None


class Cost(msgspec.Struct):
    amount: Decimal  # cents
    currency: str = "USD"


class ModelUse(msgspec.Struct):
    model: str
    tokens: Tokens | None = None
    estimated_cost: Cost | None = None


class Row(msgspec.Struct):
    date: dt.datetime
    actor: Actor
    customer_type: str | None = None
    subscription_type: str | None = None
    is_remote: bool | None = None
    terminal_type: str | None = None
    core_metrics: Core | None = None
    tool_actions: dict[str, Decisions] | None = None
    model_breakdown: list[ModelUse] | None = None


class ClaudeCodeAnalytics(Source):
    """Reads the Claude Code Analytics API with an Admin API key."""

    kind = "claude-code-analytics"
    title = "Claude Code Analytics"
    Options = CodeOptions

    def __init__(self, options: CodeOptions, network: Network) -> None:
        super().__init__(options, network)
        self.api = Api(network, options.base_url, options.key.get_secret_value(), CONSOLE)

    def streams(self) -> Sequence[Stream]:
        return (Stream("usage", self._pages, ("usage_days", "accounts")),)

    def check(self) -> Iterator[Check]:
        day = today(self.network.clock()) - DAY
        yield self.api.check(
            "Claude Code usage", PATH, {"starting_at": day.isoformat(), "limit": 1}
        )

    def _pages(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        last, since = today(now), self.options.since
        days = Pass(first_day(since, now), last, last - _MOVING, floor=since or dt.date.min)
        yield from days.pages(cursor, self._day)

    def _day(self, day: dt.date, _: dt.date) -> Iterator[Part]:
        params = {"starting_at": day.isoformat(), "limit": _LIMIT}
        for answer, more in self.api.pages(PATH, params):
            rows = [read(VENDOR, "Claude Code row", Row, row) for row in answer.data]
            yield Part([record for row in rows for record in records(row)], more)


def records(row: Row) -> Iterator[Record]:
    """A row as its actor's account, a usage record for what has no model and one per model."""
    email = (row.actor.email_address or "").strip()
    if email:
        who = reference("email", email)
        yield Account(key=who, account=who, email=email.lower())
    yield _activity(row)
    for use in row.model_breakdown or ():
        yield _model(row, use)


def _activity(row: Row) -> UsageDay:
    core, tools = row.core_metrics or Core(), row.tool_actions
    lines = core.lines_of_code or Lines()
    return _usage(
        row,
        "",
        sessions=core.num_sessions,
        lines_added=lines.added,
        lines_removed=lines.removed,
        commits=core.commits_by_claude_code,
        pull_requests=core.pull_requests_by_claude_code,
        # Tools this program does not know count, too.
        accepted=None if tools is None else sum(tool.accepted for tool in tools.values()),
        rejected=None if tools is None else sum(tool.rejected for tool in tools.values()),
    )


def _model(row: Row, use: ModelUse) -> UsageDay:
    tokens, cost = use.tokens or Tokens(), use.estimated_cost
    return _usage(
        row,
        use.model,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_creation_tokens=tokens.cache_creation,
        list_nanos=from_cents(cost.amount) if cost and cost.currency == "USD" else None,
    )


def _usage(row: Row, model: str, **counts: Any) -> UsageDay:
    actor = row.actor
    names = (actor.email_address, actor.api_key_name, row.terminal_type, str(row.is_remote))
    payment = (row.customer_type, row.subscription_type)
    day = utc(row.date).date()
    return UsageDay(
        key="|".join([day.isoformat(), actor.type, *(n or "" for n in (*names, *payment)), model]),
        day=day,
        assistant="claude-code",
        provider="anthropic",
        actor=reference("email", actor.email_address or ""),
        api_key=actor.api_key_name or "",
        model=model,
        customer_type=row.customer_type or "",
        terminal=row.terminal_type or "",
        remote=row.is_remote,
        **counts,
    )
