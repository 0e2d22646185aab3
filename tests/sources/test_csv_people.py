"""The people file: history, aliases, and a clear word on every mistake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from steelyard.errors import BadFile, UnknownName
from steelyard.sources.csv.people import MAX_PROBLEMS, PeopleFile, identities, read_people, template


def read(tmp_path: Path, text: str | bytes) -> PeopleFile:
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_people(path)


def test_the_template_is_a_file_that_reads(tmp_path: Path) -> None:
    people = read(tmp_path, template())
    assert (people.people, people.wrong) == (1, 0)
    row = people.table.to_pylist()[0]
    assert row["person"] == row["email"] == "ada@example.com"
    assert row["start_date"] == dt.date(2024, 3, 1)
    assert (row["valid_from"], row["valid_to"]) == (dt.date(2025, 1, 1), dt.date(9999, 12, 31))
    assert row["account_ids"] == ["user_01ABC"]


def test_only_email_is_needed_and_case_does_not_matter(tmp_path: Path) -> None:
    row = read(tmp_path, "Email\nAda@Example.COM\n").table.to_pylist()[0]
    assert (row["person"], row["team"]) == ("ada@example.com", "")
    assert row["valid_from"] == dt.date(1970, 1, 1)


def test_valid_from_defaults_to_the_start_date(tmp_path: Path) -> None:
    row = read(tmp_path, "email,start_date\na@b.c,2024-05-06\n").table.to_pylist()[0]
    assert row["valid_from"] == dt.date(2024, 5, 6)


def test_a_move_closes_the_row_before_it_whatever_the_order(tmp_path: Path) -> None:
    text = "email,team,valid_from\na@b.c,new,2026-02-01\na@b.c,old,\n"
    rows = read(tmp_path, text).table.to_pylist()
    spans = [(row["team"], row["valid_from"], row["valid_to"]) for row in rows]
    assert spans == [
        ("old", dt.date(1970, 1, 1), dt.date(2026, 1, 31)),
        ("new", dt.date(2026, 2, 1), dt.date(9999, 12, 31)),
    ]


def test_semicolons_tabs_and_a_byte_order_mark(tmp_path: Path) -> None:
    for mark, delimiter in ((b"\xef\xbb\xbf", ";"), (b"", "\t")):
        text = f"email{delimiter}name\r\na@b.c{delimiter}Zoë\r\n\r\n".encode()
        assert read(tmp_path, mark + text).table.to_pylist()[0]["name"] == "Zoë"


def test_identities_name_email_accounts_and_installs(tmp_path: Path) -> None:
    text = "email,account_id,install_id\na@b.c,u1 u2,i1\n"
    found = identities(read(tmp_path, text).table).to_pylist()
    assert {(row["kind"], row["value"], row["person"]) for row in found} == {
        ("email", "a@b.c", "a@b.c"),
        ("account", "u1", "a@b.c"),
        ("account", "u2", "a@b.c"),
        ("install", "i1", "a@b.c"),
    }


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("email,name\n,Ada\n", 2, "email is empty"),
        ("email\nnobody\n", 2, "'nobody'"),
        ("email,start_date\na@b.c,01.02.2026\n", 2, "not a date such as"),
        ("email,name\nx@b.c,X\na@b.c\n", 3, "1 cells where the header has 2"),
        ("email,start_date,end_date\na@b.c,2026-02-01,2026-01-01\n", 2, "before start_date"),
        ("email,valid_from,valid_to\na@b.c,2026-02-01,2026-01-01\n", 2, "before valid_from"),
        ("email,team,valid_from\na@b.c,x,2026-01-01\na@b.c,y,2026-01-01\n", 2, "overlaps"),
        ("email,account_id\na@b.c,u1\nd@b.c,u1\n", 3, "belongs to a@b.c too"),
    ],
)
def test_a_wrong_row_is_named_by_line(text: str, line: int, what: str, tmp_path: Path) -> None:
    people = read(tmp_path, text)
    assert [problem.line for problem in people.problems] == [line]
    assert what in people.problems[0].message
    assert "a@b.c" not in people.table.column("person").to_pylist()


def test_a_person_with_one_wrong_row_is_left_out_whole(tmp_path: Path) -> None:
    text = "email,valid_from\na@b.c,2025-01-01\na@b.c,soon\nz@b.c,\n"
    people = read(tmp_path, text)
    assert people.table.column("person").to_pylist() == ["z@b.c"]
    assert (people.people, people.left_out) == (1, ("a@b.c",))


def test_the_list_of_problems_is_bounded_and_the_count_is_not(tmp_path: Path) -> None:
    people = read(tmp_path, "email\n" + "nobody\n" * 1000)
    assert (len(people.problems), people.wrong) == (MAX_PROBLEMS, 1000)


def test_an_unknown_column_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="'manger'") as caught:
        read(tmp_path, "email,manger\na@b.c,x\n")
    assert "manager" in caught.value.hint
    assert "Nothing was imported" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "name\nAda\n", "email,email\na@b.c,a@b.c\n", b"email,name\na@b.c,Zo\xeb\n"]
)
def test_a_file_that_cannot_be_used_is_refused(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises((BadFile, UnknownName)):
        read(tmp_path, text)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no file"):
        read_people(tmp_path / "none.csv")
