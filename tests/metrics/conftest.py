"""One generated world on both engines, built once per test session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .engines import ChdbStore, DuckStore
from .world import World


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def duck(world: World) -> DuckStore:
    store = DuckStore()
    store.load(world)
    return store


@pytest.fixture(scope="session")
def clickhouse(duck: DuckStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    pytest.importorskip("chdb")
    folder: Path = tmp_path_factory.mktemp("clickhouse")
    store = ChdbStore(folder)
    store.load(duck)
    yield store
    store.session.close()


@pytest.fixture
def empty() -> DuckStore:
    return DuckStore()
