"""Usage & Cost of a Console organisation: tokens per account and key, and what was billed for them.

The API gives no cost below a workspace: who cost what is derived elsewhere, from usage and prices.
Console traffic is not only Claude Code: only workspaces named so are counted as it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from pydantic import Field

from steelyard.model import Account, BillingLine, UsageDay, reference
from steelyard.sources.anthropic.api import BASE_URL, CONSOLE, VENDOR, Api, everything
from steelyard.sources.anthropic.days import DAY, Part, Pass, first_day, moment, today
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.money import from_cents
from steelyard.sources.network import Network
from steelyard.sources.shapes import read, utc

USAGE = "/v1/organizations/usage_report/messages"
COST = "/v1/organizations/cost_report"
USERS = "/v1/organizations/users"
WORKSPACES = "/v1/organizations/workspaces"
KEYS = "/v1/organizations/api_keys"
USAGE_BY = ("account_id", "api_key_id", "model", "workspace_id")
COST_BY = ("workspace_id", "description")
TOKEN_TYPES = {
    "uncached_input_tokens": "input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cacheRead",
    "cache_creation.ephemeral_5m_input_tokens": "cacheCreation",
    "cache_creation.ephemeral_1h_input_tokens": "cacheCreation",
}
_SPAN = 31  # the most days a call may ask for
# Data comes within minutes. A day counts as settled when two whole days lie between it and today.
_MOVING = 2 * DAY
_DEFAULT = "Default"


class ConsoleOptions(Options):
    """What the source needs."""

    key: Secret = Field(description="Admin API key of the Claude Console (sk-ant-admin01-…).")
    since: dt.date | None = Field(
        None, description="First UTC day to read. Else 90 days before the first run."
    )
    claude_code_workspaces: str = Field(
        "Claude Code",
        description="Names of the workspaces whose traffic is Claude Code's, with commas between."
        " All other traffic counts as `anthropic-api`.",
    )
    base_url: str = Field(BASE_URL, description="Where the API is.")


class User(msgspec.Struct):
    id: str
    email: str | None = None
    name: str | None = None


class Named(msgspec.Struct):
    id: str
    name: str | None = None


class Bucket(msgspec.Struct):
    starting_at: dt.datetime
    results: list[object]


class CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None

    @property
    def total(self) -> int | None:
        known = [
            tokens
            for tokens in (self.ephemeral_5m_input_tokens, self.ephemeral_1h_input_tokens)
            if tokens is not None
        ]
        return sum(known) if known else None


class ServerTools(msgspec.Struct):
    web_search_requests: int | None = None


class Usage(msgspec.Struct):
    account_id: str | None = None
    api_key_id: str | None = None
    workspace_id: str | None = None
    model: str | None = None
    uncached_input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerTools | None = None


class Cost(msgspec.Struct, frozen=True):
    amount: Decimal  # cents
    currency: str = "USD"
    workspace_id: str | None = None
    description: str | None = None
    cost_type: str | None = None
    model: str | None = None
    token_type: str | None = None
    service_tier: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None


@dataclass(frozen=True)
class Names:
    """What ids of workspaces and keys are called, and which workspaces are Claude Code's."""

    workspaces: dict[str, str]
    keys: dict[str, str]
    claude_code: frozenset[str]

    def workspace(self, id: str | None) -> str:
        return self.workspaces.get(id, id) if id else _DEFAULT

    def assistant(self, workspace: str | None) -> str:
        mine = self.workspace(workspace).casefold() in self.claude_code
        return "claude-code" if mine else "anthropic-api"


