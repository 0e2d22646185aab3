"""Suggestions with their reasons, decisions that last, people shown, shares matched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ledger.world import DAY, Session, at
from tests.people.world import ADA, BOB, GRACE, Company, account, commit, day, person

from steelyard.errors import BadValue, UnknownName
from steelyard.people.coverage import coverage
from steelyard.people.listing import list_people, show_person
from steelyard.people.review import Choice, Proposal, Review, decide, find_person, review
from steelyard.people.unmatched import unmatched_emails
from steelyard.state.database import open_state
from steelyard.state.identities import Identities

NOON = at("2026-10-05 12:00")
GRAPH = "microsoft-graph"


@pytest.fixture
def identities(tmp_path: Path) -> Iterator[Identities]:
    state = open_state(tmp_path / "state.db")
    yield Identities(state)
    state.close()


@pytest.fixture
def staff(company: Company) -> Company:
    company.hear(
        GRAPH,
        "09-01",
        person("g1", ADA, name="Ada Lovelace", team="search"),
        person("g2", BOB, name="Bob Béla Kovács"),
        person("g3", GRACE, name="Grace Hopper"),
    ).build()
    return company


def proposed(company: Company, identities: Identities) -> Review:
    company.decisions = identities.decisions()
    company.build()
    return review(company.warehouse, identities, company.choice)


def one(found: Review, ref: str) -> Proposal:
    (proposal,) = [p for p in found.proposals if p.reference == ref]
    return proposal


def test_the_same_name_however_it_is_spelled(staff: Company, identities: Identities) -> None:
    staff.hear("git", "09-02", commit("c1", "", "bbk@home.example", "KOVACS Bela, Bob"))
    found = one(proposed(staff, identities), "email:bbk@home.example")
    assert (found.person, found.name, found.commits) == (BOB, "Bob Béla Kovács", 1)
    assert found.reasons == ("the same name, KOVACS Bela, Bob",)
    assert found.score == 0.95


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ("ada.lovelace", "adalovelace is how a login is made of Ada Lovelace"),
        ("lovelace-ada", "lovelaceada is how a login is made of Ada Lovelace"),
        ("alovelace", "alovelace is how a login is made of Ada Lovelace"),
        ("ada", f"the same login as email:{ADA}"),
        ("wizard9", None),
    ],
)
def test_logins_made_of_names(
    staff: Company, identities: Identities, login: str, reason: str | None
) -> None:
    staff.hear("github", "09-02", commit("c1", f"github:{login}"))
    found = proposed(staff, identities)
    if reason is None:
        assert [each.reference for each in found.unknown] == [f"github:{login}"]
        assert found.proposals == ()
    else:
        assert one(found, f"github:{login}").person == ADA
        assert reason in one(found, f"github:{login}").reasons


def test_similar_names_and_several_reasons_weigh_more(
    staff: Company, identities: Identities
) -> None:
    staff.hear("github", "09-02", commit("c1", "github:ghopper", "", "Grace Hoper"))
    staff.hear("github", "09-02", commit("c2", "github:zz", "", "Grace Hoper"))
    found = proposed(staff, identities)
    assert one(found, "github:zz").reasons == ("a similar name, Grace Hoper (96 %)",)
    assert one(found, "github:ghopper").score > one(found, "github:zz").score


def test_a_name_that_two_have_says_little(staff: Company, identities: Identities) -> None:
    staff.hear(GRAPH, "09-01", person("g4", "ada2@acme.example", name="Ada Lovelace"))
    staff.hear("git", "09-02", commit("c1", "", "x@home.example", "Ada Lovelace"))
    found = proposed(staff, identities)
    assert {(p.person, p.score) for p in found.proposals} == {
        (ADA, 0.55),
        ("ada2@acme.example", 0.55),
    }


def test_an_install_seen_in_somebodys_sessions(staff: Company, identities: Identities) -> None:
    staff.tell(
        Session("s1", ADA, install_id="laptop-of-ada-7").call(NOON),
        Session("s2", "", install_id="laptop-of-ada-7").call(NOON + DAY),
    )
    found = one(proposed(staff, identities), "install:laptop-of-ada-7")
    assert (found.person, found.score, found.sessions) == (ADA, 0.9, 1)
    assert found.reasons == (f"1 session of {ADA} came from it",)
    decide(staff.warehouse, identities, Choice(accept=found.number), "root")
    proposed(staff, identities)
    staff.refresh()
    assert staff.tokens("person") == {ADA: 200}


def test_most_spend_first_and_matched_work_is_not_asked_for(
    staff: Company, identities: Identities
) -> None:
    staff.tell(
        Session("s1", ADA).call(NOON, tokens={"input": 9_000_000}),
        Session("s2", "a.lovelace@studio.example").call(NOON),
        Session("s3", "eve@studio.example").call(NOON, tokens={"input": 5_000}),
    )
    staff.hear("github", "09-02", account("github:eve", "eve@studio.example"))
    staff.hear("github", "09-02", commit("c1", "github:eve"), commit("c2", "github:x[bot]"))
    found = proposed(staff, identities)
    assert [(u.reference, u.commits) for u in found.unknown] == [("email:eve@studio.example", 1)]
    assert found.unknown[0].also == ("github:eve",)
    assert unmatched_emails(staff.warehouse.query) == [
        "eve@studio.example",
        "a.lovelace@studio.example",
    ]


def test_decisions_last_and_rejected_pairs_are_not_proposed_again(
    staff: Company, identities: Identities
) -> None:
    staff.hear("github", "09-02", commit("c1", "github:alovelace"), commit("c2", "github:ghopper"))
    found = proposed(staff, identities)
    ada, grace = one(found, "github:alovelace"), one(found, "github:ghopper")
    decide(staff.warehouse, identities, Choice(accept=ada.number), "root")
    decide(staff.warehouse, identities, Choice(reject=grace.number), "root")
    after = proposed(staff, identities)
    assert after.proposals == ()
    assert [u.reference for u in after.unknown] == ["github:ghopper"]
    assert [(d.reference, d.person, d.same, d.by) for d in after.decisions] == [
        ("github:alovelace", ADA, True, "root"),
        ("github:ghopper", GRACE, False, "root"),
    ]
    assert staff.whose()["github:alovelace"] == ADA
    assert staff.rows("select kind from dirty_work where kind = 'people'") == [("people",)]


def test_a_number_means_the_same_pair_when_the_list_has_changed(
    staff: Company, identities: Identities
) -> None:
    staff.hear("github", "09-02", commit("c1", "github:ghopper"))
    number = one(proposed(staff, identities), "github:ghopper").number
    staff.hear("github", "09-03", *(commit(f"d{n}", "github:alovelace") for n in range(5)))
    found = proposed(staff, identities)
    assert found.proposals[0].reference == "github:alovelace"
    assert one(found, "github:ghopper").number == number
    assert identities.proposal(number) == ("github:ghopper", GRACE)
    with pytest.raises(BadValue, match="no proposal 99"):
        identities.proposal(99)


def test_link_and_unlink(staff: Company, identities: Identities) -> None:
    """By any name of the person; what is unlinked is nobody's though a rule would join it."""
    staff.hear("github", "09-02", account("github:octo", BOB))
    proposed(staff, identities)
    decide(staff.warehouse, identities, Choice(unlink="github:Octo"), "root")
    proposed(staff, identities)
    assert staff.whose()["github:octo"] == "github:octo"
    decide(staff.warehouse, identities, Choice(link=("github:octo", "grace HOPPER")), "root")
    proposed(staff, identities)
    assert staff.whose()["github:octo"] == GRACE
    shown = show_person(staff.warehouse, identities, staff.choice, "github:octo")
    assert shown.person == GRACE
    assert len(shown.decisions) == 2
    with pytest.raises(UnknownName, match="Grace Hoppe"):
        find_person(staff.warehouse, "Grace Hoppe")
    with pytest.raises(BadValue, match="not a reference"):
        decide(staff.warehouse, identities, Choice(link=("octo", ADA)), "root")
    with pytest.raises(BadValue, match="nobody's"):
        decide(staff.warehouse, identities, Choice(unlink="github:who"), "root")


