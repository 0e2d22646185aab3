"""What was true when: moves, leavers, returns, several directories, memberships."""

from __future__ import annotations

from pathlib import Path

from tests.people.world import (
    ADA,
    ALWAYS,
    BOB,
    EVER,
    Company,
    day,
    member,
    person,
)

from steelyard.people.options import Options

GRAPH, OKTA = "microsoft-graph", "okta"
SPAN = ("team", "valid_from", "valid_to")


def test_the_first_look_is_open_to_the_past(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, team="search")).build()
    assert company.people(*SPAN) == [("search", ALWAYS, EVER)]


def test_but_not_before_the_start(company: Company) -> None:
    ada = person("g1", ADA, team="search", start_date=day("2025-03-01"))
    company.hear(GRAPH, "09-01", ada).build()
    assert company.people(*SPAN) == [("search", day("2025-03-01"), EVER)]


def test_a_move_begins_on_the_day_it_is_seen_and_the_past_stays(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, team="search", level="3"))
    company.hear(GRAPH, "10-06", person("g1", ADA, team="payments", level="3"))
    company.hear(GRAPH, "10-20", person("g1", ADA, team="payments", level="4"))
    company.build()
    assert company.people("team", "level", "valid_from", "valid_to") == [
        ("search", "3", ALWAYS, day("10-05")),
        ("payments", "3", day("10-06"), day("10-19")),
        ("payments", "4", day("10-20"), EVER),
    ]


def test_what_people_do_not_keep_makes_no_row(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, city="Rome", company="Acme"))
    company.hear(GRAPH, "10-06", person("g1", ADA, city="Rome", company="Acme Ltd"))
    company.build()
    assert company.people("office", "valid_from") == [("Rome", ALWAYS)]


def test_a_leaver_keeps_their_team_and_is_no_longer_counted(company: Company) -> None:
    company.listing(GRAPH, "09-01", person("g1", ADA, team="search"), person("g2", BOB))
    company.listing(GRAPH, "10-06", person("g2", BOB))
    company.build()
    assert company.employed("10-05") == [ADA, BOB]
    assert company.employed("10-06") == [BOB]
    assert company.people("team", "end_date", who=ADA) == [("search", day("10-05"))]


def test_a_directory_that_tells_the_last_day_is_believed(company: Company) -> None:
    """Told on the 6th that she left on the 1st: she was not there in between."""
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.hear(GRAPH, "10-06", person("g1", ADA, active=False, end_date=day("10-01")))
    company.build()
    assert company.employed("10-01") == [ADA]
    assert company.employed("10-02") == []


def test_an_account_that_was_closed_before_we_looked_counts_on_no_day(company: Company) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, team="search", active=False), person("g2", BOB))
    company.build()
    assert company.employed("2020-01-01") == company.employed("09-02") == [BOB]
    assert company.people("team", who=ADA) == [("search",)]


def test_somebody_returns(company: Company) -> None:
    ada = {"key": "g1", "email": ADA}
    company.hear(GRAPH, "08-01", person(**ada, team="search", start_date=day("2024-01-01")))
    company.hear(GRAPH, "09-01", person(**ada, team="search", active=False))
    company.hear(GRAPH, "10-05", person(**ada, team="payments", start_date=day("10-01")))
    company.build()
    assert [company.employed(on) for on in ("2023-12-31", "08-31", "09-01", "09-30")] == [
        [],
        [ADA],
        [],
        [],
    ]
    assert company.employed("10-01") == [ADA]
    assert company.people("team", "start_date", "valid_from")[-1] == (
        "payments",
        day("10-01"),
        day("10-01"),
    )


def test_somebody_who_appears_later_is_not_counted_before(company: Company) -> None:
    company.listing(GRAPH, "09-01", person("g1", ADA))
    company.listing(GRAPH, "10-06", person("g1", ADA), person("g2", BOB, team="search"))
    company.build()
    assert company.employed("10-05") == [ADA]
    assert company.employed("10-06") == [ADA, BOB]
    assert {row[0] for row in company.people("team", who=BOB)} == {"search"}


