"""`steelyard import csv`: files of every kind reach the warehouse, once, however often imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

from steelyard.app.house import House
from steelyard.cli.import_csv import KINDS
from steelyard.config import load_settings
from steelyard.sources.csv.kinds import KINDS as READERS


def told(sql: str) -> list[tuple[Any, ...]]:
    house = House.open(load_settings(None))
    try:
        return house.warehouse.query(sql)
    finally:
        house.close()


def test_the_command_names_every_kind_there_is() -> None:
    assert set(KINDS) == {"people", *READERS}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "people"])
def test_a_template_is_a_file_that_goes_in(kind: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text(run("import", "csv", kind, "--template").out)
    done = run("import", "csv", kind, str(file), "--format", "json")
    report = json.loads(done.out)
    assert (done.code, report["kind"], report["rows"], report["wrong"]) == (0, kind, 1, 0)


def test_a_row_replaces_what_it_said_before_and_no_other(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "issues.csv"
    header = "key,created_at,status\n"
    file.write_text(header + "A-1,2026-03-01T09:00Z,open\nA-2,2026-03-01T09:00Z,open\n")
    for _ in range(2):
        assert run("import", "csv", "issues", str(file)).code == 0
    file.write_text(header + "A-2,2026-03-01T09:00Z,done\n")
    assert run("import", "csv", "issues", str(file)).code == 0
    rows = told("select source, key, status from raw_issues where not gone order by key")
    assert rows == [("csv", "A-1", "open"), ("csv", "A-2", "done")]


def test_sources_keep_rows_apart(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "issues.csv"
    file.write_text("key,created_at\nA-1,2026-03-01T09:00Z\n")
    for name in ("csv", "old-tracker"):
        assert run("import", "csv", "issues", str(file), "--source", name).code == 0
    assert told("select source from raw_issues order by 1") == [("csv",), ("old-tracker",)]


def test_money_arrives_to_the_nano_dollar(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text(
        "id,first_day,last_day,amount_usd\n"
        "1,2026-03-01,2026-03-31,1234.567890123\n2,2026-03-01,2026-03-31,-0.000000001\n"
    )
    assert run("import", "csv", "invoices", str(file)).code == 0
    assert told("select sum(amount_nanos) from raw_billing_lines") == [(1_234_567_890_122,)]


def test_wrong_lines_are_named_good_ones_go_in_and_the_exit_code_says_so(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "worklogs.csv"
    file.write_text("worker,day,hours\nada@example.com,2026-03-04,1\nada,2026-03-04,1\n")
    done = run("import", "csv", "worklogs", str(file))
    assert done.code == 1
    assert "line 3: worker is 'ada', neither an e-mail nor a login such as github:ada" in done.err
    assert "1 mistakes" in done.err
    assert told("select worker, seconds from raw_worklogs") == [("email:ada@example.com", 3600)]


def test_a_time_without_a_zone_is_said_to_be_taken_as_utc(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "issues.csv"
    file.write_text("key,created_at\nA-1,2026-03-01T09:00\n")
    done = run("import", "csv", "issues", str(file))
    assert done.code == 0
    assert "taken to be in UTC" in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["isues", "x.csv"], "Did you mean issues"),
        (["issues"], "--template"),
        (["issues", "none.csv"], "no file none.csv"),
        (["vendor-users", "none.csv"], "no file none.csv"),
    ],
)
def test_wrong_input_is_answered_with_what_to_do(words: list[str], says: str, run: Run) -> None:
    done = run("import", "csv", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_an_unknown_column_imports_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "issues.csv"
    file.write_text("key,created_at,assigne\nA-1,2026-03-01T09:00Z,ada@example.com\n")
    done = run("import", "csv", "issues", str(file))
    assert done.code == 2
    assert "Did you mean assignee" in done.err
    assert told("select count(*) from raw_issues") == [(0,)]
