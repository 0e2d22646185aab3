"""Who is who: what joins, what does not, and what is nobody's."""

from __future__ import annotations

import pytest
from tests.people.world import (
    ADA,
    BOB,
    GRACE,
    Company,
    account,
    commit,
    day,
    decided,
    person,
)

from steelyard.people.resolve import resolve
from steelyard.people.told import read_told

GRAPH, OKTA = "microsoft-graph", "okta"


def resolution(company: Company):  # type: ignore[no-untyped-def]
    told = read_told(company.warehouse.query)
    return resolve(told, company.decisions, company.choice)


def test_one_address_is_one_person_whatever_its_case(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", "Ada@ACME.example", emails=("a.l@acme.example",)))
    company.hear("github", "09-01", account("github:ada", "A.L@acme.example"))
    company.hear("jira", "09-01", account("jira:5b10", ADA))
    company.build()
    assert company.whose() == {
        f"email:{ADA}": ADA,
        "email:a.l@acme.example": ADA,
        "directory:g1": ADA,
        "github:ada": ADA,
        "jira:5b10": ADA,
    }


def test_a_renamed_address_keeps_the_person(company: Company) -> None:
    """Facts of both addresses meet, and the person keeps the name they had."""
    company.hear(GRAPH, "09-01", person("g1", ADA, name="Ada Byron"))
    company.hear(GRAPH, "10-01", person("g1", "ada.king@acme.example", name="Ada King"))
    company.build()
    assert company.whose()["email:ada.king@acme.example"] == ADA
    assert company.people("email", "name", "valid_from", who=ADA)[-1] == (
        "ada.king@acme.example",
        "Ada King",
        day("10-01"),
    )


def test_three_git_addresses_of_one_developer(company: Company) -> None:
    """Her work address, a private one tied by the host, and GitHub's no-reply address."""
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("github", "09-01", account("github:ada"))
    company.hear(
        "github",
        "09-02",
        commit("c1", "github:ada", ADA),
        commit("c2", "github:ada", "ada@home.example"),
        commit("c3", "", "4711+ada@users.noreply.github.com"),
        commit("c4", "", "4711+countess@users.noreply.github.com"),
    )
    company.build()
    whose = company.whose()
    assert {
        whose[ref]
        for ref in (
            "github:ada",
            "email:ada@home.example",
            "email:4711+ada@users.noreply.github.com",
            "email:4711+countess@users.noreply.github.com",
            "github:countess",
        )
    } == {ADA}
    assert not any(ref.startswith("number:") for ref in whose)


def test_a_commit_that_two_sources_tell_of_ties_its_login_to_its_address(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("github", "09-02", commit("c1", "github:countess", ""))
    company.hear("git", "09-02", commit("c1", "", ADA))
    company.build()
    assert company.whose()["github:countess"] == ADA


def test_a_mailmap_joins_two_addresses(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("git", "09-01", account("email:root@laptop", ADA))
    company.build()
    assert company.whose()["email:root@laptop"] == ADA


def test_a_shared_mailbox_is_nobodys(company: Company) -> None:
    shared = "team@acme.example"
    company.hear(
        GRAPH,
        "09-01",
        person("g1", ADA, emails=(shared,), name="Ada"),
        person("g2", BOB, emails=(shared,), name="Bob"),
    )
    company.hear("github", "09-01", account("github:team", shared))
    company.build()
    assert f"email:{shared}" not in company.whose()
    assert "github:team" not in company.whose()
    assert resolution(company).contested == {f"email:{shared}": (ADA, BOB)}
    assert len({row[0] for row in company.people()}) == 2


def test_a_shared_main_address_names_nobody(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, name="Ada"), person("g2", ADA, name="Bob"))
    company.build()
    assert {row[0] for row in company.people()} == {"directory:g1", "directory:g2"}


def test_somebody_who_came_back_under_a_new_key_is_one(company: Company) -> None:
    company.listing(GRAPH, "09-01", person("g1", ADA, name="Ada Lovelace"))
    company.listing(GRAPH, "09-10", person("x", BOB))
    company.listing(GRAPH, "10-01", person("x", BOB), person("g9", ADA, name="Lovelace, Ada"))
    company.build()
    assert {row[0] for row in company.people()} == {ADA, BOB}
    assert company.employed("09-05") == [ADA]  # Bob appeared on the 10th
    assert company.employed("09-20") == [BOB]
    assert company.employed("10-02") == [ADA, BOB]


def test_an_address_given_to_somebody_else_later_is_nobodys(company: Company) -> None:
    company.listing(GRAPH, "09-01", person("g1", "js@acme.example", name="Jo Smith"))
    company.listing(GRAPH, "10-01", person("g2", "js@acme.example", name="Jim Sand"))
    company.build()
    assert "email:js@acme.example" not in company.whose()


def test_commits_that_tie_a_login_to_two_people_leave_it_to_nobody(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA), person("g2", BOB))
    company.hear("github", "09-02", commit("c1", "github:pair", ADA))
    company.hear("github", "09-02", commit("c2", "github:pair", BOB))
    company.build()
    assert "github:pair" not in company.whose()
    assert resolution(company).contested == {"github:pair": (ADA, BOB)}


def test_an_account_goes_before_commits(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA), person("g2", BOB))
    company.hear("github", "09-01", account("github:bob", BOB))
    company.hear("github", "09-02", *(commit(f"c{n}", "github:bob", ADA) for n in range(9)))
    company.build()
    assert company.whose()["github:bob"] == BOB
    assert company.whose()[f"email:{ADA}"] == ADA


