"""The facts of work as metrics see them: what shipped, what it took, what was billed.

They are built whole from what sources told (`steelyard/work/sql`). Between the first and the last
recorded day of one of their tables, no row means that there was none.
"""

from __future__ import annotations

from collections.abc import Mapping

from steelyard.metrics.fact import Fact, same

_MARKED = ("person", "assistant", "repo", "assisted")
_KINDS = ("project", "issue_type", "priority")
_LINES = ("additions", "deletions", "files")
_COMMIT_NUMBERS = (*_LINES, "ai_lines", "rework_added", "rework_rewritten")
_REQUEST_MAYBE: tuple[str, ...] = (
    *("lines", *_LINES, "cycle_hours", "first_review_hours", "review_hours", "review_rounds"),
    "human_commits",
)
_COUNTED: tuple[str, ...] = (
    *("tokens", "list_nanos", "sessions", "lines_added", "lines_removed", "commits"),
    *("pull_requests", "accepted", "rejected", "messages", "web_searches"),
)
_ISSUE = (*("person", "assistant", "assisted"), *_KINDS)
_ISSUE_NUMBERS = ("story_points", "resolution_hours")

WORK_FACTS: Mapping[str, Fact] = {
    "work_commits": Fact(
        "work_commits", same(*_MARKED), _COMMIT_NUMBERS, nullable=frozenset(_COMMIT_NUMBERS)
    ),
    "work_pull_requests": Fact(
        "work_pull_requests",
        same(*_MARKED),
        (*_REQUEST_MAYBE, "change_requests", "interventions"),
        nullable=frozenset(_REQUEST_MAYBE),
    ),
    "work_reviews": Fact("work_reviews", same(*_MARKED) | {"review_state": "state"}),
    "work_reverts": Fact("work_reverts", same(*_MARKED)),
    "work_deployments": Fact(
        "work_deployments",
        same("person", "repo", "environment", "failed_by"),
        ("recovery_hours",),
        ("succeeded", "failed", "unplanned"),
        frozenset({"recovery_hours", "unplanned"}),
    ),
    "work_lead_times": Fact("work_lead_times", same(*_MARKED), ("hours",)),
    "issues_created": Fact(
        "work_issues",
        same(*_ISSUE),
        _ISSUE_NUMBERS,
        ("event",),
        frozenset(_ISSUE_NUMBERS),
        only=(("event", "created"),),
    ),
    "issues_resolved": Fact(
        "work_issues",
        same(*_ISSUE, "resolution", "resolution_bucket", "resolution_class"),
        _ISSUE_NUMBERS,
        ("event",),
        frozenset(_ISSUE_NUMBERS),
        only=(("event", "resolved"),),
    ),
    "work_worklogs": Fact(
        "work_worklogs",
        same("person", *_KINDS),
        ("seconds", "billable_seconds"),
        nullable=frozenset({"billable_seconds"}),
    ),
    "work_incidents": Fact(
        "work_incidents",
        same("person", "repo", "service", "severity"),
        ("acknowledge_hours", "resolve_hours"),
        nullable=frozenset({"acknowledge_hours", "resolve_hours"}),
    ),
    "work_ci_runs": Fact(
        "work_ci_runs",
        same("person", "repo", "workflow", "branch"),
        ("minutes",),
        ("success",),
        frozenset({"minutes"}),
    ),
    "work_surveys": Fact(
        "work_surveys",
        same("person", "survey", "question"),
        ("score", "scale_max"),
        nullable=frozenset({"scale_max"}),
    ),
    "bills": Fact(
        "bills",
        same("person", "assistant", "provider", "cost_type", "model", "token_type", "workspace")
        | {"reported_by": "bill_source", "currency": "currency"},
        ("amount_nanos", "usd_nanos"),
        ("final",),
        frozenset({"usd_nanos"}),
    ),
    "vendor_days": Fact(
        "vendor_days",
        same("person", "assistant", "provider", "model", "token_type", "cache_ttl")
        | same("workspace", "terminal")
        | {"reported_by": "source"},
        _COUNTED,
        nullable=frozenset(_COUNTED),
    ),
}
