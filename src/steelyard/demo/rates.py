"""List prices of the models the demo company uses, by the plainest arithmetic there is."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources

TYPES = ("input", "output", "cacheRead", "cacheCreation")


@dataclass(frozen=True)
class Model:
    """A model people use from a day on, and how much it is liked beside the others."""

    name: str
    assistant: str
    since: dt.date
    liking: float


MODELS = (
    Model("claude-opus-4-8", "claude-code", dt.date(2026, 1, 1), 1.0),
    Model("claude-sonnet-4-6", "claude-code", dt.date(2026, 1, 1), 1.0),
    Model("claude-opus-5", "claude-code", dt.date(2026, 6, 15), 2.0),
    Model("claude-sonnet-5", "claude-code", dt.date(2026, 7, 20), 1.6),
    Model("claude-opus-5-5", "claude-code", dt.date(2026, 9, 22), 6.0),
    Model("claude-sonnet-5-5", "claude-code", dt.date(2026, 10, 7), 4.0),
    Model("gpt-5.5", "codex", dt.date(2026, 1, 1), 1.0),
    Model("gpt-5.6-sol", "codex", dt.date(2026, 8, 24), 3.0),
    Model("gemini-3.1-pro-preview", "gemini-cli", dt.date(2026, 1, 1), 1.0),
    Model("gemini-3.5-flash", "gemini-cli", dt.date(2026, 6, 1), 1.5),
)
SMALL = "claude-haiku-4-5"  # what Claude Code uses for small work of its own


def known(assistant: str, day: dt.date) -> list[Model]:
    """The models of an assistant on a day; the oldest where none was out yet."""
    mine = [model for model in MODELS if model.assistant == assistant]
    return [model for model in mine if model.since <= day] or mine[:1]


def nanos(model: str, kind: str, tokens: int, day: dt.date, hour: int = 0) -> int:
    """What tokens cost on a day in nano-dollars; `hour` are those of a cache write kept an hour."""
    if kind == "cacheCreation":
        short, long = (_rate(model, kind, ttl, day) for ttl in ("5m", "1h"))
        return (tokens - hour) * short + hour * long
    return tokens * _rate(model, kind, "", day)


@cache
def _rate(model: str, kind: str, ttl: str, day: dt.date) -> int:
    """Nano-dollars a token, at standard speed and below any surcharge for long contexts."""
    for row in _table():
        is_it = (row["model"], row["token_type"], row["cache_ttl"]) == (model, kind, ttl)
        is_plain = row["speed"] == "" and row["min_context"] == "0"
        if is_it and is_plain and row["valid_from"] <= day.isoformat() < row["valid_to"]:
            return int(Decimal(row["usd_per_mtok"]) * 1000)
    return 0


@cache
def _table() -> tuple[dict[str, str], ...]:
    text = resources.files("steelyard").joinpath("ledger", "prices.csv").read_text()
    return tuple(csv.DictReader(text.splitlines()))
