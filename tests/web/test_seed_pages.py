"""Where the page of other dashboards' figures says that a figure stands, there it stands."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "seed-figures.md"
PLACED = re.findall(r"^\| .+ \| `(/[^`#]*)#([^`]+)` \|$", PAGE.read_text(), re.MULTILINE)
PLACES: dict[str, set[str]] = defaultdict(set)
for path, panel in PLACED:
    PLACES[path].add(panel)


def test_many_are_placed() -> None:
    assert len(PLACED) > 45


@pytest.mark.parametrize("address", sorted(PLACES))
def test_every_panel_is_on_its_page(address: str, client: TestClient) -> None:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200
    for panel in PLACES[address]:
        assert f'id="{panel}"' in answer.text, panel
