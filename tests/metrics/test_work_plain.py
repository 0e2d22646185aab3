"""Figures of work against the same computed from the generated rows in plain Python."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable
from fractions import Fraction

import pytest

from steelyard.metrics import Question, ask

from .engines import DuckStore
from .world import DAY, END, NOW, START, Row, World, days

ISSUES = "work_issues"


def rows(world: World, table: str, **wanted: object) -> list[Row]:
    found = world.rows(table)
    return [row for row in found if all(row[name] == value for name, value in wanted.items())]


def total(found: list[Row], column: str) -> float:
    return sum(row[column] for row in found if row[column] is not None)


def median(found: list[Row], column: str) -> float:
    return statistics.median(row[column] for row in found if row[column] is not None)


def share(world: World, table: str, **wanted: object) -> float:
    return len(rows(world, table, **wanted)) / len(rows(world, table))


def spend(world: World) -> Fraction:
    return Fraction(int(total(rows(world, "usage"), "list_nanos")), 10**9)


def known(world: World) -> set[str]:
    return {row["person"] for row in world.tables["people"]}


def dev_weeks(world: World) -> Fraction:
    return Fraction(sum(employed(world, day) for day in days(START, END)), 7)


def employed(world: World, day: dt.date) -> int:
    return sum(
        row["valid_from"] <= day <= row["valid_to"]
        and (row["start_date"] is None or row["start_date"] <= day)
        and (row["end_date"] is None or row["end_date"] >= day)
        for row in world.tables["people"]
    )


def active_hours_of_loggers(world: World) -> float:
    loggers = {row["person"] for row in rows(world, "work_worklogs")}
    active = rows(world, "counters", counter="active_seconds")
    return sum(row["amount"] for row in active if row["person"] in loggers) / 3600


def commits(world: World) -> int:
    return len(rows(world, "work_commits"))


def requests(world: World) -> list[Row]:
    return rows(world, "work_pull_requests")


def resolved(world: World) -> list[Row]:
    return rows(world, ISSUES, event="resolved")


FIGURES: dict[str, Callable[[World], float | Fraction]] = {
    "commits": commits,
    "commits_per_dev_week": lambda w: commits(w) / dev_weeks(w),
    "prs_merged": lambda w: len(requests(w)),
    "prs_per_dev_week": lambda w: len(requests(w)) / dev_weeks(w),
    "pr_cycle_hours_p50": lambda w: median(requests(w), "cycle_hours"),
    "pr_first_review_hours_p50": lambda w: median(requests(w), "first_review_hours"),
    "pr_review_hours_p50": lambda w: median(requests(w), "review_hours"),
    "pr_review_rounds_avg": lambda w: statistics.mean(
        r["review_rounds"] for r in requests(w) if r["review_rounds"] is not None
    ),
    "pr_size_lines_p50": lambda w: median(requests(w), "lines"),
    "reviews": lambda w: len(rows(w, "work_reviews")),
    "reverts": lambda w: len(rows(w, "work_reverts")),
    "rework_share": lambda w: (
        total(rows(w, "work_commits"), "rework_rewritten")
        / total(rows(w, "work_commits"), "rework_added")
    ),
    "review_interventions_per_ai_pr": lambda w: statistics.mean(
        r["change_requests"] + (r["human_commits"] or 0)
        for r in requests(w)
        if r["assisted"] == "yes"
    ),
    "ai_commit_share": lambda w: share(w, "work_commits", assisted="yes"),
    "ai_pr_share": lambda w: share(w, "work_pull_requests", assisted="yes"),
    "ai_line_share": lambda w: (
        total(rows(w, "work_commits"), "ai_lines") / total(rows(w, "work_commits"), "additions")
    ),
    "deployments": lambda w: len(rows(w, "work_deployments", succeeded=True)),
    "deployments_per_day": lambda w: len(rows(w, "work_deployments", succeeded=True)) / 31,
    "lead_time_hours_p50": lambda w: median(rows(w, "work_lead_times"), "hours"),
    "change_failure_share": lambda w: share(w, "work_deployments", failed=True),
    "recovery_hours_p50": lambda w: median(
        rows(w, "work_deployments", failed=True), "recovery_hours"
    ),
    "deployment_rework_share": lambda w: (
        len(rows(w, "work_deployments", unplanned=True))
        / len([r for r in rows(w, "work_deployments") if r["unplanned"] is not None])
    ),
    "incidents": lambda w: len(rows(w, "work_incidents")),
    "ci_success_share": lambda w: share(w, "work_ci_runs", success=True),
    "ci_minutes": lambda w: total(rows(w, "work_ci_runs"), "minutes"),
    "issues_created": lambda w: len(rows(w, ISSUES, event="created")),
    "issues_resolved": lambda w: len(resolved(w)),
    "story_points_resolved": lambda w: total(resolved(w), "story_points"),
    "resolution_hours_p50": lambda w: median(resolved(w), "resolution_hours"),
    "hours_logged": lambda w: total(rows(w, "work_worklogs"), "seconds") / 3600,
    "ai_time_share": lambda w: (
        active_hours_of_loggers(w) * 3600 / total(rows(w, "work_worklogs"), "seconds")
    ),
    "spend_billed_usd": lambda w: Fraction(int(total(rows(w, "bills"), "usd_nanos")), 10**9),
    "cost_per_commit": lambda w: spend(w) / commits(w),
    "cost_per_pr": lambda w: spend(w) / len(requests(w)),
    "cost_per_issue": lambda w: spend(w) / len(resolved(w)),
    "cost_per_story_point": lambda w: float(spend(w)) / total(resolved(w), "story_points"),
    "commits_per_usd": lambda w: commits(w) / spend(w),
    "spend_matched_share": lambda w: (
        total([r for r in rows(w, "usage") if r["person"] in known(w)], "list_nanos")
        / total(rows(w, "usage"), "list_nanos")
    ),
    "sessions_matched_share": lambda w: (
        len({r["session"] for r in rows(w, "session_days", worked=True) if r["person"] in known(w)})
        / len({r["session"] for r in rows(w, "session_days", worked=True)})
    ),
    "commits_matched_share": lambda w: (
        len([r for r in rows(w, "work_commits") if r["person"] in known(w)]) / commits(w)
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_equals_plain_python(name: str, world: World, duck: DuckStore) -> None:
    found = ask(duck, Question((name,), START, END), NOW).value(name)
    assert found == pytest.approx(float(FIGURES[name](world)), rel=1e-9)


def test_a_survey_is_averaged_per_question(world: World, duck: DuckStore) -> None:
    answer = ask(duck, Question(("survey_score_avg",), START, END, ("question",)), NOW)
    assert dict(answer.rows) == {"a": 4.0, "b": 4.0}


def test_the_histogram_holds_every_resolved_issue(world: World, duck: DuckStore) -> None:
    for name in ("resolution_bucket", "resolution_class", "assisted"):
        wanted: dict[str, int] = {}
        for row in resolved(world):
            wanted[row[name]] = wanted.get(row[name], 0) + 1
        answer = ask(duck, Question(("issues_resolved",), START, END, (name,)), NOW)
        assert dict(answer.rows) == wanted


def test_weeks_of_a_rate_have_their_own_days_and_developers(world: World, duck: DuckStore) -> None:
    names = ("deployments_per_day", "commits_per_dev_week")
    answer = ask(duck, Question(names, START, END, ("week",)), NOW)
    assert [row[0].isoformat() for row in answer.rows if isinstance(row[0], dt.date)] == [
        "2026-09-28",
        "2026-10-05",
        "2026-10-12",
        "2026-10-19",
        "2026-10-26",
    ]
    for week, per_day, per_week in answer.rows:
        assert isinstance(week, dt.date)
        within = [day for day in days(week, week + 6 * DAY) if START <= day <= END]
        counted = [r for r in rows(world, "work_deployments", succeeded=True) if r["day"] in within]
        assert per_day == pytest.approx(len(counted) / len(within))
        made = [r for r in rows(world, "work_commits") if r["day"] in within]
        weeks = sum(employed(world, day) for day in within) / 7
        assert per_week == pytest.approx(len(made) / weeks)
