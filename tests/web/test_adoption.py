"""The page Adoption: every figure against the recorded rows, whoever asks, and with nothing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML, LOCAL, text_of
from tests.web.people_world import people_company
from tests.web.world import TODAY, World, company, empty_warehouse

from steelyard.metrics import Question
from steelyard.metrics.answer import Answer, Column, Coverage
from steelyard.metrics.sight import Sight
from steelyard.web.adoption import SHEET
from steelyard.web.adoption_finding import adoption_finding, came, newest, ways
from steelyard.web.answers import Line
from steelyard.web.app import create_app
from steelyard.web.period import named
from steelyard.web.view import View

PERIOD = named("28d", TODAY)
WEEK = dt.timedelta(days=7)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("adoption")
    warehouse = empty_warehouse(folder)
    people_company(warehouse)
    world = World(warehouse, folder, people=248)
    world.receives()
    yield world
    warehouse.close()


@pytest.fixture
def world(built: World) -> World:
    return replace(built, asked=[])


def client(world: World) -> TestClient:
    return TestClient(create_app(world), LOCAL)


def page(world: World, query: str = "") -> str:
    answer = client(world).get(f"/adoption{query}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(world: World, panel: str, query: str = "") -> list[dict[str, str]]:
    answer = client(world).get(f"/adoption.csv?panel={panel}{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def days_of_work(world: World) -> dict[str, set[dt.date]]:
    found: dict[str, set[dt.date]] = defaultdict(set)
    for person, day in world.warehouse.query(
        "select person, day from person_days where person <> ''"
    ):
        found[person].add(day)
    return found


def staff(world: World) -> dict[str, str]:
    """Everybody employed on the last day, with their department."""
    sql = (
        "select person, department from people where ? between valid_from and valid_to"
        " and coalesce(start_date, ?) <= ? and coalesce(end_date, ?) >= ?"
    )
    return dict(world.warehouse.query(sql, [TODAY] * 5))


def within(days: set[dt.date], start: dt.date, end: dt.date) -> bool:
    return any(start <= day <= end for day in days)


def test_the_totals_are_the_recorded_rows(world: World) -> None:
    work, employed = days_of_work(world), staff(world)
    active = {who for who, days in work.items() if within(days, PERIOD.start, PERIOD.end)}
    totals = client(world).get("/adoption.json").json()["totals"]["rows"][0]
    assert totals["active_people"] == len(active)
    assert totals["headcount"] == len(employed)
    assert totals["adoption_rate"] == pytest.approx(len(active) / len(employed))
    worked = sum(PERIOD.start <= d <= PERIOD.end for days in work.values() for d in days)
    assert totals["daily_active_people"] == pytest.approx(worked / 28)
    assert totals["stickiness"] == pytest.approx(worked / 28 / len(active))
    said = text_of(page(world))
    assert f"{len(active)} people worked with a coding assistant" in said
    assert f"{totals['new_people']} people for the first time" in said


def test_weeks_are_whole_and_add_up(world: World) -> None:
    work = days_of_work(world)
    found = rows(world, "came")
    assert len(found) == 4
    for row in found:
        monday = dt.date.fromisoformat(row["week"])
        now = {p for p, days in work.items() if within(days, monday, monday + WEEK / 7 * 6)}
        before = {p for p, days in work.items() if within(days, monday - WEEK, monday - WEEK / 7)}
        new = {p for p in now if min(work[p]) >= monday}
        assert monday.weekday() == 0
        assert int(row["new_people"]) == len(new)
        assert int(row["returning_people"]) == len(now - new)
        assert int(row["lapsed_people"]) == len(before - now)


def test_departments_are_the_recorded_rows(world: World) -> None:
    work, employed = days_of_work(world), staff(world)
    found = {row["department"]: row for row in rows(world, "departments")}
    for name in set(employed.values()):
        mine = {p for p, department in employed.items() if department == name}
        active = {p for p in mine if within(work.get(p, set()), PERIOD.start, PERIOD.end)}
        assert int(found[name]["headcount"]) == len(mine)
        assert int(found[name]["active_people"]) == len(active)


def test_it_stalls_where_the_question_says(world: World) -> None:
    said = text_of(page(world))
    assert "Adoption stalls in Legal, Finance and Design" in said
    link = re.findall(r'href="(/roi\.csv[^"]+panel=adoption_by_department[^"]*)"', page(world))
    told = client(world).get(link[0].replace("&amp;", "&"))
    assert told.status_code == 200
    table = {row["department"]: row for row in csv.DictReader(io.StringIO(told.text))}
    assert table["Legal"]["note"] == "stalls" and table["Engineering"]["note"] == ""


def test_a_restricted_viewer_sees_groups_that_are_large_enough(world: World) -> None:
    world.sight = Sight()
    assert "small groups together" in text_of(page(world)).lower()
    found = rows(world, "departments")
    assert all(int(row["headcount"]) >= 5 for row in found)
    assert "Management" not in {row["department"] for row in found}
    whole = client(world).get("/adoption.json").json()["totals"]["rows"][0]
    assert sum(int(row["headcount"]) for row in found) == whole["headcount"]
    both = page(world, "?where.role=Software Engineer")
    assert "are not shown" in text_of(both)  # by department within a role, said where it stands


def test_every_panel_has_its_place_or_says_why(world: World) -> None:
    text = page(world)
    for section in SHEET.sections:
        for panel in section.panels:
            assert f'id="{panel.name}"' in text
    whole = client(world).get("/adoption.json").json()
    assert {"came", "ways", "versions", "platforms"} <= set(whole)
    assert "switch the logs exporter on" in text_of(text)


def test_nothing_yet(fresh: TestClient) -> None:
    answer = fresh.get("/adoption", headers=HTML)
    assert answer.status_code == 200 and "Get started" in text_of(answer.text)


def test_without_a_directory_of_how_many_is_unknown(world: World, tmp_path: Path) -> None:
    warehouse = empty_warehouse(tmp_path)
    company(warehouse, days=20)
    with warehouse.transaction() as cursor:
        cursor.execute("delete from people")
        cursor.execute("update data_version set version = version + 1")
    alone = World(warehouse, tmp_path)
    alone.receives()
    said = text_of(page(alone))
    assert "Of how many is unknown: nobody is in a directory." in said
    assert "Adoption is not known: no directory says who works here" in said
    assert client(alone).get("/adoption.json").json()["totals"]["rows"][0]["adoption_rate"] is None
    warehouse.close()


def sentence(**figures: float | None) -> str:
    found = adoption_finding(View(PERIOD), Line(now=figures))
    return "".join(text for text, _ in found.parts) + " " + found.support


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ({}, "is unknown. Nothing is recorded"),
        ({"active_people": 0, "headcount": 9}, "nobody worked"),
        ({"active_people": 1, "headcount": 0}, "1 person worked with a coding assistant. Of how"),
        ({"active_people": 7, "headcount": 5, "adoption_rate": 1.4}, "the directory has 5"),
        ({"active_people": 3, "lapsed_people": 1}, "1 person of the period before did not come"),
    ],
)
def test_the_sentence_holds_when_little_is_known(figures: dict[str, float], says: str) -> None:
    assert says in sentence(**figures)


def answer(by: tuple[str, ...], metrics: tuple[str, ...], *found: tuple[Any, ...]) -> Answer:
    columns = [Column(name, "dimension") for name in by]
    columns += [Column(name, "metric", metric=name) for name in metrics]
    moment = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    asked = Question(metrics, by=by)
    return Answer(asked, tuple(columns), found, moment, Coverage())


def test_findings_look_at_the_last_week_that_is_over() -> None:
    weeks = (dt.date(2026, 11, 9), 5, 2, 1), (dt.date(2026, 11, 16), 9, 9, 9)
    metrics = ("returning_people", "new_people", "lapsed_people")
    told = came(answer(("week",), metrics, *weeks))
    assert (
        told == "7 people in the last whole week, 2 of them new; 1 of the week before stayed away"
    )
    assert came(answer(("week",), metrics, weeks[1])) == ""
    ways_of = [(dt.date(2026, 11, 9), "autonomous", 2), (dt.date(2026, 11, 9), "minimal", 6)]
    by = ("week", "segment")
    said = "2 people of 8 worked autonomously in the last whole week"
    assert ways(answer(by, ("active_people",), *ways_of)) == said
    assert ways(answer(by, ("active_people",), (dt.date(2026, 11, 9), "", 2))) == ""


def test_the_newest_version_is_not_the_last_in_the_alphabet() -> None:
    found = answer(("app_version",), ("sessions",), ("2.1.99", 6), ("2.1.303", 2), ("", 2))
    assert newest(found) == "20.0% of sessions ran on 2.1.303, the newest seen"
    assert newest(answer(("app_version",), ("sessions",), ("", 2))) == ""