def test_a_file_goes_before_directories_which_fill_what_it_leaves_empty(
    company: Company, tmp_path: Path
) -> None:
    company.hear(GRAPH, "09-01", person("g1", ADA, team="IT", role="Engineer", name="Ada L."))
    company.hear(OKTA, "09-01", person("o1", ADA, role="Staff", level="5", country="GB"))
    company.file(tmp_path, f"email,name,team,valid_from\n{ADA},Ada,search,2026-10-01\n")
    company.build()
    assert company.people("name", "team", "role", "level", "country", "valid_from") == [
        ("Ada L.", "IT", "Engineer", "5", "GB", ALWAYS),
        ("Ada", "search", "Engineer", "5", "GB", day("10-01")),
    ]


def test_a_file_without_an_end_does_not_hide_a_leaver(company: Company, tmp_path: Path) -> None:
    company.file(tmp_path, f"email,team\n{ADA},search\n")
    company.listing(GRAPH, "09-01", person("g1", ADA), person("g2", BOB))
    company.listing(GRAPH, "10-06", person("g2", BOB))
    company.build()
    assert company.employed("10-06") == [BOB]


def test_somebody_who_left_the_second_directory_only_is_still_here(company: Company) -> None:
    company.listing(OKTA, "09-01", person("o1", ADA, level="5"), person("o2", BOB))
    company.listing(OKTA, "10-06", person("o2", BOB))
    company.hear(GRAPH, "09-01", person("g1", ADA))
    company.build()
    assert company.employed("10-07") == [ADA, BOB]


def test_memberships_say_the_team_and_when(company: Company) -> None:
    company.hear(GRAPH, "08-01", person("g1", ADA, team="IT", department="Engineering"))
    company.hear(
        "tempo",
        "09-01",
        member("search", f"email:{ADA}", valid_from=day("02-01"), valid_to=day("06-30")),
        member("payments", f"email:{ADA}", valid_from=day("07-01")),
    )
    company.build()
    assert company.people(*SPAN) == [
        ("IT", ALWAYS, day("01-31")),
        ("search", day("02-01"), day("06-30")),
        ("payments", day("07-01"), EVER),
    ]


def test_a_membership_without_dates_holds_from_the_first_look_to_when_it_is_gone(
    company: Company,
) -> None:
    company.hear(GRAPH, "08-01", person("g1", ADA, department="Engineering"))
    both = (member("a", f"email:{ADA}"), member("x", f"email:{BOB}"))
    company.listing("github", "09-01", *both, kind="memberships")
    company.listing("github", "10-06", both[1], kind="memberships")
    company.build()
    assert company.people(*SPAN) == [
        ("a", ALWAYS, day("10-05")),
        ("Engineering", day("10-06"), EVER),
    ]


def test_of_several_teams_the_latest_then_the_first_by_name(company: Company) -> None:
    company.hear(GRAPH, "08-01", person("g1", ADA))
    company.hear("github", "09-01", member("web", f"email:{ADA}"), member("api", f"email:{ADA}"))
    company.hear("github", "10-06", member("zoo", f"email:{ADA}"))
    company.build()
    assert company.people(*SPAN) == [("api", ALWAYS, day("10-05")), ("zoo", day("10-06"), EVER)]


def test_the_order_of_team_sources_is_a_choice(company: Company, tmp_path: Path) -> None:
    company.hear(GRAPH, "08-01", person("g1", ADA, team="IT", department="Engineering"))
    company.hear("github", "09-01", member("web", f"email:{ADA}"))
    company.file(tmp_path, f"email,team\n{ADA},search\n")
    for order, team in (
        (Options().team_sources, "search"),
        (("github", "csv"), "web"),
        (("directory",), "IT"),
        (("department", "csv"), "Engineering"),
        (("tempo",), ""),
    ):
        company.choice = Options(team_sources=order)
        company.build()
        assert company.people("team") == [(team,)], order


def test_memberships_alone_make_nobody_staff(company: Company) -> None:
    company.hear("github", "09-01", member("web", "github:eve")).build()
    assert company.people() == []
