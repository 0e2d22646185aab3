"""Claude Enterprise Analytics: who used which product, with how many tokens, and what it cost.

Figures of cost and use are revised for weeks: whatever may still move is read again by each run and
marked as not final. On contracts with seats the vendor reports usage credits only, not the seats.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec
from pydantic import Field

from steelyard.errors import SourceDenied, SourceError
from steelyard.model import Account, BillingLine, Membership, Record, UsageDay, reference
from steelyard.sources.anthropic.api import BASE_URL, ENTERPRISE, VENDOR, Api, Params
from steelyard.sources.anthropic.days import DAY, Part, Pass, first_day, moment, today
from steelyard.sources.anthropic.engagement import Row, product, records
from steelyard.sources.anthropic.usage_cost import CacheCreation, ServerTools
from steelyard.sources.contract import Check, Options, Page, Secret, Source, Stream
from steelyard.sources.money import from_cents
from steelyard.sources.network import Network
from steelyard.sources.shapes import read, utc

BASE = "/v1/organizations/analytics"
GROUPS = "/v1/organizations/rbac_groups"
GROUPS_BETA = "ce-user-management-2026-07-13"
EARLIEST = dt.date(2026, 1, 1)  # the vendor has nothing before
_PAST = 364 * DAY  # how far the reports of use and cost reach back
_SPAN = 31
_LIMIT = 1000
_REVISED = 30 * DAY
_MONTH_END = 8  # a month's figures may be revised until about the 7th of the next one
_ACTIVITY_MOVES = 3 * DAY
_NEVER = "not allowed"  # the cursor of a stream that has never been allowed to read
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class EnterpriseOptions(Options):
    """What the source needs."""

    key: Secret = Field(
        description="Claude Enterprise key (sk-ant-api01-…) with the scope read:analytics, and"
        " read:rbac_groups for groups."
    )
    since: dt.date | None = Field(
        None, description="First UTC day to read. Else 90 days before the first run."
    )
    base_url: str = Field(BASE_URL, description="Where the API is.")


class Actor(msgspec.Struct):
    user_id: str
    email_address: str | None = None
    email: str | None = None
    name: str | None = None
    deleted: bool = False


class Usage(msgspec.Struct):
    actor: Actor
    starting_at: dt.datetime
    product: str | None = None
    model: str | None = None
    uncached_input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerTools | None = None


class Cost(msgspec.Struct):
    actor: Actor
    starting_at: dt.datetime
    amount: Decimal  # cents, after discounts
    list_amount: Decimal | None = None
    currency: str = "USD"
    product: str | None = None
    model: str | None = None
    cost_type: str | None = None


class Group(msgspec.Struct):
    id: str
    name: str


class Member(msgspec.Struct):
    user_id: str
    email: str | None = None


class ClaudeEnterprise(Source):
    """Reads the Claude Enterprise Analytics API and the organisation's groups."""

    kind = "claude-enterprise"
    title = "Claude Enterprise"
    Options = EnterpriseOptions

    def __init__(self, options: EnterpriseOptions, network: Network) -> None:
        super().__init__(options, network)
        self.api = Api(network, options.base_url, options.key.get_secret_value(), ENTERPRISE)

    def streams(self) -> Sequence[Stream]:
        return (
            Stream("activity", self._activity, ("usage_days", "accounts")),
            Stream("usage", self._usage, ("usage_days", "accounts")),
            Stream("costs", self._costs, ("billing_lines", "accounts")),
            Stream("groups", self._groups, ("memberships",), snapshot=True),
        )

    def check(self) -> Iterator[Check]:
        day = today(self.network.clock()) - 4 * DAY
        one = {**_range(day, day + DAY, ()), "limit": 1}
        yield self.api.check("activity", f"{BASE}/users", {"date": day.isoformat(), "limit": 1})
        yield self.api.check("usage", f"{BASE}/user_usage_report", one)
        yield self.api.check("costs", f"{BASE}/user_cost_report", one)
        yield self.api.check("groups", GROUPS, {"limit": 1}, GROUPS_BETA)

    def _activity(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """Day by day up to the newest the vendor has: it builds a day in the morning after."""
        last, first = today(now), first_day(self.options.since, now)
        days = Pass(first, last - DAY, last - _ACTIVITY_MOVES, floor=self._floor)
        yield from days.pages(cursor, self._day)

    def _day(self, day: dt.date, _: dt.date) -> Iterator[Part]:
        params = {"date": day.isoformat(), "limit": _LIMIT}
        try:
            for answer, more in self.api.pages(f"{BASE}/users", params):
                rows = [read(VENDOR, "user's day", Row, row) for row in answer.data]
                yield Part([record for row in rows for record in records(day, row)], more)
        except SourceError as error:
            newest = _newest_day(error, day)
            if not newest:
                raise
            yield Part((), notes=(f"Activity is there up to {newest}.",), stop=True)

    def _usage(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        def window(begin: dt.date, end: dt.date) -> Iterator[Part]:
            params = _range(begin, end, ("product", "model"))
            for answer, more in self.api.pages(f"{BASE}/user_usage_report", params):
                known = _known_until(answer.data_refreshed_at)
                rows = [read(VENDOR, "row of usage", Usage, row) for row in answer.data]
                kept = [row for row in rows if _is_known(row.starting_at, known)]
                found = [record for row in kept for record in (_account(row.actor), _used(row))]
                yield Part(found, more, known)

        yield from self._reports(now).pages(cursor, window)

    def _costs(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        reports = self._reports(now)

        def window(begin: dt.date, end: dt.date) -> Iterator[Part]:
            params = _range(begin, end, ("product", "model", "cost_type"))
            for answer, more in self.api.pages(f"{BASE}/user_cost_report", params):
                known = _known_until(answer.data_refreshed_at)
                rows = [read(VENDOR, "row of cost", Cost, row) for row in answer.data]
                kept = [row for row in rows if _is_known(row.starting_at, known)]
                found: list[Record] = []
                for row in kept:
                    found += (_account(row.actor), _billed(row, reports.moving))
                yield Part(found, more, known)

        yield from reports.pages(cursor, window)

    def _reports(self, now: dt.datetime) -> Pass:
        last, first = today(now), first_day(self.options.since, now)
        return Pass(first, last, moving_since(last), _SPAN, max(self._floor, last - _PAST))

    @property
    def _floor(self) -> dt.date:
        return max(EARLIEST, self.options.since or EARLIEST)

    def _groups(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        """Who is in which group. Without the scope that is a note, unless it was there before:
        then the stream fails, so that what is known of groups does not seem to have ended."""
        try:
            for answer, _ in self.api.pages(GROUPS, {"limit": 100}, GROUPS_BETA):
                for entry in answer.data:
                    group = read(VENDOR, "group", Group, entry)
                    for members in self._members(group):
                        yield Page(members, "")
        except SourceDenied as denied:
            if cursor not in (None, _NEVER):
                raise
            yield Page((), _NEVER, notes=(f"Groups are not read: {denied.message}",))

    def _members(self, group: Group) -> Iterator[list[Membership]]:
        path = f"{GROUPS}/{group.id}/members"
        for answer, _ in self.api.pages(path, {"limit": 100}, GROUPS_BETA):
            members = [read(VENDOR, "member", Member, entry) for entry in answer.data]
            yield [_membership(group, member) for member in members]


def moving_since(day: dt.date) -> dt.date:
    """The oldest day whose figures may still be revised, seen from a day.

    Figures move for 30 days, and those of a month until about the 7th of the next.
    """
    month = day.replace(day=1)
    oldest = (month - DAY).replace(day=1) if day.day <= _MONTH_END else month
    return min(day - _REVISED, oldest)


def _range(begin: dt.date, end: dt.date, by: tuple[str, ...]) -> Params:
    return {
        "starting_at": moment(begin),
        "ending_at": moment(end),
        "bucket_width": "1d",
        "group_by[]": list(by),
        "limit": _LIMIT,
    }


def _newest_day(error: SourceError, day: dt.date) -> str:
    """The day a refusal names as the newest there is, when it is earlier than the one asked for."""
    if getattr(error, "status", 0) != 400:
        return ""
    return max((at for at in _DATE.findall(error.message) if at < day.isoformat()), default="")


def _known_until(refreshed: dt.datetime | None) -> dt.date | None:
    return utc(refreshed).date() if refreshed else None


def _is_known(starting_at: dt.datetime, known_until: dt.date | None) -> bool:
    """Whether a day had ended when the vendor last refreshed: what came later is incomplete."""
    return known_until is None or utc(starting_at).date() < known_until


def _account(actor: Actor) -> Account:
    """A seat's account. Services of the vendor have no address, though they are not deleted."""
    who, email = reference("account", actor.user_id), actor.email_address or actor.email or ""
    bot = not email and not actor.deleted
    return Account(key=who, account=who, email=email.lower(), name=actor.name or "", bot=bot)


def _used(row: Usage) -> UsageDay:
    day, cache = utc(row.starting_at).date(), row.cache_creation or CacheCreation()
    return UsageDay(
        key=f"usage|{day}|{row.actor.user_id}|{row.product or ''}|{row.model or ''}",
        day=day,
        assistant=product(row.product),
        provider="anthropic",
        actor=reference("account", row.actor.user_id),
        model=row.model or "",
        customer_type="subscription",
        input_tokens=row.uncached_input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_input_tokens,
        cache_creation_tokens=cache.total,
        cache_creation_1h_tokens=cache.ephemeral_1h_input_tokens,
        web_searches=(row.server_tool_use or ServerTools()).web_search_requests,
    )


def _billed(row: Cost, moving: dt.date) -> BillingLine:
    day = utc(row.starting_at).date()
    parts = (row.actor.user_id, row.product, row.model, row.cost_type, row.currency)
    return BillingLine(
        key="|".join([day.isoformat(), *(part or "" for part in parts)]),
        first_day=day,
        last_day=day,
        amount_nanos=from_cents(row.amount),
        currency=row.currency,
        list_nanos=None if row.list_amount is None else from_cents(row.list_amount),
        cost_type=row.cost_type or "",
        assistant=product(row.product),
        provider="anthropic",
        model=row.model or "",
        actor=reference("account", row.actor.user_id),
        final=day < moving,
    )


def _membership(group: Group, member: Member) -> Membership:
    email = (member.email or "").strip()
    who = reference("email", email) if email else reference("account", member.user_id)
    return Membership(key=f"{group.id}|{member.user_id}", team=group.name, member=who)
