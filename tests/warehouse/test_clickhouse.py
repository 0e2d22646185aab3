"""ClickHouse over its HTTP interface: a commit is there whole or not at all, whatever breaks."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.ledger.world import DAY, FACTS, MINUTE, NOW, Session, World, at, tables_of
from tests.warehouse.opened import clear, database, rows

from steelyard.errors import NewerData, StoreError
from steelyard.ledger.prices import load_prices, packaged_prices
from steelyard.ledger.refresh import Options, refresh
from steelyard.records import TABLES
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.clickhouse import ClickHouseWarehouse
from steelyard.warehouse.clickhouse_schema import FINE
from steelyard.warehouse.migrations import latest

NOON = at("2026-10-05 12:00")
PRICES = [price for price in packaged_prices() if price.model == "claude-opus-5-5"]
ONE, TWO = Session("s1", email="ada@acme.test"), Session("s2", email="bob@acme.test")
BATCH = tables_of([ONE.call(NOON), *ONE.used(NOON + DAY, {"input": 5})])


@pytest.fixture(scope="module")
def opened() -> Iterator[ClickHouseWarehouse]:
    with ClickHouseWarehouse(database(), threads=1) as warehouse:
        load_prices(warehouse, PRICES)
        yield warehouse


@pytest.fixture
def warehouse(opened: ClickHouseWarehouse) -> ClickHouseWarehouse:
    clear(opened)
    return opened


def again(warehouse: ClickHouseWarehouse) -> ClickHouseWarehouse:
    """The same database as another process would find it."""
    return ClickHouseWarehouse(warehouse.url, threads=1)


def held(warehouse: ClickHouseWarehouse) -> tuple[int, int, int, int]:
    """Events, points, dirty days, and the position; `counts` asks for forty tables more."""
    each = ", ".join(f"(SELECT count() FROM {name})" for name in ("events", "points", "dirty_days"))
    return (*warehouse.wire.rows(f"SELECT {each}")[0], warehouse.position())


def test_records_days_and_position_come_together(warehouse: ClickHouseWarehouse) -> None:
    warehouse.append(BATCH, 12, NOW)
    assert held(warehouse) == (1, 1, 2, 12)
    warehouse.append(BATCH, None, NOW)  # records that no inbox numbers
    assert warehouse.position() == 12
    with again(warehouse) as other:
        assert held(other) == held(warehouse)


def test_what_raises_leaves_nothing(warehouse: ClickHouseWarehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as cursor:
        cursor.execute("insert into identities values ('email', 'a@b.c', 'a@b.c')")
        warehouse.append(BATCH, 7, NOW)
        raise ZeroDivisionError
    assert held(warehouse) == (0, 0, 0, 0)
    assert warehouse.query("select * from identities") == []


def test_a_statement_on_what_was_not_asked_for_fails(warehouse: ClickHouseWarehouse) -> None:
    with pytest.raises(Exception, match="usage"):
        warehouse.query("select count(*) from usage")


def test_the_same_insert_sent_again_counts_once(warehouse: ClickHouseWarehouse) -> None:
    rows = pa.table({"day": [dt.date(2026, 10, 5)], "of_part": [dt.date(1970, 1, 1)]})
    rows = rows.append_column("of_version", pa.array([1], pa.uint64()))
    for _ in range(2):
        warehouse.wire.insert("kept_since_rows", rows, "1-kept_since")
    assert warehouse.wire.rows("SELECT count() FROM kept_since_rows") == [(1,)]
    assert warehouse.counts()["kept_since"] == 0  # no commit names it


class Broken(Exception):
    pass


def breaking(monkeypatch: pytest.MonkeyPatch, at: int, before: bool) -> Callable[[], int]:
    """From the insert with this number on all fail, sent or not; how many were tried."""
    from steelyard.warehouse.wire import Wire

    tried = 0
    insert = Wire.insert

    def fail(self: Wire, *arguments: Any) -> None:
        nonlocal tried
        tried += 1
        if tried <= at:
            insert(self, *arguments)
        if tried > at or (tried == at and not before):
            raise Broken

    monkeypatch.setattr(Wire, "insert", fail)
    return lambda: tried


@pytest.mark.parametrize(
    "before", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["unsent", "unanswered"]
)
def test_a_commit_cut_off_at_any_insert_counts_once_when_it_is_repeated(
    warehouse: ClickHouseWarehouse, before: bool
) -> None:
    """The n-th batch is cut off at its n-th insert, until one has fewer inserts than that."""
    number, whole = 0, False
    while not whole:
        number += 1
        batch = tables_of([Session(f"s{number}", email="ada@acme.test").call(NOON)])
        with pytest.MonkeyPatch.context() as patch:
            breaking(patch, number - before, before)
            try:
                warehouse.append(batch, number, NOW)
                refresh(warehouse, Options(), NOW)
                whole = True
            except (Broken, StoreError):
                pass
        with again(warehouse) if number % 4 == 0 else nullcontext(warehouse) as after:
            if after.position() < number:
                after.append(batch, number, NOW)
            refresh(after, Options(), NOW)
            assert held(after) == (number, 0, 0, number)
            asked = "SELECT count(*), sum(tokens), uniqExact(session) FROM usage"
            assert after.facts.query(asked) == [(number, 100 * number, number)]
    assert number > 12  # every insert of both commits was a place to be cut off at


def test_what_a_broken_commit_left_does_not_count_with_the_next(
    warehouse: ClickHouseWarehouse,
) -> None:
    """Nor with one that brings no records, as of a start that finds new prices."""
    from steelyard.warehouse.wire import Wire

    insert = Wire.insert

    def cut_off(self: Wire, table: str, *arguments: Any) -> None:
        if table == "parts":
            raise Broken
        insert(self, table, *arguments)

    for number, opening in enumerate((again, nullcontext), 1):
        batch = tables_of([Session(f"s{number}").call(NOON)])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Wire, "insert", cut_off)
            with pytest.raises(Broken):
                warehouse.append(batch, number, NOW)
        with opening(warehouse) as after:
            with after.transaction() as cursor:
                cursor.execute("insert into dirty_days values (?)", [NOON.date()])
            assert after.records() == number - 1
            after.append(batch, number, NOW)
            assert after.records() == number


def test_facts_are_those_of_duckdb(warehouse: ClickHouseWarehouse) -> None:
    """Across midnight, with cumulative series, late and repeated records, in several refreshes."""
    steps = [
        [ONE.call(NOON), ONE.call(NOON, tokens={"output": 9})],
        [*TWO.used(at("2026-10-05 23:58"), {"input": 50, "cacheRead": 7})],
        [*TWO.used(at("2026-10-06 00:01"), {"input": 20})],
        [ONE.point("tokens", NOON + n * DAY, 100.0 * (n + 1), type="input", model="gpt-6",
                   temporality="cumulative", start=NOON, session="")
         for n in (0, 2, 3)],
        [ONE.point("tokens", NOON + DAY, 150.0, type="input", model="gpt-6",
                   temporality="cumulative", start=NOON, session="")],  # late, in between
        [ONE.call(NOON), TWO.event("user_prompt", NOON + MINUTE, chars=12)],  # one a repetition
    ]  # fmt: skip
    embedded = World(PRICES)
    both = (warehouse, embedded.warehouse)
    before = [store.data_version() for store in both]
    for step in steps:
        flat = list(step)
        for store in both:
            store.append(tables_of(flat), None, NOW)
            refresh(store, Options(), NOW)
    for name in FACTS:
        sql = f"select * from {name} order by all"
        assert rows(warehouse, sql) == rows(embedded.warehouse, sql), name
    changes = [store.data_version() - was for store, was in zip(both, before, strict=True)]
    assert changes[0] == changes[1] > 0


def test_building_facts_leaves_records_where_they_are(warehouse: ClickHouseWarehouse) -> None:
    def places() -> list[tuple[Any, ...]]:
        asked = "SELECT key, of_version, of_place FROM"
        return sorted(warehouse.wire.rows(f"{asked} events UNION ALL {asked} points"))

    warehouse.append(BATCH, 1, NOW)
    before = places()
    refresh(warehouse, Options(), NOW)
    assert (len(before), places()) == (2, before)


def test_a_commit_that_changes_records_alone_is_one(warehouse: ClickHouseWarehouse) -> None:
    warehouse.append(BATCH, 1, NOW)
    with warehouse.transaction() as cursor:
        warehouse.bring(cursor, "events", "1")
        cursor.execute("update events set session = 'another'")
    asked = "select session from events order by 1"
    assert rows(warehouse, asked) == [("another",)]
    with again(warehouse) as after:  # which first deletes what no commit names
        after.append(tables_of([TWO.call(NOON)]), 2, NOW)
        assert rows(after, asked) == [("another",), ("s2",)]


def test_another_process_sees_a_commit(warehouse: ClickHouseWarehouse) -> None:
    with again(warehouse) as reader:
        warehouse.append(BATCH, 3, NOW)
        refresh(warehouse, Options(), NOW)
        reader._looked = 0.0  # a second later
        assert reader.data_version() == warehouse.data_version()
        assert reader.query("select * from usage_days") == warehouse.query("from usage_days")


def test_a_second_writer_is_refused(warehouse: ClickHouseWarehouse) -> None:
    with again(warehouse) as other:
        with pytest.raises(StoreError, match="same time"), warehouse.transaction() as cursor:
            cursor.execute("insert into dirty_work values ('people')")
            other.append(BATCH, 5, NOW)
        assert held(other) == (1, 1, 2, 5)
        assert other.counts()["dirty_work"] == 0
    with warehouse.transaction() as cursor:  # and writes when it has seen what the other did
        cursor.execute("insert into dirty_work values ('people')")
    assert (held(warehouse), warehouse.counts()["dirty_work"]) == ((1, 1, 2, 5), 1)


def test_old_versions_go(warehouse: ClickHouseWarehouse) -> None:
    for number in (1, 2, 3):
        warehouse.append(BATCH, number, NOW)
        refresh(warehouse, Options(), NOW)
    seen = warehouse.counts()
    warehouse.checkpoint()
    assert warehouse.counts() == seen
    for name in (*FINE, "session_days", "applied"):
        stored = warehouse.wire.rows(f"SELECT count() FROM {name}_rows")[0][0]
        assert stored == seen[name], name


def test_retention_keeps_facts_and_the_last_point_of_a_series(
    warehouse: ClickHouseWarehouse,
) -> None:
    series = [
        ONE.point("tokens", NOON + n * DAY, 10.0 * n, type="input", model="m", start=NOON,
                  temporality="cumulative")
        for n in range(4)
    ]  # fmt: skip
    warehouse.append(tables_of([ONE.call(NOON), *series]), 1, NOW)
    refresh(warehouse, Options(), NOW)
    facts = {name: rows(warehouse, f"select * from {name} order by all") for name in FINE}
    warehouse.drop_raw_before((NOON + 2 * DAY).date())
    assert warehouse.query("select day from kept_since") == [((NOON + 2 * DAY).date(),)]
    days = warehouse.wire.rows("SELECT day FROM points ORDER BY day")
    assert [day for (day,) in days] == [(NOON + n * DAY).date() for n in (1, 2, 3)]
    assert warehouse.counts()["events"] == 0
    warehouse.append(tables_of([TWO.call(NOON)]), 2, NOW)  # too late: the day is final
    refresh(warehouse, Options(), NOW)
    assert {name: rows(warehouse, f"select * from {name} order by all") for name in FINE} == facts


def test_bodies_can_be_given_again_and_forgotten(warehouse: ClickHouseWarehouse) -> None:
    def batch(number: int) -> dict[str, pa.Table]:
        record = Session(f"s{number}").call(NOON + number * DAY)
        return tables_of([(record[0], {**record[1], "body": number})])

    for number in (1, 2, 3):
        warehouse.append(batch(number), number, NOW)
    refresh(warehouse, Options(), NOW)
    warehouse.forget_bodies(2)
    assert (warehouse.counts()["events"], warehouse.position()) == (1, 1)
    warehouse.append(batch(2), 3, NOW)
    refresh(warehouse, Options(), NOW)
    assert warehouse.query("select count(*) from session_days") == [(2,)]
    warehouse.forget_runs([(1, 1)])
    refresh(warehouse, Options(), NOW)
    assert warehouse.facts.query("SELECT session FROM usage") == [("s2",)]
    known = warehouse.query("select session from session_people order by 1")
    assert known == [("s2",), ("s3",)]  # not whose records are forgotten


def test_a_copy_is_an_embedded_warehouse(warehouse: ClickHouseWarehouse, tmp_path: Path) -> None:
    warehouse.append(BATCH, 4, NOW)
    with warehouse.transaction() as cursor:
        cursor.execute(
            "insert into people select 'a', 'a@b.c', 'A', '', '', '', '', '', '', '', '',"
            " null, null, date '1970-01-01', date '9999-12-31'"
        )
    refresh(warehouse, Options(), NOW)
    counts = warehouse.copy_to(tmp_path / "copy.duckdb")
    with open_warehouse(str(tmp_path / "copy.duckdb")) as copy:
        assert {k: v for k, v in copy.counts().items() if k != "schema_version"} == counts
        assert (copy.position(), copy.data_version()) == (4, warehouse.data_version())
        for name in (*FACTS, *TABLES, "people"):
            assert rows(copy, f"from {name}") == rows(warehouse, f"from {name}"), name
    folder = tmp_path / "tables"
    folder.mkdir()
    assert warehouse.export_parquet(folder) == counts
    assert pa.parquet.read_table(folder / "usage.parquet").num_rows == counts["usage"]


def test_an_older_program_leaves_newer_data_alone(warehouse: ClickHouseWarehouse) -> None:
    warehouse.wire.run("INSERT INTO schema_version SELECT 999")
    try:
        with pytest.raises(NewerData):
            again(warehouse)
    finally:
        warehouse.wire.run("DELETE FROM schema_version WHERE version = 999")


def test_no_answer_and_no_such_user_are_told_without_the_password() -> None:
    with pytest.raises(StoreError) as told:
        open_warehouse("clickhouse://eve:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in f"{told.value}{told.value.hint}"


PROGRAM = """
import sys
from tests.ledger.world import NOW, World
from tests.warehouse import test_clickhouse as the
from steelyard.ledger.prices import load_prices, packaged_prices
from steelyard.ledger.refresh import Options, refresh
from steelyard.warehouse import open_warehouse
for turn in range(2):
    with open_warehouse("chdb://" + sys.argv[1]) as warehouse:
        if not turn:
            warehouse.append(the.BATCH, 9, NOW)
            refresh(warehouse, Options(), NOW)
        print(warehouse.position(), warehouse.facts.query("SELECT sum(tokens) FROM usage"))
