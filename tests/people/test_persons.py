"""Who worked: the best identity ever seen with a session, through the organisation's aliases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.ledger.world import DAY, MINUTE, Session, World, at
from tests.people.world import Company

NOON = at("2026-10-05 12:00")
ADA, BOB = "ada@acme.example", "bob@acme.example"


@pytest.fixture
def world(company: Company) -> Company:
    return company


def import_people(world: Company, folder: Path, text: str) -> None:
    world.file(folder, text).build()
    world.refresh()


def people(world: World) -> list[str]:
    return [row[0] for row in world.rows("select distinct person from usage order by 1")]


@pytest.mark.parametrize(
    ("known", "person"),
    [
        ({"email": ADA, "account_id": "user_1", "install_id": "i1"}, ADA),
        ({"email": "", "account_id": "user_1", "account_uuid": "uu", "install_id": "i1"}, "user_1"),
        ({"email": "", "account_uuid": "uu", "install_id": "i1"}, "uu"),
        ({"email": "", "install_id": "0123456789abcdef"}, "install:0123456789ab"),
        ({"email": "", "install_id": ""}, ""),
    ],
)
def test_email_goes_before_account_before_install(
    world: World, known: dict[str, str], person: str
) -> None:
    world.tell(Session("s1", **known).call(NOON))
    assert people(world) == [person]


def test_a_session_that_learns_its_email_moves_its_earlier_days_too(world: World) -> None:
    unknown = Session("s1", email="")
    world.tell(unknown.call(NOON - DAY), unknown.point("commits", NOON - DAY, 1.0))
    assert people(world) == ["install:install-1"]
    world.tell(Session("s1", email=ADA).call(NOON))
    assert people(world) == [ADA]
    assert world.rows("select person, commits from person_days order by day") == [
        (ADA, 1),
        (ADA, 0),
    ]
    assert world.rows("select person, first_day from people_seen") == [(ADA, dt.date(2026, 10, 4))]


def test_a_session_never_forgets_who_it_was(world: World) -> None:
    world.tell(Session("s1", email=ADA).call(NOON))
    world.tell(Session("s1", email="").call(NOON + DAY))
    assert people(world) == [ADA]


def test_other_sessions_of_the_same_install_stay_apart(world: World) -> None:
    """A shared machine: one install id does not make two people one."""
    world.tell(
        Session("s1", email=ADA).call(NOON),
        Session("s2", email=BOB).call(NOON),
        Session("s3", email="").call(NOON),
    )
    assert people(world) == [ADA, BOB, "install:install-1"]


def test_metrics_and_events_of_a_session_share_its_person(world: World) -> None:
    world.tell(
        Session("s1", email="").used(NOON, {"input": 100}),
        Session("s1", email=ADA).event("user_prompt", NOON + MINUTE, chars=5),
    )
    assert world.tokens("person") == {ADA: 100}


def test_equal_session_ids_of_two_assistants_are_two_sessions(world: World) -> None:
    world.tell(
        Session("s1", email=ADA).call(NOON),
        Session("s1", email=BOB, assistant="codex").call(NOON, "gpt-5.5"),
    )
    assert world.tokens("assistant", "person").keys() == {("claude-code", ADA), ("codex", BOB)}


@pytest.mark.parametrize(
    ("column", "known"),
    [
        ("account_id", {"account_id": "user_1"}),
        # the uuid beside it has no alias; the account that has one wins, whatever sorts first
        ("account_id", {"account_id": "user_1", "account_uuid": "00000000-aaaa"}),
        ("account_id", {"account_id": "zzz", "account_uuid": "user_1"}),
        ("install_id", {"install_id": "user_1"}),
    ],
)
def test_an_alias_moves_days_that_are_built_already(
    world: Company, tmp_path: Path, column: str, known: dict[str, str]
) -> None:
    world.tell(Session("s1", **{"email": "", **known}).call(NOON))
    assert people(world) != [ADA]
    import_people(world, tmp_path, f"email,{column}\nAda@ACME.example,user_1\n")
    assert people(world) == [ADA]
    assert world.rows("select person from person_days") == [(ADA,)]


def test_an_alias_that_is_taken_back_no_longer_holds(world: Company, tmp_path: Path) -> None:
    world.tell(Session("s1", email="", account_id="user_1").call(NOON))
    import_people(world, tmp_path, f"email,account_id\n{ADA},user_1\n")
    assert people(world) == [ADA]
    import_people(world, tmp_path, f"email,account_id\n{ADA},\n")
    assert people(world) == ["user_1"]


def test_an_alias_may_pass_to_somebody_else(world: Company, tmp_path: Path) -> None:
    world.tell(Session("s1", email="", install_id="laptop-7").call(NOON))
    import_people(world, tmp_path, f"email,install_id\n{ADA},laptop-7\n")
    import_people(world, tmp_path, f"email,install_id\n{ADA},\n{BOB},laptop-7\n")
    assert people(world) == [BOB]


def test_the_same_people_again_build_nothing(world: Company, tmp_path: Path) -> None:
    text = f"email,team,account_id\n{ADA},search,user_1\n"
    world.tell(Session("s1", email="", account_id="user_1").call(NOON))
    import_people(world, tmp_path, text)
    facts = world.facts()
    version = world.warehouse.data_version()
    import_people(world, tmp_path, text)
    assert world.facts() == facts
    assert world.warehouse.data_version() == version  # nothing is built, answers stay
    assert world.one("select count(*) from people") == 1
    assert world.one("select count(*) from identities") == 2


def test_a_file_replaces_only_the_people_it_names(world: Company, tmp_path: Path) -> None:
    import_people(world, tmp_path, f"email,team\n{ADA},search\n{BOB},payments\n")
    import_people(world, tmp_path, f"email,team\n{BOB},platform\n")
    assert world.rows("select person, team from people order by 1") == [
        (ADA, "search"),
        (BOB, "platform"),
    ]
