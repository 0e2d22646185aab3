"""GitHub's streams: everything once, then only what changed, whenever they are broken off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.sources.github_company import at, company, opened, request
from tests.sources.passes import NOW, interrupted, read
from tests.standins.github import GitHub
from tests.standins.github_world import commit, deployment, issue, release, run, sha

from steelyard.model import Commit, PullRequest

STREAMS = (
    *("members", "teams", "pull requests", "commits"),
    *("issues", "deployments", "releases", "runs"),
)
APP = "github.com/acme/app"


@pytest.fixture
def github() -> Iterator[GitHub]:
    github = GitHub(company())
    with github.serving():
        yield github


def test_everything_comes_once(github: GitHub) -> None:
    source = opened(github)
    told = {name: read(source, name) for name in STREAMS}

    def keys(stream: str, kind: str) -> list[str]:
        return [one.key for one in told[stream].records if one.kind == kind]

    expected = {
        ("pull requests", "pull_requests"): 62,
        ("pull requests", "reviews"): 62,
        ("pull requests", "changed_files"): 62,
        ("commits", "commits"): 231,
        ("issues", "issues"): 130,
        ("deployments", "deployments"): 120,
        ("releases", "deployments"): 3,
        ("runs", "ci_runs"): 130,
        ("teams", "memberships"): 121,
    }
    assert {place: len(keys(*place)) for place in expected} == expected
    assert all(len(set(keys(*place))) == len(keys(*place)) for place in expected)
    assert len(told["members"].of("accounts")) == 122


@pytest.mark.parametrize("stream", STREAMS)
def test_a_pass_broken_off_anywhere_tells_the_same(github: GitHub, stream: str) -> None:
    whole = read(opened(github), stream)
    broken = interrupted(lambda: opened(github), stream)
    assert len(broken) == len(whole.pages) - 1 > 0 or stream in ("teams",)
    for done in broken:
        assert done.told == whole.told
        assert read(opened(github), stream, done.cursor).told.items() <= whole.told.items()


@pytest.mark.parametrize(
    "stream", ["pull requests", "commits", "issues", "deployments", "releases"]
)
def test_where_nothing_is_new_one_call_says_so(github: GitHub, stream: str) -> None:
    first = read(opened(github), stream)
    asked = len(github.asked)
    again = read(opened(github), stream, first.cursor)
    assert again.records == []
    assert len(github.asked) == asked + 1


def test_increments_bring_what_changed_and_nothing_else(github: GitHub) -> None:
    names = ("pull requests", "commits", "issues", "deployments", "runs")
    cursors = {name: read(opened(github), name).cursor for name in names}
    app = github.world.repositories[0]
    app.pullRequests[2] |= {"state": "MERGED", "mergedAt": at(310), "updatedAt": at(310)}
    app.pullRequests.append(request(61, updatedAt=at(311)))
    app.push(commit(sha("later"), at(312)))
    app.issues[0] |= {"state": "CLOSED", "closedAt": at(313), "updatedAt": at(313)}
    app.deployments.append(deployment(500, at(314)))
    app.runs.append(run(500, at(315)))
    told = {name: read(opened(github), name, cursors[name]) for name in names}
    # The last minutes before the watermark come again, as GitHub's lists may lag.
    changed = [f"{APP}#3", f"{APP}#60", f"{APP}#61"]
    assert sorted(told["pull requests"].of("pull_requests")) == changed
    assert list(told["commits"].of("commits")) == [sha("later")]
    assert sorted(told["issues"].of("issues")) == [f"{APP}#100", f"{APP}#229"]
    assert f"{APP}:deployment:500" in told["deployments"].of("deployments")
    assert f"{APP}:run:500" in told["runs"].of("ci_runs")
    assert len(told["deployments"].of("deployments")) < 20
    assert len(told["runs"].of("ci_runs")) < 40


def test_an_increment_broken_off_anywhere_loses_nothing(github: GitHub) -> None:
    cursor = read(opened(github), "pull requests").cursor
    for row in github.world.repositories[0].pullRequests:
        row |= {"updatedAt": at(300 + row["number"] / 100), "state": "CLOSED"}
    whole = read(opened(github), "pull requests", cursor)
    assert len(whole.of("pull_requests")) == 60
    broken = interrupted(lambda: opened(github), "pull requests", cursor)
    assert len(broken) >= 3
    for done in broken:
        assert done.told == whole.told


def test_what_is_edited_while_pages_are_read_comes_now_or_next_time(github: GitHub) -> None:
    """In the back-fill and in the increment, the last one read is edited between pages."""
    app = github.world.repositories[0]
    cursor, told = None, {}
    for turn in range(2):
        source = opened(github)
        stream = next(one for one in source.streams() if one.name == "pull requests")
        for count, page in enumerate(stream.pages(cursor, NOW)):
            told.update({one.key: one for one in page.records})
            cursor = page.cursor
            later = at(300 + turn * 5 + count / 10)
            row = app.pullRequests[(count * 7) % 60]
            row |= {
                "updatedAt": later,
                "title": "PAY-1",
                "labels": ["now"],
            }
            new = request(1000 + turn * 100 + count, createdAt=later, updatedAt=later)
            app.pullRequests.append(new)
    told.update(read(opened(github), "pull requests", cursor).of("pull_requests"))
    for row in app.pullRequests:
        found = told[f"{APP}#{row['number']}"]
        assert isinstance(found, PullRequest)
        assert found.labels == tuple(row["labels"]), row["number"]


def test_old_work_merged_late_is_not_missed(github: GitHub) -> None:
    """`since` would: these commits are older than everything read before."""
    cursor = read(opened(github), "commits").cursor
    app = github.world.repositories[0]
    old = [commit(sha("old", n), at(2), "ben", parents=[sha("main", 1)]) for n in range(150)]
    for number, row in enumerate(old[1:]):
        row["parents"] = [old[number]["oid"]]
    app.commits |= {row["oid"]: row for row in old}
    app.push(commit(sha("merge"), at(315), parents=[app.head, old[-1]["oid"]]))
    whole = read(opened(github), "commits", cursor)
    assert len(whole.of("commits")) == 151
    merge = whole.of("commits")[sha("merge")]
    assert isinstance(merge, Commit)
    assert merge.is_merge
    for done in interrupted(lambda: opened(github), "commits", cursor):
        assert done.told == whole.told


def test_a_forced_push_is_read_from_the_new_head(github: GitHub) -> None:
    cursor = read(opened(github), "commits").cursor
    app = github.world.repositories[0]
    app.commits.clear()
    app.head = ""
    app.push(*(commit(sha("rewritten", n), at(n)) for n in range(1, 121)))
    told = read(opened(github), "commits", cursor)
    assert set(told.of("commits")) == set(app.commits)


def test_a_push_during_the_back_fill_moves_no_page(github: GitHub) -> None:
    source = opened(github, repositories="acme/app")
    stream = next(one for one in source.streams() if one.name == "commits")
    told, cursor, app = {}, None, github.world.repositories[0]
    for count, page in enumerate(stream.pages(None, NOW)):
        told.update({one.key: one for one in page.records if one.kind == "commits"})
        cursor = page.cursor
        app.push(commit(sha("pushed", count), at(300 + count)))
    assert len(told) == 230
    later = read(opened(github, repositories="acme/app"), "commits", cursor).of("commits")
    assert set(told) | set(later) == set(app.commits)


def test_since_bounds_the_first_pass_and_not_the_next(github: GitHub) -> None:
    def source() -> object:
        return opened(github, since=dt.date(2026, 2, 1))

    first = read(source(), "pull requests")  # type: ignore[arg-type]
    assert {one.number for one in first.of("pull_requests").values()} == set(range(31, 61))  # type: ignore[attr-defined]
    github.world.repositories[0].pullRequests[0] |= {"updatedAt": at(310), "state": "CLOSED"}
    again = read(source(), "pull requests", first.cursor)  # type: ignore[arg-type]
    assert list(again.of("pull_requests")) == [f"{APP}#1", f"{APP}#60"]
    commits = read(source(), "commits").of("commits").values()  # type: ignore[arg-type]
    assert min(one.committed_at for one in commits).date() == dt.date(2026, 2, 1)  # type: ignore[attr-defined]


def test_a_search_of_more_than_a_thousand_runs_is_cut_into_windows(github: GitHub) -> None:
    app = github.world.repositories[0]
    app.runs = [run(n, at(n / 4)) for n in range(1100)]
    app.runs += [run(n, at(200), "failure") for n in range(5000, 5100)]
    source = opened(github, repositories="acme/app")
    whole = read(source, "runs")
    assert len(whole.of("ci_runs")) == 1200
    assert len([one for one in whole.records if one.kind == "ci_runs"]) == 1200
    assert len(whole.pages) >= 3
    # The last second of a window and the first of the next are both within.
    for done in interrupted(lambda: opened(github, repositories="acme/app"), "runs"):
        assert done.told == whole.told


def test_a_run_is_read_again_until_it_ends(github: GitHub) -> None:
    app = github.world.repositories[0]
    app.runs = [run(1, at(310), None), *(run(n, at(310 + n / 20)) for n in range(2, 200))]
    first = read(opened(github), "runs")
    assert first.of("ci_runs")[f"{APP}:run:1"].status == "running"  # type: ignore[attr-defined]
    app.runs[0] |= {"status": "completed", "conclusion": "failure", "updated_at": at(322)}
    again = read(opened(github), "runs", first.cursor).of("ci_runs")
    ended = again[f"{APP}:run:1"]
    assert ended.status == "failure"  # type: ignore[attr-defined]
    assert ended.finished_at == dt.datetime(2026, 11, 19, tzinfo=dt.UTC)  # type: ignore[attr-defined]


def test_a_repository_without_new_runs_costs_no_request(github: GitHub) -> None:
    app = github.world.repositories[0]
    app.runs = [run(1, at(100))]
    cursor = None
    for _ in range(2):
        cursor = read(opened(github), "runs", cursor).cursor
    left = github.left
    again = read(opened(github), "runs", cursor)
    assert again.records == []
    assert left - github.left == 1  # the list of repositories; the rest was 304


def test_a_deployment_that_ends_later_is_read_again(github: GitHub) -> None:
    app = github.world.repositories[0]
    app.deployments = [deployment(1, at(310), state="IN_PROGRESS")]
    first = read(opened(github), "deployments")
    assert [one.status for one in first.of("deployments").values()] == ["running"]  # type: ignore[attr-defined]
    app.deployments[0] |= {
        "state": "ACTIVE",
        "statuses": [{"state": "SUCCESS", "createdAt": at(311)}],
    }
    again = read(opened(github), "deployments", first.cursor)
    assert [one.status for one in again.of("deployments").values()] == ["success"]  # type: ignore[attr-defined]


def test_releases_count_only_where_nothing_is_deployed(github: GitHub) -> None:
    app, library = github.world.repositories[:2]
    app.releases.append(release(50, at(50)))
    library.releases += [
        release(60, at(60), isDraft=True, publishedAt=None),
        release(61, at(61), isPrerelease=True),
    ]
    told = read(opened(github), "releases").of("deployments")
    assert {one.repo for one in told.values()} == {"github.com/acme/lib"}  # type: ignore[attr-defined]
    assert len(told) == 3
    assert len(read(opened(github, releases="yes"), "releases").of("deployments")) == 4
    names = [stream.name for stream in opened(github, releases="no").streams()]
    assert "releases" not in names


def test_more_releases_come_with_the_next_pass(github: GitHub) -> None:
    cursor = read(opened(github), "releases").cursor
    github.world.repositories[1].releases.append(release(9, at(300)))
    told = read(opened(github), "releases", cursor)
    assert "github.com/acme/lib:release:9" in told.of("deployments")


def test_issues_added_to_a_repository_that_had_none(github: GitHub) -> None:
    cursor = read(opened(github), "issues").cursor
    github.world.repositories[2].issues.append(issue(1, at(5)))
    assert list(read(opened(github), "issues", cursor).of("issues")) == ["github.com/acme/new#1"]
