"""The page Impact in a real Chromium: charts drawn, for everybody, on paper, and waiting."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.web.impact_world import MadeStudies, studies
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
from tests.web.world import World

pytest.importorskip("playwright", reason="playwright is not installed")
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
__all__ = ["browser", "open_page"]
STUDIES = studies()
VALUED = "hours=25..32&rate=80..110&spend=40000&training=9000"


@pytest.fixture(scope="module")
def lab(company_world: World) -> Iterator[str]:
    yield from serve(replace(company_world, studies=STUDIES))


@pytest.fixture
def guide(company_world: World) -> Iterator[str]:
    yield from serve(replace(company_world, studies=MadeStudies()))


def all_drawn(page: Page) -> Page:
    expect(page.locator("[data-chart]:not([data-drawn])")).to_have_count(0)
    return page


@pytest.mark.parametrize("options", [DESKTOP, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("path", ["", f"/payments-pilot?{VALUED}", "/volunteers", "/everybody"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    lab: str, open_page: Open, path: str, options: dict[str, Any]
) -> None:
    page = all_drawn(open_page(f"{lab}/impact{path}", **options))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", ["/running", "/next", "/broken", "/payments-pilot?print=1"])
def test_other_stages_are_clean_too(lab: str, open_page: Open, path: str) -> None:
    assert violations(all_drawn(open_page(f"{lab}/impact{path}"))) == []


@pytest.mark.parametrize("options", [DESKTOP, PHONE], ids=["light", "phone"])
def test_the_guide_is_clean(guide: str, open_page: Open, options: dict[str, Any]) -> None:
    page = open_page(f"{guide}/impact", **options)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_estimate_has_a_mark_and_an_interval(lab: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{lab}/impact/roll-out"))
    rows = page.locator("#estimates-data tbody tr").count()
    assert page.locator("#estimates .mark-symbol.role-mark path").count() == rows == 4
    # one is the line at zero
    assert page.locator("#estimates .mark-rule.role-mark line").count() == rows + 1


def test_charts_keep_inside_their_panels(lab: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{lab}/impact/volunteers", **PHONE))
    for chart in page.locator(".chart").all():
        svg = chart.locator("svg").first.bounding_box()
        box = chart.bounding_box()
        assert svg and box and svg["width"] <= box["width"] and svg["height"] <= box["height"]


def test_the_form_answers_at_its_place(lab: str, open_page: Open) -> None:
    page = open_page(f"{lab}/impact/payments-pilot")
    for name, text in (("hours", "25..32"), ("rate", "95"), ("spend", "40000")):
        page.locator(f"input[name={name}]").fill(text)
    page.get_by_role("button", name="Compute").click()
    expect(page.locator("#worth .said")).to_contain_text("probability of a loss")
    assert page.url.endswith("#worth")


def test_the_page_comes_by_itself_when_the_analysis_is_there(
    company_world: World, open_page: Open
) -> None:
    made = replace(STUDIES, pending={"roll-out"})
    for address in serve(replace(company_world, studies=made)):
        page = open_page(f"{address}/impact/roll-out")
        expect(page.locator("[data-waits]")).to_be_visible()
        assert violations(page) == []
        made.pending.clear()
        expect(page.locator("#estimates")).to_be_visible(timeout=15_000)


def test_one_page_is_one_page_of_paper(lab: str, open_page: Open) -> None:
    page = all_drawn(open_page(f"{lab}/impact/payments-pilot?print=1&{VALUED}", **DARK))
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("#counterfactual svg").first).to_be_visible()
    pdf = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", io.BytesIO(pdf).read())) == 1


def test_without_script_the_figures_are_there(lab: str, open_page: Open) -> None:
    page = open_page(f"{lab}/impact/roll-out", **DESKTOP, java_script_enabled=False)
    page.locator("#estimates details.data > summary").click()
    expect(page.locator("#estimates-data")).to_be_visible()
