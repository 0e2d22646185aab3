"""The guide to writing a source works: its code is what these tests install, read and run."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from steelyard.errors import UnknownName
from steelyard.model import Incident
from steelyard.sources import registry
from steelyard.sources.network import Network

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "write-a-source.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MODULES = ("toy_source", "deploys_source", "deploys_test")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(GUIDE.read_text()) if kind == language]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, with the guide's modules in it."""
    for name, text in zip(MODULES, blocks("python"), strict=True):
        (tmp_path / f"{name}.py").write_text(text)
    (project,) = (tomllib.loads(text)["project"] for text in blocks("toml"))
    info = tmp_path / "steelyard_toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["steelyard.sources"]
    lines = "".join(f"{name} = {place}\n" for name, place in points.items())
    (info / "entry_points.txt").write_text(f"[steelyard.sources]\n{lines}")
    monkeypatch.syspath_prepend(tmp_path)
    registry.kinds.cache_clear()
    yield tmp_path
    registry.kinds.cache_clear()
    for name in MODULES:
        sys.modules.pop(name, None)


def test_the_toy_is_found_by_its_entry_point_and_read(site: Path) -> None:
    file = site / "incidents.json"
    file.write_text(json.dumps([{"id": "7", "service": "shop"}, {"id": "8", "service": "pay"}]))
    assert "toy" in registry.kinds()
    said = registry.check_options("toy", {"path": str(file)})
    source = registry.open_source("toy", said, Network())
    (stream,) = source.streams()
    (page,) = stream.pages(None, NOW)
    assert page.records == [Incident(key="7", service="shop"), Incident(key="8", service="pay")]
    assert (stream.snapshot, page.cursor) == (True, "")
    assert [check.ok for check in source.check()] == [True]
    file.unlink()
    assert [check.ok for check in source.check()] == [False]


def test_the_toy_has_some_twenty_lines(site: Path) -> None:
    lines = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(lines) <= 22


def test_without_its_package_there_is_no_toy() -> None:
    registry.kinds.cache_clear()
    with pytest.raises(UnknownName):
        registry.source_class("toy")


@pytest.fixture
def guided(site: Path) -> ModuleType:
    return importlib.import_module("deploys_test")


@pytest.mark.parametrize(
    "name", ["test_everything_comes_once", "test_going_on_after_any_page_loses_nothing"]
)
def test_the_tests_of_the_guide_pass(guided: ModuleType, name: str) -> None:
    getattr(guided, name)()
    assert guided.TROUBLE == [], "limits and trouble were met on the way"


def test_the_guides_check_tells_a_bad_token(guided: ModuleType) -> None:
    deploys = sys.modules["deploys_source"]
    transport = importlib.import_module("httpx").MockTransport(guided.answer)
    network = Network(transport=transport, pause=lambda seconds: None)
    for token, ok in [("good", True), ("bad", False)]:
        options = deploys.DeploysOptions(base_url="http://deploys", token=token)
        (check,) = deploys.Deploys(options, network).check()
        assert check.ok is ok
