"""From a CSV file to `ask … by team`: then-teams, people nobody imported, imports repeated."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from tests.ledger.world import Session, at, tables_of
from tests.recorded import asked, open_house, total

from steelyard.app.house import House

ADA, BOB = "ada@acme.example", "bob@acme.example"
MOVED = f"email,team,valid_from\n{ADA},search,2025-01-01\n{ADA},payments,2026-10-06\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Ada and Bob work on 5 and 6 October 2026."""
    with open_house(tmp_path_factory.mktemp("people")) as opened:
        records = [
            Session(f"{name}-{day}", f"{name}@acme.example").call(
                at(f"2026-10-0{day} 12:00"), tokens={"input": amount}
            )
            for name, day, amount in (("ada", 5, 100), ("ada", 6, 70), ("bob", 6, 5))
        ]
        opened.warehouse.append(tables_of(records), None, at("2026-10-07 00:00"))
        opened.settle()
        yield opened


def told(house: House, folder: Path, text: str) -> object:
    path = folder / "people.csv"
    path.write_text(text)
    return house.import_people(path)


def test_work_counts_for_the_team_of_that_day(house: House, tmp_path: Path) -> None:
    report = told(house, tmp_path, MOVED)
    assert report.unmatched == 1  # type: ignore[attr-defined]
    tokens = asked(house, "tokens", "team")
    assert tokens == {("search",): 100, ("payments",): 70, ("",): 5}
    assert sum(tokens.values()) == total(house, "tokens")


def test_a_change_of_team_shows_in_the_next_answer(house: House, tmp_path: Path) -> None:
    told(house, tmp_path, MOVED)
    asked(house, "tokens", "team")
    told(house, tmp_path, f"email,team\n{ADA},platform\n")
    assert asked(house, "tokens", "team") == {("platform",): 170, ("",): 5}


def test_importing_twice_is_importing_once(house: House, tmp_path: Path) -> None:
    told(house, tmp_path, MOVED)
    once = asked(house, "tokens", "team", "person")
    told(house, tmp_path, MOVED)
    assert asked(house, "tokens", "team", "person") == once
    assert len(house.warehouse.query("select * from people where person = ?", [ADA])) == 2


def test_people_nobody_imported_are_counted_as_such(house: House, tmp_path: Path) -> None:
    told(house, tmp_path, f"email\n{ADA}\n")
    assert house.unmatched() == 1
    assert Fraction(total(house, "people_matched_share")) == Fraction(1, 2)
    report = told(house, tmp_path, f"email\n{BOB.upper()}\n")
    assert report.unmatched == 0  # type: ignore[attr-defined]
    assert total(house, "people_matched_share") == 1
