"""`steelyard ask --question`: the contract, the formats, and mistakes."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.cli.panels import panels_text, rests_on
from steelyard.metrics.answer import Coverage
from steelyard.metrics.questions import QUESTIONS, Panel, PanelColumn, QuestionAnswer, Terms

from .conftest import Run

SCENARIO = "claude-code/14-models-http-json"


def told() -> QuestionAnswer:
    """Each kind of row: known, without interval, too small, and a total; and an empty panel."""
    columns = (
        PanelColumn("team", "team", "group"),
        PanelColumn("cost_per_commit", "Cost per commit", "value", "USD", "cost_per_commit"),
        PanelColumn("low", "from", "low", "USD"),
        PanelColumn("high", "to", "high", "USD"),
        PanelColumn("people", "people", "people"),
        PanelColumn("commits", "commits", "count"),
        PanelColumn("note", "", "note"),
    )
    rows = (
        ("mobile", 9.356, 7.96, 10.76, 9, 1204, ""),
        ("search", 0.0312, None, None, 5, 3, "too few, or too alike, for an interval"),
        ("design", None, None, None, None, None, "fewer than 5 people"),
    )
    total = ("all", 5.56, 4.67, 6.46, 17, 1211, "")
    notes = ("Spend and what shipped are of the same days.",)
    title, about = "Mobile has the highest cost per commit, $9.36", "Cost per commit by team"
    full = Panel("by_team", title, about, columns, rows, 17, total, True, (), notes)
    bare = Panel("by_role", "No cost per commit is known", "Cost per commit by role", columns, ())
    return QuestionAnswer(
        "roi",
        QUESTIONS["roi"],
        Terms(dt.date(2026, 10, 1), dt.date(2026, 10, 31), (("assistant", ("codex",)),)),
        "Assistants used $6,733.00 at list price: $5.56 ($4.67 to $6.46) per commit.",
        (full, bare),
        dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC),
        Coverage(0.97, 848, 3),
    )


def test_a_question_as_tables(golden: Callable[[str, str], None]) -> None:
    text = panels_text(told(), io.StringIO())
    golden("question.txt", f"{text}{rests_on(told())}\n")


def test_a_question_as_json(golden: Callable[[str, str], None]) -> None:
    golden("question.json", json.dumps(told().to_json(), indent=2) + "\n")


def test_a_question_as_csv(golden: Callable[[str, str], None]) -> None:
    golden("question.csv", told().csv().replace("\r\n", "\n"))


@pytest.fixture
def filled(run: Run, recordings: Path) -> Run:
    assert run("import", "otlp", str(recordings / SCENARIO)).code == 0
    return run


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_answers_on_real_data(name: str, filled: Run) -> None:
    done = filled("ask", "--question", name, "--format", "json")
    found = json.loads(done.out)
    assert set(found) == {"question", "sentence", "panels", "as_of", "coverage", "warnings"}
    assert set(found["question"]) == {"name", "from", "to", "where"}
    assert found["panels"]
    for panel in found["panels"]:
        assert {"name", "title", "subtitle", "columns", "rows", "notes"} <= set(panel)
        assert panel["title"]


def test_table_and_csv_tell_the_same(filled: Run, tmp_path: Path) -> None:
    shown = filled("ask", "--question", "roi")
    assert shown.out.startswith("Assistants used ")
    assert "as of" in shown.err
    file = tmp_path / "roi.csv"
    assert filled("ask", "--question", "roi", "-o", str(file)).code == 0
    lines = list(csv.DictReader(file.open()))
    assert {line["panel"] for line in lines} >= {"unit_costs", "per_developer"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--question", "rio"], "Did you mean roi"),
        (["spend_usd", "--question", "roi"], "metrics and breakdowns of its own"),
        (["--question", "roi", "--format", "parquet", "-o", "x.parquet"], "table, json or csv"),
        (["--question", "roi", "--where", "team"], "--where team=payments"),
        (["--question", "bugs", "--where", "model=x"], "cannot be filtered by model"),
        (["--question", "roi", "--period", "4w", "--from", "2026-10-01"], "one of the two"),
    ],
)
def test_mistakes(words: list[str], says: str, run: Run) -> None:
    done = run("ask", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