class UsageAndCost(Source):
    """Reads the Usage & Cost Admin API and the list of users with an Admin API key."""

    kind = "anthropic-usage-cost"
    title = "Anthropic Usage & Cost"
    Options = ConsoleOptions

    def __init__(self, options: ConsoleOptions, network: Network) -> None:
        super().__init__(options, network)
        self.api = Api(network, options.base_url, options.key.get_secret_value(), CONSOLE)

    def streams(self) -> Sequence[Stream]:
        return (
            Stream("accounts", self._accounts, ("accounts",), snapshot=True),
            Stream("usage", self._usage, ("usage_days",)),
            Stream("costs", self._costs, ("billing_lines",)),
        )

    def check(self) -> Iterator[Check]:
        day = today(self.network.clock()) - DAY
        one = {"starting_at": moment(day), "ending_at": moment(day + DAY), "limit": 1}
        yield self.api.check("users", USERS, {"limit": 1})
        yield self.api.check("workspaces", WORKSPACES, {"limit": 1})
        yield self.api.check("API keys", KEYS, {"limit": 1})
        yield self.api.check("usage report", USAGE, one)
        yield self.api.check("cost report", COST, one)

    def _accounts(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        for listing in self.api.listed(USERS):
            users = [read(VENDOR, "user", User, entry) for entry in listing.data]
            yield Page([_account(user) for user in users], "")

    def _usage(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        names = self._names()

        def window(begin: dt.date, end: dt.date) -> Iterator[Part]:
            for day, rows, more in self._buckets(USAGE, USAGE_BY, begin, end):
                usages = [read(VENDOR, f"usage of {day}", Usage, row) for row in rows]
                yield Part([_usage_day(day, usage, names) for usage in usages], more)

        yield from self._pass(now).pages(cursor, window)

    def _costs(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        names, moving = self._names(), self._pass(now).moving

        def window(begin: dt.date, end: dt.date) -> Iterator[Part]:
            for day, rows, more in self._buckets(COST, COST_BY, begin, end):
                costs = [read(VENDOR, f"cost of {day}", Cost, row) for row in rows]
                yield Part(list(billing_lines(day, costs, names, day < moving)), more)

        yield from self._pass(now).pages(cursor, window)

    def _pass(self, now: dt.datetime) -> Pass:
        last, since = today(now), self.options.since
        return Pass(first_day(since, now), last, last - _MOVING, _SPAN, since or dt.date.min)

    def _buckets(
        self, path: str, by: tuple[str, ...], begin: dt.date, end: dt.date
    ) -> Iterator[tuple[dt.date, list[object], bool]]:
        """Each day's rows, and whether more days follow in this window."""
        params = {
            "starting_at": moment(begin),
            "ending_at": moment(end),
            "bucket_width": "1d",
            "group_by[]": list(by),
            "limit": _SPAN,
        }
        for answer, more in self.api.pages(path, params):
            buckets = [read(VENDOR, "bucket of days", Bucket, each) for each in answer.data]
            for place, bucket in enumerate(buckets, 1):
                day = utc(bucket.starting_at).date()
                yield day, bucket.results, more or place < len(buckets)
            if not buckets:
                yield begin, [], more

    def _names(self) -> Names:
        wanted = self.options.claude_code_workspaces.split(",")
        return Names(
            self._named(WORKSPACES, "workspace", {"include_archived": "true"}),
            self._named(KEYS, "API key", {}),
            frozenset(name.strip().casefold() for name in wanted),
        )

    def _named(self, path: str, what: str, params: dict[str, str]) -> dict[str, str]:
        entries = everything(self.api.listed(path, params))
        found = [read(VENDOR, what, Named, entry) for entry in entries]
        return {each.id: each.name or each.id for each in found}


def billing_lines(
    day: dt.date, costs: Sequence[Cost], names: Names, final: bool
) -> Iterator[BillingLine]:
    """A day's lines; what the vendor tells in several rows of one description is summed."""
    nanos: dict[str, int] = defaultdict(int)
    lines: dict[str, Cost] = {}
    for cost in costs:
        key = "|".join([day.isoformat(), *(part or "" for part in _parts(cost))])
        nanos[key] += from_cents(cost.amount)
        lines[key] = cost
    for key, cost in lines.items():
        yield BillingLine(
            key=key,
            first_day=day,
            last_day=day,
            amount_nanos=nanos[key],
            currency=cost.currency,
            cost_type=cost.cost_type or "",
            assistant=names.assistant(cost.workspace_id),
            provider="anthropic",
            model=cost.model or "",
            token_type=TOKEN_TYPES.get(cost.token_type or "", cost.token_type or ""),
            workspace=names.workspace(cost.workspace_id),
            description=cost.description or "",
            final=final,
        )


def _parts(cost: Cost) -> tuple[str | None, ...]:
    tiers = (cost.service_tier, cost.context_window, cost.inference_geo, cost.currency)
    return (
        cost.workspace_id,
        cost.description,
        cost.cost_type,
        cost.model,
        cost.token_type,
        *tiers,
    )


def _account(user: User) -> Account:
    who = reference("account", user.id)
    return Account(key=who, account=who, email=(user.email or "").lower(), name=user.name or "")


def _usage_day(day: dt.date, usage: Usage, names: Names) -> UsageDay:
    cache = usage.cache_creation or CacheCreation()
    ids = (usage.account_id, usage.api_key_id, usage.workspace_id, usage.model)
    return UsageDay(
        key="|".join([day.isoformat(), *(id or "" for id in ids)]),
        day=day,
        assistant=names.assistant(usage.workspace_id),
        provider="anthropic",
        actor=reference("account", usage.account_id or ""),
        api_key=names.keys.get(usage.api_key_id or "", usage.api_key_id or ""),
        workspace=names.workspace(usage.workspace_id),
        model=usage.model or "",
        customer_type="api",
        input_tokens=usage.uncached_input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens,
        cache_creation_tokens=cache.total,
        cache_creation_1h_tokens=cache.ephemeral_1h_input_tokens,
        web_searches=(usage.server_tool_use or ServerTools()).web_search_requests,
    )
