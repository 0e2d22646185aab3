"""What was asked lately is asked again when the facts changed, and only then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest

from steelyard.app.ahead import Ahead
from steelyard.app.house import House
from steelyard.errors import StoreError
from steelyard.metrics import Question


@dataclass
class Clock:
    now: float = 0.0
    version: int = 1
    asked: list[str] = field(default_factory=list)

    def ahead(self) -> Ahead:
        return Ahead(lambda: self.version, lambda: self.now)


def test_the_newest_first_and_once_a_version() -> None:
    clock = Clock()
    ahead = clock.ahead()
    for name in ("a", "b", "a"):
        ahead.note(name, lambda name=name: clock.asked.append(name))  # type: ignore[misc]
    assert ahead.catch_up() == 0
    clock.version = 2
    assert ahead.catch_up() == 2
    assert clock.asked == ["a", "b"]
    assert ahead.catch_up() == 0


def test_what_was_asked_long_ago_is_forgotten() -> None:
    clock = Clock()
    ahead = clock.ahead()
    ahead.note("old", lambda: clock.asked.append("old"))
    clock.now, clock.version = 1000.0, 2
    ahead.note("new", lambda: clock.asked.append("new"))
    assert ahead.catch_up() == 1
    assert clock.asked == ["new"]


def test_a_failing_question_does_not_keep_the_others_back() -> None:
    clock = Clock()
    ahead = clock.ahead()
    ahead.note("good", lambda: clock.asked.append("good"))

    def fail() -> None:
        raise StoreError("gone")

    ahead.note("bad", fail)
    clock.version = 2
    ahead.catch_up()
    assert clock.asked == ["good"]


def test_it_stops_when_the_facts_change_under_it() -> None:
    clock = Clock()
    ahead = clock.ahead()
    ahead.note("second", lambda: clock.asked.append("second"))

    def change() -> None:
        clock.version += 1

    ahead.note("first", change)
    clock.version = 2
    assert ahead.catch_up() == 1
    assert clock.asked == []


def test_an_answer_is_there_before_it_is_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real house: after a change, the same question is answered from memory."""
    question = Question(("spend_usd",), dt.date(2026, 11, 1), dt.date(2026, 11, 2))
    ahead = Ahead(house.facts_version)
    house.ask(question)
    ahead.note(question, lambda: house.ask(question))
    with house.warehouse.transaction() as cursor:
        cursor.execute("update data_version set version = version + 1")
    assert ahead.catch_up() == 1
    monkeypatch.setattr("steelyard.metrics.pipeline.answer", None)  # nothing is computed now
    assert house.ask(question).question == question
