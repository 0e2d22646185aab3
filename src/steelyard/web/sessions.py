"""The page Sessions: how large and long they get, where they stick, and the rows one may see."""

from __future__ import annotations

from fastapi import APIRouter

from steelyard.errors import UsageError
from steelyard.metrics.answer import Answer
from steelyard.metrics.questions import Terms
from steelyard.web.answers import Line, lines
from steelyard.web.asking import Names
from steelyard.web.finding import Finding, Part
from steelyard.web.formats import count, minutes, rate, share, short, short_money
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel
from steelyard.web.question_panels import Drawn, draw
from steelyard.web.roi import PATH as QUESTION_PATH
from steelyard.web.roi import RoiView
from steelyard.web.services import Services
from steelyard.web.session import EVENTS, add_session
from steelyard.web.sessions_table import COLUMNS, PATH, explorer, most_costly, rows
from steelyard.web.sheet import OwnTable, Section, Sheet, Values, add_sheet
from steelyard.web.view import View

SIZE = "by the largest single context"
FILTERS = ("team", "assistant", "repo", "session_size", "session_duration")
# Of the named question `stuck`: those that single sessions would show better are left to rows.
STUCK: Names = ("long_without_result_by_team", "many_rejections_by_tool", "errors_by_model")
STUCK += ("rejections_by_tool",)
CLASSES = ("<100k", "100k-500k", "500k-1M", ">1M")


def breakpoint_of(answer: Answer) -> str:
    """From which size on a tool call costs more than twice what it costs in the smallest known."""
    per_call = {
        line.names["session_size"]: cost
        for line in lines(answer)
        if (cost := line.number("cost_per_tool_call"))
    }
    known = [name for name in CLASSES if name in per_call]
    if len(known) < 2:
        return ""
    least = per_call[known[0]]
    dear = next((name for name in known[1:] if per_call[name] > 2 * least), "")
    if not dear:
        return "No size of session makes a tool call twice as dear as the smallest"
    times = rate(per_call[dear] / least)
    return f"With a context of {dear}, a tool call costs {times} times that of {known[0]}"


SIZES = Section(
    "sizes",
    "How large, how long, how dear",
    (
        Panel(
            "sizes",
            "stack",
            ("sessions",),
            "Sessions by size",
            "session_size",
            about=f"Sessions {SIZE}, tokens",
        ),
        Panel(
            "durations",
            "stack",
            ("sessions",),
            "Sessions by duration",
            "session_duration",
            about="Sessions by time from the first to the last sign of work, breaks included",
        ),
        Panel(
            "costs",
            "lines",
            ("session_cost_usd_p50", "session_cost_usd_p95"),
            "What a session costs: the median one, and one of twenty",
        ),
        Panel(
            "troubled",
            "lines",
            ("large_session_share", "stuck_session_share"),
            "Large sessions, and stuck ones",
            grain="week",
            advice=EVENTS,
        ),
        Panel(
            "breakpoint",
            "ranking",
            ("cost_per_tool_call", "cost_per_session", "sessions", "spend_usd", "tool_calls"),
            "What a tool call costs, by size of session",
            "session_size",
            about=f"Cost per tool call by size of session, {SIZE}; an association: large sessions"
            " may do harder work",
            wide=True,
            finding=breakpoint_of,
            advice=EVENTS,
        ),
    ),
)
PROMPTS = Section(
    "prompts",
    "Prompts",
    (
        Panel("length", "lines", ("prompt_chars_avg",), "Length of prompts", advice=EVENTS),
        Panel(
            "short",
            "lines",
            ("short_prompt_share",),
            "Prompts under 20 characters",
            about="A plain yes is short and may be right: this grades nobody",
            advice=EVENTS,
        ),
    ),
)
TROUBLE = Section(
    "trouble",
    "Errors and rejections",
    (
        Panel(
            "errors",
            "stack",
            ("api_errors",),
            "Failed calls over time",
            "error",
            advice=EVENTS,
        ),
        Panel(
            "rejections",
            "ranking",
            ("tool_reject_rate",),
            "Rejections by tool",
            "tool",
            advice=EVENTS,
        ),
    ),
)


def finding(view: View, totals: Line) -> Finding:
    """How many, what a typical one took, and how many are stuck."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    number = totals.number("sessions")
    if not number:
        hint = "Choose a longer period" + (", or clear the filters." if view.where else ".")
        return Finding(((f"{opening}, no session is recorded here.", False),), hint)
    noun = "session" if number == 1 else "sessions"
    parts: list[Part] = [(f"{opening}, ", False), (f"{count(number)} {noun}", True)]
    cost = totals.number("session_cost_usd_p50")
    length = totals.number("session_minutes_p50")
    typical = [f"cost {short_money(cost)}"] if cost is not None else []
    typical += [f"lasted {minutes(length)}"] if length is not None else []
    if typical:
        parts.append((f"; the median one {' and '.join(typical)}", False))
    stuck = totals.number("stuck_session_share")
    if stuck is not None:
        parts += [("; ", False), (f"{share(stuck)} look stuck", True)]
    return Finding((*parts, (".", False)), _support(totals))


def _support(totals: Line) -> str:
    """The rule, and how large they get."""
    largest = totals.number("session_context_tokens_max")
    said = f"The largest context was {short(largest, 'tokens')} tokens. " if largest else ""
    return (
        f"{said}Stuck is over 30 minutes without commit or accepted edit, more than 10 rejections,"
        " or more than 3 API errors: reading and planning can look stuck."
    )


def more(services: Services, view: View, totals: Line) -> Values:
    """The rows, and what the named question knows of sessions that stick."""
    stuck, why = _stuck(services, view)
    query = view.url("").removeprefix("?")
    files = {
        kind: f"{PATH}.{kind}?panel=sessions{'&' if query else ''}{query}"
        for kind in ("csv", "parquet")
    }
    return {
        "explorer": explorer(services, view),
        "costly": most_costly(services, view),
        "stuck": stuck,
        "why_not_stuck": why,
        "files": files,
    }


def _stuck(services: Services, view: View) -> tuple[tuple[Drawn, ...], str]:
    terms = Terms(view.period.start, view.period.end, tuple(sorted(view.where.items())))
    try:
        answer = services.answer_question("stuck", terms)
    except UsageError as error:
        return (), f"{error.message} {error.hint}".strip()
    query = RoiView(view.period, where=view.where, question="stuck").url("").removeprefix("?")
    found = [panel for panel in answer.panels if panel.name in STUCK]
    return tuple(draw(panel, QUESTION_PATH, query) for panel in found), ""


SHEET = Sheet(
    key="sessions",
    title="Sessions",
    path=PATH,
    asks="How do sessions go, and where do they stick?",
    tiles=(
        ("sessions", 4),
        ("session_cost_usd_p50", 1),
        ("session_minutes_p50", 3),
        ("large_session_share", 2),
        ("stuck_session_share", 5),
    ),
    beside=("session_context_tokens_max",),
    sections=(SIZES, PROMPTS, TROUBLE),
    finding=finding,
    filters=FILTERS,
    template="sessions.html",
    more=more,
    tables={"sessions": OwnTable(COLUMNS, rows)},
)


def add_sessions(routes: APIRouter, pages: Pages) -> None:
    add_sheet(routes, pages, SHEET)
    add_session(routes, pages)
