"""The ROI page in a real Chromium: nothing for axe to find, nothing too wide, fit to print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.test_browser import (
    DARK,
    DESKTOP,
    PHONE,
    Open,
    browser,
    new_site,
    open_page,
    serve,
    violations,
)
from tests.web.test_roi import roi_world
from tests.web.world import World

pytestmark = pytest.mark.browser
__all__ = ["browser", "new_site", "open_page", "roi_world"]


@pytest.fixture(scope="module")
def roi_site(roi_world: World) -> Iterator[str]:
    yield from serve(roi_world)


@pytest.mark.parametrize("options", [DESKTOP, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("query", ["?question=experience"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    roi_site: str,
    open_page: Open,
    query: str,
    options: dict[str, Any],
) -> None:
    page = open_page(f"{roi_site}/roi{query}", **options)
    page.locator("details.data > summary").first.click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_empty_page_is_clean_too(new_site: str, open_page: Open) -> None:
    assert violations(open_page(f"{new_site}/roi", **DARK)) == []


def test_bars_stand_in_one_column_and_print(roi_site: str, open_page: Open) -> None:
    page = open_page(f"{roi_site}/roi?period=12w", **DARK)
    boxes = page.locator("#cost_per_commit_by_team .bars svg").evaluate_all(
        "all => all.map(each => { const box = each.getBoundingClientRect();"
        " return [box.left, box.width]; })"
    )
    assert len(boxes) == 4
    assert len({tuple(map(round, box)) for box in boxes}) == 1
    page.emulate_media(media="print")
    assert page.locator("#cost_per_commit_by_team .bars").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
