"""The page Delivery: figures of work, its histogram, and what it says when there is none."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import html
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, text_of
from tests.web.delivery_world import delivery_company
from tests.web.taking import take_all
from tests.web.test_spend import rows
from tests.web.world import TODAY, World, empty_warehouse, insert

from steelyard.metrics import Question
from steelyard.metrics.sight import SMALL, Sight
from steelyard.web import formats
from steelyard.web.app import create_app

LOCAL = "http://127.0.0.1:8480"
TEAMS = {"payments": 6, "search": 5, "legal": 2}
MARK = "carry an assistant's mark"
START = TODAY - dt.timedelta(days=27)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ten weeks: each day a pull request of payments, every second one of search, marked."""
    folder: Path = tmp_path_factory.mktemp("delivery")
    warehouse = empty_warehouse(folder)
    staff = [_employee(team, number) for team, size in TEAMS.items() for number in range(size)]
    insert(warehouse, "people", staff)
    days = [TODAY - dt.timedelta(days=age) for age in range(70)]
    insert(warehouse, "work_pull_requests", [_pull(day, "payments") for day in days])
    insert(warehouse, "work_pull_requests", [_pull(day, "search") for day in days[::2]])
    insert(warehouse, "work_pull_requests", [_pull(day, "legal") for day in days[:3]])
    insert(warehouse, "work_issues", [_issue(day) for day in days[::7]])
    world = World(warehouse, folder, people=len(staff))
    yield world
    warehouse.close()


@pytest.fixture(scope="module")
def shipping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A company with every kind of work."""
    folder: Path = tmp_path_factory.mktemp("shipping")
    warehouse = empty_warehouse(folder)
    delivery_company(warehouse)
    yield World(warehouse, folder, people=45)
    warehouse.close()


def _employee(team: str, number: int) -> dict[str, object]:
    person = f"{team}{number}@acme.example"
    since, until = dt.date(2025, 1, 1), dt.date(9999, 12, 31)
    told = {"person": person, "email": person, "team": team}
    return told | {"valid_from": since, "valid_to": until}


def _pull(day: dt.date, team: str) -> dict[str, object]:
    marked = team == "search"
    return {
        "day": day,
        "person": f"{team}0@acme.example",
        "repo": "github.com/acme/<find>" if marked else "github.com/acme/pay",
        "assisted": "yes" if marked else "no",
        "assistant": "claude-code" if marked else "",
        "pull_request": f"{team}#{day}",
        "lines": 10,
        "cycle_hours": 30.0 if marked else 10.0,
        "change_requests": 0,
        "interventions": 0,
    }


def _issue(day: dt.date) -> dict[str, object]:
    return {
        "day": day,
        "person": "payments0@acme.example",
        "project": "PAY",
        "issue_type": "Bug",
        "event": "resolved",
        "issue": f"PAY-{day}",
        "assisted": "no",
        "resolution_bucket": "24-48h",
        "resolution_class": "1-3d",
        "resolution_hours": 30.0,
    }


def browse(world: World) -> TestClient:
    return TestClient(create_app(world), LOCAL, raise_server_exceptions=False)


@pytest.fixture
def page(worked: World) -> TestClient:
    return browse(worked)


@pytest.fixture
def shop(shipping: World) -> TestClient:
    return browse(shipping)


def get(client: TestClient, query: str = "") -> str:
    answer = client.get(f"/delivery{query}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def figure(said: str, name: str) -> str:
    """A metric's value in one of the lists of figures."""
    lists = said.partition('id="dora"')[2]
    found = re.search(rf'definitions#{name}".*?<dd class="value[^"]*">(.*?)</dd>', lists, re.S)
    assert found
    return found[1]


def test_the_sentence_and_the_tables_say_what_shipped(page: TestClient) -> None:
    text = get(page, "?period=4w")
    said = text_of(text)
    assert "45 pull requests were merged" in said  # 28 of payments, 14 of search, 3 of legal
    assert "7% more than in the 28 days before" in said
    assert f"At least 31.1% of the pull requests {MARK}: a floor" in said
    assert "association, not cause" in said
    assert "github.com/acme/<find>" not in text  # names are escaped


