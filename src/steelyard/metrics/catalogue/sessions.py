"""Sessions, the time spent in them, and prompts."""

from __future__ import annotations

from steelyard.metrics.catalogue.spend import NANOS_PER_USD
from steelyard.metrics.measures import (
    Count,
    CountDistinct,
    Is,
    Known,
    Max,
    Not,
    Quantile,
    Ratio,
    Scaled,
    Sum,
)
from steelyard.metrics.metric import Metric

SESSIONS = CountDistinct("worked_sessions", ("session",), (Not("session", ""),))
MINUTES = Scaled(Sum("active_seconds", "amount"), 60)
PROMPTS = Sum("prompts", "prompts")
_BEGAN = "Counted on the day the session began, with all it did later."
_EVENTS = "events; metrics alone do not tell"
_SIZES = (
    "Size classes < 100k, 100k–500k, 500k–1M and > 1M go by the largest single context, "
    "not by the sum of cache reads."
)


def _cost(share: float) -> Scaled:
    return Scaled(Quantile("sessions", "list_nanos", share), NANOS_PER_USD)


def _flagged(flag: str) -> Ratio:
    return Ratio(Count("sessions", (Is(flag, True),)), Count("sessions", (Known(flag),)))


METRICS = (
    Metric(
        "sessions",
        "Distinct sessions with any work: a prompt, a model call or a tool call.",
        "sessions",
        "neutral",
        SESSIONS,
        "events and metrics",
        ("A session over midnight counts on both days, and once in the total.",),
    ),
    Metric(
        "session_starts",
        "Starts the client counted; the list of background agents is left out.",
        "starts",
        "neutral",
        Sum("session_starts", "amount", filters=(Not("type", "agents_view"),)),
        "metrics",
        ("Continuing and resuming count again; some starts never see work.",),
    ),
    Metric(
        "session_cost_usd_p50",
        "Median list-price cost of a session.",
        "USD",
        "down",
        _cost(0.5),
        "the ledger, per session",
        (_BEGAN, "Sessions of unknown price are left out."),
    ),
    Metric(
        "session_cost_usd_p95",
        "List-price cost that 95 % of sessions stay below.",
        "USD",
        "down",
        _cost(0.95),
        "the ledger, per session",
        (_BEGAN, "Sessions of unknown price are left out."),
    ),
    Metric(
        "session_minutes_p50",
        "Median time from a session's first to its last sign of work.",
        "min",
        "neutral",
        Quantile("sessions", "minutes", 0.5),
        "events and metrics",
        (_BEGAN, "Includes breaks: a session left open over lunch is long."),
    ),
    Metric(
        "session_context_tokens_max",
        "Largest single context sent to a model.",
        "tokens",
        "neutral",
        Max("sessions", "context_tokens_max"),
        _EVENTS,
        (_BEGAN, _SIZES),
    ),
    Metric(
        "large_session_share",
        "Share of sessions whose largest context is over 500,000 tokens.",
        "share",
        "down",
        _flagged("is_large"),
        _EVENTS,
        (_BEGAN, _SIZES, "Sessions of unknown size are left out."),
        not_by=frozenset({"session_size"}),
    ),
    Metric(
        "stuck_session_share",
        "Share of sessions over 30 minutes without commit or accepted edit, or with more than "
        "10 rejections, or more than 3 API errors.",
        "share",
        "down",
        _flagged("is_stuck"),
        _EVENTS,
        (_BEGAN, "Reading and planning can look stuck."),
    ),
    Metric(
        "active_minutes",
        "Active time, by type: user at the keyboard, cli working by itself.",
        "min",
        "neutral",
        MINUTES,
        "metrics",
        ("The two types overlap for one person: do not read the sum as attendance.",),
    ),
    Metric(
        "prompts",
        "Prompts by people; built-in commands such as /clear are left out.",
        "prompts",
        "neutral",
        PROMPTS,
        "events",
    ),
    Metric(
        "prompt_chars_avg",
        "Mean length of a prompt.",
        "chars",
        "neutral",
        Ratio(Sum("prompts", "chars"), Sum("prompts", "measured_prompts")),
        "events, lengths only",
        ("Pasted logs make long prompts.",),
    ),
    Metric(
        "short_prompt_share",
        "Share of prompts under 20 characters.",
        "share",
        "neutral",
        Ratio(Sum("prompts", "short_prompts"), Sum("prompts", "measured_prompts")),
        "events, lengths only",
        ("A plain yes is short and may be right.",),
        "low",
    ),
)
