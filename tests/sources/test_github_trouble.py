"""GitHub's limits and refusals, changed shapes, and what happens to repositories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from tests.sources.github_company import at, company, opened, request
from tests.sources.passes import NOW, Waits, read, stream_of
from tests.standins.github import ALL, GitHub
from tests.standins.github_world import World, changed_file, commit, deployment, issue, sha
from tests.standins.server import Answer, StandIn

from steelyard.errors import (
    SourceChanged,
    SourceDenied,
    SourceLimited,
    TimedOut,
    Unreachable,
)


@pytest.fixture
def github() -> Iterator[GitHub]:
    github = GitHub(company())
    with github.serving() as stand_in:
        github.stand_in = stand_in  # type: ignore[attr-defined]
        yield github


@pytest.fixture
def trouble(github: GitHub) -> list[Answer]:
    stand_in: StandIn = github.stand_in  # type: ignore[attr-defined]
    return stand_in.trouble


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait."}
CHANGED = {"errors": [{"message": "Field 'pullRequests' doesn't exist on type 'Repository'"}]}
LIMITED = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer({}, 429, {"retry-after": "7"}), 7),
        (Answer(SECONDARY, 403, {"retry-after": "30"}), 30),
        (Answer(SECONDARY, 403), 60),
        (Answer(LIMITED, 200, {"retry-after": "5"}), 5),
        (Answer(LIMITED, 403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}), 10),
        (Answer({"message": "Bad Gateway"}, 502), None),
        (Answer({"data": {}}, cut=True), None),
    ],
)
def test_limits_are_waited_out(
    github: GitHub, trouble: list[Answer], answer: Answer, seconds: int | None
) -> None:
    waits = Waits()
    trouble.append(answer)
    told = read(opened(github, waits), "issues")
    assert len(told.of("issues")) == 130
    assert len(waits.seconds) == 1
    assert seconds is None or waits.seconds == [seconds]


def test_an_exhausted_hour_ends_the_stream_where_it_is(github: GitHub) -> None:
    waits = Waits()
    github.left = 3
    source = opened(github, waits)
    pages = stream_of(source, "pull requests").pages(None, NOW)
    first = next(pages)
    with pytest.raises(SourceLimited):
        list(pages)
    assert waits.seconds
    assert all(seconds == 121 for seconds in waits.seconds)
    github.left = 5000
    rest = read(opened(github), "pull requests", first.cursor)
    told = {one.key for page in (first, *rest.pages) for one in page.records}
    assert {f"github.com/acme/app#{n}" for n in range(1, 61)} <= told


def test_a_query_that_is_too_much_is_asked_for_less(github: GitHub) -> None:
    """Outer lists shrink first, then the lists inside of the last one."""
    github.world.repositories[0].pullRequests.append(
        request(61, files=[changed_file(f"f{n}.py") for n in range(60)])
    )
    github.most = 20
    waits = Waits()
    told = read(opened(github, waits, repositories="acme/app"), "pull requests")
    assert len(told.of("pull_requests")) == 61
    assert len(told.of("changed_files")) == 120
    sizes = [(one["first"], one["inner"]) for one in github.asked if "order" in one]
    assert (12, 100) in sizes
    assert (1, 50) in sizes
    assert sizes[-1] == (1, 12)


def test_too_much_even_for_one_is_said(github: GitHub) -> None:
    github.most = 0
    with pytest.raises((TimedOut, Unreachable)):
        read(opened(github, Waits(attempts=2)), "pull requests")


def test_a_timeout_told_with_200_shrinks_the_page_too(
    github: GitHub, trouble: list[Answer]
) -> None:
    slow = {
        "data": None,
        "errors": [{"message": "Something went wrong while executing your query."}],
    }
    source = opened(github, repositories="acme/app")
    pages = stream_of(source, "issues").pages(None, NOW)
    first = next(pages)
    trouble.append(Answer(slow))
    told = [one.key for page in (first, *pages) for one in page.records if one.kind == "issues"]
    assert len(told) == len(set(told)) == 130
    assert [one["first"] for one in github.asked if "order" in one] == [100, 50]


def test_lists_within_a_pull_request_are_read_to_their_end_and_github_s_caps_are_said(
    github: GitHub,
) -> None:
    app = github.world.add("big")
    app.pullRequests.append(
        request(
            1,
            commits=[commit(sha("big", n), at(n / 300)) for n in range(260)],
            files=[changed_file(f"f{n}.py") for n in range(3010)],
            labels=[f"label {n}" for n in range(101)],
        )
    )
    told = read(opened(github, repositories="acme/big"), "pull requests")
    (found,) = told.of("pull_requests").values()
    assert found.commits == 260  # type: ignore[attr-defined]
    assert len(found.commit_shas) == 250  # type: ignore[attr-defined]
    assert found.human_commits_after_open is None  # type: ignore[attr-defined]
    assert len(found.labels) == 101  # type: ignore[attr-defined]
    assert len(told.of("changed_files")) == 3000
    assert told.notes == [
        "GitHub lists 250 of 260 commits of acme/big#1.",
        "GitHub lists 3,000 of 3,010 files of acme/big#1.",
    ]


@pytest.mark.parametrize("stream", ["pull requests", "commits", "issues", "deployments", "runs"])
def test_without_a_permission_the_stream_says_which(github: GitHub, stream: str) -> None:
    github.permissions = ALL - {
        {"pull requests": "pull_requests", "commits": "contents", "runs": "actions"}.get(
            stream, stream
        )
    }
    with pytest.raises(SourceDenied) as denied:
        read(opened(github), stream)
    assert "read" in denied.value.hint


def test_an_expired_token_is_told_from_a_missing_right(github: GitHub) -> None:
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(opened(github, token=SecretStr("ghp_old")), "pull requests")


def test_a_hidden_repository_is_a_note_and_the_others_are_read(github: GitHub) -> None:
    github.hidden.add("acme/lib")
    told = read(opened(github, repositories="acme/app,acme/lib"), "pull requests")
    assert len(told.of("pull_requests")) == 60
    assert any("acme/lib cannot be read" in note for note in told.notes)


def test_access_lost_between_the_list_and_the_read_is_a_note(github: GitHub) -> None:
    pages = stream_of(opened(github), "pull requests").pages(None, NOW)
    next(pages)
    github.hidden.add("acme/lib")
    notes = [note for page in pages for note in page.notes]
    assert any(note.startswith("acme/lib is left out for now") for note in notes)


def test_single_sign_on_is_named(github: GitHub) -> None:
    github.sign_on.add("acme/app")
    with pytest.raises(SourceDenied) as denied:
        read(opened(github, repositories="acme/app"), "pull requests")
    assert "single sign-on" in denied.value.hint


@pytest.mark.parametrize("missing", [None, "updatedAt", "number"])
def test_a_missing_field_is_named_and_a_new_one_does_no_harm(
    github: GitHub, missing: str | None
) -> None:
    row = {"number": 12, "createdAt": at(1), "updatedAt": at(1), "brandNew": {"is": "here"}}
    listed = {
        "pageInfo": {"hasNextPage": False},
        "nodes": [{name: value for name, value in row.items() if name != missing}],
    }
    changed = Answer({"data": {"repository": {"issues": listed}}})
    stand_in: StandIn = github.stand_in  # type: ignore[attr-defined]
    stand_in.answer = lambda asked: changed if "$order" in str(asked.json) else github.answer(asked)
    source = opened(github, repositories="acme/app")
    if missing is None:
        assert list(read(source, "issues").of("issues")) == ["github.com/acme/app#12"]
        return
    with pytest.raises(SourceChanged, match=rf"GitHub's issue .* has no `{missing}`"):
        read(source, "issues")


def test_a_query_that_is_not_understood_is_said(github: GitHub, trouble: list[Answer]) -> None:
    trouble.append(Answer(CHANGED))
    with pytest.raises(SourceChanged, match="does not understand"):
        read(opened(github), "pull requests")


def test_something_that_is_not_github_is_said(github: GitHub, trouble: list[Answer]) -> None:
    trouble.append(Answer(raw=b"<html>Sign in</html>"))
    with pytest.raises(SourceChanged, match="not JSON"):
        read(opened(github), "pull requests")


def test_a_renamed_repository_keeps_its_records_names(github: GitHub) -> None:
    cursor = read(opened(github), "pull requests").cursor
    app = github.world.repositories[0]
    github.world.rename(app, "acme/shop")
    app.pullRequests[0] |= {"updatedAt": at(310)}
    told = read(opened(github), "pull requests", cursor)
    assert "github.com/acme/app#1" in told.of("pull_requests")
    assert not any("shop" in key for key in told.of("pull_requests"))
    assert "github.com/acme/shop was called github.com/acme/app" in told.notes[0]
    # Named by its old name it is found, and read under the new one.
    fresh = read(opened(github, repositories="acme/app"), "pull requests")
    assert "github.com/acme/shop#1" in fresh.of("pull_requests")


def test_forks_and_disabled_repositories_are_left_out_archived_ones_are_read() -> None:
    world = World()
    for name, flags in {
        "fork": {"isFork": True},
        "off": {"isDisabled": True},
        "old": {"isArchived": True},
    }.items():
        world.add(name, flags=flags).issues.append(issue(1, at(1)))
    github = GitHub(world)
    with github.serving():
        told = read(opened(github), "issues")
        forks = read(opened(github, forks="true"), "issues")
    assert list(told.of("issues")) == ["github.com/acme/old#1"]
    assert told.notes == ["acme/off is disabled and is not read."]
    assert len(forks.of("issues")) == 2


def test_a_personal_account_has_repositories_and_no_teams() -> None:
    world = World("ada", is_user=True)
    world.add("site").deployments.append(deployment(1, at(1)))
    github = GitHub(world)
    with github.serving():
        source = opened(github, repositories="ada")
        assert len(read(source, "deployments").of("deployments")) == 1
        members = read(source, "members")
        assert members.records == []
        assert members.notes
        with pytest.raises(SourceDenied, match="teams"):
            read(source, "teams")


def test_a_cursor_that_github_forgot_begins_its_list_anew(github: GitHub) -> None:
    pages = stream_of(opened(github), "issues").pages(None, NOW)
    cursor = next(pages).cursor
    place = cursor.split('"after":"')[1].split('"')[0]
    told = read(opened(github), "issues", cursor.replace(place, "bm9uc2Vuc2U="))
    assert len(told.of("issues")) == 130
