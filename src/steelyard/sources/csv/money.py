"""Files about money and use: invoices, and what a tool's own export counted per day."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.model import BillingLine, Record, UsageDay
from steelyard.sources.csv import cells
from steelyard.sources.csv.kind import Column, CsvKind, Row
from steelyard.sources.csv.work import ID

C = Column
_ACTOR = C("actor", cells.who, "whose it is, when it is somebody's", "ada@example.com")
_ASSISTANT = "claude-code, codex, gemini-cli, or a name of your own"


def invoices(row: Row) -> Iterator[Record]:
    parts = ("first_day", "last_day", "provider", "assistant", "model", "cost_type", "token_type")
    key = row["id"] or row.text(*parts, "workspace", "actor", "description")
    yield BillingLine(
        **row.fields(
            BillingLine, key=key, amount_nanos=row["amount_usd"], list_nanos=row["list_usd"]
        )
    )


def usage(row: Row) -> Iterator[Record]:
    parts = ("day", "assistant", "actor", "api_key", "workspace", "model", "customer_type")
    key = row.text(*parts, "terminal", "remote")
    yield UsageDay(**row.fields(UsageDay, key=key, list_nanos=row["list_usd"]))


def _count(name: str, meaning: str, example: str = "") -> Column:
    return C(name, cells.whole, meaning, example)


KINDS = (
    CsvKind(
        "invoices",
        "lines of invoices",
        (
            ID,
            C("first_day", cells.date, "first day the line is for", "2026-03-01", required=True),
            C("last_day", cells.date, "last day the line is for", "2026-03-31", required=True),
            C("amount_usd", cells.dollars, "what is billed, in US dollars", "1234.56", True),
            C("list_usd", cells.dollars, "the same before discounts", "1500.00"),
            C("cost_type", cells.text, "seat, tokens, credit …", "seat"),
            C("assistant", cells.text, _ASSISTANT, "claude-code"),
            C("provider", cells.text, "anthropic, openai, google …", "anthropic"),
            C("model", cells.text, "model, when it is one's"),
            C("token_type", cells.text, "input, output, cacheRead or cacheCreation"),
            C("workspace", cells.text, "workspace or project at the vendor"),
            _ACTOR,
            C("description", cells.text, "the vendor's name of the line", "Premium seats"),
            C("final", cells.flag, "no while the vendor may still change it", "yes"),
        ),
        invoices,
        (("first_day", "last_day"),),
    ),
    CsvKind(
        "usage",
        "what a tool counted per person, day and model",
        (
            C("day", cells.date, "the day, in UTC", "2026-03-31", required=True),
            C("assistant", cells.text, _ASSISTANT, "claude-code", required=True),
            C("provider", cells.text, "anthropic, openai, google …", "anthropic"),
            _ACTOR,
            C("api_key", cells.text, "name of the API key, never the key"),
            C("workspace", cells.text, "workspace or project at the vendor"),
            C("model", cells.text, "model; empty for what has none", "claude-opus-5"),
            C("customer_type", cells.text, "api or subscription", "api"),
            C("terminal", cells.text, "editor or terminal", "vscode"),
            C("remote", cells.flag, "yes when it did not run on the person's machine", "no"),
            _count("input_tokens", "tokens in, without cache", "12000"),
            _count("output_tokens", "tokens out", "3400"),
            _count("cache_read_tokens", "tokens read from cache", "560000"),
            _count("cache_creation_tokens", "tokens written to cache", "21000"),
            _count("cache_creation_1h_tokens", "of them kept for an hour"),
            _count("web_searches", "web searches"),
            C("list_usd", cells.dollars, "the tool's own estimate, in US dollars", "1.25"),
            _count("sessions", "sessions", "4"),
            _count("lines_added", "lines added", "210"),
            _count("lines_removed", "lines removed", "64"),
            _count("commits", "commits", "2"),
            _count("pull_requests", "pull requests", "1"),
            _count("accepted", "suggestions accepted", "18"),
            _count("rejected", "suggestions rejected", "3"),
            _count("messages", "messages"),
        ),
        usage,
    ),
)
