"""Fixtures every room's tests share: where the recordings are, and a fresh data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from steelyard.app.house import House
    from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On ClickHouse, of each test of facts the first case: all go through the same statements on
    the workbench, which is DuckDB, and only what is brought there and taken away is another.
    With STEELYARD_TEST_CLICKHOUSE=all, every case."""
    if os.environ.get("STEELYARD_TEST_CLICKHOUSE", "") in ("", "all"):
        return
    rooms = [ROOT / "tests" / room for room in ("ledger", "people", "work")]
    seen: set[str] = set()
    kept, others = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        again = name in seen and item.path.parent in rooms
        (others if again else kept).append(item)
        seen.add(name)
    items[:] = kept
    config.hook.pytest_deselected(items=others)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and datasets beside the project, or a skip that says so."""
    folder = Path(os.environ.get("STEELYARD_SHARED", ROOT.parent / "shared"))
    if not (folder / "recordings").is_dir():
        pytest.skip(f"no recordings at {folder}: they are not part of a user's clone")
    return folder


@pytest.fixture(scope="session")
def recordings(shared: Path) -> Path:
    return shared / "recordings"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An open house on an empty data folder."""
    from tests.recorded import open_house

    with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server, or a skip that says why there is none."""
    from tests.postgres import postgres_server

    with postgres_server() as server:
        yield server
