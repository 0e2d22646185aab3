"""A session's calls in their order: contexts as they were, copies once, long sessions bounded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.ledger.world import MINUTE, Session, World, at

from steelyard.metrics.session_course import MOST_POINTS, Call, session_course
from steelyard.metrics.session_rows import SessionTerms
from steelyard.metrics.sight import NotShown, Sight

NOON = at("2026-10-05 12:00")
ADA, BO = Session("s1"), Session("s2", email="bo@acme.example", install_id="install-2")
OWN = Sight(persons=frozenset({"ada@acme.example"}), own="ada@acme.example")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    found = World()
    yield found
    found.warehouse.close()


def course(
    world: World, session: str = "s1", sight: Sight | None = None, **where: tuple[str, ...]
) -> tuple[Call, ...]:
    terms = SessionTerms(NOON.date(), NOON.date(), {"session": (session,), **where})
    return session_course(world.warehouse, terms, *([sight] if sight else []))


@pytest.fixture(scope="module", autouse=True)
def told(world: World) -> None:
    small = {"input": 10, "cacheRead": 90}
    calls = [
        ADA.call(NOON, tokens=small, query_source="main"),
        ADA.call(NOON + MINUTE, tokens={"input": 5}, query_source="subagent"),
        ADA.call(
            NOON + 2 * MINUTE, tokens={"input": 10, "cacheCreation": 300}, query_source="main"
        ),
        ADA.event("api_error", NOON + 3 * MINUTE),
        ADA.call(NOON + 13 * 60 * MINUTE, tokens={"input": 7}, query_source="main"),
    ]
    world.tell(*calls, calls[0], BO.call(NOON))
    long = Session("long")
    world.tell([long.call(NOON + n * MINUTE / 60, tokens={"input": n + 1}) for n in range(999)])


def test_calls_are_in_their_order_with_their_contexts(world: World) -> None:
    found = course(world)
    assert [(each.source, each.context_tokens, each.calls) for each in found] == [
        ("main", 100, 1),
        ("subagent", 5, 1),
        ("main", 310, 1),
        ("main", 7, 1),  # after midnight: a session belongs to the day it began
    ]
    assert found[0].time == NOON.replace(tzinfo=None)
    assert found[3].time.date() == NOON.date() + dt.timedelta(days=1)


def test_a_long_session_is_bounded_and_keeps_its_largest(world: World) -> None:
    found = course(world, "long")
    assert len(found) == MOST_POINTS
    assert sum(each.calls for each in found) == 999
    assert max(each.context_tokens for each in found) == 999
    assert [each.time for each in found] == sorted(each.time for each in found)


def test_only_who_may_see_the_session_sees_its_course(world: World) -> None:
    assert len(course(world, sight=OWN)) == 4
    assert course(world, "s2", OWN) == ()
    assert course(world, person=("bo@acme.example",)) == ()
    with pytest.raises(NotShown):
        course(world, sight=Sight())


def test_without_times_nothing_is_said(world: World) -> None:
    with world.warehouse.transaction() as cursor:
        cursor.execute("update requests set time = null where session = 's2'")
    assert course(world, "s2") == ()