def test_bots_are_nobody(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("github", "09-01", account("github:ci", "ci@acme.example", bot=True))
    company.hear(
        "github",
        "09-02",
        commit("c1", "github:ci", ADA),
        commit("c2", "github:renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com"),
        commit("c3", "", "noreply@anthropic.com"),
    )
    company.build()
    whose = company.whose()
    assert whose["github:ci"] == whose["email:ci@acme.example"] == ""
    assert whose["github:renovate[bot]"] == whose["email:noreply@anthropic.com"] == ""
    assert whose[f"email:{ADA}"] == ADA


def test_contractors_are_one_though_no_directory_knows_them(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("github", "09-01", account("github:eve", "eve@studio.example"))
    company.hear("jira", "09-01", account("jira:77", "eve@studio.example"))
    company.hear("github", "09-02", commit("c1", "github:mallory", ""))
    company.build()
    whose = company.whose()
    assert whose["github:eve"] == whose["jira:77"] == "eve@studio.example"
    assert "github:mallory" not in whose
    assert {row[0] for row in company.people()} == {ADA}


def test_directories_meet_by_address_and_one_without_stands_alone(company: Company) -> None:
    company.hear(OKTA, "08-01", person("o1", ADA), person("o2", name="Door sign"))
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.build()
    assert {row[0] for row in company.people()} == {ADA, "directory:o2"}
    assert company.whose()["directory:o1"] == company.whose()["directory:g1"] == ADA


def test_where_directories_disagree_the_first_is_believed(company: Company) -> None:
    """Okta gives Bob an address that is Ada's in the directory that goes before."""
    alias = "a@acme.example"
    company.hear(OKTA, "08-01", person("o2", BOB, emails=(alias,)))
    company.hear(GRAPH, "09-01", person("g1", ADA, emails=(alias,)), person("g2", BOB))
    company.build()
    assert company.whose()[f"email:{alias}"] == ADA
    assert company.whose()["directory:o2"] == BOB


def test_a_decision_holds_when_a_directory_says_otherwise_later(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA), person("g2", BOB))
    company.decisions = (decided("github:octo", ADA),)
    company.build()
    assert company.whose()["github:octo"] == ADA
    company.hear("github", "10-01", account("github:octo", BOB))
    company.build()
    assert company.whose()["github:octo"] == ADA
    (found,) = resolution(company).contradictions
    assert (found.reference, found.person, found.other) == ("github:octo", ADA, BOB)
    assert found.reason == f"github has an account with this and email:{BOB}"


def test_a_decision_may_give_away_a_shared_mailbox(company: Company) -> None:
    shared = "team@acme.example"
    company.hear(
        GRAPH, "09-01", person("g1", ADA, emails=(shared,)), person("g2", BOB, emails=(shared,))
    )
    company.decisions = (decided(f"email:{shared}", BOB),)
    company.build()
    assert company.whose()[f"email:{shared}"] == BOB
    assert resolution(company).contested == {}


def test_what_somebody_rejected_no_rule_joins(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear("github", "09-01", account("github:ada", ADA))
    company.decisions = (decided("github:ada", ADA, same=False),)
    company.build()
    assert company.whose()["github:ada"] == "github:ada"


@pytest.mark.parametrize("reverse", [False, True])
def test_a_decision_makes_two_entries_one(company: Company, reverse: bool) -> None:
    pair = ("ada@old.example", ADA)
    ref, whose = reversed(pair) if reverse else pair
    company.hear(OKTA, "08-01", person("o1", "ada@old.example", role="Engineer"))
    company.hear(GRAPH, "09-01", person("g1", ADA), person("g2", GRACE))
    company.decisions = (decided(f"email:{ref}", whose),)
    company.build()
    assert company.whose()["directory:o1"] == company.whose()["directory:g1"]
    assert len({row[0] for row in company.people()}) == 2


def test_a_decision_may_name_a_person_no_directory_knows(company: Company) -> None:
    company.decisions = (decided("github:eve", "eve@studio.example"),)
    company.hear("github", "09-02", commit("c1", "github:eve", "eve@home.example"))
    company.build()
    assert company.whose()["github:eve"] == "eve@studio.example"
    assert company.whose()["email:eve@home.example"] == "eve@studio.example"
    assert company.people() == []
