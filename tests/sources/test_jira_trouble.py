"""Jira Cloud: permissions, limits, changed answers, logged time, and what a check says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.sources.jira_world import DAY, HOUR, START, cloud_user, company, worklog
from tests.sources.passes import NOW, interrupted, read
from tests.standins.jira import Cloud, World
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceError, SourceLimited
from steelyard.model import Worklog
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
