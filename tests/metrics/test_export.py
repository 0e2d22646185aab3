"""Answers as CSV and Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steelyard.errors import BadFile
from steelyard.metrics import Question, ask

from .engines import DuckStore
from .world import END, NOW, START


def test_csv_has_a_header_and_every_row(duck: DuckStore) -> None:
    answer = ask(duck, Question(("spend_usd", "sessions"), START, END, by=("week", "team")), NOW)
    header, *rows = csv.reader(io.StringIO(answer.csv()))
    assert header == ["week", "team", "spend_usd", "sessions"]
    assert len(rows) == len(answer.rows)
    for cells, row in zip(rows, answer.rows, strict=True):
        assert dt.date.fromisoformat(cells[0]) == row[0]
        assert (float(cells[2]), int(cells[3])) == row[2:]


def test_csv_cannot_carry_a_spreadsheet_formula(empty: DuckStore) -> None:
    columns = "day, person, assistant, by_telemetry, by_transcript, sessions, commits"
    empty.query(
        f"INSERT INTO person_days ({columns}) VALUES (?, '=1+1', 'x', true, false, 1, 0)", [START]
    )
    answer = ask(empty, Question(("active_people",), by=("person",)), NOW)
    assert answer.csv().splitlines()[1] == "'=1+1,1"


def test_parquet_keeps_types_and_units(duck: DuckStore, tmp_path: Path) -> None:
    question = Question(("spend_usd", "sessions"), START, END, ("day", "team"), {}, "previous")
    answer = ask(duck, question, NOW)
    path = tmp_path / "answer.parquet"
    answer.parquet(path)
    table = pq.read_table(path)
    assert [tuple(row.values()) for row in table.to_pylist()] == list(answer.rows)
    assert table.schema.types[:5] == [pa.date32(), pa.string(), *[pa.float64()] * 3]
    assert table.schema.types[5:] == [pa.int64(), pa.int64(), pa.float64()]
    assert table.schema.field("spend_usd").metadata == {b"unit": b"USD"}
    with pytest.raises(BadFile):
        answer.parquet(tmp_path / "no" / "such.parquet")
