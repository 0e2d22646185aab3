"""Commits: who, whose, once."""

from __future__ import annotations

import pytest

from steelyard.model import Account, Commit, PullRequest, Rework

from .world import REPO, World, at, sha

ADA = "ada@acme.example"


def commit(name: str, **said: object) -> Commit:
    fields = {"repo": REPO, "author_email": ADA, "committed_at": at("10-05 09:00")}
    return Commit(key=sha(name), sha=sha(name), **(fields | said))  # type: ignore[arg-type]


def test_merges_bots_and_other_branches_are_left_out(world: World) -> None:
    bot = "49699333+dependabot[bot]@users.noreply.github.com"
    world.tell(
        [
            commit("kept"),
            commit("merge", is_merge=True),
            commit("branch", on_default=False),
            commit("bot", author_email=bot),
            commit("bot2", author="github:renovate[bot]"),
            commit("bot3", author="github:acme-ci"),
            Account(key="acme-ci", account="github:acme-ci", bot=True),
        ]
    )
    world.build()
    assert world.rows("work_commits", "sha") == [(sha("kept"),)]


def test_an_assistant_under_its_own_name_is_nobody_but_counts(world: World) -> None:
    bot = {"author": "github:copilot-swe-agent[bot]", "author_email": ""}
    marks = {"assistants": ("copilot",), "evidence": "author"}
    world.tell([commit("a", **bot, **marks), commit("b", **bot)])
    world.build()
    rows = world.rows("work_commits", "sha", "person", "assistant", "assisted")
    assert rows == [(sha("a"), "", "copilot", "yes")]


def test_two_sources_tell_of_one_commit(world: World) -> None:
    lines = {"additions": 12, "deletions": 3, "files": 2, "ai_lines": 5}
    world.tell(
        [commit("a", repo="app", assistants=("claude-code",), evidence="note", **lines)], "git"
    )
    host = {"author": "github:ada", "author_email": "", "issues": ("PAY-1",)}
    world.tell([commit("a", **host, assistants=("codex",), evidence="trailer")], "github")
    world.identify(("github", "ada", "Ada"))
    world.build()
    columns = ("repo", "person", "assistant", "evidence", "additions", "ai_lines")
    assert world.rows("work_commits", *columns) == [
        (REPO, "Ada", "claude-code+codex", "note", 12, 5)
    ]


def test_a_fork_is_not_more_work(world: World) -> None:
    world.tell([commit("a"), commit("a", repo="github.com/ben/app", on_default=False)])
    world.tell([commit("a", repo="github.com/ben/app")], "other")
    world.build()
    assert len(world.rows("work_commits", "sha")) == 1


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ({"author": "github:ada"}, "Ada"),  # the login goes before the address
        ({"author": "github:unknown"}, "by address"),
        ({"author_email": "ADA@acme.example"}, "by address"),
        ({"author_email": "1+ada@users.noreply.github.com"}, "Ada"),
        ({"author_email": "x@users.noreply.github.com"}, "github:x"),
        ({"author": "github:zoe", "author_email": ""}, "zoe@acme.example"),
        ({"author": "github:nobody", "author_email": ""}, "github:nobody"),
        ({"author_email": "new@acme.example"}, "new@acme.example"),
        ({"author": "email:new@acme.example", "author_email": ""}, "new@acme.example"),
        ({"author": "account:u-1", "author_email": ""}, "u-1"),
    ],
)
def test_who_it_was(world: World, said: dict[str, str], person: str) -> None:
    world.identify(("github", "ada", "Ada"), ("email", ADA, "by address"))
    zoe = Account(key="zoe", account="github:zoe", email="Zoe@acme.example")
    world.tell([commit("a", **said), zoe])
    world.build()
    assert world.rows("work_commits", "person") == [(person,)]


def test_rework_counts_when_it_is_complete(world: World) -> None:
    def rework(name: str, complete: bool) -> Rework:
        return Rework(
            key=sha(name), repo=REPO, sha=sha(name), added=10, rewritten=4, complete=complete
        )

    world.tell([commit("a"), commit("b"), rework("a", True), rework("b", False)])
    world.build()
    rows = world.rows("work_commits", "sha", "rework_added", "rework_rewritten")
    assert rows == [(sha("a"), 10, 4), (sha("b"), None, None)]


def test_days_are_utc_days_of_the_commit(world: World) -> None:
    late = {"committed_at": at("10-05 23:59"), "authored_at": at("10-01 09:00")}
    only_authored = {"committed_at": None, "authored_at": at("10-02 09:00")}
    world.tell([commit("a", **late), commit("b", **only_authored)])
    world.build()
    assert [day.isoformat() for (day,) in world.rows("work_commits", "day")] == [
        "2026-10-02",
        "2026-10-05",
    ]


def test_a_revert_counts_once(world: World) -> None:
    request = PullRequest(
        key=f"{REPO}#7",
        repo=REPO,
        number=7,
        author="github:ben",
        state="merged",
        merged_at=at("10-06 09:00"),
        merge_sha=sha("squash"),
        reverts=f"{REPO}#3",
    )
    world.tell(
        [
            commit("squash", reverts=sha("old"), author="github:ben"),
            commit("direct", reverts=sha("older")),
            commit("plain"),
            request,
        ]
    )
    world.build()
    assert world.rows("work_reverts", "reverted", "person") == [
        (sha("older"), ADA),
        (f"{REPO}#3", "github:ben"),
    ]


def test_an_assistant_s_address_is_nobody(world: World) -> None:
    marks = {"assistants": ("claude-code",), "evidence": "author"}
    world.tell([commit("a", author_email="noreply@anthropic.com", **marks)])
    aider = {"assistants": ("aider",), "evidence": "author"}  # `Ada Lovelace (aider)`
    world.tell([commit("b", **aider)])
    world.build()
    assert world.rows("work_commits", "sha", "person") == [(sha("a"), ""), (sha("b"), ADA)]
