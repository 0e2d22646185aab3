"""Copies out of the warehouse: whole, of one moment, readable by others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.ledger.world import DAY, FACTS, NOW, Session, World, at, tables_of
from tests.warehouse.opened import rows

from steelyard.warehouse import open_warehouse

NOON = at("2026-10-05 12:00")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    for n in range(5):
        who = Session(f"s{n}", f"p{n}@acme.example")
        world.add(who.call(NOON + n * DAY, tokens={"input": 10 + n}, cost_nanos=5))
        world.add(who.point("commits", NOON + n * DAY, 1.0))
    world.refresh()
    yield world
    world.warehouse.close()


def test_a_copy_holds_everything(world: World, tmp_path: Path) -> None:
    counts = world.warehouse.copy_to(tmp_path / "it's a copy.duckdb")
    with open_warehouse(str(tmp_path / "it's a copy.duckdb")) as copy:
        assert copy.counts().items() >= counts.items()  # ClickHouse's has no list of migrations
        assert counts == world.warehouse.counts()
        for name in FACTS:
            one, two = (rows(w, f"select * from {name}") for w in (copy, world.warehouse))
            assert sorted(one, key=repr) == sorted(two, key=repr), name
    assert counts["usage"] == 5


def test_a_copy_can_be_taken_beside_readers_and_writers(world: World, tmp_path: Path) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def busy() -> None:
        try:
            while not stop.is_set():
                world.warehouse.append(tables_of([Session("w").call(NOON)]), 1, NOW)
                world.warehouse.query("select count(*) from usage_days")
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=busy)
    writer.start()
    try:
        copies = [world.warehouse.copy_to(tmp_path / f"{n}.duckdb") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert failures == []
    for n, counts in enumerate(copies):
        with open_warehouse(str(tmp_path / f"{n}.duckdb")) as copy:
            assert copy.counts().items() >= counts.items()
            # records and their days are of one moment
            assert counts["events"] == counts["dirty_days"] + 5


def test_parquet_files_hold_the_same_rows(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "it's out"
    folder.mkdir()
    counts = world.warehouse.export_parquet(folder)
    assert {path.stem for path in folder.iterdir()} == counts.keys()
    for name, count in counts.items():
        assert pq.read_metadata(folder / f"{name}.parquet").num_rows == count
    usage = pq.read_table(folder / "usage.parquet")
    assert sum(usage.column("tokens").to_pylist()) == world.total()
    assert world.warehouse.counts() == counts  # and the warehouse goes on
