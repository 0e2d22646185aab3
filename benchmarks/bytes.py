"""Bytes on disk per event after the whole path: inbox, raw records, facts.

    python -m benchmarks.bytes [--bodies 10000]

The same bodies as `whole_path`, applied by an open house. Raw records and facts are measured in
fresh copies, in which no block is free; the file as it lies holds freed blocks too, which later
records fill. Small databases look worse than they are: DuckDB gives every column of every table
blocks of its own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import machine
from benchmarks.telemetry import bodies, records

from steelyard.app.house import House
from steelyard.config import load_settings
from steelyard.receiver.body import NewBody

AT_ONCE = 200


def measure(count: int, folder: Path) -> dict[str, float]:
    """Bytes per event, by what they are for."""
    made, events = bodies(count), records(count)
    settings = load_settings(folder)
    with House(settings) as house:
        empty = _copied(house, folder / "empty")
        for at in range(0, count, AT_ONCE):
            group = made[at : at + AT_ONCE]
            house.inbox.put([NewBody("logs", "protobuf", body, "gzip") for body in group])
        house.applier.run(up_to=count)
        raw = _copied(house, folder / "raw")
        house.refresh()
        facts = _copied(house, folder / "facts")
        house.warehouse.query("checkpoint")
        lies = machine.folder_bytes(folder, "*.duckdb*")
        parquet = folder / "parquet"
        house.export(parquet)
    inbox = machine.folder_bytes(folder, "inbox.db*")
    return {
        "bodies as sent (gzip)": sum(map(len, made)) / events,
        "inbox": inbox / events,
        "warehouse, raw records": (raw - empty) / events,
        "warehouse, facts": (facts - raw) / events,
        "warehouse, as it lies": lies / events,
        "export, raw records": (parquet / "events.parquet").stat().st_size / events,
    }


def _copied(house: House, target: Path) -> int:
    house.warehouse.copy_to(target)
    return target.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bodies", type=int, default=10_000)
    chosen = parser.parse_args()
    print(f"{machine.facts()}\n{records(chosen.bodies):,} events")
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        for name, each in measure(chosen.bodies, Path(folder)).items():
            print(f"  {name:<28}{each:>8.1f} bytes an event")


if __name__ == "__main__":
    main()
