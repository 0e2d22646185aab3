"""Whatever a vendor tells, in whatever order: facts are the same, and spend is no lower."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.world import DAY, MINUTE, Record, Session, World, at
from tests.warehouse.opened import examples

from steelyard.model import UsageDay

START = at("2026-10-05 00:00")
MODELS = ("claude-opus-5-5", "claude-haiku-4-5", "house-model")
PEOPLE = ("ada@acme.example", "bob@acme.example")
SESSIONS = (
    Session("s1"),
    Session("s2", email=PEOPLE[1]),
    Session("s3", email="", install_id="laptop"),
    Session("s4", email="", account_id="user_01"),
)
minutes = st.one_of(st.integers(0, 4 * 1440 - 1), st.sampled_from([1438, 1441, 2879, 2881, 4319]))
tokens = st.integers(1, 5000)
quietly = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def calls(draw: st.DrawFn) -> Record:
    time = START + draw(minutes) * MINUTE
    used = {"input": draw(tokens), "cacheCreation": draw(tokens)}
    return draw(st.sampled_from(SESSIONS)).call(time, draw(st.sampled_from(MODELS)), tokens=used)


@st.composite
def counts(draw: st.DrawFn) -> tuple[str, UsageDay]:
    day = (START + draw(st.integers(0, 3)) * DAY).date()
    actor = draw(
        st.sampled_from([f"email:{PEOPLE[0]}", f"email:{PEOPLE[1]}", "account:user_01", ""])
    )
    model = draw(st.sampled_from(MODELS))
    written, kept = draw(tokens), draw(st.none() | st.integers(0, 300))
    record = UsageDay(
        key=f"{day}{actor}{model}{draw(st.integers(0, 1))}",
        day=day,
        assistant="claude-code",
        provider="anthropic",
        actor=actor,
        api_key="" if actor else "ci",
        model=model,
        input_tokens=draw(tokens),
        cache_creation_tokens=written,
        cache_creation_1h_tokens=None if kept is None else min(kept, written),
    )
    return draw(st.sampled_from(["analytics", "report"])), record


histories = st.lists(calls(), min_size=1, max_size=6)
reports = st.lists(counts(), min_size=1, max_size=6, unique_by=lambda c: (c[0], c[1].key))


def totals(world: World) -> tuple[int, int]:
    return world.total(), world.nanos() or 0


@quietly
@given(data=st.data(), history=histories, report=reports)
def test_order_and_repetition_change_nothing(
    shared_world: World,
    data: st.DataObject,
    history: list[Record],
    report: list[tuple[str, UsageDay]],
) -> None:
    world = shared_world
    world.forget()
    for source, record in report:
        world.counted(record, source=source)
    at_once = world.tell(*history).facts()
    world.forget()
    steps = data.draw(st.permutations([*history, *report, report[0], history[0]]))
    for step in steps:
        if isinstance(step[1], UsageDay):
            world.counted(step[1], source=step[0])
        else:
            world.add(step)
        if data.draw(st.booleans()):
            world.refresh()
    world.refresh()
    assert world.facts() == at_once


@quietly
@given(history=histories, report=reports)
def test_a_vendors_count_never_lowers_spend_and_never_exceeds_what_was_told(
    shared_world: World, history: list[Record], report: list[tuple[str, UsageDay]]
) -> None:
    world = shared_world
    world.forget()
    alone = totals(world.tell(*history))
    sessions = world.tokens("session", "model", "token_type")
    for source, record in report:
        world.counted(record, source=source)
    world.refresh()
    both = totals(world)
    assert both[0] >= alone[0] and both[1] >= alone[1]
    assert sessions.items() <= world.tokens("session", "model", "token_type").items()
    told: dict[str, int] = {}
    for source, record in report:
        told[source] = told.get(source, 0) + (record.input_tokens or 0)
        told[source] += record.cache_creation_tokens or 0
    assert max(told.values()) <= both[0] <= alone[0] + sum(told.values())
