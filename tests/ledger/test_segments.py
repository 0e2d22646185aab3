"""Ways of working: from 28 days of a small team whose habits are plain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest
from tests.ledger.world import DAY, Record, Session, World, at

MONDAY = at("2026-10-05 09:00")
LAST_WEEK = dt.date(2026, 10, 26)


def days_of(
    name: str, days: Iterable[int], *, commits: int, source: str, sessions: int = 1
) -> list[Record]:
    """`sessions` a day, each with commits and one accepted edit."""
    found: list[Record] = []
    for day in days:
        for n in range(sessions):
            who, time = Session(f"{name}-{day}-{n}", f"{name}@acme.example"), MONDAY + day * DAY
            said = {"tool": "Edit", "decision": "accept", "source": source}
            found += [who.call(time), who.event("tool_decision", time, **said)]
            found.append(who.point("commits", time, float(commits)))
    return found


def team() -> list[Record]:
    return [
        *days_of("auto", range(0, 28, 2), commits=3, source="config", sessions=3),
        *days_of("talk", range(0, 28, 2), commits=1, source="user_temporary"),
        *days_of("rare", (0, 8, 20), commits=9, source="config", sessions=9),
        *days_of("slow", range(0, 28, 3), commits=0, source="config", sessions=3),
    ]


def segments(world: World, week: dt.date) -> dict[str, str]:
    rows = world.rows("select person, segment from segments where week = ?", week)
    return {person.partition("@")[0]: segment for person, segment in rows}


def test_each_habit_has_its_name(world: World) -> None:
    world.tell(*team())
    assert segments(world, LAST_WEEK) == {
        "auto": "autonomous",
        "talk": "conversational",  # few sessions
        "rare": "minimal",  # three days in four weeks
        "slow": "conversational",  # no commits
    }


def test_all_begin_as_minimal(world: World) -> None:
    world.tell(*team())
    first = segments(world, MONDAY.date())
    assert first["rare"] == first["slow"] == "minimal"
    assert first["auto"] == "autonomous"  # four days in the first week already


def test_a_quiet_person_fades_after_28_days(world: World) -> None:
    world.tell(*team(), *days_of("late", (50,), commits=0, source="config"))
    weeks = {row[0] for row in world.rows("select week from segments where person like 'auto%'")}
    assert max(weeks) == dt.date(2026, 11, 16)  # the last that reaches back to October


def test_weeks_without_new_days_are_named_too(world: World) -> None:
    """Whether days arrive one by one or all at once: the same weeks, the same names."""
    history = [*days_of("auto", range(4), commits=1, source="config")]
    later = days_of("late", (25,), commits=1, source="config")
    at_once = world.tell(*history, *later).facts()["segments"]
    world.forget()
    world.tell(*history)
    world.tell(*later)
    assert world.facts()["segments"] == at_once
    assert {week for _, week, _ in at_once} == {MONDAY.date() + n * 7 * DAY for n in range(4)}


@pytest.mark.parametrize(("days", "segment"), [(3, "minimal"), (4, "autonomous")])
def test_four_active_days_are_not_minimal(world: World, days: int, segment: str) -> None:
    world.tell(*days_of("solo", range(days), commits=1, source="config"))
    assert segments(world, MONDAY.date()) == {"solo": segment}
