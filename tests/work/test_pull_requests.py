"""Pull requests and reviews: whose, how long, how many rounds, once."""

from __future__ import annotations

from typing import Any

from steelyard.model import PullRequest, Review

from .world import REPO, World, at

KEY = f"{REPO}#7"


def request(number: int = 7, **said: Any) -> PullRequest:
    fields: dict[str, Any] = {
        "repo": REPO,
        "number": number,
        "author": "github:ada",
        "state": "merged",
        "created_at": at("10-05 12:00"),
        "merged_at": at("10-06 09:00"),
    }
    return PullRequest(key=f"{REPO}#{number}", **(fields | said))


def review(key: str, reviewer: str, state: str, when: str) -> Review:
    return Review(
        key=key,
        repo=REPO,
        pull_request=KEY,
        reviewer=reviewer,
        state=state,
        submitted_at=at(when),
    )


def test_times_of_a_reviewed_request(world: World) -> None:
    world.tell(
        [
            request(
                first_commit_at=at("10-05 09:00"),
                ready_at=at("10-05 14:00"),
                additions=30,
                deletions=12,
                human_commits_after_open=2,
            ),
            review("1", "github:ada", "commented", "10-05 14:30"),  # her own
            review("2", "github:lint[bot]", "commented", "10-05 14:31"),
            review("3", "github:ben", "changes_requested", "10-05 16:00"),
            review("4", "github:ben", "approved", "10-06 08:00"),
            review("5", "github:cleo", "commented", "10-07 08:00"),  # after the merge
        ]
    )
    world.build()
    columns = ("cycle_hours", "first_review_hours", "review_hours", "review_rounds", "lines")
    more = ("change_requests", "human_commits", "interventions")
    assert world.rows("work_pull_requests", *columns, *more) == [(24, 2, 17, 2, 42, 1, 2, 3)]
    assert world.rows("work_reviews", "person", "state") == [
        ("github:ben", "approved"),
        ("github:ben", "changes_requested"),
        ("github:cleo", "commented"),
    ]


def test_what_is_not_known_is_not_zero(world: World) -> None:
    world.tell([request(created_at=None)])
    world.build()
    columns = ("cycle_hours", "first_review_hours", "review_hours", "review_rounds", "lines")
    assert world.rows("work_pull_requests", *columns, "human_commits") == [(None,) * 6]


def test_nobody_waited_for_a_review_that_never_came(world: World) -> None:
    world.tell([request(ready_at=at("10-05 14:00"))])
    world.build()
    columns = ("first_review_hours", "review_hours", "review_rounds", "change_requests")
    assert world.rows("work_pull_requests", *columns) == [(None, None, None, 0)]


def test_a_review_of_the_draft_is_no_wait(world: World) -> None:
    ready = request(ready_at=at("10-05 14:00"))
    world.tell([ready, review("1", "github:ben", "commented", "10-05 13:00")])
    world.build()
    assert world.rows("work_pull_requests", "first_review_hours", "review_hours") == [(0, 20)]


def test_only_merged_ones_and_no_bots(world: World) -> None:
    world.tell(
        [
            request(1),
            request(2, state="open", merged_at=None),
            request(3, author="github:dependabot[bot]"),
            request(4, author="github:x[bot]", assistants=("devin",), evidence="author"),
        ]
    )
    world.build()
    rows = world.rows("work_pull_requests", "pull_request", "person", "assisted")
    assert rows == [(f"{REPO}#1", "github:ada", "no"), (f"{REPO}#4", "", "yes")]


def test_a_host_and_a_file_tell_of_one_request(world: World) -> None:
    host = request(additions=5, deletions=1, commit_shas=("a",), assistants=("codex",))
    world.tell([host, review("1", "github:ben", "approved", "10-05 16:00")], "github")
    file = request(author="", author_email="Ada@acme.example", additions=99, deletions=99)
    same = review("9", "github:ben", "approved", "10-05 16:00")
    own = review("8", "github:ada", "commented", "10-05 15:00")
    world.tell([file, same, own], "file")
    world.build()
    rows = world.rows("work_pull_requests", "person", "lines", "assistant")
    assert rows == [("ada@acme.example", 6, "codex")]
    assert world.rows("work_reviews", "person") == [("github:ben",)]
