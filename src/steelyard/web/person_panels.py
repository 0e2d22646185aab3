"""What the page Person shows of one person: tiles, sections of panels, its finding."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from steelyard.web import asking, person_plan
from steelyard.web.answers import Line, single
from steelyard.web.finding import Finding, Part, compared
from steelyard.web.formats import count, short_money
from steelyard.web.panels import Panel
from steelyard.web.services import Services
from steelyard.web.sheet import OwnTable, Section, Sheet
from steelyard.web.tiles import Tile, tiles
from steelyard.web.view import View

PATH = "/person"
EVENTS = "Comes with the assistants' events: switch the logs exporter on."
METRICS = "Comes with the assistants' metrics: switch the metrics exporter on."
ADDED = {"type": ("added",)}
WRITING = {"tool": ("Edit", "Write")}

WHEN = Section(
    "when",
    "When",
    (
        Panel("sessions", "lines", ("sessions",), "Sessions over time"),
        Panel("active", "stack", ("active_minutes",), "Active time", "type", advice=METRICS),
        Panel("prompts", "lines", ("prompts",), "Prompts over time", advice=EVENTS),
        Panel("prompt-length", "lines", ("prompt_chars_avg",), "Length of prompts", advice=EVENTS),
    ),
)
COST = Section(
    "cost",
    "Cost",
    (
        Panel("spend", "lines", ("spend_usd",), "Cost over time"),
        Panel("per-session", "lines", ("cost_per_session",), "Cost per session"),
        Panel("model-mix", "stack", ("spend_usd",), "Models over time", "model"),
        Panel("models", "ranking", ("spend_usd", "tokens"), "Models, by cost", "model"),
        Panel("types", "stack", ("tokens",), "Tokens by type", "token_type"),
        Panel("cache", "lines", ("cache_hit_share",), "Cache hits over time"),
    ),
)
LINES = Section(
    "lines",
    "Lines and tools",
    (
        Panel("lines", "stack", ("lines_suggested",), "Lines modified", "type", advice=METRICS),
        Panel("per-dollar", "lines", ("lines_per_usd",), "Lines per dollar", advice=METRICS),
        Panel(
            "tools",
            "ranking",
            ("tool_calls", "tool_errors_share"),
            "Tools used",
            "tool",
            advice=EVENTS,
        ),
        Panel("tools-course", "stack", ("tool_calls",), "Tools over time", "tool", advice=EVENTS),
        Panel(
            "decisions",
            "ranking",
            ("edit_decisions", "accept_rate", "auto_approved_share"),
            "Decisions about edits and writes",
            "tool",
            where=WRITING,
            about="Decisions by the tool asked about: Edit changes a file, Write makes one",
            advice=EVENTS,
        ),
        Panel(
            "edit-write",
            "stack",
            ("tool_calls",),
            "Edit and Write over time",
            "tool",
            where=WRITING,
            advice=EVENTS,
        ),
    ),
)
SHIPPED = Section(
    "shipped",
    "What shipped",
    (
        Panel("commits", "lines", ("commits",), "Commits that shipped", grain="week"),
        Panel("prs", "lines", ("prs_merged",), "Pull requests merged", grain="week"),
        Panel("issues", "lines", ("issues_resolved",), "Issues resolved", grain="week"),
        Panel(
            "by-assistant",
            "lines",
            ("commits_by_assistant", "prs_by_assistant"),
            "Commits and pull requests, as clients count them",
            grain="week",
            advice=METRICS,
        ),
    ),
    about="Commits and pull requests are work of a team and tell little about one person.",
)


def person_url(view: View, person: str) -> str:
    """The page of somebody, over the same days."""
    said = {"who": person, **view.period.parameters()}
    return f"{PATH}?{urlencode(said)}"


def finding(view: View, totals: Line) -> Finding:
    """What they used; beside nobody else's."""
    opening = view.period.phrase[:1].upper() + view.period.phrase[1:]
    number, spend = totals.number("sessions"), totals.number("spend_usd")
    if not number and not spend:
        return Finding(((f"{opening}, no use is recorded.", False),), "Choose a longer period.")
    parts: list[Part] = [(f"{opening}, ", False)]
    if number:
        parts.append((f"{count(number)} session{'' if number == 1 else 's'}", True))
    if spend is None:
        parts.append(("; what they cost is unknown", False))
    else:
        parts += [(" for " if number else "", False), (short_money(spend), True)]
        parts += [(" at list price", False), *compared(view, totals, "spend_usd")]
    return Finding(
        (*parts, (".", False)),
        "Compared with this person's own past only. More use is not more work.",
    )


def lines_added(services: Services, view: View) -> list[Tile]:
    """Lines added by edit tools: the part of the lines suggested that is new."""
    where = {**view.where, **ADDED}
    name = "lines_suggested"
    asked = asking.question(view, (name,), compare=view.compare, where=where)
    found = tiles(view, single(services.ask(asked)), {}, (), ((name, 4),))
    return [replace(tile, label="Lines added") for tile in found]


SHEET = Sheet(
    key="person",
    title="Person",
    path=PATH,
    asks="How does one person work with assistants?",
    tiles=(
        ("spend_usd", 1),
        ("sessions", 4),
        ("active_minutes", 3),
        ("cost_per_session", 5),
        ("cache_hit_share", 2),
    ),
    sections=(WHEN, COST, LINES, SHIPPED),
    finding=finding,
    filters=("assistant", "model"),
    template="person.html",
    more_tiles=lines_added,
    tables={person_plan.NAME: OwnTable(person_plan.COLUMNS, person_plan.rows)},
)
