"""kill -9 of a writer at any moment: each batch counts once when it goes on from its position."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.ledger.world import NOW
from tests.warehouse.opened import database

from steelyard.ledger.prices import load_prices, packaged_prices
from steelyard.ledger.refresh import Options, refresh
from steelyard.warehouse.clickhouse import ClickHouseWarehouse

ROUNDS = 20
# Batches from the position on, as the applier goes through its inbox: one call of a session each.
PROGRAM = """
import sys
from tests.ledger.world import DAY, NOW, Session, at, tables_of
from steelyard.ledger.refresh import Options, refresh
from steelyard.warehouse.clickhouse import ClickHouseWarehouse
warehouse = ClickHouseWarehouse(sys.argv[1], threads=1)
print("ready", flush=True)
number = warehouse.position()
while True:
    number += 1
    call = Session(f"s{number}").call(at("2026-10-05 12:00") + number % 5 * DAY)
    warehouse.append(tables_of([call]), number, NOW)
    print(number, flush=True)
    if number % 3 == 0:
        refresh(warehouse, Options(), NOW)
"""


def strike(url: str, chance: random.Random) -> int:
    """Let a writer work for a while and kill it; the last batch it said was in."""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url], stdout=subprocess.PIPE, text=True, cwd=root
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        said = [writer.stdout.readline() for _ in range(chance.randrange(5))]
        time.sleep(chance.uniform(0, 0.2))
        writer.kill()
        rest = writer.stdout.read().splitlines(keepends=True)
        said += [line for line in rest if line.endswith("\n")]
    return int(said[-1]) if said else 0


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing() -> None:
    url, chance = database(), random.Random(6)
    with ClickHouseWarehouse(url, threads=1) as warehouse:
        prices = [price for price in packaged_prices() if price.model == "claude-opus-5-5"]
        load_prices(warehouse, prices)
    last = 0
    for _ in range(ROUNDS):
        last = max(last, strike(url, chance))
        with ClickHouseWarehouse(url, threads=1) as warehouse:
            assert warehouse.position() >= last
    with ClickHouseWarehouse(url, threads=1) as warehouse:
        warehouse.append({}, warehouse.position(), NOW)
        refresh(warehouse, Options(), NOW)
        count = warehouse.position()
        assert count > ROUNDS
        assert warehouse.counts()["events"] - _left_over(warehouse) == count
        asked = "SELECT uniqExact(session), sum(tokens) FROM usage"
        assert warehouse.facts.query(asked) == [(count, 100 * count)]


def _left_over(warehouse: ClickHouseWarehouse) -> int:
    """Records of a commit that did not come about; the next append deletes them."""
    later = "of_version > (SELECT max(version) FROM parts)"
    return int(warehouse.wire.rows(f"SELECT count() FROM events WHERE {later}")[0][0])
