"""The scripted company, served once and read once; each test gets a copy of what was read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.app.house import House
from tests.company.served import (
    AFTER,
    SECRETS,
    Served,
    add_sources,
    house_settings,
    served,
    sync_at,
)
from tests.company.truth import Truth


@pytest.fixture(scope="session", autouse=True)
def _secrets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """All systems of the company, after its half year."""
    with served(tmp_path_factory.mktemp("company")) as found:
        yield found


@pytest.fixture(scope="session")
def read_once(systems: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which all sources were read, once. Not to be changed."""
    data = tmp_path_factory.mktemp("read-once") / "data"
    add_sources(data, systems)
    reports = sync_at(data, AFTER)
    assert not [report for report in reports if report.failed], reports
    return data


@pytest.fixture(scope="session")
def asked(read_once: Path) -> Iterator[House]:
    """The house over it, for those who only ask."""
    with House(house_settings(read_once)) as house:
        yield house


@pytest.fixture
def folder(read_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(read_once, tmp_path / "data"))


@pytest.fixture(scope="session")
def truth(systems: Served) -> Truth:
    return Truth(systems.script)
