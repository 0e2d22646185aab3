"""Bytes on disk per event after the whole path: inbox, raw records, facts.

    python -m benchmarks.bytes [--bodies 10000]

The same bodies as `whole_path`, applied by an open house. The warehouse's file is measured
after a checkpoint, first with raw records only, then with facts. Small databases look worse than
they are: DuckDB gives every column of every table a block of its own.
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
        empty = _file(house, folder)
        for at in range(0, count, AT_ONCE):
            group = made[at : at + AT_ONCE]
            house.inbox.put([NewBody("logs", "protobuf", body, "gzip") for body in group])
        house.applier.run(up_to=count)
        raw = _file(house, folder)
        house.refresh()
        facts = _file(house, folder)
        parquet = folder / "parquet"
        house.export(parquet)
    inbox = machine.folder_bytes(folder, "inbox.db*")
    return {
        "bodies as sent (gzip)": sum(map(len, made)) / events,
        "inbox": inbox / events,
        "warehouse, raw records": (raw - empty) / events,
        "warehouse, facts": (facts - raw) / events,
        "export, raw records": (parquet / "events.parquet").stat().st_size / events,
    }


def _file(house: House, folder: Path) -> int:
    house.warehouse.query("checkpoint")
    return machine.folder_bytes(folder, "*.duckdb*")


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
