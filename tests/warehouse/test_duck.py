"""The embedded warehouse: what is appended stands or falls with the position it reaches."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.ledger.world import DAY, NOW, Session, at, tables_of
from tests.warehouse.opened import of_duckdb

from steelyard.errors import ConfigError
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.duck import DuckWarehouse

pytestmark = of_duckdb

NOON = at("2026-10-05 12:00")
BATCH = tables_of([Session("s1").call(NOON), *Session("s1").used(NOON + DAY, {"input": 5})])


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckWarehouse]:
    with open_warehouse(str(tmp_path / "w.duckdb"), threads=1) as opened:
        yield opened


def held(warehouse: DuckWarehouse) -> tuple[int, int, int, int]:
    counts = warehouse.counts()
    return counts["events"], counts["points"], counts["dirty_days"], warehouse.position()


def test_records_days_and_position_come_together(warehouse: DuckWarehouse) -> None:
    warehouse.append(BATCH, 12, NOW)
    assert held(warehouse) == (1, 1, 2, 12)
    warehouse.append(BATCH, None, NOW)  # records that no inbox numbers
    assert warehouse.position() == 12


def test_what_breaks_in_the_middle_leaves_neither(warehouse: DuckWarehouse) -> None:
    warehouse.append(BATCH, 12, NOW)
    with pytest.raises(duckdb.Error):
        warehouse.append({**BATCH, "no_such_table": BATCH["events"]}, 13, NOW)
    assert held(warehouse) == (1, 1, 2, 12)
    warehouse.append(BATCH, 13, NOW)  # and the next attempt is a whole one
    assert held(warehouse)[:2] == (2, 2)


def test_an_inner_transaction_falls_with_the_outer(warehouse: DuckWarehouse) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as cursor:
        cursor.execute("insert into identities values ('email', 'a@b.c', 'a@b.c')")
        warehouse.append(BATCH, 7, NOW)
        raise ZeroDivisionError
    assert held(warehouse) == (0, 0, 0, 0)
    assert warehouse.counts()["identities"] == 0


def test_readers_see_what_was_before_until_the_end(warehouse: DuckWarehouse) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(warehouse.query("select count(*) from events")[0][0])

    with warehouse.transaction():
        warehouse.append(BATCH, 1, NOW)
        reader = threading.Thread(target=look)
        reader.start()
        reader.join()
    look()
    assert seen == [0, 1]


def test_writers_take_turns(warehouse: DuckWarehouse) -> None:
    def write(number: int) -> None:
        warehouse.append(BATCH, number, NOW)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(1, 9)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert held(warehouse)[:2] == (8, 8)
    assert len(warehouse.query("select * from applied")) == 1


def test_closed_and_opened_it_is_the_same(tmp_path: Path) -> None:
    path = str(tmp_path / "w.duckdb")
    with open_warehouse(path) as warehouse:
        warehouse.append(BATCH, 12, NOW)
    with open_warehouse(f"duckdb://{path}") as warehouse:
        assert held(warehouse) == (1, 1, 2, 12)


def test_a_process_killed_in_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    program = (
        "import os, sys; from steelyard.warehouse import open_warehouse\n"
        "warehouse = open_warehouse(sys.argv[1])\n"
        "with warehouse.transaction() as cursor:\n"
        "    cursor.execute('insert into applied values (1, now()::timestamp)')\n"
        "with warehouse.transaction() as cursor:\n"
        "    cursor.execute('update applied set position = 2')\n"
        "    os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], timeout=60)
    assert done.returncode == 9
    with open_warehouse(str(path)) as warehouse:
        assert warehouse.position() == 1


def test_a_second_process_is_told_who_holds_the_file(warehouse: DuckWarehouse) -> None:
    program = (
        "import sys; from steelyard.warehouse import open_warehouse\n"
        "from steelyard.errors import StoreError\n"
        "try:\n    open_warehouse(sys.argv[1])\n"
        "except StoreError as error:\n    sys.exit(f'{error.message} {error.hint}')\n"
    )
    command = [sys.executable, "-c", program, warehouse.path]
    done = subprocess.run(command, timeout=60, capture_output=True, text=True)
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr
    assert "another Steelyard" in done.stderr


def test_an_engine_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="mysql://"):
        open_warehouse("mysql://host/db")


def test_the_file_is_written_for_every_supported_version(warehouse: DuckWarehouse) -> None:
    """The header says from which storage version on a DuckDB can read it."""
    warehouse.append(BATCH, 1, NOW)
    tags = warehouse.query("select tags from duckdb_databases() where database_name = 'w'")[0][0]
    assert "v1.5" in str(tags["storage_version"])


def test_a_later_total_makes_the_days_after_an_earlier_one_new(warehouse: DuckWarehouse) -> None:
    def total(days: int, value: float) -> None:
        more = {"temporality": "cumulative", "start": NOON, "type": "input"}
        record = Session("g").point("tokens", NOON + days * DAY, value, **more)
        warehouse.append(tables_of([record]), None, NOW)

    total(0, 10)
    total(5, 50)
    with warehouse.transaction() as cursor:
        cursor.execute("delete from dirty_days")
    total(2, 30)
    days = warehouse.query("select distinct day from dirty_days order by 1")
    assert [day.day for (day,) in days] == [7, 10]
