"""`steelyard people`, alone and beside a running server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ledger.world import Session, at, tables_of
from tests.people.world import ADA, BOB, Company, commit

from steelyard.app import control
from steelyard.app.house import House
from steelyard.config import Settings, load_settings

NOON = at("2026-10-05 12:00")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A folder in which Ada and Eve have worked and a file knows Ada and Bob."""
    monkeypatch.setenv("STEELYARD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("STEELYARD_THREADS", "2")
    settings = load_settings()
    file = tmp_path / "people.csv"
    file.write_text(f"email,name,team,manager\n{ADA},Ada Lovelace,search,{BOB}\n{BOB},Bob,,\n")
    with House(settings) as house:
        company = Company.__new__(Company)
        company.warehouse = house.warehouse
        company.hear("github", "10-05", commit("c1", "github:alovelace"))
        records = [
            Session("s1", ADA).call(NOON),
            Session("s2", "eve@studio.example").call(NOON, tokens={"input": 300}),
        ]
        house.warehouse.append(tables_of(records), None, NOON)
        house.import_people(file)
    return settings


@pytest.fixture(params=["alone", "beside a server"])
def run(
    request: pytest.FixtureRequest, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    from steelyard.cli.main import main

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = main(["people", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    if request.param == "alone":
        yield run_command
        return
    with House(settings) as house:
        address = control.new_address(settings)
        server = control.Control(house, address)
        server.start()
        control.write_address(settings, address)
        yield run_command
        server.close()


def test_from_a_proposal_to_matched_work(run: Run) -> None:
    code, out, _ = run("review", "--format", "json")
    assert code == 0
    (proposal,) = json.loads(out)["proposals"]
    assert (proposal["reference"], proposal["person"]) == ("github:alovelace", ADA)
    code, _, err = run("review", "--accept", str(proposal["number"]))
    assert (code, err) == (0, f"github:alovelace is {ADA}.\n")
    found = json.loads(run("show", "Ada Lovelace", "--format", "json")[1])
    assert [each["reference"] for each in found["identities"]] == [
        f"email:{ADA}",
        "github:alovelace",
    ]
    assert found["decisions"][0]["same"] is True
    shares = json.loads(run("coverage", "--format", "json")[1])
    assert shares["shares"] == {"spend": 0.25, "sessions": 0.5, "commits": 1.0, "people": 0.5}
    assert shares["unmatched"][0]["reference"] == "email:eve@studio.example"


def test_tables_for_people(run: Run) -> None:
    listed = run("list")[1].splitlines()
    assert listed[0].split()[:3] == ["person", "name", "team"]
    assert listed[1].split() == [ADA, "Ada", "Lovelace", "search", BOB, "1", "2026-10-05"]
    assert "told by csv" in run("show", ADA)[1]
    reviewed = run("review")[1]
    assert "alovelace is how a login is made of Ada Lovelace" in reviewed
    assert "email:eve@studio.example" in reviewed
    assert "25.0%" in run("coverage")[1]


def test_what_cannot_be_decided(run: Run) -> None:
    code, _, err = run("review", "--accept", "9", "--format", "json")
    assert code == 2
    assert json.loads(err)["error"]["message"] == "There is no proposal 9."
    assert run("review", "--accept", "1", "--reject", "2")[0] == 2
    assert run("show", "Charles")[0] == 2
    assert run("list", "--on", "yesterday")[0] == 2


def test_link_and_unlink_by_command(run: Run) -> None:
    assert run("review", "--link", "eve@studio.example", "Bob")[0] == 0
    assert json.loads(run("coverage", "--format", "json")[1])["shares"]["spend"] == 1.0
    assert run("review", "--unlink", "email:eve@studio.example")[0] == 0
    assert json.loads(run("coverage", "--format", "json")[1])["shares"]["spend"] == 0.25
    assert run("review", "--unlink", "email:nobody@x")[0] == 2