def test_people_as_of_a_day(staff: Company) -> None:
    staff.listing(
        GRAPH, "10-06", person("g1", ADA, name="Ada Lovelace", team="payments", manager=GRACE),
        person("g3", GRACE, name="Grace Hopper"),
    ).build()  # fmt: skip
    then, now = (list_people(staff.warehouse, day(on)) for on in ("10-05", "10-06"))
    assert (then[0].name, then[0].team, then[0].employed) == ("Ada Lovelace", "search", True)
    assert [(p.name, p.team, p.manager, p.employed) for p in now] == [
        ("Ada Lovelace", "payments", GRACE, True),
        ("Bob Béla Kovács", "", "", False),
        ("Grace Hopper", "", "", True),
    ]
    assert now[0].identities == 2


def test_a_person_with_the_evidence_of_each_identity(
    staff: Company, identities: Identities
) -> None:
    staff.hear("github", "09-02", account("github:ada", ADA))
    staff.hear("github", "09-02", commit("c1", "github:ada", "ada@home.example"))
    proposed(staff, identities)
    shown = show_person(staff.warehouse, identities, staff.choice, ADA)
    assert {known.reference: known.reason for known in shown.identities} == {
        f"email:{ADA}": "told by microsoft-graph",
        "directory:g1": "told by microsoft-graph",
        "github:ada": f"github has an account with this and email:{ADA}",
        "email:ada@home.example": "1 commit carries it together with github:ada",
    }
    assert [(t.team, t.counted) for t in shown.times] == [("search", True)]


def test_shares_matched_and_who_is_missing(staff: Company, identities: Identities) -> None:
    staff.tell(
        Session("s1", ADA).call(NOON, tokens={"input": 300}),
        Session("s2", ADA).call(NOON, tokens={"input": 300}),
        Session("s3", "eve@studio.example").call(NOON, tokens={"input": 200}),
    )
    staff.hear(
        "github",
        "09-02",
        commit("c1", "", ADA),
        commit("c2", "", "eve@studio.example"),
        commit("c3", "", "nobody@x"),
        commit("c4", "github:x[bot]", ""),
    )
    proposed(staff, identities)
    found = coverage(staff.warehouse, identities, staff.choice, day("10-05"))
    assert {s.what: s.share for s in found.shares} == {
        "spend": 0.75,
        "sessions": 2 / 3,
        "commits": 1 / 3,
        "people": 1 / 2,
    }
    assert (found.staff, found.silent) == (3, 2)
    assert [u.reference for u in found.unmatched] == ["email:eve@studio.example", "email:nobody@x"]


def test_nothing_recorded_has_no_share(company: Company, identities: Identities) -> None:
    company.build()
    found = coverage(company.warehouse, identities, company.choice, day("10-05"))
    assert {share.share for share in found.shares} == {None}
