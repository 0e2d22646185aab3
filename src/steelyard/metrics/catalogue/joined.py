"""Figures over two facts: each aggregated by itself over the same scope, then divided."""

from __future__ import annotations

from steelyard.metrics.catalogue.calls import CALLS
from steelyard.metrics.catalogue.decisions import COMMITS, LINES, PRS
from steelyard.metrics.catalogue.people import ACTIVE, ACTIVE_DAYS
from steelyard.metrics.catalogue.sessions import MINUTES, PROMPTS, SESSIONS
from steelyard.metrics.catalogue.spend import SPEND, TOKENS
from steelyard.metrics.measures import Formula, Ratio, Scaled
from steelyard.metrics.metric import Direction, Grade, Metric

_SAME = "Numerator and denominator share period and scope; undefined when nothing was counted."
_PRICED = "spend_usd at list price, so notional on seat plans."


def _per(
    name: str,
    unit: str,
    top: Formula,
    bottom: Formula,
    sentence: str,
    direction: Direction = "down",
    grade: Grade = "medium",
) -> Metric:
    caveats = (_SAME, _PRICED) if unit.startswith("USD") else (_SAME,)
    evidence = "the facts of both parts, each by itself"
    return Metric(name, sentence, unit, direction, Ratio(top, bottom), evidence, caveats, grade)


METRICS = (
    _per("cost_per_session", "USD", SPEND, SESSIONS, "Spend per session with work."),
    _per("cost_per_active_day", "USD", SPEND, ACTIVE_DAYS, "Spend per person-day with work."),
    _per("cost_per_person", "USD", SPEND, ACTIVE, "Spend per active person."),
    _per("cost_per_line", "USD", SPEND, LINES, "Spend per line suggested.", grade="low"),
    _per("lines_per_usd", "lines/USD", LINES, SPEND, "Lines suggested per dollar.", "up", "low"),
    _per(
        "cost_per_assistant_commit",
        "USD",
        SPEND,
        COMMITS,
        "Spend per commit the clients counted.",
    ),
    _per(
        "cost_per_assistant_pr",
        "USD",
        SPEND,
        PRS,
        "Spend per pull request the clients counted.",
    ),
    _per("cost_per_tool_call", "USD", SPEND, CALLS, "Spend per tool call."),
    _per(
        "cost_per_million_tokens",
        "USD",
        Scaled(SPEND, times=1_000_000),
        TOKENS,
        "Blended list price of a million tokens of all four types.",
    ),
    _per(
        "tokens_per_session",
        "tokens",
        TOKENS,
        SESSIONS,
        "Tokens per session with work.",
        "neutral",
    ),
    _per(
        "prompts_per_session",
        "prompts",
        PROMPTS,
        SESSIONS,
        "Prompts per session with work.",
        "neutral",
    ),
    _per(
        "sessions_per_person",
        "sessions",
        SESSIONS,
        ACTIVE,
        "Sessions with work per active person.",
        "neutral",
    ),
    _per(
        "active_minutes_per_active_day",
        "min",
        MINUTES,
        ACTIVE_DAYS,
        "Active minutes per person-day with work.",
        "neutral",
    ),
)
