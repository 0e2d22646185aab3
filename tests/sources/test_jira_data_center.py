"""Jira Data Center against its stand-in: what differs from Cloud."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sources.jira_world import DAY, HOUR, START, company, server_user, worklog
from tests.sources.passes import NOW, interrupted, read
from tests.standins.jira import Cloud, DataCenter, World
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied
from steelyard.model import Account, Worklog
from steelyard.sources.jira import search as searching
from steelyard.sources.jira.data_center import JiraDataCenter
from steelyard.sources.network import Network


@pytest.fixture
def world() -> World:
    return company(server_user)


@pytest.fixture
def center(world: World) -> DataCenter:
    return DataCenter(world, page=10)


@pytest.fixture
def jira(center: DataCenter) -> Iterator[StandIn]:
    with serving(center.answer) as running:
        yield running


def opened(jira: StandIn, **options: object) -> JiraDataCenter:
    said = {"url": jira.url, "token": "secret", **options}
    network = Network(attempts=3, pause=lambda _: None)
    return JiraDataCenter(JiraDataCenter.Options.model_validate(said), network)


def test_every_issue_comes_once_over_several_pages(jira: StandIn, world: World) -> None:
    done = read(opened(jira), "issues")
    assert set(done.of("issues")) == {issue["id"] for issue in world.issues}
    assert len([r for r in done.records if r.kind == "issues"]) == 43
    assert len(done.of("transitions")) == 20
    assert len(done.pages) > 5


def test_people_have_keys_and_addresses(jira: StandIn) -> None:
    found = read(opened(jira), "issues")
    assert found.of("accounts")["jira:JIRAUSER-ada"] == Account(
        key="jira:JIRAUSER-ada",
        account="jira:JIRAUSER-ada",
        email="ada@acme.example",
        name="Ada",
    )
    assert found.of("issues")["10004"].reporter == "jira:JIRAUSER-ada"  # type: ignore[attr-defined]


def test_again_brings_only_what_changed(jira: StandIn, world: World) -> None:
    first = read(opened(jira), "issues")
    world.change(10002, NOW + HOUR, labels=["x"])
    again = read(opened(jira), "issues", first.cursor, NOW + 2 * HOUR)
    assert set(again.of("issues")) == {"10002"}


def test_interrupted_after_any_page_equals_a_clean_pass(jira: StandIn) -> None:
    clean = read(opened(jira), "issues").told
    for done in interrupted(lambda: opened(jira), "issues"):
        assert done.told == clean


def test_deleting_what_was_read_does_not_push_others_out(jira: StandIn, world: World) -> None:
    """Six go before the place: by counting alone, as many would be skipped."""
    stream = next(s for s in opened(jira).streams() if s.name == "issues")
    told = set()
    for count, page in enumerate(stream.pages(None, NOW), 1):
        told |= {record.key for record in page.records if record.kind == "issues"}
        if count == 2:
            for number in range(1, 7):
                world.delete(10000 + number)
    assert told == {str(10000 + number) for number in range(1, 44)}


def test_what_turns_up_before_the_place_does_not_repeat_forever(
    jira: StandIn, world: World
) -> None:
    stream = next(s for s in opened(jira).streams() if s.name == "issues")
    told = set()
    for count, page in enumerate(stream.pages(None, NOW), 1):
        told |= {record.key for record in page.records if record.kind == "issues"}
        if count == 2:
            for number in range(1, 9):
                world.add(9000 + number, f"PAY-{900 + number}", START)
    assert told >= {str(10000 + number) for number in range(1, 44)}


def test_deep_pages_begin_anew_at_a_later_minute(
    jira: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = read(opened(jira), "issues").told
    monkeypatch.setattr(searching, "_DEEP", 12)
    jira.seen.clear()
    assert read(opened(jira), "issues").told == clean
    asked = [request.json for request in jira.seen if request.path.endswith("/search")]
    assert max(one["startAt"] for one in asked if one["maxResults"]) < 30
    assert any("created >=" in one["jql"] for one in asked)


def test_a_changelog_that_was_cut_short_is_fetched_whole(jira: StandIn, center: DataCenter) -> None:
    clean = read(opened(jira), "issues").told
    center.histories = 1
    assert read(opened(jira), "issues").told == clean


def test_a_server_with_tiny_pages_is_explained(jira: StandIn, center: DataCenter) -> None:
    center.page = 4
    with pytest.raises(SourceChanged, match="no more than 4 issues a page"):
        read(opened(jira), "issues")


def test_deleted_issues_become_empty_records(jira: StandIn, world: World) -> None:
    first = read(opened(jira), "presence")
    world.delete(10007)
    found = read(opened(jira), "presence", first.cursor, NOW + DAY)
    assert [issue.status for issue in found.of("issues").values()] == ["deleted"]  # type: ignore[attr-defined]


def test_an_expired_token_is_said(jira: StandIn) -> None:
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(opened(jira, token="old"), "issues")
    checks = list(opened(jira, token="old").check())
    assert [(check.what, check.ok) for check in checks] == [("address", True), ("token", False)]


def test_check_finds_everything_in_order(jira: StandIn) -> None:
    assert all(check.ok for check in opened(jira, projects="PAY,OPS", worklogs="true").check())


def test_a_cloud_site_is_explained(world: World) -> None:
    """Its answer 410 alone would not tell what to do."""
    cloud = Cloud(world)
    cloud.api = "/rest/api/2"
    with (
        serving(lambda r: cloud.plain(r) or cloud.answer(r)) as running,
        pytest.raises(SourceChanged, match="it is Jira Cloud") as error,
    ):
        read(opened(running), "issues")
    assert "Add it as `jira`" in error.value.hint


def test_an_address_without_a_jira_is_explained() -> None:
    with (
        serving(lambda request: Answer(raw=b"<html>sign in</html>")) as running,
        pytest.raises(SourceChanged, match="not JSON"),
    ):
        read(opened(running), "issues")


def test_logged_time(jira: StandIn, world: World) -> None:
    world.worklogs.append(worklog(1, 10001, server_user("ada"), NOW - DAY, 600))
    found = read(opened(jira, worklogs="true"), "worklogs")
    assert found.of("worklogs")["1"] == Worklog(
        key="1",
        issue="10001",
        worker="jira:JIRAUSER-ada",
        day=(NOW - DAY).date(),
        seconds=600,
    )


def test_a_zone_nobody_knows_is_an_error_with_a_way_out(jira: StandIn, world: World) -> None:
    world.zone = "Europe/Berlin"
    answer = jira.answer

    def strange(request):  # type: ignore[no-untyped-def]
        told = answer(request)
        if request.path.endswith("/myself"):
            return Answer({**told.data, "timeZone": "Mars/Olympus"})
        return told

    jira.answer = strange
    with pytest.raises(SourceChanged, match="Mars/Olympus"):
        read(opened(jira), "issues")
    assert read(opened(jira, time_zone="Europe/Berlin"), "issues").of("issues")
