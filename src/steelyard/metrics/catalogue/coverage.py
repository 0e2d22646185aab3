"""How much of what was counted belongs to somebody the people table knows."""

from __future__ import annotations

from steelyard.metrics.catalogue.delivery import COMMITS
from steelyard.metrics.catalogue.sessions import SESSIONS
from steelyard.metrics.catalogue.spend import SPEND
from steelyard.metrics.measures import Count, CountDistinct, Formula, Matched, Not, Ratio, Sum
from steelyard.metrics.metric import Metric

_TEAMS = "What is not matched has no team, but counts in totals."


def _matched(name: str, what: str, top: Formula, bottom: Formula) -> Metric:
    return Metric(
        name,
        f"Share of {what} whose person is in the people table.",
        "share",
        "up",
        Ratio(top, bottom),
        "identities seen, against the people table",
        (_TEAMS,),
        "high",
    )


METRICS = (
    _matched(
        "spend_matched_share", "spend", Sum("usage", "list_nanos", filters=(Matched(),)), SPEND.of
    ),
    _matched(
        "sessions_matched_share",
        "sessions with work",
        CountDistinct("worked_sessions", ("session",), (Not("session", ""), Matched())),
        SESSIONS,
    ),
    _matched("commits_matched_share", "commits", Count("work_commits", (Matched(),)), COMMITS),
)
