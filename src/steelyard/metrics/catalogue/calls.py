"""Calls to models and tools: how many, how fast, how often they fail."""

from __future__ import annotations

from steelyard.metrics.measures import Count, Is, OneOf, Quantile, Ratio, Sum
from steelyard.metrics.metric import Metric

CALLS = Sum("tool_calls", "calls")
_OK = (Is("ok", True),)
_FAILED = Count("requests", (Is("ok", False),))
_EVENTS = "events; clients that send metrics only have none"
_RETRIED = "Errors that a retry mended leave no trace."
_TOOL = "tool_result events; the assistant's own counter where it has one"
_JUDGED = OneOf("success", ("true", "false"))


def _latency(name: str, share: float, sentence: str) -> Metric:
    formula = Quantile("requests", "latency_ms", share, _OK)
    return Metric(name, sentence, "ms", "down", formula, _EVENTS, ("Answered calls only.",))


def _duration(name: str, share: float, sentence: str) -> Metric:
    formula = Quantile("tool_calls", "duration_ms", share)
    return Metric(
        name, sentence, "ms", "down", formula, _TOOL, ("Long-running commands count in full.",)
    )


METRICS = (
    Metric(
        "api_requests",
        "Calls a model answered.",
        "calls",
        "neutral",
        Count("requests", _OK),
        _EVENTS,
        ("Replies cut in mid-stream leave nothing at all.",),
    ),
    Metric(
        "api_errors",
        "Calls to a model that failed for good.",
        "calls",
        "down",
        _FAILED,
        _EVENTS,
        (_RETRIED,),
    ),
    Metric(
        "api_error_share",
        "Share of calls to a model that failed for good.",
        "share",
        "down",
        Ratio(_FAILED, Count("requests")),
        _EVENTS,
        (_RETRIED, "api_errors ÷ (api_requests + api_errors)."),
        not_by=frozenset({"status", "error"}),
    ),
    _latency("api_latency_ms_p50", 0.5, "Median time of an answered call to a model."),
    _latency("api_latency_ms_p95", 0.95, "Time that 95 % of answered calls stay below."),
    Metric(
        "tool_calls",
        "Tools run by the assistant.",
        "calls",
        "neutral",
        CALLS,
        _TOOL,
        ("An edit that fails its own check, and a refused tool, leave no result.",),
    ),
    Metric(
        "tool_errors_share",
        "Share of tool calls that failed, among those whose outcome is known.",
        "share",
        "down",
        Ratio(
            Sum("tool_calls", "calls", filters=(Is("success", "false"),)),
            Sum("tool_calls", "calls", filters=(_JUDGED,)),
        ),
        _TOOL,
        ("A failing test run is a failed call and may be good work.",),
        not_by=frozenset({"success"}),
    ),
    _duration("tool_latency_ms_p50", 0.5, "Median time a tool ran."),
    _duration("tool_latency_ms_p95", 0.95, "Time that 95 % of tool calls stay below."),
)
