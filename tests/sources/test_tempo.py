"""Tempo against its stand-in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.sources.passes import NOW, interrupted, read
from tests.standins.server import Answer, StandIn, serving
from tests.standins.tempo import TempoWorld

from steelyard.errors import SourceChanged, SourceDenied, SourceError
from steelyard.model import Membership, Worklog
from steelyard.sources.network import Network
from steelyard.sources.tempo import worklogs as reading
from steelyard.sources.tempo.source import Tempo

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> TempoWorld:
    """150 worklogs of five people over as many days, two teams."""
    made = TempoWorld(page=60)
    for number in range(150):
        at = NOW - (150 - number) * DAY
        account = f"5b10:p{number % 5}"
        made.log(1000 + number, 10000 + number % 7, account, at.date(), 3600 + number, at)
    made.team(7, "Payments")
    made.team(9, "Platform")
    made.join(7, "5b10:p0", "2026-01-01", "2026-06-30")
    made.join(9, "5b10:p0", "2026-07-01")
    made.join(7, "5b10:p1")
    return made


@pytest.fixture
def tempo(world: TempoWorld) -> Iterator[StandIn]:
    with serving(world.answer) as running:
        yield running


def opened(tempo: StandIn, waits: list[float] | None = None, **options: object) -> Tempo:
    said = {"token": "secret", "url": f"{tempo.url}/4", **options}
    pause = (waits if waits is not None else []).append
    return Tempo(Tempo.Options.model_validate(said), Network(attempts=5, pause=pause))


def test_every_worklog_comes_over_several_pages(tempo: StandIn) -> None:
    done = read(opened(tempo), "worklogs")
    assert set(done.of("worklogs")) == {str(1000 + number) for number in range(150)}
    assert len([r for r in done.records if r.kind == "worklogs"]) == 150
    assert len(done.pages) > 2
    assert done.of("worklogs")["1003"] == Worklog(
        key="1003",
        issue="10003",
        worker="jira:5b10:p3",
        day=(NOW - 147 * DAY).date(),
        seconds=3603,
        billable_seconds=1801,
    )


def test_again_brings_the_last_days_only(tempo: StandIn, world: TempoWorld) -> None:
    first = read(opened(tempo), "worklogs")
    world.change(1000, NOW + HOUR, timeSpentSeconds=60)
    again = read(opened(tempo), "worklogs", first.cursor, NOW + 2 * HOUR)
    assert set(again.of("worklogs")) == {"1000", "1148", "1149"}
    assert again.of("worklogs")["1000"].seconds == 60  # type: ignore[attr-defined]


def test_interrupted_after_any_page_equals_a_clean_pass(tempo: StandIn) -> None:
    clean = read(opened(tempo), "worklogs").told
    passes = interrupted(lambda: opened(tempo), "worklogs")
    assert len(passes) > 2
    for done in passes:
        assert done.told == clean


@pytest.mark.parametrize("deleted", [1, 55])
def test_deletions_during_a_pass_push_nothing_out(
    tempo: StandIn, world: TempoWorld, deleted: int
) -> None:
    stream = next(s for s in opened(tempo).streams() if s.name == "worklogs")
    told = set()
    for count, page in enumerate(stream.pages(None, NOW), 1):
        told |= {record.key for record in page.records if record.kind == "worklogs"}
        if count == 2:
            for number in range(deleted):
                world.delete(1000 + number)
    assert told == {str(1000 + number) for number in range(150)}


def test_a_deleted_worklog_comes_with_0_seconds_the_next_day(
    tempo: StandIn, world: TempoWorld
) -> None:
    first = read(opened(tempo), "recent-worklogs")
    assert not first.records
    world.delete(1149)
    assert not read(opened(tempo), "recent-worklogs", first.cursor, NOW + HOUR).records
    found = read(opened(tempo), "recent-worklogs", first.cursor, NOW + DAY)
    assert found.records == [
        Worklog(key="1149", day=(NOW + DAY).date(), seconds=0, billable_seconds=0)
    ]


def test_growing_old_is_no_deletion(tempo: StandIn) -> None:
    first = read(opened(tempo, days="10"), "recent-worklogs")
    tempo.seen.clear()
    later = read(opened(tempo, days="10"), "recent-worklogs", first.cursor, NOW + 5 * DAY)
    assert not later.records
    assert all(request.path == "/4/worklogs" for request in tempo.seen)


def test_a_worklog_dated_back_out_of_the_window_is_read(tempo: StandIn, world: TempoWorld) -> None:
    first = read(opened(tempo, days="10"), "recent-worklogs")
    world.change(1149, NOW + HOUR, startDate="2025-01-01")
    found = read(opened(tempo, days="10"), "recent-worklogs", first.cursor, NOW + DAY)
    assert found.of("worklogs")["1149"].day == dt.date(2025, 1, 1)  # type: ignore[attr-defined]
    assert found.of("worklogs")["1149"].seconds == 3749  # type: ignore[attr-defined]


def test_too_many_at_once_are_not_taken_for_deleted(tempo: StandIn, world: TempoWorld) -> None:
    first = read(opened(tempo), "recent-worklogs")
    world.worklogs = []
    found = read(opened(tempo), "recent-worklogs", first.cursor, NOW + DAY)
    assert not found.records and "too many at once" in found.notes[0]


def test_memberships_have_their_dates(tempo: StandIn) -> None:
    found = read(opened(tempo), "teams")
    assert found.cursor == ""
    assert found.records == [
        Membership(
            key="7:1",
            team="Payments",
            member="jira:5b10:p0",
            role="Developer",
            valid_from=dt.date(2026, 1, 1),
            valid_to=dt.date(2026, 6, 30),
        ),
        Membership(key="7:3", team="Payments", member="jira:5b10:p1", role="Developer"),
        Membership(
            key="9:2",
            team="Platform",
            member="jira:5b10:p0",
            role="Developer",
            valid_from=dt.date(2026, 7, 1),
        ),
    ]


def test_more_teams_than_a_page_holds(tempo: StandIn, world: TempoWorld) -> None:
    world.page = 4
    for number in range(20, 31):
        world.team(number, f"Team {number}")
        world.join(number, "5b10:p1")
    clean = read(opened(tempo), "teams").told
    assert len(clean) == 14
    for done in interrupted(lambda: opened(tempo), "teams"):
        assert done.told == clean


def test_a_clock_that_is_wrong_loses_nothing(tempo: StandIn, world: TempoWorld) -> None:
    """Ours is four days fast, so our today is not Tempo's."""
    real = dt.datetime.now(dt.UTC)
    fast = 4 * DAY
    options = Tempo.Options.model_validate({"token": "secret", "url": f"{tempo.url}/4"})
    network = Network(pause=lambda _: None, clock=lambda: dt.datetime.now(dt.UTC) + fast)
    first = read(Tempo(options, network), "worklogs", now=real + fast)
    world.change(1000, real, timeSpentSeconds=60)
    again = read(Tempo(options, network), "worklogs", first.cursor, real + fast + HOUR)
    assert "1000" in again.of("worklogs")


