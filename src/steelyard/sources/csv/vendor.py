"""Files that a vendor's own pages export: who spent what, and who did how much, over some days.

Their columns have been renamed before and more are added at will: all spellings known of stand in
one table, and what is not known is passed over. The days are in the name of the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.model import Account, BillingLine, Record, UsageDay
from steelyard.sources.anthropic.engagement import product
from steelyard.sources.csv import cells
from steelyard.sources.csv.kind import Column, CsvKind, Row

C = Column


def member(cell: str) -> str:
    """A person's e-mail; what the vendor puts in brackets, as `(org service usage)`, is nobody."""
    return "" if cell.startswith("(") else cells.who(cell)


_EMAIL = C(
    "user_email",
    member,
    "whose it is",
    "ada@example.com",
    required=True,
    aliases=("email", "user", "member", "member_email", "email_address"),
)
_FIRST = C(
    "first_day",
    cells.date,
    "first day, when the file's name does not say it",
    "2026-06-01",
    required=True,
    aliases=("period_start", "start_date", "from", "date", "day", "usage_date"),
)
_LAST = C(
    "last_day",
    cells.date,
    "last day, likewise; else the first day",
    "2026-06-30",
    aliases=("period_end", "end_date", "to"),
)
_PERIOD = (("first_day", "last_day"),)


def spend(row: Row) -> Iterator[Record]:
    """One person's spend on one model of one product.

    The last day is not in the key: a month's export replaces the one made in the middle of it.
    """
    parts = ("product", "model", "slack_channel_id", "teams_channel_id")
    yield BillingLine(
        key=f"{row.text('first_day', 'user_email')}|{row.text(*parts)}",
        first_day=row["first_day"],
        last_day=row["last_day"] or row["first_day"],
        amount_nanos=row["total_net_spend_usd"],
        list_nanos=row["total_gross_spend_usd"],
        cost_type="usage",
        assistant=product(row["product"]),
        provider="anthropic",
        model=row["model"] or "",
        actor=row["user_email"],
        final=False,  # the vendor calls it an estimate; an invoice is final
    )


def vendor_users(row: Row) -> Iterator[Record]:
    """One person's figures of the whole time, which stand on its last day."""
    who, first = row["user_email"], row["first_day"]
    last = row["last_day"] or first
    if who:
        email = who.partition(":")[2]
        yield Account(key=who, account=who, email=email, name=row["name"] or "")
    if row["lines"] is not None or row["prs_with_cc"] is not None:
        yield UsageDay(
            key=f"{first}|{who}",
            day=last,
            assistant="claude-code",
            provider="anthropic",
            actor=who,
            lines_added=row["lines"],
            pull_requests=row["prs_with_cc"],
        )
    if row["spend_usd"] is not None:
        yield BillingLine(
            key=f"{first}|{who}|claude-code",
            first_day=first,
            last_day=last,
            amount_nanos=row["spend_usd"],
            cost_type="usage",
            assistant="claude-code",
            provider="anthropic",
            actor=who,
            final=False,
        )


KINDS = (
    CsvKind(
        "spend",
        "Claude's spend report: Analytics, Export Spend Report",
        (
            _EMAIL,
            C("product", cells.text, "product", "Claude Code"),
            C("model", cells.text, "model", "claude-opus-5", aliases=("model_family",)),
            C(
                "total_net_spend_usd",
                cells.loose_dollars,
                "what it cost, in US dollars",
                "12.34",
                required=True,
                aliases=("net_spend_usd", "net_spend", "total_spend_usd", "cost_usd", "spend_usd"),
            ),
            C(
                "total_gross_spend_usd",
                cells.loose_dollars,
                "the same before discounts and credits",
                "15.00",
                aliases=("gross_spend_usd", "gross_spend"),
            ),
            C("slack_channel_id", cells.text, "tells rows of Slack apart"),
            C("teams_channel_id", cells.text, "tells rows of Teams apart"),
            _FIRST,
            _LAST,
        ),
        spend,
        _PERIOD,
        foreign=True,
    ),
    CsvKind(
        "vendor-users",
        "Claude Code's users: Analytics, Claude Code, Export all users",
        (
            _EMAIL,
            C("name", cells.text, "name", "Ada", aliases=("full_name", "display_name")),
            C(
                "lines",
                cells.loose_whole,
                "lines accepted, or lines with Claude Code in merged pull requests",
                "1200",
                aliases=(
                    *("lines_this_month", "lines_accepted", "lines_of_code_accepted"),
                    *("lines_of_code", "lines_with_cc", "lines_with_claude_code"),
                    *("lines_of_code_with_cc", "total_lines_of_code"),
                ),
            ),
            C(
                "prs_with_cc",
                cells.loose_whole,
                "merged pull requests with Claude Code",
                "7",
                aliases=("prs_with_claude_code", "pull_requests_with_cc", "pull_requests"),
            ),
            C(
                "spend_usd",
                cells.loose_dollars,
                "spend, in US dollars",
                "135.85",
                aliases=("spend_this_month_usd", "spend_this_month", "total_spend_usd", "spend"),
            ),
            _FIRST,
            _LAST,
        ),
        vendor_users,
        _PERIOD,
        foreign=True,
    ),
)
