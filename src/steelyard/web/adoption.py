"""The page Adoption: who works with an assistant, where it stalls, how they work and with what."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter

from steelyard.errors import UsageError
from steelyard.metrics.questions import Terms
from steelyard.web.adoption_finding import adoption_finding, came, newest, ways
from steelyard.web.answers import Line
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel
from steelyard.web.question_panels import Drawn, draw
from steelyard.web.roi import PATH as QUESTION_PATH
from steelyard.web.roi import RoiView
from steelyard.web.services import Services
from steelyard.web.sheet import Section, Sheet, Values, add_sheet
from steelyard.web.view import View

PATH = "/adoption"
QUESTION = "adoption"
ROWS = 12  # groups of a panel of bars; the others are in its file
EVENTS = "Comes with the assistants' events: switch the logs exporter on."
PEOPLE = "Comes with imported people: `steelyard import csv people FILE`."

WHO = Section(
    "who",
    "Who works with it",
    (
        Panel(
            "came",
            "parts",
            ("returning_people", "new_people", "lapsed_people"),
            "Active people: new, returning, and gone",
            grain="week",
            about="Active people per week; below the line those of the week before who stayed away",
            wide=True,
            finding=came,
        ),
        Panel("active", "lines", ("active_people",), "Active people, day by day"),
        Panel(
            "weekly",
            "lines",
            ("active_people", "daily_active_people"),
            "A week's active people, and a day's",
            grain="week",
        ),
        Panel(
            "rate",
            "lines",
            ("adoption_rate",),
            "Adoption, week by week",
            grain="week",
            advice=PEOPLE,
        ),
        Panel(
            "stickiness",
            "lines",
            ("stickiness",),
            "Of a week's people, who works on a day",
            grain="week",
            about="Stickiness per week, weekends included: who works every workday has 71%",
        ),
    ),
)
WHERE = Section(
    "groups",
    "By department and job title",
    (
        Panel(
            "departments",
            "ranking",
            ("active_people", "headcount", "adoption_rate", "sessions", "spend_usd"),
            "Use by department",
            "department",
            wide=True,
            advice=PEOPLE,
        ),
        Panel(
            "roles",
            "ranking",
            ("spend_usd", "active_people", "sessions", "cost_per_person"),
            "Spend by job title",
            "role",
            wide=True,
            advice=PEOPLE,
        ),
    ),
)
HOW = Section(
    "how",
    "How they work",
    (
        Panel(
            "ways",
            "stack",
            ("active_people",),
            "Ways of working",
            "segment",
            grain="week",
            about="Active people per week by way of working in the four weeks that end with it."
            " Minimal: on few days. Autonomous: with many sessions, many commits in each, and"
            " edits mostly accepted unasked. Conversational: all others",
            finding=ways,
        ),
        Panel("sessions", "lines", ("sessions",), "Sessions over time"),
        Panel(
            "per-person",
            "lines",
            ("sessions_per_person",),
            "Sessions per active person",
            grain="week",
        ),
        Panel("prompts", "lines", ("prompts",), "Prompts over time", advice=EVENTS),
        Panel(
            "lines",
            "stack",
            ("lines_suggested",),
            "Lines of code modified",
            "type",
        ),
        Panel(
            "acceptance",
            "lines",
            ("accept_rate", "auto_approved_share"),
            "Edits accepted, and edits nobody was asked about",
            advice=EVENTS,
        ),
        Panel(
            "commits",
            "lines",
            ("commits_by_assistant",),
            "Commits, as clients count them",
        ),
        Panel(
            "tools",
            "ranking",
            ("tool_calls", "tool_errors_share"),
            "Tools used",
            "tool",
            advice=EVENTS,
        ),
    ),
)
WITH = Section(
    "with",
    "With what",
    (
        Panel(
            "assistants",
            "ranking",
            ("active_people", "sessions", "spend_usd", "accept_rate", "commits_by_assistant"),
            "Assistants side by side",
            "assistant",
            wide=True,
        ),
        Panel(
            "versions",
            "ranking",
            ("sessions", "active_people"),
            "Claude Code versions",
            "app_version",
            where={"assistant": ("claude-code",)},
            advice="Clients say their version on events; on metrics only if"
            " `OTEL_METRICS_INCLUDE_VERSION` is true.",
            finding=newest,
        ),
        Panel("platforms", "ranking", ("sessions", "active_people"), "Terminals", "terminal"),
    ),
)


@dataclass(frozen=True)
class Stalled:
    """The named question's panels, or `why` there are none; `more` says how many rows are left."""

    panels: tuple[Drawn, ...] = ()
    more: int = 0
    why: str = ""


def add_adoption(routes: APIRouter, pages: Pages) -> None:
    add_sheet(routes, pages, SHEET)


def more(services: Services, view: View, totals: Line) -> Values:
    """Where it stalls, which needs intervals."""
    return {"stalled": stalled(services, view)}


def stalled(services: Services, view: View) -> Stalled:
    terms = Terms(view.period.start, view.period.end, tuple(sorted(view.where.items())))
    try:
        answer = services.answer_question(QUESTION, terms)
    except UsageError as error:  # what this viewer may not see, or the filters do not apply to
        return Stalled(why=f"{error.message} {error.hint}".strip())
    query = RoiView(view.period, where=view.where, question=QUESTION).url("").removeprefix("?")
    shown = [replace(panel, rows=panel.rows[:ROWS]) for panel in answer.panels]
    return Stalled(
        tuple(replace(draw(panel, QUESTION_PATH, query), wide=False) for panel in shown),
        max((len(panel.rows) - ROWS for panel in answer.panels), default=0),
    )


SHEET = Sheet(
    key="adoption",
    title="Adoption",
    path=PATH,
    asks="Who works with it, and where does it stall?",
    tiles=(
        ("adoption_rate", 2),
        ("active_people", 3),
        ("sessions", 4),
        ("sessions_per_person", 5),
        ("accept_rate", 2),
    ),
    beside=("headcount", "new_people", "lapsed_people", "daily_active_people", "stickiness"),
    sections=(WHO, WHERE, HOW, WITH),
    finding=adoption_finding,
    filters=("department", "team", "role", "assistant"),
    template="adoption.html",
    more=more,
)