def test_limits_trouble_and_cut_connections_are_waited_out(tempo: StandIn) -> None:
    clean = read(opened(tempo), "worklogs").told
    waits: list[float] = []
    tempo.trouble += [
        Answer({}, 429, {"retry-after": "3"}),
        Answer(None, 502, raw=b"bad"),
        Answer(cut=True, raw=b'{"results": [], "metadata": {}}'),
    ]
    assert read(opened(tempo, waits), "worklogs").told == clean
    assert waits[0] == 3 and len(waits) == 3


def test_a_missing_field_is_named_and_an_unknown_one_ignored(
    tempo: StandIn, world: TempoWorld
) -> None:
    world.worklogs[3]["brandNew"] = {"x": 1}
    assert len(read(opened(tempo), "worklogs").of("worklogs")) == 150
    del world.worklogs[3]["timeSpentSeconds"]
    with pytest.raises(SourceChanged, match=r"has no `results.*timeSpentSeconds`"):
        read(opened(tempo), "worklogs")


def test_an_expired_token_is_said(tempo: StandIn) -> None:
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(opened(tempo, token="old"), "worklogs")
    assert [check.ok for check in opened(tempo, token="old").check()] == [False, False]


def test_check_names_the_permission_that_is_missing(tempo: StandIn, world: TempoWorld) -> None:
    assert all(check.ok for check in opened(tempo).check())
    world.forbidden.add("teams")
    worklogs, teams = opened(tempo).check()
    assert worklogs.ok and not teams.ok and "View Teams" in teams.hint
    assert [stream.name for stream in opened(tempo, teams="false").streams()] == [
        "recent-worklogs",
        "worklogs",
    ]


def test_what_tempo_does_not_understand_is_said_in_its_words(tempo: StandIn) -> None:
    http = opened(tempo)._open()
    with http, pytest.raises(SourceError, match="must be valid on the format: 'yyyy-MM-dd'"):
        http.get("worklogs", {"updatedFrom": "yesterday"})
    with pytest.raises(SourceError, match="cannot be combined"):
        opened(tempo)._open().get("worklogs", {"updatedFrom": "2026-01-01", "to": "2026-02-01"})


def test_tiny_pages_are_explained(tempo: StandIn, world: TempoWorld) -> None:
    world.page = reading._OVERLAP
    with pytest.raises(SourceChanged, match="no more than 50 worklogs a page"):
        read(opened(tempo), "worklogs")
