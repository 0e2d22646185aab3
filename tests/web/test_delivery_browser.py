"""The page Delivery in a real Chromium: charts drawn from their tables, for everybody, on paper."""

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
    open_page,
    serve,
    violations,
)
from tests.web.test_delivery import shipping
from tests.web.world import World

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
__all__ = ["browser", "open_page", "shipping"]
WHOLE_LINES = "#flow .mark-line.role-mark path:not([stroke-dasharray='3,4'])"
CHARTS = ("volume", "flow", "waiting", "stability", "times")


@pytest.fixture(scope="module")
def shop_site(shipping: World) -> Iterator[str]:
    yield from serve(shipping)


def all_drawn(page: Page) -> Page:
    for name in CHARTS:
        page.wait_for_selector(f"[data-table='{name}-data'][data-drawn]")
    return page


@pytest.mark.parametrize("options", [DESKTOP, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("query", ["?by=repo&where.team=search"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    shop_site: str, open_page: Open, query: str, options: dict[str, Any]
) -> None:
    page = all_drawn(open_page(f"{shop_site}/delivery{query}", **options))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("query", ["?where.team=design", "?where.project=PAYM&by=repo"])
def test_what_cannot_be_shown_is_clean_too(shop_site: str, open_page: Open, query: str) -> None:
    assert violations(open_page(f"{shop_site}/delivery{query}")) == []


def test_lines_have_a_dot_a_known_figure_and_gaps_elsewhere(
    shop_site: str, open_page: Open
) -> None:
    page = all_drawn(open_page(f"{shop_site}/delivery"))
    for name in ("flow", "waiting", "stability"):
        cells = page.locator(f"#{name}-data td[data-v]")
        known = cells.evaluate_all("all => all.filter(cell => cell.dataset.v !== '').length")
        dots = page.locator(f"#{name} .mark-symbol.role-mark path")
        assert dots.count() == known
    assert page.locator(WHOLE_LINES).count() == 2


def test_lines_have_the_colours_of_their_legend(shop_site: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{shop_site}/delivery"))
    swatches = page.locator("#flow .swatch").evaluate_all(
        "all => all.map(each => getComputedStyle(each).backgroundColor)"
    )
    drawn = page.locator(WHOLE_LINES).evaluate_all(
        "all => all.map(each => getComputedStyle(each).stroke)"
    )
    assert sorted(drawn) == sorted(swatches)


def test_every_class_of_the_histogram_keeps_its_place(shop_site: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{shop_site}/delivery"))
    labels = page.locator("#resolution .role-axis-label text").all_text_contents()
    classes = page.locator("#times-data tbody th").all_text_contents()
    assert [label for label in labels if label in classes] == classes


def test_without_script_the_tables_are_there(shop_site: str, open_page: Open) -> None:
    page = open_page(f"{shop_site}/delivery", **DESKTOP, java_script_enabled=False)
    page.locator("#flow details.data > summary").click()
    expect(page.locator("#flow-data")).to_be_visible()
    page.locator(".tabs a", has_text="Repository").click()
    assert "by=repo" in page.url


def test_print_keeps_what_is_read(shop_site: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{shop_site}/delivery", **DARK))
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("#by-group")).to_be_visible()
    expect(page.locator("#flow svg").first).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
