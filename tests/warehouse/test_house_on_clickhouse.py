"""The demo company through the whole pipeline on both engines: tables and answers are equal."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator

import pytest
from tests.demo.company import END, shared_demo
from tests.metrics.test_engines import asked, same
from tests.warehouse.opened import database, rows

from steelyard.app import demo
from steelyard.app.house import House
from steelyard.app.own import own_data
from steelyard.config import load_settings
from steelyard.demo import Shape
from steelyard.metrics import DIMENSIONS, Question
from steelyard.people.personal import WHO
from steelyard.warehouse.health import health

START = END - dt.timedelta(weeks=8)
PAIRS = random.Random(5).sample(sorted(itertools.combinations(DIMENSIONS, 2)), 12)
CUTS = [(), *((name,) for name in DIMENSIONS), *PAIRS]
# When something was done to the tables themselves, and how often.
_OWN = {"applied", "data_version", "schema_version", "people_built", "shown_built"}
_SEEN = {"seen_at", "seen_day"}


@pytest.fixture(scope="module")
def embedded() -> House:
    return shared_demo().house


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("clickhouse") / "data"
    settings = load_settings(folder, threads=1, memory_limit="1GB", warehouse=database())
    with House(settings) as house:
        demo.load(house, Shape.of(END, 10, 8, 7))
        yield house


def test_every_table_is_equal(embedded: House, clickhouse: House) -> None:
    for name in sorted(embedded.warehouse.counts().keys() - _OWN):
        described = embedded.warehouse.query(f"describe {name}")
        columns = ", ".join(f'"{row[0]}"' for row in described if row[0] not in _SEEN)
        sql = f"select {columns} from {name} order by all"
        assert rows(clickhouse.warehouse, sql) == rows(embedded.warehouse, sql), name


@pytest.mark.parametrize("by", CUTS, ids=",".join)
def test_every_metric_is_equal(by: tuple[str, ...], embedded: House, clickhouse: House) -> None:
    names = tuple(metric.name for metric in asked(*by))
    if not names:
        pytest.skip("nothing is broken down so")
    question = Question(names, START, END, by)
    one, two = embedded.ask(question), clickhouse.ask(question)
    width = len(by)
    first = {row[:width]: row[width:] for row in one.rows}
    second = {row[:width]: row[width:] for row in two.rows}
    assert first.keys() == second.keys()
    for key, values in first.items():
        for column, a, b in zip(one.columns[width:], values, second[key], strict=True):
            assert same(a, b), (column.name, by, key, a, b)
    assert (one.coverage, one.warnings) == (two.coverage, two.warnings)


def test_money_is_equal_to_the_nano(embedded: House, clickhouse: House) -> None:
    sql = "SELECT sum(list_nanos), sum(input_nanos), sum(tokens) FROM usage"
    found = clickhouse.warehouse.facts.query(sql)
    assert found == embedded.warehouse.facts.query(sql)
    assert found[0][0] > 0


def test_people_and_their_coverage_are_equal(embedded: House, clickhouse: House) -> None:
    day = END - dt.timedelta(days=1)
    assert clickhouse.people_list(day) == embedded.people_list(day)
    assert clickhouse.people_coverage(day) == embedded.people_coverage(day)
    assert clickhouse.unmatched() == embedded.unmatched()


def test_doctor_says_where_it_is_and_what_is_there(clickhouse: House) -> None:
    state, words = health(clickhouse.warehouse.url)
    assert state == "ok"
    assert words.startswith("ClickHouse at 127.0.0.1/test_")
    assert words.endswith("0 days to build")
    assert f"{clickhouse.warehouse.counts()['events']:,} events" in words


def test_a_page_of_oneself_and_being_forgotten(embedded: House, clickhouse: House) -> None:
    """Last: it changes the company."""
    person = embedded.warehouse.query("select person from session_days group by 1 order by 1")[0][0]
    mine, there = own_data(clickhouse, person), own_data(embedded, person)
    assert mine
    assert there
    assert (mine.marks, mine.kept) == (there.marks, there.kept)
    before = clickhouse.warehouse.counts()
    ask = clickhouse.warehouse.facts.query
    money = ask("SELECT sum(list_nanos), sum(tokens) FROM usage")
    assert clickhouse.people_forget(person, with_work=False).known
    after = clickhouse.warehouse.counts()
    assert (after["events"], after["points"]) == (before["events"], before["points"])
    assert ask("SELECT sum(list_nanos), sum(tokens) FROM usage") == money
    for mark in mine.marks:
        value = mark.partition(":")[2]
        for table, columns in (("events", WHO), ("points", WHO), ("usage", ("person",))):
            said = " OR ".join(f"{column} = '{value}'" for column in columns)
            assert ask(f"SELECT count() FROM {table} WHERE {said}") == [(0,)], (mark, table)