def test_figures_are_the_answers(shop: TestClient, shipping: World) -> None:
    names = ("deployments_per_day", "recovery_hours_p50", "change_failure_share", "reviews")
    answer = shipping.ask(Question(names, START, TODAY))
    text = get(shop)
    for column in answer.columns:
        number = answer.value(column.name)
        assert isinstance(number, int | float)
        assert figure(text, column.name) == formats.value(number, column.unit)


def test_the_charts_are_drawn_from_tables_of_whole_weeks(shop: TestClient, shipping: World) -> None:
    text = get(shop)
    monday = TODAY - dt.timedelta(days=TODAY.weekday() + 11 * 7)
    for name in ("volume", "flow", "waiting", "stability"):
        table = text.partition(f'<table id="{name}-data">')[2].partition("</table>")[0]
        days = re.findall(r'<tr data-day="([\d-]+)"', table)
        assert days == [(monday + dt.timedelta(weeks=n)).isoformat() for n in range(12)]
        assert table.count("data-partial") == 1
    volume = text.partition('<table id="volume-data">')[2].partition("</table>")[0]
    merged = sum(float(value) for value in re.findall(r'data-v="([\d.]+)"', volume))
    assert merged == shipping.ask(Question(("prs_merged",), monday, TODAY)).value("prs_merged")


def test_a_week_without_a_figure_is_a_gap_and_not_zero(shop: TestClient) -> None:
    stability = get(shop).partition('<table id="stability-data">')[2].partition("</table>")[0]
    last = stability.rpartition("<tr data-day=")[2]  # its 21 days are not over
    assert '<td data-v="" class="unknown">unknown</td>' in last


def test_a_long_period_is_drawn_in_months(shop: TestClient) -> None:
    text = get(shop, "?period=900d")
    assert "Median hours per month" in text
    assert "November 2026 (not over)" in text


def test_the_histogram_and_the_classes_hold_every_resolved_issue(
    shop: TestClient, shipping: World
) -> None:
    text = get(shop)
    resolved = shipping.ask(Question(("issues_resolved",), START, TODAY)).value("issues_resolved")
    times = rows(text, "times-data")
    assert len(times) == 13
    assert sum(int(row[1]) for row in times) == resolved
    classes = rows(text, "classes")
    assert classes[0][0] == "Under a day"
    assert sum(int(row[1]) for row in classes) == resolved


def test_work_with_and_without_a_mark_stands_side_by_side(page: TestClient) -> None:
    shown = {row[0]: row[1:] for row in rows(get(page, "?period=4w"), "by-mark")}
    assert shown["PRs merged"] == ["14", "31", "55% less"]
    assert shown["Cycle time"] == ["30.0 h", "10.0 h", "200% more"]


def test_what_is_unknown_says_why(page: TestClient) -> None:
    said = text_of(get(page, "?period=4w"))
    assert "Failed deployments unknown no deployments recorded" in said
    assert "Rework unknown no commits recorded" in said
    assert "0.0%" not in said


def test_a_filter_narrows_everything_and_what_it_does_not_apply_to_is_named(
    page: TestClient,
) -> None:
    said = text_of(get(page, "?period=4w&where.team=search"))
    assert "14 pull requests of search were merged" in said
    only = text_of(get(page, "?period=4w&where.project=PAY"))
    assert "4 issues in PAY were resolved" in only
    assert "left out here: PRs merged" in only
    assert "Issues resolved 4" in only
    both = text_of(get(page, "?period=4w&where.project=PAY&where.repo=github.com/acme/pay"))
    assert "no merged pull request and no resolved issue" in both
    assert "Nothing is known by team under these filters" in both


def test_small_groups_are_shown_together(worked: World) -> None:
    page = browse(replace(worked, sight=Sight()))
    shown = [row[0] for row in rows(get(page, "?period=4w"), "by-group")]
    assert "Small groups together" in shown and "legal" not in shown
    told = page.get("/delivery.json?period=4w").json()
    merged = sum(row["prs_merged"] or 0 for row in told["groups"]["rows"])
    assert merged == told["totals"]["rows"][0]["prs_merged"]
    assert "legal" not in page.get("/delivery.csv?period=4w").text
    assert "where.team=legal" not in get(page, "?period=4w")
    alone = page.get("/delivery.json?period=4w&where.team=legal").json()
    assert alone["error"]["message"].startswith("legal (team) is not shown by itself")


