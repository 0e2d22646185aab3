"""What was allowed and rejected, and what came out as the clients counted it."""

from __future__ import annotations

from steelyard.metrics.measures import Filter, Is, OneOf, Ratio, Sum
from steelyard.metrics.metric import Metric

LINES = Sum("lines", "amount")
COMMITS = Sum("commits", "amount")
PRS = Sum("pull_requests", "amount")
_EDIT = Is("is_edit", True)
_PERSON = Is("by_person", True)
_SAID = frozenset({"decision", "source"})
_VERDICT = OneOf("decision", ("accept", "reject"))


def _decided(*filters: Filter) -> Sum:
    return Sum("decisions", "decisions", filters=filters)


METRICS = (
    Metric(
        "edit_decisions",
        "Decisions about edits, by decision, source, tool and language.",
        "decisions",
        "neutral",
        _decided(_EDIT),
        "metrics and events, the larger floor",
        ("A rejection from config is the client's own refusal, not a person's.",),
    ),
    Metric(
        "accept_rate",
        "Share of edits a person was asked about that the person accepted.",
        "share",
        "up",
        Ratio(
            _decided(_EDIT, _PERSON, Is("decision", "accept")), _decided(_EDIT, _PERSON, _VERDICT)
        ),
        "decisions whose source is a person",
        (
            "Accepting more is not producing more.",
            "Says nothing about edits nobody was asked about; see auto_approved_share.",
        ),
        not_by=_SAID,
    ),
    Metric(
        "auto_approved_share",
        "Share of edit decisions that were accepted without asking anybody.",
        "share",
        "neutral",
        Ratio(_decided(_EDIT, Is("by_person", False), Is("decision", "accept")), _decided(_EDIT)),
        "decisions whose source is a setting or a hook",
        ("A rule the person allowed for good counts as the person's decision.",),
        not_by=_SAID,
    ),
    Metric(
        "tool_reject_rate",
        "Share of decisions about any tool, made by a person, that were rejections.",
        "share",
        "down",
        Ratio(_decided(_PERSON, Is("decision", "reject")), _decided(_PERSON, _VERDICT)),
        "events; metrics know edit tools only",
        not_by=_SAID,
    ),
    Metric(
        "lines_suggested",
        "Lines in edit-tool calls, by type added and removed.",
        "lines",
        "neutral",
        LINES,
        "metrics",
        (
            "Not what survived, was committed or merged.",
            "Lines written by shell commands and notebooks are not counted.",
        ),
        "low",
    ),
    Metric(
        "commits_by_assistant",
        "Commits the clients counted in the assistant's shell calls.",
        "commits",
        "up",
        COMMITS,
        "metrics",
        ("Amending counts again, two commits in one call count once, scripts' do not count.",),
    ),
    Metric(
        "prs_by_assistant",
        "Pull requests the clients counted as opened by the assistant.",
        "pull requests",
        "up",
        PRS,
        "metrics",
        ("Opened, not merged.",),
    ),
)
