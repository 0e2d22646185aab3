"""The commands on a real data folder: bring in, ask, look after."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from .conftest import Run

SCENARIO = "claude-code/14-models-http-json"


@pytest.fixture
def filled(run: Run, recordings: Path) -> Run:
    assert run("import", "otlp", str(recordings / SCENARIO)).code == 0
    return run


def ask(run: Run, *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(run("ask", *arguments, "--format", "json").out)
    return found


def test_import_otlp_counts_and_twice_is_once(run: Run, recordings: Path) -> None:
    first = json.loads(run("import", "otlp", str(recordings / SCENARIO), "--format", "json").out)
    assert first["bodies"] > 0
    before = ask(run, "tokens,spend_usd", "--by", "model")["rows"]
    assert run("import", "otlp", str(recordings / SCENARIO)).code == 0
    assert ask(run, "tokens,spend_usd", "--by", "model")["rows"] == before


def test_ask_answers_what_happened(filled: Run, recordings: Path) -> None:
    happened = json.loads((recordings / SCENARIO / "expected.json").read_text())["happened"]
    by_type = {
        kind: sum(model[kind] for model in happened["tokens_by_model"].values())
        for kind in ("input", "output", "cacheRead", "cacheCreation")
    }
    told = ask(filled, "tokens", "--by", "token_type")["rows"]
    assert isinstance(told, list)
    assert {row["token_type"]: row["tokens"] for row in told} == by_type


def test_ask_prints_the_contract(filled: Run) -> None:
    found = ask(filled, "spend_usd", "--by", "model", "--where", "assistant=claude-code")
    assert set(found) >= {"question", "rows", "as_of", "coverage", "warnings"}
    question = found["question"]
    assert isinstance(question, dict)
    assert question["metrics"] == ["spend_usd"]
    assert question["where"] == {"assistant": ["claude-code"]}


def test_every_format_tells_the_same_rows(filled: Run, tmp_path: Path) -> None:
    rows = ask(filled, "spend_usd,tokens", "--by", "model")["rows"]
    assert isinstance(rows, list)
    text = filled("ask", "spend_usd,tokens", "--by", "model", "--format", "csv").out
    for row, line in zip(rows, csv.DictReader(io.StringIO(text)), strict=True):
        assert {k: "" if v is None else str(v) for k, v in row.items()} == line
    file = tmp_path / "answer.parquet"
    assert filled("ask", "spend_usd,tokens", "--by", "model", "-o", str(file)).code == 0
    assert pq.read_table(file).to_pylist() == rows


def test_a_table_has_totals_and_its_warnings_on_stderr(filled: Run) -> None:
    done = filled("ask", "spend_usd,tokens", "--by", "model")
    assert "total" in done.out.splitlines()[-1]
    assert "sessions" in done.err
    assert "Warning" in done.err
    assert "Warning" not in done.out


def test_a_file_that_cannot_be_written_is_said(filled: Run, tmp_path: Path) -> None:
    for name in ("no/answer.csv", "no/answer.parquet"):
        done = filled("ask", "tokens", "-o", str(tmp_path / name))
        assert done.code == 2
        assert name in done.err
        assert "folder that exists" in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["spend_us"], "Did you mean spend_usd"),
        (["spend_usd", "--by", "tem"], "Did you mean team"),
        (["spend_usd", "--from", "yesterday"], "Write dates as"),
        (["spend_usd", "--from", "2026-02-01", "--to", "2026-01-01"], "after the last day"),
        (["spend_usd", "--where", "team"], "--where team="),
        (["spend_usd", "--format", "parquet"], "-o answer.parquet"),
        (["spend_usd", "--period", "fortnight"], "7d, 4w"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_do(
    words: list[str], says: str, run: Run
) -> None:
    done = run("ask", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_people_bring_teams(run: Run, recordings: Path, tmp_path: Path) -> None:
    scenario = recordings / "claude-code" / "28-signed-in-account-http-json"
    assert run("import", "otlp", str(scenario)).code == 0
    file = tmp_path / "people.csv"
    file.write_text("email,team\nDev@example.com,payments\n")
    done = run("import", "csv", "people", str(file), "--format", "json")
    assert json.loads(done.out)["people"] == 1
    rows = ask(run, "tokens", "--by", "team,person")["rows"]
    assert isinstance(rows, list)
    assert [(row["team"], row["person"]) for row in rows] == [("payments", "dev@example.com")]
    assert run("import", "csv", "people", str(file)).code == 0
    assert ask(run, "tokens", "--by", "team,person")["rows"] == rows


def test_people_can_change_back(run: Run, recordings: Path, tmp_path: Path) -> None:
    scenario = recordings / "claude-code" / "28-signed-in-account-http-json"
    assert run("import", "otlp", str(scenario)).code == 0
    file = tmp_path / "people.csv"
    for team in ("payments", "checkout", "payments"):
        file.write_text(f"email,team\ndev@example.com,{team}\n")
        assert run("import", "csv", "people", str(file)).code == 0
        rows = ask(run, "tokens", "--by", "team")["rows"]
        assert isinstance(rows, list)
        assert [row["team"] for row in rows] == [team]


def test_wrong_rows_are_named_and_the_exit_code_says_so(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\nada@example.com\nnobody\n")
    done = run("import", "csv", "people", str(file))
    assert done.code == 1
    assert "line 3: email is 'nobody'" in done.err
    assert "people: 1" in done.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["import", "csv", "peple", "x.csv"], "Did you mean people"),
        (["import", "csv", "people"], "--template"),
        (["import", "csv", "people", "none.csv"], "no file none.csv"),
        (["import", "otlp", "none.pb"], "none.pb"),
        (["import", "transcripts", "none"], "none"),
        (["restore", "none.tar"], "none.tar"),
        (["token", "revoke", "tok_none"], "steelyard token list"),
        (["token", "create", "x", "--scope", "reed"], "Did you mean read"),
        (["metrics", "acept_rate"], "Did you mean accept_rate"),
    ],
)
def test_wrong_input_is_answered_with_what_to_do(words: list[str], says: str, run: Run) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_wrong_column_imports_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,manger\nada@example.com,x\n")
    done = run("import", "csv", "people", str(file))
    assert done.code == 2
    assert "manager" in done.err
    assert "Nothing was imported" in done.err
    assert ask(run, "headcount")["rows"] in ([], [{"headcount": None}], [{"headcount": 0}])


def test_the_template_is_a_file_to_fill_in(run: Run) -> None:
    done = run("import", "csv", "people", "--template")
    assert done.out.startswith("email,name,team,")


def test_transcripts(run: Run, recordings: Path) -> None:
    folder = recordings / "claude-code" / "01-text-only-http-protobuf" / "transcripts"
    words = ("import", "transcripts", str(folder), "--person", "ada@example.com")
    assert json.loads(run(*words, "--format", "json").out)["requests"] > 0
    rows = ask(run, "tokens", "--by", "person")["rows"]
    assert run(*words).code == 0
    assert ask(run, "tokens", "--by", "person")["rows"] == rows
    assert isinstance(rows, list)
    assert rows[0]["person"] == "ada@example.com"


def test_tokens_are_shown_once_and_listed_without_secret(run: Run) -> None:
    created = run("token", "create", "laptops", "--days", "3")
    secret = created.out.strip()
    assert secret.startswith("sty_")
    listed = run("token", "list")
    assert "laptops" in listed.out
    assert secret not in listed.out
    identifier = json.loads(run("token", "list", "--format", "json").out)[0]["id"]
    assert run("token", "revoke", identifier).code == 0
    assert "revoked" in run("token", "list").out


def test_backup_restore_and_rebuild_give_the_same_numbers(filled: Run, tmp_path: Path) -> None:
    before = ask(filled, "tokens,spend_usd", "--by", "model")["rows"]
    file, other = tmp_path / "all.tar", str(tmp_path / "other")
    assert filled("backup", str(file)).code == 0
    assert filled("restore", str(file)).code == 3
    assert filled("restore", str(file), "--data", other).code == 0
    assert filled("rebuild", "--data", other).code == 0
    assert ask(filled, "tokens,spend_usd", "--by", "model", "--data", other)["rows"] == before


def test_export_writes_parquet(filled: Run, tmp_path: Path) -> None:
    assert filled("export", str(tmp_path / "out")).code == 0
    assert pq.read_table(tmp_path / "out" / "usage.parquet").num_rows > 0


def test_a_folder_that_is_none_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for words in (["ask", "tokens"], ["token", "list"]):
        done = run(*words, "--data", str(file / "data"))
        assert done.code == 3
        assert "--data" in done.err


def test_data_of_a_newer_version_is_left_alone(filled: Run, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "data" / "steelyard.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "insert into schema_version select * replace (9999 as version)"
            " from schema_version limit 1"
        )
    before = path.read_bytes()
    done = filled("ask", "tokens")
    assert done.code == 3
    assert "newer Steelyard" in done.err
    assert path.read_bytes() == before


def test_doctor_names_a_broken_database_and_fails(run: Run, tmp_path: Path) -> None:
    good = json.loads(run("doctor", "--format", "json").out)["checks"]
    assert {check["status"] for check in good} <= {"ok", "warn"}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "steelyard.duckdb").write_text("no database")
    done = run("doctor")
    assert done.code == 1
    assert "fail" in done.out


def test_metrics_lists_and_defines(run: Run, golden: Callable[[str, str], None]) -> None:
    listed = run("metrics").out
    assert "spend_usd " in listed
    defined = json.loads(run("metrics", "accept_rate", "--format", "json").out)
    assert defined["unit"] == "share"
    assert "sentence" in run("metrics", "accept_rate").out
