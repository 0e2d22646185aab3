"""Jira Cloud: issues that are deleted, moved away or come to sight."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from tests.sources.jira_world import DAY, HOUR, START, cloud_user, company
from tests.sources.passes import NOW, interrupted, read
from tests.standins.jira import Cloud, World
from tests.standins.server import StandIn, serving

from steelyard.model import Issue
from steelyard.sources.jira.source import JiraCloud
from steelyard.sources.network import Network

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    return company(cloud_user)


@pytest.fixture
def cloud(world: World) -> Cloud:
    return Cloud(world, page=10, bulk_page=4)


@pytest.fixture
def jira(cloud: Cloud) -> Iterator[StandIn]:
    with serving(cloud.answer) as running:
        yield running


def opened(jira: StandIn, waits: list[float] | None = None, **options: object) -> JiraCloud:
    said = {"site": jira.url, "email": "bot@acme.example", "token": "secret", **options}
    pause = (waits if waits is not None else []).append
    return JiraCloud(JiraCloud.Options.model_validate(said), Network(attempts=3, pause=pause))


def test_a_deleted_issue_becomes_an_empty_record_the_next_day(jira: StandIn, world: World) -> None:
    first = read(opened(jira), "presence")
    assert not first.records
    world.delete(10007)
    same_day = read(opened(jira), "presence", first.cursor, NOW + HOUR)
    assert not same_day.records and same_day.cursor == first.cursor
    next_day = read(opened(jira), "presence", first.cursor, NOW + DAY)
    assert next_day.records == [Issue(key="10007", id="10007", status="deleted")]
    assert not read(opened(jira), "presence", next_day.cursor, NOW + 2 * DAY).records


def test_an_issue_that_left_the_projects_is_read_where_it_is(jira: StandIn, world: World) -> None:
    first = read(opened(jira, projects="PAY"), "presence")
    world.move(10002, "OPS-99", NOW + MINUTE)
    found = read(opened(jira, projects="PAY"), "presence", first.cursor, NOW + DAY)
    assert found.of("issues")["10002"].name == "OPS-99"  # type: ignore[attr-defined]
    assert set(found.of("issues")) == {"10002"}


def test_an_issue_that_comes_to_sight_is_read(jira: StandIn, world: World) -> None:
    world.hidden.add("OPS")
    first = read(opened(jira), "presence")
    world.hidden.clear()
    found = read(opened(jira), "presence", first.cursor, NOW + DAY)
    assert {issue.project for issue in found.of("issues").values()} == {"OPS"}  # type: ignore[attr-defined]
    assert len(found.of("issues")) == 8


def test_a_project_that_vanishes_whole_is_not_taken_for_deleted(
    jira: StandIn, world: World
) -> None:
    first = read(opened(jira), "presence")
    world.hidden.add("OPS")
    found = read(opened(jira), "presence", first.cursor, NOW + DAY)
    assert not found.records
    assert "8 issues are not shown any more, and neither is a project" in found.notes[0]


def test_too_many_at_once_are_not_taken_for_deleted(jira: StandIn, world: World) -> None:
    for number in range(100, 200):
        world.add(number, f"PAY-{number}", START)
    first = read(opened(jira), "presence")
    world.issues = world.issues[:40]
    found = read(opened(jira), "presence", first.cursor, NOW + DAY)
    assert not found.records
    assert "too many at once to be deletions" in found.notes[0]


def test_presence_interrupted_after_any_page_equals_a_clean_pass(
    jira: StandIn, cloud: Cloud, world: World
) -> None:
    cloud.page = 100
    first = read(opened(jira), "presence")
    for number in range(300, 540):
        world.add(number, f"PAY-{number}", NOW)
    world.delete(10001)
    clean = read(opened(jira), "presence", first.cursor, NOW + DAY).told
    passes = interrupted(lambda: opened(jira), "presence", first.cursor, NOW + DAY)
    assert len(passes) == 3
    for done in passes:
        assert done.told == clean


def test_cursors_hold_no_secret_and_stay_small(jira: StandIn, world: World) -> None:
    for number in range(30_000, 50_000):
        world.add(number, f"PAY-{number}", START)
    cursor = read(opened(jira), "presence").cursor or ""
    assert len(cursor) < 20_000 and "secret" not in cursor
    assert json.loads(cursor)["day"] == "2026-11-20"
