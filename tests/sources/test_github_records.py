"""What of a pull request, a commit, an issue or a deployment becomes which field of a record."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from tests.sources.github_company import at, opened
from tests.sources.passes import read
from tests.standins.github import GitHub
from tests.standins.github_world import (
    Repository,
    World,
    commit,
    deployment,
    pull_request,
    release,
    review,
    run,
    sha,
)

from steelyard.model import Account, Commit, Deployment, PullRequest, Record
from steelyard.sources.github.issues import priority_of, type_of
from steelyard.sources.github.source import GitHubOptions

CLAUDE = "Co-Authored-By: Claude <noreply@anthropic.com>"


def moment(days: float) -> dt.datetime:
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=days)


def told(stream: str, fill: Any, **options: Any) -> list[Record]:
    """What a stream tells of a repository that `fill` has filled."""
    world = World()
    fill(world.add("app"))
    github = GitHub(world)
    with github.serving():
        return read(opened(github, **options), stream).records


def one_request(**more: Any) -> PullRequest:
    def fill(app: Repository) -> None:
        app.pullRequests.append(pull_request(1, at(10), **more))

    found = [row for row in told("pull requests", fill) if isinstance(row, PullRequest)]
    assert len(found) == 1
    return found[0]


def test_a_pull_request_and_the_marks_of_its_commits() -> None:
    found = one_request(
        state="MERGED",
        mergedAt=at(14),
        closedAt=at(14),
        updatedAt=at(15),
        mergedBy="ben",
        mergeCommit=sha("squashed"),
        headRefName="ada/PAY-7-retry",
        body="Reverts acme/app#40",
        labels=["bug"],
        commits=[
            commit("a1", at(8), message=f"Start\n\n{CLAUDE}"),
            commit("a2", at(7), message="Merge branch 'main' into retry"),
            commit("a3", at(11), message=f"More\n\n{CLAUDE}"),
            commit("a4", at(12), "ben"),
            commit("a5", at(13), message="Merge remote-tracking branch 'origin/main'"),
        ],
    )
    assert found.key == "github.com/acme/app#1"
    assert (found.state, found.merged_by, found.merge_sha) == (
        "merged",
        "github:ben",
        sha("squashed"),
    )
    assert found.author_email == "ada@acme.example"
    assert found.first_commit_at == moment(8)
    assert (found.assistants, found.evidence) == (("claude-code",), "trailer")
    assert found.human_commits_after_open == 1  # not the assistant's, not the merge
    assert found.commits == 5
    assert set(found.issues) >= {"PAY-7"}
    assert found.reverts == "github.com/acme/app#40"


@pytest.mark.parametrize(
    ("more", "ready"),
    [
        ({}, 10),
        ({"isDraft": True}, None),
        ({"ready": [at(12), at(13)]}, 12),
    ],
)
def test_when_it_was_ready(more: dict[str, Any], ready: int | None) -> None:
    assert one_request(**more).ready_at == (moment(ready) if ready else None)


def test_a_deleted_account_is_nobody_and_a_bot_is_a_bot() -> None:
    def fill(app: Repository) -> None:
        app.pullRequests.append(pull_request(1, at(1), None, reviews=[review(1, None, at(2))]))
        app.pullRequests.append(pull_request(2, at(1), "dependabot[bot]"))
        app.pullRequests.append(pull_request(3, at(1), "copilot-swe-agent[bot]"))

    rows = told("pull requests", fill)
    requests = {row.number: row for row in rows if isinstance(row, PullRequest)}
    assert [requests[n].author for n in (1, 2)] == ["", "github:dependabot[bot]"]
    assert (requests[3].assistants, requests[3].evidence) == (("copilot",), "author")
    accounts = {row.account: row for row in rows if isinstance(row, Account)}
    assert accounts["github:dependabot[bot]"].bot
    assert "github:" not in accounts


def test_logins_and_addresses_of_commits() -> None:
    hidden = {"name": "Cy", "email": "77+cy@users.noreply.github.com", "login": None}

    def fill(app: Repository) -> None:
        app.push(commit("c1", at(1)) | {"author": {**hidden, "login": "cy"}})
        app.push(commit("c2", at(2)) | {"author": hidden})
        app.push(commit("c3", at(3), None))
        app.push(commit("c4", at(4), "ada"))

    rows = told("commits", fill)
    commits = {row.sha: row for row in rows if isinstance(row, Commit)}
    assert commits["c1"].author == commits["c2"].author == "github:cy"
    assert commits["c1"].author_email == "77+cy@users.noreply.github.com"
    assert (commits["c3"].author, commits["c3"].author_email) == ("", "gone@old.example")
    # Only what GitHub itself matched joins an address with an account.
    addresses = {row.account: row.email for row in rows if isinstance(row, Account) if row.email}
    assert addresses == {"github:ada": "ada@acme.example"}


def test_a_squashed_commit_keeps_its_marks_and_a_revert_is_known() -> None:
    def fill(app: Repository) -> None:
        app.push(commit("aaaaaaa1", at(1), message=f"Pay later (#12)\n\n* a\n* b\n\n{CLAUDE}"))
        app.push(commit("b2", at(2), message='Revert "x"\n\nThis reverts commit aaaaaaa1.'))

    commits = {row.sha: row for row in told("commits", fill) if isinstance(row, Commit)}
    assert commits["aaaaaaa1"].assistants == ("claude-code",)
    assert commits["aaaaaaa1"].issues == ("github.com/acme/app#12",)
    assert commits["b2"].reverts == "aaaaaaa1"


@pytest.mark.parametrize(
    ("statuses", "state", "status", "ended"),
    [
        ((), "PENDING", "running", None),
        ((("QUEUED", 1.1), ("IN_PROGRESS", 1.2)), "IN_PROGRESS", "running", None),
        ((("SUCCESS", 1.3),), "ACTIVE", "success", 1.3),
        ((("SUCCESS", 1.3), ("INACTIVE", 5)), "INACTIVE", "success", 1.3),
        ((("INACTIVE", 5), ("ERROR", 1.2)), "ERROR", "failure", 1.2),
        ((("FAILURE", 1.2), ("SUCCESS", 2)), "ACTIVE", "success", 2),
        ((("QUEUED", 1.1), ("INACTIVE", 2)), "INACTIVE", "cancelled", None),
        ((), "INACTIVE", "success", None),
    ],
)
def test_how_a_deployment_ended(
    statuses: tuple[tuple[str, float], ...], state: str, status: str, ended: float | None
) -> None:
    def fill(app: Repository) -> None:
        rows = [(name, at(day)) for name, day in statuses]
        app.deployments.append(deployment(1, at(1), *rows, state=state))

    (found,) = (row for row in told("deployments", fill) if isinstance(row, Deployment))
    assert found.status == status
    assert found.finished_at == (moment(ended) if ended else None)


@pytest.mark.parametrize(
    ("environment", "production"),
    [
        *(("production", True), ("Production – acme", True), ("prod", True), ("eu-prod", True)),
        *(("prod_eu_1", True), ("live", True), ("staging", False), ("preprod", False)),
        *(("pre-production", False), ("non-prod", False), ("product-demo", False)),
        *(("delivery", False), ("Preview", False), ("github-pages", False)),
    ],
)
def test_which_environments_are_production(environment: str, production: bool) -> None:
    pattern = GitHubOptions.model_fields["production"].default
    assert bool(re.search(pattern, environment, re.IGNORECASE)) is production


@pytest.mark.parametrize(
    ("labels", "kind", "priority"),
    [
        (("bug",), "bug", ""),
        (("type: Bug", "priority: High"), "bug", "high"),
        (("kind/feature", "P1"), "feature", "p1"),
        (("type: spike",), "spike", ""),
        (("Enhancement", "priority/critical"), "feature", "critical"),
        (("good first issue", "help wanted"), "", ""),
    ],
)
def test_labels_say_type_and_priority(labels: tuple[str, ...], kind: str, priority: str) -> None:
    assert (type_of(labels), priority_of(labels)) == (kind, priority)


def test_no_text_leaves_the_source() -> None:
    """Whatever GitHub tells in words that people wrote: titles, bodies, messages, run titles."""
    secret = "Zanzibar"

    def fill(app: Repository) -> None:
        app.push(commit("m1", at(1), message=f"{secret} PAY-1\n\n{secret}"))
        app.pullRequests.append(
            pull_request(
                1,
                at(1),
                title=f"{secret} PAY-2",
                body=secret,
                headRefName=f"{secret}/PAY-3",
                commits=[commit("m2", at(1), message=secret)],
            )
        )
        app.releases.append(release(1, at(1)))
        app.runs.append(run(1, at(1), display_title=secret))

    for stream in ("commits", "pull requests", "releases", "runs"):
        rows = told(stream, fill)
        assert rows
        assert secret not in str([dataclasses.asdict(row) for row in rows])
