"""One reading of all systems: every fact once, and every figure what the script says it is."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.app.house import House
from tests.company.offices import FIRST_USED, billed_cents, seen
from tests.company.script import SHARED
from tests.company.served import IN_GIT, Served
from tests.company.truth import Truth, counts, medians, shares, sums
from tests.recorded import asked as figures


def close(found: dict[Any, Any]) -> Any:
    return pytest.approx(found, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("by", ["person", "team", "repo", "month", "assisted"])
def test_commits(asked: House, truth: Truth, by: str) -> None:
    assert figures(asked, "commits", by) == counts(truth.commits(), by)


def test_a_commit_that_git_and_github_tell_of_is_one(
    asked: House, systems: Served, truth: Truth
) -> None:
    sql = "select sha from raw_commits where source = ?"
    clone, host = (
        {row[0] for row in asked.warehouse.query(sql, [name])} for name in ("clone", "github")
    )
    known = set(truth.commits().query("repo == @IN_GIT").sha)
    assert len(known) > 100
    assert known <= clone
    assert clone <= host
    told = asked.warehouse.query("select sha from work_commits where repo = ?", [IN_GIT])
    assert sorted(row[0] for row in told) == sorted(known)


@pytest.mark.parametrize("by", ["person", "team", "repo", "month", "assisted"])
def test_merged_pull_requests(asked: House, truth: Truth, by: str) -> None:
    pulls = truth.pulls()
    assert figures(asked, "prs_merged", by) == counts(pulls, by)
    if by != "person":
        assert figures(asked, "pr_cycle_hours_p50", by) == close(medians(pulls, "cycle", by))
        assert figures(asked, "pr_size_lines_p50", by) == close(medians(pulls, "lines", by))
        wanted = medians(pulls, "wait", by)
        assert figures(asked, "pr_first_review_hours_p50", by) == close(wanted)


@pytest.mark.parametrize("by", ["person", "team", "repo", "review_state"])
def test_reviews(asked: House, truth: Truth, by: str) -> None:
    assert figures(asked, "reviews", by) == counts(truth.reviews(), by)


@pytest.mark.parametrize("by", ["person", "team", "project", "issue_type", "priority", "assisted"])
def test_issues(asked: House, truth: Truth, by: str) -> None:
    assert figures(asked, "issues_created", by) == counts(truth.issues("created"), by)
    resolved = truth.issues("resolved")
    assert figures(asked, "issues_resolved", by) == counts(resolved, by)
    assert figures(asked, "story_points_resolved", by) == sums(resolved, "points", by)
    wanted = medians(resolved, "hours", by)
    # Jira keeps milliseconds.
    found = figures(asked, "resolution_hours_p50", by)
    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("by", ["person", "team", "project"])
def test_hours_logged(asked: House, truth: Truth, by: str) -> None:
    assert figures(asked, "hours_logged", by) == close(sums(truth.worklogs(), "hours", by))


@pytest.mark.parametrize("by", ["repo", "team", "month"])
def test_deployments_and_what_failed(asked: House, truth: Truth, by: str) -> None:
    made = truth.deployments()
    assert figures(asked, "deployments", by) == counts(made[made.ok], by)
    failed = {key: share for key, share in shares(made, "failed", by).items() if share}
    assert figures(asked, "change_failure_share", by) == close(failed)
    wanted = medians(made[made.failed], "recovery", by)
    assert figures(asked, "recovery_hours_p50", by) == close(wanted)


@pytest.mark.parametrize("by", ["repo", "team"])
def test_lead_times(asked: House, truth: Truth, by: str) -> None:
    wanted = medians(truth.lead_times(), "hours", by)
    assert figures(asked, "lead_time_hours_p50", by) == close(wanted)


@pytest.mark.parametrize("by", ["repo", "person", "team"])
def test_incidents(asked: House, truth: Truth, by: str) -> None:
    assert figures(asked, "incidents", by) == counts(truth.incidents(), by)


def test_builds(asked: House, truth: Truth) -> None:
    pulls = truth.pulls().query("repo.str.startswith('github.com')")
    merged = counts(pulls, "repo")
    minutes = {key: 9 * count for key, count in merged.items()}
    assert figures(asked, "ci_minutes", "repo") == close(minutes)


def test_bills(asked: House, systems: Served) -> None:
    wanted: dict[Any, float] = {}
    for day in sorted({s.at.date() for s in systems.script.sessions}):
        key = (day.replace(day=1).isoformat(),)
        wanted[key] = wanted.get(key, 0) + billed_cents(systems.script, day) / 100
    assert min(s.at.date() for s in systems.script.sessions) >= FIRST_USED
    assert figures(asked, "spend_billed_usd", "month") == close(wanted)


def test_what_the_vendor_counted(asked: House, systems: Served) -> None:
    wanted: dict[str, int] = {}
    for session in systems.script.sessions:
        wanted[session.person] = wanted.get(session.person, 0) + seen(session)
    sql = "select person, sum(sessions)::int from vendor_days where source = ? group by 1"
    told = asked.warehouse.query(sql, ["claude-code-analytics"])
    assert {person: count for person, count in told if count} == wanted


def test_people(asked: House, systems: Served, truth: Truth) -> None:
    sql = (
        "select person, name, team, role, manager, rollup from people"
        " where valid_to = date '9999-12-31'"
    )
    found = {row[0]: row[1:] for row in asked.warehouse.query(sql)}
    assert found == {
        p.email: (p.name, p.teams[-1][1], p.title, p.manager, truth.rollup(p))
        for p in systems.script.employees
    }
    loops = [p for p in systems.script.employees if p.manager and not truth.rollup(p)]
    assert len(loops) == 2


def test_three_addresses_are_one_person_and_a_shared_one_is_nobodys(
    asked: House, systems: Served, truth: Truth
) -> None:
    told = asked.warehouse.query("select value, person from identities where kind = 'email'")
    owner: dict[str, str] = dict(told)  # type: ignore[arg-type]
    several = [person for person in systems.script.people.values() if len(person.git) == 3]
    used = {(made.author, made.address) for made in systems.script.commits}
    assert len(several) == 5
    for person in several:
        for address in person.git:
            if (person.email, address) in used:
                assert owner[address] == person.email
    assert SHARED not in owner
    assert figures(asked, "commits", "person")[(SHARED,)] > 5
    assert figures(asked, "commits", "person", team="")[(SHARED,)] > 5


def test_contractors_are_counted_and_unmatched(asked: House, truth: Truth) -> None:
    outside = truth.commits().query("team == ''")
    assert figures(asked, "commits", "person", team="") == counts(outside, "person")
    assert len(outside.person.unique()) == 5  # four of them, and the shared mailbox
    matched = asked.ask(_question("commits_matched_share")).value("commits_matched_share")
    assert matched == pytest.approx(1 - len(outside) / len(truth.commits()))


def _question(metric: str) -> Any:
    from steelyard.metrics import Question

    return Question((metric,))
