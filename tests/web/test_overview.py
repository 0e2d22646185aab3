"""Overview: its figures are those of an independent count, its table of changes is no noise."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.datastructures import QueryParams
from starlette.testclient import TestClient
from tests.web import impact_world
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.roi_world import roi_company
from tests.web.taking import take_all
from tests.web.world import TODAY, World, empty_warehouse

from steelyard.metrics.sight import Sight
from steelyard.web import view as views
from steelyard.web.answers import Line
from steelyard.web.app import create_app
from steelyard.web.changes import is_news
from steelyard.web.sheet import read

FROM = TODAY - dt.timedelta(days=27)
TOTALS = f"from usage where day between date '{FROM}' and date '{TODAY}'"


@pytest.fixture(scope="module")
def shipping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A company whose work is known as well."""
    folder = tmp_path_factory.mktemp("shipping")
    warehouse = empty_warehouse(folder)
    roi_company(warehouse)
    world = World(warehouse, folder, cache=folder / "cache", people=45)
    world.receives()
    yield world
    warehouse.close()


@pytest.fixture
def overview(shipping: World) -> TestClient:
    shipping.sight = Sight(everything=True, persons=None, smallest=1)
    return TestClient(create_app(shipping), LOCAL, raise_server_exceptions=False)


def test_it_is_the_first_page(overview: TestClient, fresh: TestClient) -> None:
    first = overview.get("/", headers=HTML)
    assert first.status_code == 200 and "Is it paying off?" in first.text
    assert text_of(first.text) == text_of(overview.get("/overview", headers=HTML).text)
    assert fresh.get("/", follow_redirects=False).headers["location"] == "/get-started"


def test_its_figures_are_those_of_an_independent_count(
    overview: TestClient, shipping: World
) -> None:
    found = overview.get("/overview.json").json()["totals"]["rows"][0]
    query = shipping.warehouse.query
    ((nanos,),) = query(f"select sum(list_nanos) {TOTALS}")
    ((people,),) = query(
        f"select count(distinct person) from person_days"
        f" where day between date '{FROM}' and date '{TODAY}'"
    )
    ((merged,),) = query(
        f"select count(*) from work_pull_requests"
        f" where day between date '{FROM}' and date '{TODAY}'"
    )
    assert found["spend_usd"] == pytest.approx(nanos / 1e9)
    assert found["active_people"] == people
    assert found["prs_merged"] == merged
    assert found["cost_per_pr"] == pytest.approx(nanos / 1e9 / merged)


def test_without_a_study_it_is_an_association(overview: TestClient) -> None:
    (row,) = overview.get("/overview.json").json()["answer"]
    assert row["evidence"] == "Association, not cause"
    assert "each merged pull request came with $" in row["answer"] and "interval" in row["answer"]
    page = text_of(overview.get("/", headers=HTML).text)
    assert row["answer"] in page.replace("  ", " ") or "each merged pull request" in page


def test_with_a_study_it_is_its_answer(acme: World) -> None:
    acme.studies = impact_world.studies()
    client = TestClient(create_app(acme), LOCAL)
    page = client.get("/", headers=HTML).text
    assert 'id="evidence">Cause: ' in page and "How we know" in page


def test_a_filter_that_work_does_not_carry(overview: TestClient) -> None:
    (row,) = overview.get("/overview.json?where.token_type=input").json()["answer"]
    assert "in the whole company" in row["answer"]
    assert "The filters do not apply" in row["support"]


def test_the_month_is_forecast(overview: TestClient) -> None:
    page = text_of(overview.get("/", headers=HTML).text)
    assert "November forecast $" in page and "so far" in page and "(90%)" in page


def test_what_changed_is_what_files_hold(overview: TestClient) -> None:
    rows = overview.get("/overview.json?period=28d").json()["changed"]
    told = csv.DictReader(io.StringIO(overview.get("/overview.csv?panel=changed").text))
    assert [row["value"] for row in told] == [row["value"] for row in rows]
    for row in rows:
        assert row["change"] == pytest.approx(row["now"] - row["before"])
    page = overview.get("/?period=28d", headers=HTML).text
    assert all(row["value"] in page for row in rows[:8])


def test_a_period_before_without_records_is_not_compared(overview: TestClient) -> None:
    page = text_of(overview.get("/?period=12w", headers=HTML).text)
    assert re.search(r"Spend is recorded since \d+ \w+ \d+; no whole period before", page)
    tiles = re.findall(r"recorded since \d+ \w+ \d+; no whole period before · ", page)
    assert len(tiles) >= 2  # spend and active people
    assert "%" not in re.search(r"Spend \$[\d.,kM]+(.*?)at list price", page)[1]  # type: ignore[index]
    assert overview.get("/overview.json?period=12w").json()["changed"] == []
    header = overview.get("/overview.csv?panel=changed&period=12w").text
    assert header.startswith("metric,dimension,value,before,now,change")


@pytest.mark.parametrize(
    ("metric", "before", "now", "news"),
    [
        ("spend_usd", 100.0, 109.0, False),  # less than a tenth of itself
        ("spend_usd", 100.0, 111.0, True),
        ("spend_usd", 1.0, 9.0, False),  # less than a fiftieth of everything
        ("spend_usd", None, 30.0, True),
        ("spend_usd", 30.0, None, True),
        ("prs_merged", 40, 50, False),  # 10 of 90: chance moves it by 9.5
        ("prs_merged", 40, 62, True),
    ],
)
def test_noise_is_no_news(metric: str, before: float | None, now: float, news: bool) -> None:
    assert is_news(metric, Line({}, {metric: now}, {metric: before}), 500.0) is news


def test_small_groups_stay_together(shipping: World) -> None:
    shipping.sight = Sight(smallest=5)
    client = TestClient(create_app(shipping), LOCAL)
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 200 and "design systems" not in answer.text


def test_every_part_can_be_taken(overview: TestClient) -> None:
    taken = take_all(overview, overview.get("/?period=28d", headers=HTML).text)
    assert taken["CSV"] >= 4 and taken["Picture (SVG)"] >= 3


def test_the_address_is_the_page(overview: TestClient, shipping: World, tmp_path: Path) -> None:
    view = read(QueryParams("period=7d&where.team=payments&compare=none"), shipping)
    assert views.View.url(view, "/overview") == (
        "/overview?period=7d&compare=none&where.team=payments"
    )
    page = overview.get(view.url("/overview"), headers=HTML).text
    assert "Nothing is compared" in page
