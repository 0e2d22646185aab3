"""Pages stay small, and the program starts without what only pages need."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

from starlette.testclient import TestClient
from tests.web.conftest import HTML

from steelyard.web.assets import Assets

KIB = 1024


def packed(client: TestClient, path: str) -> int:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    return len(gzip.compress(answer.content, 5))


def test_pages_are_small(client: TestClient) -> None:
    assert packed(client, "/") < 12 * KIB
    assert packed(client, "/spend") < 16 * KIB  # a dozen charts and tables with their files
    assert packed(client, "/spend?by=session&period=12w") < 28 * KIB
    assert packed(client, "/get-started") < 6 * KIB
    assert packed(client, "/definitions") < 16 * KIB  # some hundred bytes a metric


def test_style_and_script_are_small() -> None:
    assets = Assets()
    for name, limit in (("steelyard.css", 9 * KIB), ("steelyard.js", 5 * KIB)):
        asset = assets.find(assets.url(name).rsplit("/", 1)[1])
        assert asset is not None
        assert len(asset.packed) < limit


def test_the_chart_library_is_built_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = Assets(folder).vega()
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == first.packed
    assert Assets(folder).vega().packed == first.packed
    assert len(first.packed) < 350 * KIB


def test_importing_the_room_is_light() -> None:
    code = "import steelyard.web, sys; print({'fastapi', 'altair', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
