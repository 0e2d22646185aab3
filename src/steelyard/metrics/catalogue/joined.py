"""Figures over two facts: each aggregated by itself over the same scope, then divided."""

from __future__ import annotations

from steelyard.metrics.catalogue import decisions, delivery
from steelyard.metrics.catalogue.calls import CALLS
from steelyard.metrics.catalogue.decisions import LINES
from steelyard.metrics.catalogue.issues import POINTS, RESOLVED
from steelyard.metrics.catalogue.people import ACTIVE, ACTIVE_DAYS
from steelyard.metrics.catalogue.sessions import MINUTES, PROMPTS, SESSIONS
from steelyard.metrics.catalogue.spend import SPEND, TOKENS
from steelyard.metrics.measures import Formula, Ratio, Scaled
from steelyard.metrics.metric import Direction, Grade, Metric

_SAME = "Numerator and denominator share period and scope; undefined when nothing was counted."
_EVERYBODY = "Everybody's work in scope counts, also of people who use no assistant."
_MARKS = "By assistant only work whose marks name it counts, so the cost is a ceiling."
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


def _shipped(name: str, bottom: Formula, sentence: str, grade: Grade = "medium") -> Metric:
    """Spend per something that shipped, whoever made it, with or without an assistant."""
    return Metric(
        name,
        sentence,
        "USD",
        "down",
        Ratio(SPEND, bottom),
        "the ledger, and what shipped, each by itself",
        (_SAME, _PRICED, _EVERYBODY, _MARKS),
        grade,
        frozenset({"assisted"}),
    )


METRICS = (
    _shipped("cost_per_commit", delivery.COMMITS, "Spend per commit that shipped."),
    _shipped("cost_per_pr", delivery.PRS, "Spend per merged pull request.", "high"),
    _shipped("cost_per_issue", RESOLVED, "Spend per issue resolved."),
    _shipped("cost_per_story_point", POINTS, "Spend per story point resolved.", "low"),
    _per(
        "commits_per_usd",
        "commits/USD",
        delivery.COMMITS,
        SPEND,
        "Commits that shipped per dollar.",
        "up",
    ),
    _per("cost_per_session", "USD", SPEND, SESSIONS, "Spend per session with work."),
    _per("cost_per_active_day", "USD", SPEND, ACTIVE_DAYS, "Spend per person-day with work."),
    _per("cost_per_person", "USD", SPEND, ACTIVE, "Spend per active person."),
    _per("cost_per_line", "USD", SPEND, LINES, "Spend per line suggested.", grade="low"),
    _per("lines_per_usd", "lines/USD", LINES, SPEND, "Lines suggested per dollar.", "up", "low"),
    _per(
        "cost_per_assistant_commit",
        "USD",
        SPEND,
        decisions.COMMITS,
        "Spend per commit the clients counted.",
    ),
    _per(
        "cost_per_assistant_pr",
        "USD",
        SPEND,
        decisions.PRS,
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
