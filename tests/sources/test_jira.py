"""Jira Cloud against its stand-in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator

import pytest
from tests.sources.jira_world import DAY, HOUR, START, cloud_user, company, worklog
from tests.sources.passes import NOW, interrupted, read
from tests.standins.jira import POINTS, Cloud, World, status
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceError, SourceLimited
from steelyard.model import Account, Issue, Transition, Worklog
from steelyard.sources.jira.data_center import JiraDataCenter
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


def test_a_project_without_permission_is_named_and_the_others_are_read(
    jira: StandIn, world: World
) -> None:
    world.hidden.add("OPS")
    first = read(opened(jira, projects="PAY,OPS"), "issues")
    assert len(first.of("issues")) == 35
    assert "no project OPS" in first.notes[0] and "Browse projects" in first.notes[0]
    world.hidden.clear()
    again = read(opened(jira, projects="PAY,OPS"), "issues", first.cursor, NOW + HOUR)
    assert len(again.of("issues")) == 43
    assert not again.notes


def test_a_project_that_gives_nothing_is_named_each_time(jira: StandIn, world: World) -> None:
    world.project("NEW")
    first = read(opened(jira, projects="PAY,NEW"), "issues")
    assert [note[:33] for note in first.notes] == ["Project NEW gave no issue: it is "]
    again = read(opened(jira, projects="PAY,NEW"), "issues", first.cursor, NOW + HOUR)
    assert len(again.notes) == 1
    world.add(20000, "NEW-1", NOW + HOUR)
    last = read(opened(jira, projects="PAY,NEW"), "issues", again.cursor, NOW + 2 * HOUR)
    assert not last.notes and set(last.of("issues")) == {"20000"}


def test_no_project_at_all_is_an_error(jira: StandIn, world: World) -> None:
    world.hidden.add("OPS")
    with pytest.raises(SourceDenied, match="none of the projects OPS"):
        read(opened(jira, projects="OPS"), "issues")


def test_a_renamed_project_is_found_by_its_old_key(jira: StandIn, world: World) -> None:
    world.project("OPS")["was"] = ["OLD"]
    assert len(read(opened(jira, projects="OLD"), "issues").of("issues")) == 8


def test_an_expired_token_is_said_though_searching_succeeds_without_one(jira: StandIn) -> None:
    with pytest.raises(SourceDenied, match="does not accept the token") as denied:
        read(opened(jira, token="old"), "issues")
    assert "make a new one" in denied.value.hint


def test_changelogs_one_by_one_where_they_do_not_come_in_bulk(jira: StandIn, cloud: Cloud) -> None:
    in_bulk = read(opened(jira), "issues").told
    cloud.bulk = False
    assert read(opened(jira), "issues").told == in_bulk


def test_since_leaves_old_issues_out(jira: StandIn) -> None:
    since = (START + 18 * DAY).date()
    found = read(opened(jira, since=str(since)), "issues").of("issues").values()
    assert 0 < len(found) < 43
    assert all(issue.updated_at.date() >= since for issue in found)  # type: ignore[attr-defined]


def test_limits_trouble_and_cut_connections_are_waited_out(jira: StandIn) -> None:
    clean = read(opened(jira), "issues").told
    waits: list[float] = []
    jira.trouble += [
        Answer({}, 429, {"retry-after": "17", "ratelimit-reason": "jira-burst-based"}),
        Answer(None, 503, raw=b"busy"),
        Answer(cut=True, raw=b'{"accountId": "me", "timeZone": "UTC"}'),
    ]
    source = opened(jira, waits)
    source.network.attempts = 5
    assert read(source, "issues").told == clean
    assert waits[0] == 17 and len(waits) == 3


def test_a_limit_that_lasts_ends_the_stream_for_now(jira: StandIn) -> None:
    headers = {"retry-after": "90000", "ratelimit-reason": "jira-quota-tenant-based"}
    jira.trouble.append(Answer({}, 429, headers))
    with pytest.raises(SourceLimited, match=r"\(jira-quota-tenant-based\)\. It asks to wait 90000"):
        read(opened(jira), "issues")


def test_a_missing_field_is_named_and_an_unknown_one_ignored(jira: StandIn, world: World) -> None:
    world.issue(10002)["fields"]["brand-new"] = {"x": 1}
    assert len(read(opened(jira), "issues").of("issues")) == 43
    del world.fields[:]
    jira.answer = broken(jira.answer, "10002")  # type: ignore[arg-type]
    with pytest.raises(SourceChanged, match=r"Jira's issue PAY-2 has no `fields.created`"):
        read(opened(jira), "issues")


def broken(answer, id_: str):  # type: ignore[no-untyped-def]
    def without(request):  # type: ignore[no-untyped-def]
        told = answer(request)
        for issue in (told.data or {}).get("issues", []) if isinstance(told.data, dict) else []:
            if issue["id"] == id_:
                issue["fields"].pop("created", None)
        return told

    return without


def test_the_old_search_is_gone_and_the_new_one_wants_a_restriction(jira: StandIn) -> None:
    http = opened(jira).flavour.open()
    with pytest.raises(SourceError, match="answered 410 to /rest/api/3/search: The requested"):
        http.post("/rest/api/3/search", {"jql": "project = PAY"})
    with pytest.raises(SourceError, match="Unbounded JQL queries are not allowed"):
        http.post("/rest/api/3/search/jql", {"jql": " ORDER BY created ASC, key ASC"})


def test_logged_time_is_off_unless_wanted(jira: StandIn, cloud: Cloud, world: World) -> None:
    names = [stream.name for stream in opened(jira).streams()]
    assert names == ["presence", "issues"]
    cloud.worklog_page = 3
    at = NOW - 3 * DAY
    for number in range(8):
        world.worklogs.append(
            worklog(number + 1, 10001, cloud_user("ada"), at + number * HOUR, 600 + number)
        )
    late = NOW - 30 * dt.timedelta(seconds=1)
    world.worklogs.append(worklog(9, 10001, cloud_user("bob"), late, 60))
    logging = opened(jira, worklogs="true")
    first = read(logging, "worklogs")
    assert set(first.of("worklogs")) == {str(n) for n in range(1, 9)}  # not the last minute's
    assert first.of("worklogs")["1"] == Worklog(
        key="1", issue="10001", worker="jira:5b10:ada", day=at.date(), seconds=600
    )
    for done in interrupted(lambda: opened(jira, worklogs="true"), "worklogs"):
        assert done.told == first.told
    world.clock = lambda: NOW + HOUR
    again = read(logging, "worklogs", first.cursor, NOW + HOUR)
    assert set(again.of("worklogs")) == {"8", "9"}


def test_deleted_time_comes_with_0_seconds(jira: StandIn, world: World) -> None:
    at = int((NOW - DAY).timestamp() * 1000)
    world.gone_worklogs.append({"worklogId": 5, "updatedTime": at})
    found = read(opened(jira, worklogs="true"), "deleted-worklogs")
    assert found.records == [Worklog(key="5", day=(NOW - DAY).date(), seconds=0)]


def test_check_says_what_can_be_read(jira: StandIn, world: World) -> None:
    found = list(opened(jira, worklogs="true").check())
    assert all(check.ok for check in found)
    assert {check.what for check in found} == {
        "address", "token", "issues", "story points", "worklogs"
    }  # fmt: skip
    assert "Europe/Berlin" in next(c.detail for c in found if c.what == "token")
    world.hidden.add("OPS")
    world.project("NEW")
    by_name = {c.what: c for c in opened(jira, projects="PAY,OPS,NEW").check()}
    assert by_name["project PAY"].ok
    for name in ("project OPS", "project NEW"):
        assert not by_name[name].ok and "Browse projects" in by_name[name].hint


def test_check_says_when_the_token_has_expired(jira: StandIn) -> None:
    found = list(opened(jira, token="old").check())
    assert [(check.what, check.ok) for check in found] == [("address", True), ("token", False)]
    assert "make a new one" in found[1].hint


def test_check_says_when_it_is_the_other_jira(jira: StandIn) -> None:
    options = JiraDataCenter.Options.model_validate({"url": jira.url, "token": "secret"})
    (found,) = JiraDataCenter(options, Network(pause=lambda _: None)).check()
    assert not found.ok and found.hint == "Add it as `jira`."


def test_cursors_hold_no_secret_and_stay_small(jira: StandIn, world: World) -> None:
    for number in range(30_000, 50_000):
        world.add(number, f"PAY-{number}", START)
    cursor = read(opened(jira), "presence").cursor or ""
    assert len(cursor) < 20_000 and "secret" not in cursor
    assert json.loads(cursor)["day"] == "2026-11-20"
