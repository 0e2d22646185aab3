"""Managers as people, and the roll-up manager on the chain that was valid then."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.people.world import ADA, ALWAYS, BOB, EVER, GRACE, Company, day, person

from steelyard.people.options import Options

GRAPH = "microsoft-graph"
CEO, VP = "ceo@acme.example", "vp@acme.example"


def chain(**vp: str) -> list[object]:
    """Ada reports to Bob, Bob to the VP, the VP to the CEO."""
    return [
        person("g0", CEO, role="Chief Executive Officer"),
        person("g1", VP, role="VP Engineering", manager=vp.get("manager", "g0")),
        person("g2", BOB, manager="g1"),
        person("g3", ADA, manager=BOB.upper()),
    ]


def rollups(company: Company) -> dict[str, str]:
    company.build()
    return dict(company.rows("select person, rollup from people where valid_to = '9999-12-31'"))


def test_the_roll_up_is_who_reports_to_a_chief(company: Company) -> None:
    company.hear(GRAPH, "09-01", *chain())
    assert rollups(company) == {CEO: "", VP: VP, BOB: VP, ADA: VP}
    assert company.people("manager", who=ADA) == [(BOB,)]
    assert company.people("manager", who=BOB) == [(VP,)]


@pytest.mark.parametrize(
    ("title", "is_chief"),
    [
        ("CTO", True),
        ("Co-founder & CPO", True),
        ("Chief of Staff", True),
        ("President", True),
        ("Vice President", False),
        ("SVP, Vice-President Sales", False),
        ("Director of COOrdination", False),
        ("Scooter Mechanic", False),
    ],
)
def test_whose_reports_are_roll_up_managers(company: Company, title: str, is_chief: bool) -> None:
    company.hear(GRAPH, "09-01", person("1", BOB, role=title), person("2", ADA, manager="1"))
    assert rollups(company)[ADA] == (ADA if is_chief else "")


def test_the_pattern_is_a_choice(company: Company) -> None:
    company.choice = Options(rollup_pattern=r"^Geschäftsführer")
    company.hear(
        GRAPH, "09-01", person("1", BOB, role="geschäftsführerin"), person("2", ADA, manager="1")
    )
    assert rollups(company)[ADA] == ADA


def test_the_chain_of_then(company: Company) -> None:
    """The VP becomes a chief: her reports roll up to themselves from that day."""
    company.hear(GRAPH, "09-01", *chain())
    company.hear(GRAPH, "10-06", person("g1", VP, role="CTO", manager="g0"))
    company.build()
    assert company.people("rollup", "valid_from", "valid_to", who=ADA) == [
        (VP, ALWAYS, day("10-05")),
        (BOB, day("10-06"), EVER),
    ]


def test_reporting_lines_of_then(company: Company) -> None:
    company.hear(GRAPH, "09-01", *chain(), person("g4", GRACE, manager="g0", role="VP Data"))
    company.hear(GRAPH, "10-06", person("g2", BOB, manager="g4"))
    company.build()
    assert company.people("manager", "rollup", "valid_from", who=ADA) == [
        (BOB, VP, ALWAYS),
        (BOB, GRACE, day("10-06")),
    ]


def test_a_circle_has_no_roll_up(company: Company) -> None:
    company.hear(
        GRAPH,
        "09-01",
        person("1", ADA, manager="2"),
        person("2", BOB, manager="3"),
        person("3", GRACE, manager="1"),
        person("4", VP, manager="4"),
    )
    assert rollups(company) == {ADA: "", BOB: "", GRACE: "", VP: ""}
    assert company.people("manager", who=VP) == [("",)]


def test_a_chain_that_is_too_long_has_none(company: Company) -> None:
    people = [person("0", "p0@a", role="CEO")]
    people += [person(str(n), f"p{n}@a", manager=str(n - 1)) for n in range(1, 20)]
    company.hear(GRAPH, "09-01", *people)
    found = rollups(company)
    assert found["p1@a"] == found["p15@a"] == "p1@a"
    assert found["p16@a"] == ""


def test_a_manager_whom_nobody_knows(company: Company, tmp_path: Path) -> None:
    """A directory's unknown id says nothing, an address is kept, and so is a file's text."""
    company.hear(GRAPH, "09-01", person("1", ADA, manager="8c1-gone"))
    company.hear(GRAPH, "09-01", person("2", BOB, manager="Old@acme.example"))
    company.file(tmp_path, f"email,manager\n{GRACE},Mrs Byron\n").build()
    assert company.people("manager", "rollup") == [
        ("", ""),
        ("old@acme.example", ""),
        ("Mrs Byron", ""),
    ]


def test_a_file_names_the_roll_up_itself(company: Company, tmp_path: Path) -> None:
    company.hear(GRAPH, "09-01", *chain())
    company.file(tmp_path, f"email,rollup\n{ADA},{GRACE}\n")
    assert rollups(company)[ADA] == GRACE
    assert rollups(company)[BOB] == VP
