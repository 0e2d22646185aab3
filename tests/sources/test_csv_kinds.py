"""CSV files of every kind: rows become records, mistakes are named by line, nothing is doubled."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import ROOT

from steelyard.errors import BadFile, UnknownName
from steelyard.sources.csv.kind import CsvFile
from steelyard.sources.csv.kinds import KINDS, read_csv, template
from steelyard.sources.csv.lines import MAX_PROBLEMS
from steelyard.sources.tables import to_tables

UTC = dt.UTC


def read(tmp_path: Path, kind: str, text: str | bytes, name: str = "file.csv") -> CsvFile:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(kind, path)


def only(tmp_path: Path, kind: str, text: str) -> Any:
    found = read(tmp_path, kind, text)
    assert (found.problems, len(found.records)) == ((), 1)
    return found.records[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_template_reads_without_a_mistake_and_fits_the_tables(
    kind: str, tmp_path: Path
) -> None:
    found = read(tmp_path, kind, template(kind))
    assert (found.rows, found.wrong, found.problems) == (1, 0, ())
    tables = to_tables(found.records)
    assert sum(table.num_rows for table in tables.values()) == len(found.records) >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_column_has_a_meaning_and_what_is_required_an_example(kind: str) -> None:
    header, example = csv.reader(io.StringIO(template(kind)))
    assert len(header) == len(example) == len(set(header))
    assert all(column.meaning for column in KINDS[kind].columns)
    for column, cell in zip(KINDS[kind].columns, example, strict=True):
        assert cell or not column.required, f"{column.name} is required and has no example"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_file_again_gives_the_same_keys(kind: str, tmp_path: Path) -> None:
    first, again = (read(tmp_path, kind, template(kind)) for _ in range(2))
    assert first.records == again.records


def test_teams(tmp_path: Path) -> None:
    text = "team,member,valid_from,valid_to\npay,Ada@Example.com,2026-01-01,2026-02-01\n"
    record = only(tmp_path, "teams", text)
    assert (record.team, record.member) == ("pay", "email:ada@example.com")
    assert (record.valid_from, record.valid_to) == (dt.date(2026, 1, 1), dt.date(2026, 2, 1))


def test_somebody_can_be_on_a_team_twice(tmp_path: Path) -> None:
    text = "team,member,valid_from\npay,github:ADA,2026-01-01\npay,github:ada,2026-05-01\n"
    found = read(tmp_path, "teams", text)
    assert found.wrong == 0
    assert {record.member for record in found.records} == {"github:ada"}  # type: ignore[attr-defined]


def test_issues(tmp_path: Path) -> None:
    text = (
        "Key;Assignee;Created At;Resolved At;Story Points;Status Category;Labels\n"
        'PAY-12;jira:5b10AC;2026-03-01T09:00:00+02:00;2026-03-02;0.5;DONE;"needs review; ui"\n'
    )
    found = read(tmp_path, "issues", text)
    (record,) = found.records
    assert (record.key, record.name, record.project) == ("PAY-12", "PAY-12", "PAY")  # type: ignore[attr-defined]
    assert record.assignee == "jira:5b10AC"  # type: ignore[attr-defined]
    assert record.created_at == dt.datetime(2026, 3, 1, 7, tzinfo=UTC)  # type: ignore[attr-defined]
    assert record.resolved_at == dt.datetime(2026, 3, 2, tzinfo=UTC)  # type: ignore[attr-defined]
    assert (record.story_points, record.status_category) == (0.5, "done")  # type: ignore[attr-defined]
    assert record.labels == ("needs review", "ui")  # type: ignore[attr-defined]
    assert found.wrong == 0
    assert [problem.message for problem in found.problems] == [
        "1 times without a zone were taken to be in UTC"
    ]


def test_pull_requests_and_their_state(tmp_path: Path) -> None:
    text = (
        "repo,number,author,created_at,merged_at,closed_at,assistants,commit_shas\n"
        "git@github.com:Acme/App.git,1,github:Ada,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,,"
        "claude-code codex,0123ABC 4567def\n"
        "https://github.com/acme/app,2,Ada@Example.com,2026-03-01T00:00:00Z,,2026-03-02T00:00:00Z,,\n"
        "github.com/acme/app,3,,2026-03-01T00:00:00Z,,,,\n"
    )
    found: Any = read(tmp_path, "pull_requests", text)
    assert [r.key for r in found.records] == [f"github.com/acme/app#{n}" for n in (1, 2, 3)]
    assert [r.state for r in found.records] == ["merged", "closed", "open"]
    first, second, _ = found.records
    assert (first.author, first.author_email) == ("github:ada", "")
    assert (second.author, second.author_email) == ("", "ada@example.com")
    assert (first.assistants, first.commit_shas) == (
        ("claude-code", "codex"),
        ("0123abc", "4567def"),
    )
    assert (first.additions, first.evidence) == (None, "")


def test_commits(tmp_path: Path) -> None:
    text = (
        "repo,sha,author,committed_at,on_default,additions\n"
        "acme/app,ABCDEF1,ada@example.com,2026-03-01T00:00:00Z,no,0\n"
    )
    record = only(tmp_path, "commits", text)
    assert (record.key, record.sha, record.author_email) == (
        "abcdef1",
        "abcdef1",
        "ada@example.com",
    )
    assert (record.on_default, record.additions, record.deletions) == (False, 0, None)


def test_deployments_are_production_unless_they_say_otherwise(tmp_path: Path) -> None:
    text = (
        "repo,environment,is_production,created_at,status\n"
        "a/b,,,2026-03-01T00:00:00Z,\n"
        "a/b,Staging,,2026-03-01T00:00:00Z,failure\n"
        "a/b,eu-1,yes,2026-03-01T00:00:00Z,\n"
    )
    found: Any = read(tmp_path, "deployments", text)
    assert [(r.environment, r.is_production, r.status) for r in found.records] == [
        ("production", True, "success"),
        ("Staging", False, "failure"),
        ("eu-1", True, "success"),
    ]
    assert len({r.key for r in found.records}) == 3


def test_incidents(tmp_path: Path) -> None:
    text = (
        "id,created_at,responders,deployment_sha\n"
        "7,2026-03-01T00:00:00Z,pagerduty:PX1 ada@example.com,ABCDEF1\n"
    )
    record = only(tmp_path, "incidents", text)
    assert record.responders == ("pagerduty:px1", "email:ada@example.com")
    assert (record.key, record.deployment_sha, record.resolved_at) == ("7", "abcdef1", None)


def test_invoices_are_exact(tmp_path: Path) -> None:
    amounts = ["1234.567890123", "-0.000000001", "0.1", "99999999.99"]
    lines = [f"2026-03-01,2026-03-31,{amount},{i}" for i, amount in enumerate(amounts)]
    text = "first_day,last_day,amount_usd,id\n" + "\n".join(lines)
    found: Any = read(tmp_path, "invoices", text)
    assert [r.amount_nanos for r in found.records] == [
        1_234_567_890_123,
        -1,
        100_000_000,
        99_999_999_990_000_000,
    ]
    assert {(r.final, r.list_nanos, r.currency) for r in found.records} == {(True, None, "USD")}


def test_two_equal_lines_of_an_invoice_need_ids(tmp_path: Path) -> None:
    text = "first_day,last_day,amount_usd\n" + "2026-03-01,2026-03-31,20\n" * 2
    found = read(tmp_path, "invoices", text)
    assert len(found.records) == 1
    assert [(p.line, p.message) for p in found.problems] == [
        (3, "names the same thing as line 2: give each an id")
    ]


def test_surveys_without_names_keep_every_answer(tmp_path: Path) -> None:
    text = "survey,question,day,score,scale_max\n" + "q1,focus,2026-03-31,4,5\n" * 3
    found: Any = read(tmp_path, "surveys", text)
    assert [r.score for r in found.records] == [4, 4, 4]
    assert len({r.key for r in found.records}) == 3
    assert {r.respondent for r in found.records} == {""}


def test_worklogs_are_whole_seconds(tmp_path: Path) -> None:
    text = "issue,worker,day,hours\nPAY-1,ada@example.com,2026-03-04,0.1\n"
    record = only(tmp_path, "worklogs", text)
    assert (record.seconds, record.billable_seconds) == (360, None)


def test_usage(tmp_path: Path) -> None:
    text = (
        "day,assistant,actor,model,input_tokens,list_usd,remote\n"
        "2026-03-31,codex,account:user_01Ada,gpt-5,12,0.0000001,yes\n"
    )
    record = only(tmp_path, "usage", text)
    assert (record.actor, record.model, record.input_tokens) == ("account:user_01Ada", "gpt-5", 12)
    assert (record.list_nanos, record.remote, record.output_tokens) == (100, True, None)


@pytest.mark.parametrize(
    ("kind", "header", "cells", "says"),
    [
        ("issues", "key,created_at", "A-1,", "created_at is empty"),
        ("issues", "key,created_at", "A-1,01.02.2026", "not a time such as"),
        ("issues", "key,created_at", "A-1", "1 cells where the header has 2"),
        (
            "issues",
            "key,created_at,assignee",
            "A-1,2026-03-01,ada",
            "neither an e-mail nor a login",
        ),
        ("issues", "key,created_at,assignee", "A-1,2026-03-01,slack:ada", "of no known system"),
        ("issues", "key,created_at,story_points", 'A-1,2026-03-01,"1,5"', "decimal point"),
        ("issues", "key,created_at,status_category", "A-1,2026-03-01,ready", "not one of todo"),
        (
            "issues",
            "key,created_at,resolved_at",
            "A-1,2026-03-02,2026-03-01",
            "is before created_at",
        ),
        ("worklogs", "worker,day,hours", "a@b.c,2026-03-01,1h", "a number of hours such as 1.5"),
        ("worklogs", "worker,day,hours", "a@b.c,31/03/2026,1", "not a date such as 2026-03-31"),
        (
            "invoices",
            "first_day,last_day,amount_usd",
            '2026-03-01,2026-03-31,"1.234,50"',
            "a comma",
        ),
        ("invoices", "first_day,last_day,amount_usd", "2026-03-01,2026-03-31,EUR 5", "US dollars"),
        (
            "invoices",
            "first_day,last_day,amount_usd",
            "2026-03-01,2026-02-28,5",
            "before first_day",
        ),
        (
            "invoices",
            "first_day,last_day,amount_usd,final",
            "2026-03-01,2026-03-01,5,ja",
            "yes nor no",
        ),
        ("commits", "repo,sha,committed_at", "a/b,xyz,2026-03-01", "not a commit's SHA"),
        ("usage", "day,assistant,sessions", "2026-03-01,codex,1.5", "not a whole number"),
        ("usage", "day,assistant,sessions", "2026-03-01,codex,-1", "not a whole number"),
    ],
)
def test_a_wrong_cell_is_named_and_its_row_left_out(
    kind: str, header: str, cells: str, says: str, tmp_path: Path
) -> None:
    found = read(tmp_path, kind, f"{header}\n{cells}\n")
    assert (found.records, found.rows, found.wrong) == ((), 1, 1)
    assert found.problems[0].line == 2
    assert says in found.problems[0].message


_CELLS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "0",
                "-1",
                "1.5",
                "1e9",
                "9" * 30,
                "2026-03-01",
                "2026-03-01T09:00",
                "0001-01-01",
            ),
            *("0001-01-01T00:00+14:00", "ada@x.com", "github:ada", "x:y", ":", "abcdef1", "yes"),
            *(
                "$1,234.50",
                "NaN",
                "(org)",
                "a/b",
                "git@host:a/b.git",
                "done",
                "merged",
                "\U0001f98a",
            ),
        ]
    ),
    st.text(max_size=8),
)


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_stands_in_it_a_row_is_a_record_or_a_mistake(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    header, example = csv.reader(io.StringIO(template(kind)))
    changed = st.dictionaries(st.integers(0, len(header) - 1), _CELLS, max_size=3)
    rows = [
        [cells.get(place, cell) for place, cell in enumerate(example)]
        for cells in data.draw(st.lists(changed, max_size=5))
    ]
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    found = read(tmp_path, kind, text.getvalue().encode("utf-8", "replace"))
    said = {problem.line for problem in found.problems if "taken to be" not in problem.message}
    assert found.wrong >= len(said)
    assert bool(found.rows) <= bool(found.records or said)
    assert sum(table.num_rows for table in to_tables(found.records).values()) <= 3 * found.rows


def test_good_rows_go_in_beside_wrong_ones_which_are_counted_beyond_the_cut(
    tmp_path: Path,
) -> None:
    wrong = "PAY-x,never\n" * (MAX_PROBLEMS + 5)
    found = read(tmp_path, "issues", f"key,created_at\n{wrong}PAY-1,2026-03-01T00:00:00Z\n")
    assert [record.key for record in found.records] == ["PAY-1"]
    assert (found.wrong, len(found.problems)) == (MAX_PROBLEMS + 5, MAX_PROBLEMS)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.foreign])
def test_an_unknown_column_stops_the_file_and_the_nearest_is_named(
    kind: str, tmp_path: Path
) -> None:
    column = KINDS[kind].columns[-1].name
    with pytest.raises(UnknownName, match=f"no column called '{column}x'") as error:
        read(tmp_path, kind, f"{column}x\n1\n")
    assert column in error.value.hint
    assert f"import csv {kind} --template" in error.value.hint


def test_a_column_twice_or_missing_stops_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="column key twice"):
        read(tmp_path, "issues", "key,Key,created_at\n")
    with pytest.raises(BadFile, match="no column created_at"):
        read(tmp_path, "issues", "key\nA-1\n")
    with pytest.raises(BadFile, match="no column key"):
        read(tmp_path, "issues", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spellings_of_csv(delimiter: str, mark: bytes, end: str, tmp_path: Path) -> None:
    rows = [
        ["key", "created_at", "status"],
        ["Ä-1", "2026-03-01T00:00:00Z", "in review"],
        ["", "", ""],
    ]
    text = end.join(delimiter.join(row) for row in rows)
    found: Any = read(tmp_path, "issues", mark + text.encode())
    assert [(r.key, r.status) for r in found.records] == [("Ä-1", "in review")]


def test_what_is_no_text_or_no_table_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="not UTF-8"):
        read(tmp_path, "issues", b"\xff\xfe\x00k")
    with pytest.raises(BadFile, match="is no CSV file"):
        read(tmp_path, "issues", 'key,created_at\n"' + "x" * 200_000)
    with pytest.raises(BadFile, match="no file"):
        read_csv("issues", tmp_path / "none.csv")


def test_an_unknown_kind_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as error:
        read(tmp_path, "isues", "")
    assert "issues" in error.value.hint


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_names_every_column_in_its_place(kind: str) -> None:
    guide = (ROOT / "docs" / "guides" / "import-csv.md").read_text()
    assert f"| `{kind}` | {KINDS[kind].what} |" in guide
    own = guide.partition(f"### {kind}\n")[2].partition("\n##")[0]
    for column in KINDS[kind].columns:
        row = f"| `{kind}` | `{column.name}`" if KINDS[kind].foreign else f"| `{column.name}`"
        assert row in (guide if KINDS[kind].foreign else own)
        assert all(f"`{alias}`" in guide for alias in column.aliases)
