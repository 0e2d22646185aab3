"""The runner: every record once, interrupted or not; what fails says why and keeps its place."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.app.toys import ToyWorld, toy
from tests.recorded import open_house

from steelyard.app.house import House
from steelyard.app.syncing import Runner, Stopped
from steelyard.errors import BadValue, ConfigError, UnknownName
from steelyard.sources.registry import check_options, resolve
from steelyard.state.leases import Leases
from steelyard.state.sources import Sources

__all__ = ["toy"]
DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


class Clock:
    """Each look is a second later."""

    def __init__(self, start: dt.datetime = NOON) -> None:
        self.now = start

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now


@contextmanager
def synced_house(path: Path, world: ToyWorld, **options: str) -> Iterator[House]:
    with open_house(path) as house:
        said = check_options("toy", {"path": str(world.file), **options})
        Sources(house.state).add("toy", "toy", said, DAY)
        yield house


def run(house: House, clock: Clock, **more: object) -> Runner:
    return Runner(house.inbox, Sources(house.state), clock=clock, **more)  # type: ignore[arg-type]


def told(house: House, table: str, columns: str) -> list[tuple[object, ...]]:
    house.settle()
    return house.warehouse.query(f"select {columns} from raw_{table} order by all")


def test_a_run_reads_every_record_once_and_again_changes_nothing(
    tmp_path: Path, toy: ToyWorld
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        report = run(house, clock).sync("toy")
        assert {s.stream: (s.pages, s.records) for s in report.streams} == {
            "issues": (4, 7),
            "people": (3, 3),
        }
        first = told(house, "issues", "key, status, source, gone")
        assert first == [(f"T-{n}", "open", "toy", False) for n in range(1, 8)]
        people = told(house, "people", "key, team, seen_day, gone")
        again = run(house, clock).sync("toy")
        assert [s.records for s in again.streams] == [0, 3]
        assert told(house, "issues", "key, status, source, gone") == first
        assert told(house, "people", "key, team, seen_day, gone") == people


@pytest.mark.parametrize("stop_after", range(7))
def test_killed_after_any_page_the_next_run_ends_where_a_clean_one_does(
    tmp_path: Path, toy: ToyWorld, stop_after: int
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        seen = itertools.count(1)

        def die(*_: object) -> None:
            if next(seen) > stop_after:
                raise Stopped

        with pytest.raises(Stopped):
            run(house, clock, update=die).sync("toy")
        run(house, clock).sync("toy")
        assert told(house, "issues", "key") == [(f"T-{n}",) for n in range(1, 8)]
        assert told(house, "people", "key, gone") == [(name, False) for name in sorted(toy.people)]


def test_a_person_who_moves_keeps_the_old_team_in_the_past_and_a_leaver_is_gone(
    tmp_path: Path, toy: ToyWorld
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        run(house, clock).sync("toy")
        toy.people = {"ann@x.example": "edge", "cy@x.example": "edge"}
        toy.say()
        clock.now += 10 * DAY
        run(house, clock).sync("toy")
        day, later = NOON.date(), NOON.date() + 10 * DAY
        assert told(house, "people", "key, seen_day, team, gone") == [
            ("ann@x.example", day, "core", False),
            ("ann@x.example", later, "edge", False),
            ("bob@x.example", day, "core", False),
            ("bob@x.example", later, "core", True),
            ("cy@x.example", day, "edge", False),
        ]


def test_applying_all_bodies_again_gives_the_same_rows(tmp_path: Path, toy: ToyWorld) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        run(house, clock).sync("toy")
        toy.people["ann@x.example"] = "edge"
        toy.issues[0]["status"] = "done"
        toy.say()
        clock.now += 3 * DAY
        run(house, clock).sync("toy")
        before = told(house, "people", "key, seen_day, team, gone")
        house.rebuild()
        assert told(house, "people", "key, seen_day, team, gone") == before


def test_a_stream_that_fails_keeps_its_place_and_the_others_go_on(
    tmp_path: Path, toy: ToyWorld
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        toy.issues[4]["denied"] = True
        toy.notes = ["The field is gone."]
        toy.say()
        report = run(house, clock).sync("toy")
        assert report.failed
        assert [bool(s.problem) for s in report.streams] == [True, False]
        known = Sources(house.state).get("toy")
        issues, people = known.streams
        assert known.status == "failing"
        assert issues.problem is not None and issues.problem.message == "The toy says no."
        assert (issues.cursor, issues.records) == ("4", 4)
        assert people.notes == ("The field is gone.",)
        toy.issues[4].pop("denied")
        toy.notes = []
        toy.say()
        run(house, clock).sync("toy")
        assert Sources(house.state).get("toy").status == "ok"
        assert len(told(house, "issues", "key")) == 7


def test_forgetting_a_source_deletes_what_it_told(tmp_path: Path, toy: ToyWorld) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        run(house, Clock()).sync("toy")
        assert told(house, "issues", "count(*)") == [(7,)]
        house.forget_source("toy")
        assert told(house, "issues", "count(*)") == [(0,)]


def test_only_one_process_reads_a_source(tmp_path: Path, toy: ToyWorld) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        with Leases(house.state).held(Sources(house.state).get("toy").job):
            assert run(house, Clock()).sync("toy").busy
        assert not run(house, Clock()).sync("toy").busy


def test_options_and_secrets_are_checked_before_anything_is_stored(
    tmp_path: Path, toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="needs path"):
        check_options("toy", {})
    with pytest.raises(UnknownName, match="siz"):
        check_options("toy", {"path": "x", "siz": "3"})
    with pytest.raises(UnknownName, match="no kind of source called 'toi'"):
        check_options("toi", {})
    with pytest.raises(ConfigError, match="in clear"):
        check_options("toy", {"path": "x", "token": "s3cret"})
    assert check_options("toy", {"path": "x", "token": "env:T"})["token"] == "env:T"
    monkeypatch.setenv("TOY_TOKEN", " s3cret\n")
    assert resolve("token", "env:TOY_TOKEN") == "s3cret"
    (tmp_path / "token").write_text("from-file\n")
    assert resolve("token", f"file:{tmp_path / 'token'}") == "from-file"


def test_a_missing_secret_is_a_clear_line_and_heals(
    tmp_path: Path, toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        sources = Sources(house.state)
        with pytest.raises(BadValue, match="already"):
            sources.add("toy", "toy", {}, DAY)
        said = check_options("toy", {"path": str(toy.file), "token": "env:TOY_TOKEN"})
        sources.add("guarded", "toy", said, DAY)
        assert run(house, Clock()).sync("guarded").failed
        problem = sources.get("guarded").streams[0].problem
        assert problem is not None and "TOY_TOKEN for token is not set" in problem.message
        monkeypatch.setenv("TOY_TOKEN", "s3cret")
        assert not run(house, Clock()).sync("guarded").failed
        assert sources.get("guarded").status == "ok"


def test_people_seen_in_telemetry_are_looked_up_and_all_of_them_once_a_day(
    tmp_path: Path, toy: ToyWorld
) -> None:
    with synced_house(tmp_path / "d", toy) as house:
        clock = Clock()
        seen = ["dee@x.example", "eve@x.example"]
        run(house, clock, seen=seen, unknown=seen[1:]).sync("toy")
        asked = "select key, seen_day from raw_people where team = 'looked up' order by all"
        house.settle()
        day = NOON.date()
        assert house.warehouse.query(asked) == [(name, day) for name in seen]
        clock.now += dt.timedelta(hours=2)
        report = run(house, clock, seen=[*seen, "fay@x.example"], unknown=["fay@x.example"])
        assert report.sync("toy").streams[-1].records == 1
        clock.now += DAY
        again = run(house, clock, seen=seen, unknown=[]).sync("toy").streams[-1]
        assert (again.stream, again.records) == ("look-up", 2)


def test_pages_stored_together_are_what_they_are_one_by_one(tmp_path: Path, toy: ToyWorld) -> None:
    """The same key twice in one run, and pages of two kinds in turn."""
    toy.issues += [{"key": "T-1", "status": "done"}, {"key": "T-9", "status": "open"}]
    toy.say()
    with synced_house(tmp_path / "a", toy, size="1") as house:
        run(house, Clock()).sync("toy")
        at_once = told(house, "issues", "key, status, gone")
        people = told(house, "people", "key, team, seen_day, gone")
    with synced_house(tmp_path / "b", toy, size="1") as house:
        one_by_one = run(house, Clock(), update=lambda *_: house.applier.run() and None)
        one_by_one.sync("toy")
        assert told(house, "issues", "key, status, gone") == at_once
        assert told(house, "people", "key, team, seen_day, gone") == people
    assert ("T-1", "done", False) in at_once and len(at_once) == 8
