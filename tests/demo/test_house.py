"""The demo in a data folder and in a server: refused beside data, badged, removed wholly."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.demo.company import END, open_empty
from tests.recorded import FOLDER

from steelyard.app import demo
from steelyard.app.house import House
from steelyard.app.services import ServerServices
from steelyard.demo import Shape
from steelyard.errors import UsageError
from steelyard.metrics import Question
from steelyard.state.plans import Plans
from steelyard.web.app import create_app

REAL = FOLDER / "recordings" / "claude-code" / "14-models-http-json"
LOCAL, HTML = "http://127.0.0.1:8480", {"accept": "text/html"}
SMALL = Shape.of(END, 24, 4)
# What stays of every open folder: where it is, what it was built with, names of models.
NEUTRAL = {
    *("applied", "data_version", "models", "people_built", "prices", "schema_version"),
    *("shown_built", "work_built", "kept_since", "people_shown", "segments_shown", "work_shown"),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_empty(tmp_path) as opened:
        yield opened


def figures(house: House) -> list[tuple[object, ...]]:
    sql = "select day, person, model, token_type, tokens, list_nanos from usage order by all"
    return house.warehouse.query(sql)


def test_removal_leaves_nothing(house: House) -> None:
    demo.load(house, SMALL)
    assert figures(house) and Plans(house.state).list()
    assert demo.remove(house)
    left = {name for name, count in house.warehouse.counts().items() if count}
    assert left - NEUTRAL == set()
    assert Plans(house.state).list() == ()
    assert house.inbox.status().pending == 0
    assert not demo.remove(house)


def test_removal_leaves_what_came_in_meanwhile(house: House, tmp_path: Path) -> None:
    with open_empty(tmp_path / "alone") as alone:
        alone.import_otlp([REAL], lambda *_: None)
        alone.ask(Question(("tokens",)))
        real = figures(alone)
    demo.load(house, SMALL)
    house.import_otlp([REAL], lambda *_: None)
    assert len(figures(house)) > len(real)
    demo.remove(house)
    assert figures(house) == real != []
    house.rebuild()
    assert figures(house) == real


def test_it_can_be_loaded_again(house: House) -> None:
    demo.load(house, SMALL)
    first = figures(house)
    demo.remove(house)
    demo.load(house, SMALL)
    assert figures(house) == first


def test_it_is_refused_beside_data(house: House) -> None:
    house.import_otlp([REAL], lambda *_: None)
    with pytest.raises(UsageError, match="There are data here"):
        demo.load(house, SMALL)
    assert demo.read_mark(house.settings) is None


def test_a_crash_while_loading_can_be_removed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("no power")

    monkeypatch.setattr(house, "settle", crash)
    with pytest.raises(RuntimeError):
        demo.load(house, SMALL)
    monkeypatch.undo()
    assert demo.read_mark(house.settings).stage == "loading"  # type: ignore[union-attr]
    assert demo.remove(house)
    house.settle()
    assert figures(house) == []


def test_one_click_loads_and_one_removes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shape, "of", staticmethod(lambda day: Shape(24, 4, END)))
    services: Any = ServerServices(house, (), SimpleNamespace(trouble=""))  # type: ignore[arg-type]
    client = TestClient(create_app(services), LOCAL)

    def page(path: str = "/get-started") -> str:
        services._status = None
        return client.get(path, headers=HTML).text

    def click(path: str) -> None:
        form = re.search(rf'action="{path}".*?value="([^"]+)"', page())
        assert form, "no such button"
        assert client.post(path, data={"csrf": form[1]}).status_code == 200

    def wait(stage: str) -> None:
        end = time.monotonic() + 60
        while services._demo._is_busy() and time.monotonic() < end:
            services._demo._thread.join(0.5)
        assert services._demo.stage() == stage, services._demo.trouble

    assert "Demo company" not in page("/definitions")
    click("/demo/load")
    wait("loaded")
    for path in ("/spend", "/delivery", "/definitions", "/get-started", "/people"):
        assert "made-up people and figures" in page(path), path
    study = page("/impact")
    assert "Assistants, rolled out team by team" in study
    click("/demo/remove")
    wait("")
    assert "made-up people" not in page()
    assert figures(house) == []


@pytest.mark.slow
def test_the_studies_find_what_was_built_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual company, without its telemetry, of which these two do not speak."""
    monkeypatch.setattr(demo, "_telemetry", lambda company: iter(()))
    demo.load(house, Shape.of(END))
    services: Any = ServerServices(house, (), SimpleNamespace(trouble=""))  # type: ignore[arg-type]
    client = TestClient(create_app(services), LOCAL)
    said, verdicts = {}, {}
    for name in ("demo-rollout", "demo-focus-days"):
        analysis = house.studies.analysis(name).analysis
        assert analysis is not None
        verdicts[name] = analysis.verdict.code
        html = client.get(f"/impact/{name}", headers=HTML).text
        found = re.search(r'id="built-in">([^<]*)<', html)
        said[name] = found[1] if found else ""
    assert verdicts == {"demo-rollout": "effect", "demo-focus-days": "no_detectable_effect"}
    assert said["demo-rollout"].startswith("Built into the demo: +12.0 %. The estimate is +1")
    assert said["demo-focus-days"].startswith("Built into the demo: no effect. The estimate is")
    assert all(each.endswith("holds the truth.") for each in said.values())
