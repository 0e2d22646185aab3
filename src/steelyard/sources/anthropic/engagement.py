"""A person's day in Claude Enterprise, as the endpoint `users` tells it, as usage records.

Each product is an assistant of its own; only Claude Code's is called `claude-code`. The vendor
sends zeros for products nobody touched: those make no record.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from steelyard.model import Account, Record, UsageDay, reference

# The vendor's products, whose names differ from report to report, and the assistant each is here.
PRODUCTS = {
    "claude_code": "claude-code",
    "chat": "claude-chat",
    "cowork": "claude-cowork",
    "office_agent": "claude-office",
    "office_agents": "claude-office",
    "claude_in_chrome": "claude-in-chrome",
    "claude_design": "claude-design",
    "claude_science": "claude-science",
    "claude_tag": "claude-in-slack",
    "claude_in_slack": "claude-in-slack",
}
_SIGNS = re.compile(r"[^a-z0-9]+")


class Person(msgspec.Struct):
    id: str
    email_address: str | None = None


class Lines(msgspec.Struct):
    added_count: int | None = None
    removed_count: int | None = None


class Core(msgspec.Struct):
    commit_count: int | None = None
    distinct_session_count: int | None = None
    lines_of_code: Lines | None = None
    pull_request_count: int | None = None


class Decisions(msgspec.Struct):
    accepted_count: int | None = None
    rejected_count: int | None = None


class ClaudeCode(msgspec.Struct):
    core_metrics: Core | None = None
    tool_actions: dict[str, Decisions] | None = None


class Talk(msgspec.Struct):
    """A product in which people write: chats call their sessions conversations."""

    message_count: int | None = None
    distinct_session_count: int | None = None
    distinct_conversation_count: int | None = None

    @property
    def sessions(self) -> int | None:
        if self.distinct_conversation_count is not None:
            return self.distinct_conversation_count
        return self.distinct_session_count


class Row(msgspec.Struct):
    user: Person
    claude_code_metrics: ClaudeCode | None = None
    chat_metrics: Talk | None = None
    cowork_metrics: Talk | None = None
    design_metrics: Talk | None = None
    science_metrics: Talk | None = None
    office_metrics: dict[str, Talk] | None = None


def product(name: str | None) -> str:
    """The assistant of a product; of one this program does not know, its own name."""
    known = _SIGNS.sub("_", (name or "other").lower()).strip("_")
    own = known.removeprefix("claude_").replace("_", "-")
    return PRODUCTS.get(known, f"claude-{own}")


def records(day: dt.date, row: Row) -> Iterator[Record]:
    """The person's account and a usage record for each product they touched that day."""
    who = reference("account", row.user.id)
    email = (row.user.email_address or "").lower()
    yield Account(key=who, account=who, email=email)
    for name, counts in _products(row):
        if any(counts.values()):
            yield UsageDay(
                key=f"activity|{day}|{row.user.id}|{name}",
                day=day,
                assistant=product(name),
                provider="anthropic",
                actor=who,
                customer_type="subscription",
                **counts,
            )


def _products(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "claude_code", _coding(row.claude_code_metrics or ClaudeCode())
    yield "chat", _talking([row.chat_metrics])
    yield "cowork", _talking([row.cowork_metrics])
    yield "claude_design", _talking([row.design_metrics])
    yield "claude_science", _talking([row.science_metrics])
    yield "office_agent", _talking([*(row.office_metrics or {}).values()])


def _coding(code: ClaudeCode) -> dict[str, Any]:
    core = code.core_metrics or Core()
    lines, tools = core.lines_of_code or Lines(), [*(code.tool_actions or {}).values()]
    return {
        "sessions": core.distinct_session_count,
        "lines_added": lines.added_count,
        "lines_removed": lines.removed_count,
        "commits": core.commit_count,
        "pull_requests": core.pull_request_count,
        "accepted": _sum([tool.accepted_count for tool in tools]),
        "rejected": _sum([tool.rejected_count for tool in tools]),
    }


def _talking(talks: list[Talk | None]) -> dict[str, Any]:
    said = [talk for talk in talks if talk]
    return {
        "messages": _sum([talk.message_count for talk in said]),
        "sessions": _sum([talk.sessions for talk in said]),
    }


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
