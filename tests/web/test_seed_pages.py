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


# Dashboards of which every figure stands on a page; of the others some are for `steelyard ask`.
WHOLE = ("Adoption & Outcomes", "Cost & Usage", "Organization", "User Deep Dive", "System Health")
WHOLE += ("User Explorer", "ROI Analysis")


@pytest.mark.parametrize("dashboard", WHOLE)
def test_every_figure_of_these_dashboards_has_a_page(dashboard: str) -> None:
    section = PAGE.read_text().split(f"\n## {dashboard}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?!figure|---)(.+?) \| .+ \| (.*)\|$", section, re.MULTILINE)
    assert len(rows) >= 4
    assert [figure for figure, page in rows if not page.startswith("`/")] == []


@pytest.mark.parametrize("address", sorted(PLACES))
def test_every_panel_is_on_its_page(address: str, client: TestClient) -> None:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200
    for panel in PLACES[address]:
        assert f'id="{panel}"' in answer.text, panel
