"""Issues and the time they took, time logged, and answers of surveys, which stand apart."""

from __future__ import annotations

from steelyard.metrics.measures import Count, Known, Logged, Quantile, Ratio, Scaled, Sum
from steelyard.metrics.metric import Metric

RESOLVED = Count("issues_resolved")
POINTS = Sum("issues_resolved", "story_points")
# In order, for histograms; each begins where the one before it ends.
RESOLUTION_BUCKETS: tuple[str, ...] = (
    *("<1h", "1-2h", "2-4h", "4-8h", "8-16h", "16-24h", "24-48h", "48-72h"),
    *("72-120h", "120-168h", "168-336h", "336-720h", ">720h"),
)
RESOLUTION_CLASSES = ("<1d", "1-3d", "3-7d", "1-2w", ">2w")
_LOGGED = Scaled(Sum("work_worklogs", "seconds"), 3600)
_TRACKERS = "issue trackers, each issue once"
_ASSIGNEE = "Counted for the assignee on the day it was resolved, whatever the resolution."
_NAMED = "Assisted: an assisted commit or pull request names it; a floor."

METRICS = (
    Metric(
        "issues_created",
        "Issues created.",
        "issues",
        "neutral",
        Count("issues_created"),
        _TRACKERS,
        ("Counted for the reporter.",),
    ),
    Metric(
        "issues_resolved",
        "Issues resolved.",
        "issues",
        "up",
        RESOLVED,
        _TRACKERS,
        (_ASSIGNEE, "One that was opened again counts once, when it was last resolved.", _NAMED),
    ),
    Metric(
        "story_points_resolved",
        "Story points of issues resolved.",
        "points",
        "up",
        POINTS,
        _TRACKERS,
        ("Issues without an estimate add nothing; teams' points are not of one size.", _NAMED),
        "low",
    ),
    Metric(
        "resolution_hours_p50",
        "Median time from an issue's creation to its resolution.",
        "h",
        "down",
        Quantile("issues_resolved", "resolution_hours", 0.5),
        _TRACKERS,
        ("Waiting in the backlog counts, as do nights and weekends.", _NAMED),
    ),
    Metric(
        "hours_logged",
        "Hours people logged on issues.",
        "h",
        "neutral",
        _LOGGED,
        "time sheets; where two sources tell of the same, the larger",
        ("What people enter, not what a clock saw.",),
    ),
    Metric(
        "ai_time_share",
        "Active minutes of those who log time, of the time they logged in the period.",
        "share",
        "neutral",
        Ratio(
            Scaled(Sum("active_seconds", "amount", filters=(Logged(),)), 3600),
            _LOGGED,
        ),
        "metrics of clients and time sheets",
        (
            "People who logged nothing in the period are left out of both sides.",
            "Assistants work beside people, so it can be over 1.",
        ),
    ),
    Metric(
        "survey_score_avg",
        "Mean score of a survey's question.",
        "score",
        "up",
        Ratio(Sum("work_surveys", "score"), Count("work_surveys", (Known("score"),))),
        "answers to surveys",
        ("What people say, kept apart from what was counted. Never shown by person.",),
        "separate",
        frozenset({"person"}),
        ("question",),
    ),
)
