"""One warehouse for all tests of work; each begins with it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .world import World


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    world = World()
    yield world
    world.warehouse.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.forget()
    return shared_world
