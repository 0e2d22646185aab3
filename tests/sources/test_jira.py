"""Jira Cloud against its stand-in."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator

import pytest
from tests.sources.jira_world import DAY, HOUR, START, cloud_user, company
from tests.sources.passes import NOW, interrupted, read
from tests.standins.jira import POINTS, Cloud, World, status
from tests.standins.server import StandIn, serving

from steelyard.model import Account, Issue, Transition
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


def asked(jira: StandIn, path: str) -> list[dict[str, object]]:
    return [request.json for request in jira.seen if request.path.endswith(path)]


def test_every_issue_comes_once_over_several_pages(jira: StandIn, world: World) -> None:
    done = read(opened(jira), "issues")
    assert set(done.of("issues")) == {issue["id"] for issue in world.issues}
    assert len([r for r in done.records if r.kind == "issues"]) == 43
    assert len(done.of("transitions")) == 20
    assert [page.done for page in done.pages] == [10, 20, 30, 40, 43]
    assert done.pages[0].total == 43


def test_an_issue_is_read_without_what_people_wrote(jira: StandIn) -> None:
    found = read(opened(jira), "issues").of("issues")["10004"]
    created = START + 4 * DAY
    assert found == Issue(
        key="10004",
        id="10004",
        name="PAY-4",
        project="PAY",
        type="Bug",
        priority="High",
        status="Done",
        status_category="done",
        reporter="jira:5b10:ada",
        created_at=created,
        started_at=created + HOUR,
        resolved_at=created + 3 * HOUR,
        updated_at=created + 3 * HOUR,
    )
    for search in asked(jira, "/search/jql"):
        assert not {"summary", "description", "comment", "*all", "*navigable"} & set(
            search["fields"]  # type: ignore[call-overload]
        )


def test_story_points_are_unknown_rather_than_0_where_nobody_estimated(jira: StandIn) -> None:
    found = read(opened(jira), "issues").of("issues")
    assert found["10003"].story_points == 3  # type: ignore[attr-defined]
    assert found["10004"].story_points is None  # type: ignore[attr-defined]


def test_parent_team_estimate_and_resolution(jira: StandIn, world: World) -> None:
    world.fields.append(
        {
            "id": "customfield_10001",
            "name": "Mannschaft",
            "custom": True,
            "schema": {"type": "team", "custom": "com.atlassian.teams:rm-teams-custom-field-team"},
        }
    )
    world.change(
        10001,
        START + DAY,
        parent={"id": "10040", "key": "OPS-40", "fields": {"summary": "not to be kept"}},
        customfield_10001={"id": "5f3c", "name": "Checkout"},
        timeoriginalestimate=7200,
        resolution={"id": "1", "name": "Won't Do"},
    )
    found = read(opened(jira), "issues").of("issues")["10001"]
    assert isinstance(found, Issue)
    assert (found.parent, found.team, found.estimate_seconds) == ("10040", "Checkout", 7200)
    assert found.resolution == "Won't Do"


def test_work_that_began_with_the_issue_and_ended_without_a_resolution(
    jira: StandIn, world: World
) -> None:
    """Created in progress; done, reopened and done again, with no date of a resolution."""
    world.add(20001, "PAY-50", START, status=status("3"))
    for hours, to in ((1, "5"), (2, "3"), (3, "5")):
        world.transition(20001, to, START + hours * HOUR)
    world.change(20001, START + 4 * HOUR, resolutiondate=None)
    world.add(20002, "PAY-51", START)
    world.transition(20002, "5", START + HOUR)
    found = read(opened(jira), "issues").of("issues")
    again, straight = found["20001"], found["20002"]
    assert isinstance(again, Issue) and isinstance(straight, Issue)
    assert (again.started_at, again.resolved_at) == (START, START + 3 * HOUR)
    assert (straight.started_at, straight.resolved_at) == (None, START + HOUR)


def test_changes_of_status_name_who_made_them(jira: StandIn) -> None:
    found = list(read(opened(jira), "issues").of("transitions").values())
    mine = sorted((t for t in found if t.issue == "10004"), key=lambda t: t.key)  # type: ignore[attr-defined]
    assert [dataclasses.replace(t, key="") for t in mine] == [
        Transition(
            key="",
            issue="10004",
            from_status="To Do",
            to_status="In Progress",
            happened_at=START + 4 * DAY + HOUR,
            actor="jira:5b10:bob",
        ),
        Transition(
            key="",
            issue="10004",
            from_status="In Progress",
            to_status="Done",
            happened_at=START + 4 * DAY + 3 * HOUR,
            actor="jira:5b10:eve",
        ),
    ]


def test_hidden_addresses_are_not_guessed_and_apps_are_nobody(jira: StandIn) -> None:
    found = read(opened(jira), "issues").of("accounts")
    assert found["jira:5b10:ada"] == Account(
        key="jira:5b10:ada", account="jira:5b10:ada", email="", name="Ada"
    )
    assert found["jira:5b10:eve"].bot  # type: ignore[attr-defined]


def test_again_brings_only_what_changed(jira: StandIn, world: World) -> None:
    first = read(opened(jira), "issues")
    world.change(10002, NOW + 5 * MINUTE, priority={"id": "1", "name": "Low"})
    world.add(10044, "PAY-44", NOW + 6 * MINUTE)
    again = read(opened(jira), "issues", first.cursor, NOW + HOUR)
    assert set(again.of("issues")) == {"10002", "10044"}
    assert again.of("issues")["10002"].priority == "Low"  # type: ignore[attr-defined]
    assert not read(opened(jira), "issues", again.cursor, NOW + 9 * HOUR).of("issues")


def test_what_changes_during_a_pass_is_not_lost(jira: StandIn, world: World) -> None:
    """The changed issue lies behind the place of the pass, and the index told late."""
    source = opened(jira)
    stream = next(s for s in source.streams() if s.name == "issues")
    cursor = None
    for count, page in enumerate(stream.pages(None, NOW), 1):
        cursor = page.cursor
        if count == 3:
            world.change(10001, NOW - 20 * MINUTE, labels=["late"])
    again = read(opened(jira), "issues", cursor, NOW + HOUR)
    assert again.of("issues")["10001"].labels == ("late",)  # type: ignore[attr-defined]


def test_interrupted_after_any_page_equals_a_clean_pass(jira: StandIn) -> None:
    clean = read(opened(jira), "issues").told
    passes = interrupted(lambda: opened(jira), "issues")
    assert len(passes) == 4
    for done in passes:
        assert done.told == clean


def test_an_interrupted_pass_goes_on_by_its_token_and_not_from_the_start(jira: StandIn) -> None:
    stream = next(s for s in opened(jira).streams() if s.name == "issues")
    pages = stream.pages(None, NOW)
    next(pages)
    cursor = next(pages).cursor
    jira.seen.clear()
    read(opened(jira), "issues", cursor, NOW + DAY)
    assert all("nextPageToken" in search for search in asked(jira, "/search/jql"))
    assert len(asked(jira, "/search/jql")) == 3


@pytest.mark.parametrize("days", [6.5, 8])
def test_an_expired_token_loses_nothing(jira: StandIn, world: World, days: float) -> None:
    clean = read(opened(jira), "issues").told
    for pages in (1, 3):
        stream = next(s for s in opened(jira).streams() if s.name == "issues")
        before = [page for page, _ in zip(stream.pages(None, NOW), range(pages), strict=False)]
        later = NOW + days * DAY
        world.clock = lambda later=later: later  # type: ignore[misc]
        rest = read(opened(jira), "issues", before[-1].cursor, later)
        told = {(r.kind, r.key): r for page in before for r in page.records} | rest.told
        assert told == clean


def test_a_token_jira_does_not_know_any_more_starts_the_window_again(
    jira: StandIn, cloud: Cloud
) -> None:
    clean = read(opened(jira), "issues").told
    stream = next(s for s in opened(jira).streams() if s.name == "issues")
    page = next(iter(stream.pages(None, NOW)))
    cloud.made.clear()
    rest = read(opened(jira), "issues", page.cursor, NOW + MINUTE)
    assert {(r.kind, r.key): r for r in page.records} | rest.told == clean


def test_times_in_queries_are_the_readers_own(jira: StandIn, world: World) -> None:
    """Minutes in the zone of the profile: half a day off would miss half a day."""
    for zone in ("Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "UTC"):
        world.zone = zone
        first = read(opened(jira), "issues")
        world.change(10001, NOW + MINUTE, labels=[zone.rpartition("/")[2]])
        again = read(opened(jira), "issues", first.cursor, NOW + HOUR)
        assert set(again.of("issues")) == {"10001"}, zone
        world.change(10001, START, labels=[])


def test_the_hour_that_happens_twice_is_not_missed(jira: StandIn, world: World) -> None:
    """In Berlin 02:30 came twice on 2026-10-25, and Jira reads it as the later one."""
    autumn = dt.datetime(2026, 10, 25, 1, 15, tzinfo=dt.UTC)  # 02:15, the second time
    for before in (autumn - HOUR, autumn):
        first = read(opened(jira), "issues", now=before)
        world.change(10001, before - 10 * MINUTE, labels=["autumn"])
        again = read(opened(jira), "issues", first.cursor, before + HOUR)
        assert "10001" in again.of("issues")
        world.change(10001, START, labels=[])


def test_a_clock_that_is_wrong_loses_nothing(jira: StandIn, world: World) -> None:
    """Ours is two hours fast; what Jira stamps a minute from now is still found."""
    real = dt.datetime.now(dt.UTC)
    fast = real + 2 * HOUR
    options = JiraCloud.Options.model_validate(
        {"site": jira.url, "email": "bot@acme.example", "token": "secret"}
    )
    network = Network(pause=lambda _: None, clock=lambda: dt.datetime.now(dt.UTC) + 2 * HOUR)
    first = read(JiraCloud(options, network), "issues", now=fast)
    world.change(10001, real + MINUTE, labels=["skewed"])
    again = read(JiraCloud(options, network), "issues", first.cursor, fast + HOUR)
    assert set(again.of("issues")) == {"10001"}


def test_a_moved_issue_stays_one_issue(jira: StandIn, world: World) -> None:
    first = read(opened(jira), "issues")
    world.move(10002, "OPS-99", NOW + MINUTE)
    again = read(opened(jira), "issues", first.cursor, NOW + HOUR)
    told = {**first.told, **again.told}
    issues = [record for (kind, _), record in told.items() if kind == "issues"]
    assert len(issues) == 43
    moved = told["issues", "10002"]
    assert (moved.name, moved.project) == ("OPS-99", "OPS")  # type: ignore[attr-defined]


def test_a_renamed_field_of_story_points_is_named_and_the_stream_goes_on(
    jira: StandIn, world: World
) -> None:
    world.fields = [{**POINTS, "schema": {"type": "number", "custom": "…:float"}}]
    first = read(opened(jira), "issues")
    assert not first.notes
    world.fields[0]["name"] = "Complexity"
    world.fields.append(
        {"id": "customfield_10099", "name": "Points (new)", "custom": True,
         "schema": {"type": "number"}}
    )  # fmt: skip
    world.change(10003, NOW + MINUTE)
    again = read(opened(jira), "issues", first.cursor, NOW + HOUR)
    assert again.of("issues")["10003"].story_points is None  # type: ignore[attr-defined]
    assert again.notes == [
        "This Jira shows no field for story points, so issues come without story points."
        " They were in customfield_10016 (Complexity): was it renamed?"
        " These look like it: customfield_10099 (Points (new))."
        " Choose one with story_points=ID."
    ]


def test_choosing_another_field_reads_everything_again(jira: StandIn, world: World) -> None:
    world.fields = []
    first = read(opened(jira), "issues")
    assert first.of("issues")["10003"].story_points is None  # type: ignore[attr-defined]
    world.fields = [{"id": "customfield_10016", "name": "Complexity", "custom": True}]
    chosen = opened(jira, story_points="complexity")
    again = read(chosen, "issues", first.cursor, NOW + HOUR)
    assert len(again.of("issues")) == 43
    assert again.of("issues")["10003"].story_points == 3  # type: ignore[attr-defined]


def test_another_project_is_read_from_its_beginning(jira: StandIn) -> None:
    first = read(opened(jira, projects="OPS"), "issues")
    assert len(first.of("issues")) == 8
    both = read(opened(jira, projects="OPS, PAY"), "issues", first.cursor, NOW + HOUR)
    assert len(both.of("issues")) == 43