def test_who_may_see_everything_sees_small_groups(worked: World) -> None:
    text = get(browse(worked), "?period=4w&where.team=legal")
    assert "3 pull requests of legal were merged" in text_of(text)


def test_breakdowns_that_would_show_too_few_are_not_offered(worked: World) -> None:
    page = browse(replace(worked, sight=Sight()))
    teams = page.get("/delivery.json?period=4w").json()["groups"]["rows"]
    team = next(row["team"] for row in teams if row["team"] not in (None, SMALL))
    held = get(page, f"?period=4w&where.team={team}")
    assert "by=department" in held and "by=role" not in held and "by=manager" not in held
    assert "by=repo" not in held
    asked = page.get(f"/delivery.csv?period=4w&where.team={team}&by=role")
    assert asked.json()["error"]["code"] == "not_shown"


def test_never_by_person(page: TestClient) -> None:
    for query in ("?by=person", "?where.person=payments0@acme.example"):
        answer = page.get(f"/delivery{query}", headers=HTML)
        assert answer.status_code == 400
        assert "Delivery is not shown by person" in answer.text


def test_the_same_as_data(page: TestClient) -> None:
    told = page.get("/delivery.json?period=4w").json()
    assert told["totals"]["rows"][0]["prs_merged"] == 45
    assert told["classes"]["rows"][0]["issues_resolved"] == 4
    text = page.get("/delivery.csv?period=4w&by=repo").text
    found = {row["repo"]: row for row in csv.DictReader(io.StringIO(text))}
    assert found["github.com/acme/pay"]["prs_merged"] == "31"
    assert float(found["github.com/acme/<find>"]["pr_cycle_hours_p50"]) == 30.0


def test_a_table_that_cannot_be_says_so(page: TestClient) -> None:
    answer = page.get("/delivery.csv?by=repo&where.project=PAY")
    assert answer.status_code == 400
    assert "project" in answer.text


def test_order_and_unknown_words_in_the_address(page: TestClient) -> None:
    down = [row[0] for row in rows(get(page, "?period=4w&by=repo"), "by-group")]
    up = [row[0] for row in rows(get(page, "?period=4w&by=repo&sort=prs_merged"), "by-group")]
    assert down == ["github.com/acme/pay", "github.com/acme/<find>"]
    assert up == down[::-1]
    wrong = page.get("/delivery?by=colour", headers=HTML)
    assert wrong.status_code == 400 and "colour" in wrong.text


@pytest.mark.parametrize("by", ["repo", "project", "department", "assisted", "priority", "tenure"])
def test_every_kind_of_breakdown_links_back_to_itself(shop: TestClient, by: str) -> None:
    text = get(shop, f"?by={by}")
    assert rows(text, "by-group")
    heads = text.partition('<table id="by-group">')[2].partition("</thead>")[0]
    link = html.unescape(re.findall(r'href="(/delivery[^"#]*)', heads)[1])
    assert f"by={by}" in link
    assert get(shop, link.removeprefix("/delivery"))


def test_the_page_is_small(shop: TestClient) -> None:
    answer = shop.get("/delivery?period=12w", headers=HTML)
    assert len(gzip.compress(answer.content, 5)) < 14 * 1024


def test_no_comparison_when_none_is_wanted(page: TestClient) -> None:
    text = get(page, "?period=4w&compare=none")
    assert "than in the 28 days before" not in text_of(text)
    assert "Change</th>" not in text


def test_no_work_in_the_period(page: TestClient) -> None:
    said = text_of(get(page, "?from=2020-01-01&to=2020-01-31"))
    assert "no merged pull request and no resolved issue is known" in said
    assert "That none is known is not that there was none" in said
    assert " 0 " not in said.partition("The five of DORA")[2].partition("By whom")[0]


def test_without_any_work_it_says_what_to_connect(fresh: TestClient, client: TestClient) -> None:
    for site in (fresh, client):  # a new server, and one with telemetry alone
        said = get(site)
        assert "steelyard source add github" in said
        assert "0 pull requests" not in said
    assert client.get("/delivery.json").json()["totals"]["rows"][0]["prs_merged"] is None


def test_every_chart_and_table_can_be_taken(shop: TestClient) -> None:
    taken = take_all(shop, get(shop))
    assert taken["Picture (SVG)"] >= 4 and taken["Parquet"] >= 7
