"""Panels below the tables of Spend: month by month, and how the calls behind it ran."""

from __future__ import annotations

import datetime as dt

from steelyard.web import panels
from steelyard.web.panels import Panel
from steelyard.web.services import Services
from steelyard.web.sheet import Section, ShownSection
from steelyard.web.view import View

EVENTS = "It comes with the assistants' events: switch the logs exporter on."
SECTIONS = (
    Section(
        "months",
        "By month and by tool",
        (
            Panel("by-month", "stack", ("spend_usd",), "Spend by month", "assistant", "month"),
            Panel("assistants", "ranking", ("spend_usd", "cost_per_session"), "Spend by assistant",
                  "assistant"),
            Panel("tools", "ranking", ("tool_calls", "tool_errors_share"), "Calls by tool", "tool",
                  advice=EVENTS),
            Panel("servers", "ranking", ("spend_usd", "sessions"), "Spend by MCP server",
                  "mcp_server", advice=EVENTS),
        ),
    ),
    Section(
        "ran",
        "How it ran",
        (
            Panel("token-types", "stack", ("tokens",), "Tokens by type", "token_type"),
            Panel("cache", "lines", ("cache_hit_share",), "What the cache answered"),
            Panel("latency", "lines", ("api_latency_ms_p50", "api_latency_ms_p95"),
                  "How long calls to models took", about="Time to answer, in milliseconds: half"
                  " of the calls take less than the median, one in twenty more than the other line",
                  advice=EVENTS),
            Panel("errors", "lines", ("api_error_share",), "Calls that failed", advice=EVENTS),
            Panel("models", "ranking", ("api_requests", "api_latency_ms_p50", "api_latency_ms_p95",
                  "api_error_share"), "Calls by model", "model", wide=True, advice=EVENTS),
        ),
    ),
)  # fmt: skip


def sections(services: Services, view: View, today: dt.date, path: str) -> list[ShownSection]:
    """With their figures under the page's period and filters."""
    return [
        ShownSection(
            each.name,
            each.title,
            tuple(panels.show(services, view, panel, today, path) for panel in each.panels),
        )
        for each in SECTIONS
    ]
