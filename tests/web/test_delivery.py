"""The page Delivery: figures of work, its histogram, and what it says when there is none."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.world import PEOPLE, TODAY, World, empty_warehouse, insert

from steelyard.web.app import create_app

LOCAL = "http://127.0.0.1:8480"
TEAMS = {PEOPLE[0]: "payments", PEOPLE[1]: "search"}


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ten weeks: each day a pull request of payments, every second one of search, marked."""
    folder: Path = tmp_path_factory.mktemp("delivery")
    warehouse = empty_warehouse(folder)
    insert(warehouse, "people", [_employee(person) for person in TEAMS])
    days = [TODAY - dt.timedelta(days=age) for age in range(70)]
    insert(warehouse, "work_pull_requests", [_pull(day, 0) for day in days])
    insert(warehouse, "work_pull_requests", [_pull(day, 1) for day in days[::2]])
    insert(warehouse, "work_issues", [_issue(day) for day in days[::7]])
    world = World(warehouse, folder, people=2)
    yield world
    warehouse.close()


def _employee(person: str) -> dict[str, object]:
    since, until = dt.date(2025, 1, 1), dt.date(9999, 12, 31)
    told = {"person": person, "email": person, "team": TEAMS[person]}
    return told | {"valid_from": since, "valid_to": until}


def _pull(day: dt.date, who: int) -> dict[str, object]:
    return {
        "day": day,
        "person": PEOPLE[who],
        "repo": ("github.com/acme/pay", "github.com/acme/<find>")[who],
        "assisted": ("no", "yes")[who],
        "assistant": ("", "claude-code")[who],
        "pull_request": f"{who}#{day}",
        "lines": 10,
        "cycle_hours": (10.0, 30.0)[who],
        "change_requests": 0,
        "interventions": 0,
    }


def _issue(day: dt.date) -> dict[str, object]:
    return {
        "day": day,
        "person": PEOPLE[0],
        "project": "PAY",
        "issue_type": "Bug",
        "event": "resolved",
        "issue": f"PAY-{day}",
        "assisted": "no",
        "resolution_bucket": "24-48h",
        "resolution_class": "1-3d",
        "resolution_hours": 30.0,
    }


@pytest.fixture
def page(worked: World) -> TestClient:
    return TestClient(create_app(worked), LOCAL, raise_server_exceptions=False)


def test_the_sentence_and_the_tables_say_what_shipped(page: TestClient) -> None:
    said = page.get("/delivery?period=4w", headers=HTML).text
    assert "42 pull requests were merged" in said  # 28 of payments, 14 of search
    assert "carry an assistant's mark" in said.replace("&#39;", "'")
    assert "Association, not cause" in said
    assert "24–48h" in said and "720h" in said
    assert "github.com/acme/<find>" not in said  # names are escaped


def test_a_filter_narrows_everything_and_what_it_does_not_apply_to_is_named(
    page: TestClient,
) -> None:
    said = page.get("/delivery?period=4w&where.team=search", headers=HTML).text
    assert "14 pull requests were merged" in said
    only = page.get("/delivery?period=4w&where.project=PAY", headers=HTML).text
    assert "4 issues" in only and "were resolved" in only
    assert "left out here" in only and "PRs merged".lower() in only.lower()


def test_the_same_as_data(page: TestClient) -> None:
    told = page.get("/delivery.json?period=4w").json()
    assert told["totals"]["rows"][0]["prs_merged"] == 42
    assert told["classes"] == {"1-3d": 4.0}
    text = page.get("/delivery.csv?period=4w&by=repo").text
    rows = {row["repo"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["github.com/acme/pay"]["prs_merged"] == "28"
    assert float(rows["github.com/acme/<find>"]["pr_cycle_hours_p50"]) == 30.0


def test_order_and_unknown_words_in_the_address(page: TestClient) -> None:
    down = page.get("/delivery?period=4w&by=repo", headers=HTML).text
    assert down.index("acme/pay</a>") < down.index("acme/&lt;find&gt;</a>")
    up = page.get("/delivery?period=4w&by=repo&sort=prs_merged", headers=HTML).text
    assert up.index("acme/&lt;find&gt;</a>") < up.index("acme/pay</a>")
    wrong = page.get("/delivery?by=colour", headers=HTML)
    assert wrong.status_code == 400 and "colour" in wrong.text


def test_without_any_work_it_says_what_to_connect(fresh: TestClient) -> None:
    said = fresh.get("/delivery", headers=HTML).text
    assert "steelyard source add github" in said
    assert "0 pull requests" not in said


def test_with_telemetry_alone_nothing_is_claimed_of_work(client: TestClient) -> None:
    said = client.get("/delivery", headers=HTML).text
    assert "What shipped, and how fast" in said and "steelyard source sync" in said
    quiet = client.get("/delivery?where.team=search", headers=HTML).text
    assert "no merged pull request and no resolved issue is known" in quiet
    assert "unknown" in quiet
