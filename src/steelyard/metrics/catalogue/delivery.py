"""What shipped: commits and pull requests, how long they took, what assistants did of it."""

from __future__ import annotations

from steelyard.metrics.measures import (
    Count,
    EmployedDays,
    Filter,
    Is,
    Known,
    Quantile,
    Ratio,
    Scaled,
    Sum,
)
from steelyard.metrics.metric import Direction, Grade, Metric

COMMITS = Count("work_commits")
PRS = Count("work_pull_requests")
DEV_WEEKS = Scaled(EmployedDays(), 7)
_AI = Is("assisted", "yes")
_MARKED = frozenset({"assistant", "assisted"})
_HOSTS = "code hosts and repositories, each commit and pull request once"
_WEEKS = "Developer weeks are the days of everybody employed in scope, divided by seven."
_SCOPE = "Narrow it by role where not everybody writes code; unknown without people."
_FLOOR = "A floor: work whose marks were left out or squashed away counts as unassisted."
_SELF = "An assistant that works under its own name counts as nobody's."


def _hours(name: str, column: str, sentence: str, *caveats: str) -> Metric:
    formula = Quantile("work_pull_requests", column, 0.5)
    known = "Pull requests of which a part is not known are left out."
    return Metric(name, sentence, "h", "down", formula, _HOSTS, (*caveats, known), "high")


def _assisted(name: str, fact: str, what: str, grade: Grade) -> Metric:
    sentence = f"Share of {what} whose marks name an assistant."
    formula = Ratio(Count(fact, (_AI,)), Count(fact))
    marks = "trailers, notes, authors, labels and texts that name an assistant"
    return Metric(name, sentence, "share", "neutral", formula, marks, (_FLOOR,), grade, _MARKED)


def _sum(column: str, *filters: Filter) -> Sum:
    return Sum("work_pull_requests", column, filters=filters)


def _weekly(name: str, top: Count, what: str, grade: Grade) -> Metric:
    sentence = f"{what} per developer and week."
    direction: Direction = "up"
    evidence = f"{_HOSTS}; the people table"
    caveats = (_WEEKS, _SCOPE)
    return Metric(
        name, sentence, "per week", direction, Ratio(top, DEV_WEEKS), evidence, caveats, grade
    )


METRICS = (
    Metric(
        "commits",
        "Commits by people on default branches; merges and bots are left out.",
        "commits",
        "up",
        COMMITS,
        _HOSTS,
        ("A squash merge is one commit; more commits is not more value.", _SELF),
    ),
    _weekly("commits_per_dev_week", COMMITS, "Commits", "medium"),
    Metric(
        "prs_merged",
        "Merged pull requests; bots' are left out.",
        "pull requests",
        "up",
        PRS,
        _HOSTS,
        ("Counted on the day of the merge, for its author.", _SELF),
        "high",
    ),
    _weekly("prs_per_dev_week", PRS, "Merged pull requests", "high"),
    _hours(
        "pr_cycle_hours_p50",
        "cycle_hours",
        "Median time from a pull request's first commit to its merge.",
        "Nights and weekends count.",
    ),
    _hours(
        "pr_first_review_hours_p50",
        "first_review_hours",
        "Median time a pull request waits for its first review by another person.",
        "From ready for review, or from its creation; a review of the draft is no wait.",
    ),
    _hours(
        "pr_review_hours_p50",
        "review_hours",
        "Median time from a pull request's first review to its merge.",
        "Of merged pull requests that another person reviewed.",
    ),
    Metric(
        "pr_review_rounds_avg",
        "Requests for changes on a reviewed pull request, plus one.",
        "rounds",
        "down",
        Ratio(_sum("review_rounds"), Count("work_pull_requests", (Known("review_rounds"),))),
        _HOSTS,
        ("Two reviewers who ask at once are two rounds. Unreviewed ones are left out.",),
        "high",
    ),
    Metric(
        "pr_size_lines_p50",
        "Median lines added and deleted by a merged pull request.",
        "lines",
        "down",
        Quantile("work_pull_requests", "lines", 0.5),
        _HOSTS,
        ("Generated files and lock files count.",),
    ),
    Metric(
        "reviews",
        "Reviews of pull requests by another person than the author.",
        "reviews",
        "up",
        Count("work_reviews"),
        _HOSTS,
        ("Bots' reviews, and reviews of bots' requests, are left out. For the reviewer.",),
        "high",
    ),
    Metric(
        "reverts",
        "Merged pull requests, and other commits on default branches, that take one back.",
        "reverts",
        "down",
        Count("work_reverts"),
        _HOSTS,
        ("Known by what the change says of itself; a fix by hand is none. For who reverted.",),
    ),
    Metric(
        "rework_share",
        "Share of the lines added to default branches that were rewritten within 21 days.",
        "share",
        "down",
        Ratio(
            Sum("work_commits", "rework_rewritten"),
            Sum("work_commits", "rework_added"),
        ),
        "line histories of repositories that are read as git",
        (
            "Counted on the day of the first commit; unknown until the 21 days are over.",
            "Rewriting soon can be good: it is work done twice, not work done badly.",
        ),
    ),
    Metric(
        "review_interventions_per_ai_pr",
        "Requests for changes, and people's commits after opening, per assisted pull request.",
        "interventions",
        "down",
        Ratio(_sum("interventions", _AI), Count("work_pull_requests", (_AI,))),
        _HOSTS,
        (
            "A floor where the source does not tell who committed after opening.",
            "Rejections inside a session are tool_reject_rate: nothing ties them to one request.",
        ),
        not_by=frozenset({"assisted"}),
    ),
    _assisted("ai_commit_share", "work_commits", "commits", "medium"),
    _assisted("ai_pr_share", "work_pull_requests", "merged pull requests", "high"),
    Metric(
        "ai_line_share",
        "Share of added lines that notes give to an assistant, of all lines added.",
        "share",
        "neutral",
        Ratio(Sum("work_commits", "ai_lines"), Sum("work_commits", "additions")),
        "notes that name the author of each line",
        ("A floor: lines of commits without a note count as people's.",),
        "low",
        _MARKED,
    ),
)
