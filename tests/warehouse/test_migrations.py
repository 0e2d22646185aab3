"""Schema changes: each migration before and after, and data of a newer program left alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.ledger.world import Session, at, tables_of
from tests.warehouse.opened import of_duckdb

from steelyard.errors import NewerData, StoreError
from steelyard.records import TABLES
from steelyard.warehouse import open_warehouse
from steelyard.warehouse.migrations import latest, migrate, migrations

pytestmark = of_duckdb

EVENT = tables_of([Session("s1").call(at("2026-10-05 12:00"), tokens={"input": 7})])["events"]


def tables(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("select table_name from information_schema.tables").fetchall()
    return {row[0] for row in rows}


def test_numbers_are_consecutive() -> None:
    assert [number for number, _, _ in migrations()] == list(range(1, latest() + 1))


def test_a_new_file_has_every_table_in_the_canonical_columns(tmp_path: Path) -> None:
    with open_warehouse(str(tmp_path / "new.duckdb")) as warehouse:
        for name, schema in TABLES.items():
            columns = warehouse.query(
                "select column_name from information_schema.columns where table_name = ?"
                " order by ordinal_position",
                [name],
            )
            assert [row[0] for row in columns] == schema.names
        versions = warehouse.query("select version from schema_version order by 1")
        assert versions == [(number,) for number in range(1, latest() + 1)]
        assert warehouse.query("select count(*) from duckdb_indexes()") == [(0,)]


def test_m002_adds_facts_and_keeps_records(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path), up_to=1)
        names = EVENT.column_names
        connection.register("batch", EVENT.drop_columns(["time"]))
        rest = ", ".join(name for name in names if name != "time")
        connection.execute(
            f"insert into events ({rest}, time)"
            f" select {rest}, timestamp '2026-10-05 12:00' from batch"
        )
        connection.execute("insert into applied values (41, now()::timestamp)")
        connection.execute("insert into dirty_days values ('2026-10-05')")
    assert "usage" not in tables(path)
    with open_warehouse(str(path)) as warehouse:
        assert warehouse.query("select session, input_tokens from events") == [("s1", 7)]
        assert warehouse.position() == 41
        assert warehouse.query("select count(*) from usage") == [(0,)]
        assert warehouse.query("select count(*) from dirty_days") == [(1,)]


def test_m005_knows_who_else_saw_a_day(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path), up_to=4)
        connection.execute(
            "insert into person_days select '2026-10-05', seen::varchar, '', true, seen, 1, 0"
            " from (values (true), (false)) t(seen)"
        )
    with open_warehouse(str(path)) as warehouse:
        rows = warehouse.query("select person, by_other from person_days order by 1")
        assert rows == [("false", False), ("true", True)]
        assert warehouse.query("select count(*) from vendor_told") == [(0,)]


def test_m007_builds_the_days_of_calls_again(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrate(connection, str(path), up_to=6)
        texts = ", ".join(["''"] * 19)
        connection.execute(f"insert into requests values ('2026-10-05', {texts}, true, 1.5, 900)")
        connection.execute("delete from dirty_days")
    with open_warehouse(str(path)) as warehouse:
        assert warehouse.query("select context_tokens, time from requests") == [(900, None)]
        assert warehouse.query("select day::varchar from dirty_days") == [("2026-10-05",)]


def test_opening_again_changes_no_schema(tmp_path: Path) -> None:
    path = tmp_path / "same.duckdb"
    for _ in range(2):
        with open_warehouse(str(path)) as warehouse:
            assert len(warehouse.query("select * from schema_version")) == latest()


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "newer.duckdb"
    with open_warehouse(str(path)) as warehouse, warehouse.transaction() as cursor:
        cursor.execute("insert into schema_version values (?, 'm999_future')", [latest() + 1])
    before = path.read_bytes()
    with pytest.raises(NewerData, match=f"schema {latest() + 1}") as refused:
        open_warehouse(str(path))
    assert "Upgrade" in refused.value.hint
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["newer.duckdb"]


def test_a_file_that_is_no_warehouse_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "letter.duckdb"
    path.write_bytes(b"Dear all, " * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        open_warehouse(str(path))
    assert path.read_bytes() == b"Dear all, " * 1000
