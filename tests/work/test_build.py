"""When facts are built, and that order and repetition make no difference."""

from __future__ import annotations

import random

from steelyard.model import Account, Commit, Deployment, Issue, PullRequest, Record, Worklog
from steelyard.warehouse import told
from steelyard.work.build import KINDS, Options

from .world import REPO, World, at, sha


def commit(name: str, **said: object) -> Commit:
    fields = {"repo": REPO, "author_email": "ada@acme.example", "committed_at": at("10-05 09:00")}
    return Commit(key=sha(name), sha=sha(name), **(fields | said))  # type: ignore[arg-type]


def test_nothing_told_builds_nothing(world: World) -> None:
    version = world.warehouse.data_version()
    assert not world.build()
    assert world.warehouse.data_version() == version


def test_what_was_told_is_built_once_in_one_new_version(world: World) -> None:
    world.tell([commit("a")])
    version = world.warehouse.data_version()
    assert world.build()
    assert world.warehouse.data_version() == version + 1
    assert world.rows("work_commits", "person", "repo") == [("ada@acme.example", REPO)]
    assert world.warehouse.query("select * from dirty_work") == []
    assert not world.build()


def test_people_change_who_did_it(world: World) -> None:
    world.tell([commit("a")])
    world.build()
    world.identify(("email", "ada@acme.example", "Ada"))
    assert world.build()
    assert world.rows("work_commits", "person") == [("Ada",)]
    assert not world.build()


def test_settings_build_anew(world: World) -> None:
    world.tell([commit("a")])
    world.build()
    assert world.build(Options(failure_hours=1))
    assert not world.build(Options(failure_hours=1))


def test_an_account_that_turns_out_a_bot_leaves(world: World) -> None:
    world.tell([commit("a", author="github:sweeper")])
    world.build()
    assert len(world.rows("work_commits", "sha")) == 1
    world.tell([Account(key="sweeper", account="github:sweeper", bot=True)])
    world.build()
    assert world.rows("work_commits", "sha") == []


def test_what_a_source_no_longer_has_does_not_count(world: World) -> None:
    world.tell([commit("a"), commit("b")])
    world.build()
    with world.warehouse.transaction() as cursor:
        cursor.execute("update raw_commits set gone = true where key = ?", [sha("a")])
        cursor.execute("insert into dirty_work values ('commits')")
    world.build()
    assert world.rows("work_commits", "sha") == [(sha("b"),)]


def test_a_forgotten_source_leaves_nothing(world: World) -> None:
    world.tell([commit("a"), Issue(key="1", name="PAY-1", created_at=at("10-05 09:00"))])
    world.build()
    with world.warehouse.transaction() as cursor:
        told.forget(cursor, "github")
    assert world.build()
    assert all(table.num_rows == 0 for table in world.facts().values())


def test_every_kind_of_work_is_somebody_s(world: World) -> None:
    from steelyard.model import KINDS as ALL

    assert set(ALL) - KINDS == {"people", "memberships", "accounts"}


def test_order_and_repetition_make_no_difference(world: World) -> None:
    told_records = _records()
    world.tell(told_records)
    world.build()
    once = world.facts()
    world.forget()
    shuffled = told_records * 2
    random.Random(5).shuffle(shuffled)
    for index in range(0, len(shuffled), 90):
        world.tell(shuffled[index : index + 90])
        world.build()
    assert world.facts() == once
    assert once["work_commits"].num_rows == 40


def _records() -> list[Record]:
    chance = random.Random(3)
    found: list[Record] = []
    for n in range(40):
        when = at(f"10-{1 + n % 28:02d} {n % 24:02d}:00")
        marks = ("claude-code",) if chance.random() < 0.3 else ()
        found.append(commit(f"c{n}", committed_at=when, assistants=marks, issues=(f"PAY-{n}",)))
        found.append(_request(n, when))
        found.append(Issue(key=f"{n}", id=f"{n}", name=f"PAY-{n}", created_at=when))
        found.append(Worklog(key=f"w{n}", issue=f"{n}", day=when.date(), seconds=60 * n))
        found.append(
            Deployment(key=f"d{n}", repo=REPO, sha=sha(f"c{n}"), status="success", created_at=when)
        )
    return found


def _request(n: int, when: object) -> PullRequest:
    return PullRequest(
        key=f"{REPO}#{n}",
        repo=REPO,
        number=n,
        author="github:ada",
        state="merged",
        created_at=when,  # type: ignore[arg-type]
        merged_at=when,  # type: ignore[arg-type]
        commit_shas=(sha(f"c{n}"),),
    )
