"""DORA, cycle times and the histogram of a random company, computed twice."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd
import pytest

from steelyard.metrics import Question, ask

from .random_company import HOUR, Calculation, Company
from .world import NOW, World

SEEDS = range(6)


def asked(world: World, name: str, *by: str) -> Any:
    answer = ask(world.warehouse.facts, Question((name,), by=by), NOW)
    return dict(answer.rows) if by else answer.value(name)


@pytest.fixture(params=SEEDS)
def company(request: pytest.FixtureRequest, world: World) -> Company:
    found = Company(request.param)
    world.tell(found.records)
    world.build()
    return found


def test_dora(world: World, company: Company) -> None:
    wanted = Calculation(company)
    lead = wanted.lead_times()
    assert len(lead) > 20
    assert dict(world.rows("work_lead_times", "sha", "hours")) == pytest.approx(dict(lead))
    assert asked(world, "lead_time_hours_p50") == pytest.approx(lead.median())
    judged = wanted.judge()
    columns = ("deployment", "failed", "recovery_hours", "unplanned")
    found = {row[0]: row[1:] for row in world.rows("work_deployments", *columns)}
    recovery = judged["recovery"].astype(float)
    assert found.keys() == set(judged.index)
    for key, (failed, hours, unplanned) in found.items():
        known = None if pd.isna(recovery[key]) else pytest.approx(recovery[key])
        assert (failed, hours, unplanned) == (
            judged["failed"][key],
            known,
            judged["unplanned"][key],
        ), key
    assert asked(world, "change_failure_share") == pytest.approx(judged["failed"].mean())
    assert asked(world, "recovery_hours_p50") == pytest.approx(recovery.median())
    assert asked(world, "deployment_rework_share") == pytest.approx(judged["unplanned"].mean())
    days = pd.Series([d.finished_at.date() for d in wanted.deployments if d.finished_at])
    span = (days.max() - days.min()).days + 1
    per_day = len(wanted.successes) / span
    assert asked(world, "deployments_per_day") == pytest.approx(per_day)


def test_cycle_times_by_week(world: World, company: Company) -> None:
    table = pd.DataFrame(
        {
            "week": pd.Timestamp(r.merged_at.date()).to_period("W-SUN").start_time.date(),
            "hours": (r.merged_at - r.first_commit_at) / HOUR,
        }
        for r in company.requests
        if r.merged_at and r.first_commit_at and "[bot]" not in r.author
    )
    wanted = table.groupby("week")["hours"].median()
    assert asked(world, "pr_cycle_hours_p50", "week") == pytest.approx(wanted.to_dict())


def test_waits_for_a_review(world: World, company: Company) -> None:
    first: dict[str, Any] = {}
    by_key = {r.key: r for r in company.requests}
    for review in sorted(company.reviews, key=lambda r: str(r.submitted_at)):
        asked_for = by_key[review.pull_request]
        if review.reviewer not in (asked_for.author, "github:lint[bot]"):
            first.setdefault(review.pull_request, review.submitted_at)
    merged = [
        by_key[key] for key in first if by_key[key].merged_at and "[bot]" not in by_key[key].author
    ]
    waits = pd.Series([(first[r.key] - r.created_at) / HOUR for r in merged]).clip(lower=0)
    assert asked(world, "pr_first_review_hours_p50") == pytest.approx(waits.median())
    after = pd.Series([(r.merged_at - first[r.key]) / HOUR for r in merged if r.merged_at])
    assert asked(world, "pr_review_hours_p50") == pytest.approx(after.median())


def test_the_histogram(world: World, company: Company) -> None:
    hours = pd.Series(
        [(i.resolved_at - i.created_at) / HOUR for i in company.issues if i.resolved_at]
    )
    edges = [0, 1, 2, 4, 8, 16, 24, 48, 72, 120, 168, 336, 720]
    labels = [f"{a}-{b}h" for a, b in itertools.pairwise(edges[1:])]
    cut = pd.cut(hours, [*edges, float("inf")], right=False, labels=["<1h", *labels, ">720h"])
    counts = {name: n for name, n in cut.value_counts().items() if n}
    assert asked(world, "issues_resolved", "resolution_bucket") == counts
    classes = pd.cut(
        hours,
        [0, 24, 72, 168, 336, float("inf")],
        right=False,
        labels=["<1d", "1-3d", "3-7d", "1-2w", ">2w"],
    )
    counts = {name: n for name, n in classes.value_counts().items() if n}
    assert asked(world, "issues_resolved", "resolution_class") == counts
    assert asked(world, "resolution_hours_p50") == pytest.approx(hours.median())