"""


def test_the_engine_in_the_process_keeps_a_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "store")],
        capture_output=True, text=True, timeout=120, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["9 [(5,)]"] * 2  # without prices, only metrics count


def test_an_older_schema_is_brought_up_to_date_and_its_facts_are_built_again() -> None:
    """A database from before the newest migration, which adds a column and builds days again."""
    url = database()
    with ClickHouseWarehouse(url, threads=1) as warehouse:
        load_prices(warehouse, PRICES)
        warehouse.append(BATCH, 12, NOW)
        refresh(warehouse, Options(), NOW)
        known = warehouse.facts.query("SELECT day, session, time FROM requests")
        money = warehouse.facts.query("SELECT sum(list_nanos), sum(tokens) FROM usage")
        assert known[0][2] is not None
        for statement in (
            "ALTER TABLE requests_rows DROP COLUMN time",
            "CREATE OR REPLACE VIEW requests AS SELECT day, session FROM requests_rows",
            # Marks of parts are of all columns: those of fewer were others.
            "ALTER TABLE parts UPDATE mark = 'of fewer columns' WHERE name = 'requests'",
            "TRUNCATE TABLE schema_version",
            f"INSERT INTO schema_version VALUES ({latest() - 1})",
        ):
            warehouse.wire.run(statement)
    with ClickHouseWarehouse(url, threads=1) as warehouse:
        asked = "SELECT day, session, time FROM requests"
        assert warehouse.facts.query(asked) == [(*known[0][:2], None)]
        waiting = warehouse.counts()["dirty_days"]
        assert warehouse.query("select count(distinct day) from dirty_days") == [(2,)]
    with ClickHouseWarehouse(url, threads=1) as warehouse:
        assert warehouse.counts()["dirty_days"] == waiting, "once is enough"
        refresh(warehouse, Options(), NOW)
        assert warehouse.facts.query(asked) == known
        assert warehouse.facts.query("SELECT sum(list_nanos), sum(tokens) FROM usage") == money
