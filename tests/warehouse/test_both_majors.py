"""A data folder can be opened by the other major of DuckDB that is supported, and back again.

`make test-duckdb1` names the folder that holds the older one, and runs whole suites on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.ledger.world import NOW, Session, at, tables_of
from tests.warehouse.opened import of_duckdb

from steelyard.warehouse import open_warehouse

pytestmark = of_duckdb
PROGRAM = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
(count,) = connection.execute("select count(*) from events").fetchone()
assert count == 1, count
connection.execute("insert into events select * from events")
connection.execute("update applied set position = position + 1")
connection.close()
print(duckdb.__version__)
"""


def test_a_file_goes_to_the_other_major_and_back(tmp_path: Path) -> None:
    older = os.environ.get("STEELYARD_DUCKDB_1")
    if not older:
        pytest.skip("`make test-duckdb1` names a folder with duckdb 1.5")
    path = str(tmp_path / "shared.duckdb")
    batch = tables_of([Session("s1").call(at("2026-10-05 12:00"))])
    with open_warehouse(path) as warehouse:
        warehouse.append(batch, 1, NOW)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, path],
        env={**os.environ, "PYTHONPATH": str(Path(older).absolute())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1.")
    with open_warehouse(path) as warehouse:
        warehouse.append(batch, 3, NOW)
        assert (warehouse.counts()["events"], warehouse.position()) == (3, 3)
