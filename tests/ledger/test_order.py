"""The order in which records arrive, how often, and in which batches can make no difference."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ledger.world import DAY, MINUTE, Record, Session, World, at
from tests.warehouse.opened import examples

START = at("2026-10-05 00:00")  # a Monday
SESSIONS = (
    Session("s1"),
    Session("s2", email="", install_id="laptop"),
    Session("s3", email="bob@acme.example", install_id="laptop"),
    Session("c1", email="", assistant="codex", account_id="user-7"),
    Session("", email="", install_id="", assistant="codex"),
)
MODELS = ("claude-opus-5-5", "claude-haiku-5-5", "house-model")

# Minutes of three days and of a day four weeks later, thick around midnight.
times = st.one_of(
    st.integers(0, 3 * 1440 - 1),
    st.sampled_from([1439, 1440, 1441, 2879, 2880, 2881]),
    st.integers(28 * 1440, 29 * 1440),
).map(lambda minute: START + minute * MINUTE)
sessions = st.sampled_from(SESSIONS)
models = st.sampled_from(MODELS)
counts = st.integers(1, 200_000)


@st.composite
def calls(draw: st.DrawFn) -> list[Record]:
    who = draw(sessions.filter(lambda s: s.id))
    tokens = {"input": draw(counts), "output": draw(counts), "cacheCreation": draw(counts)}
    witness = draw(st.sampled_from(("events", "transcripts")))
    hour = draw(st.sampled_from((None, 1)))
    more = {"cache_creation_1h_tokens": hour, "cost_nanos": draw(counts), "duration_ms": 900.0}
    return [who.call(draw(times), draw(models), witness=witness, tokens=tokens, **more)]


@st.composite
def points(draw: st.DrawFn) -> list[Record]:
    kinds = {"input": draw(counts), "output": draw(counts)}
    return draw(sessions).used(draw(times), kinds, draw(models))


@st.composite
def running_totals(draw: st.DrawFn) -> list[Record]:
    """A cumulative series: several points, perhaps with a restart of the counter."""
    who, model, start = draw(sessions), draw(models), draw(times)
    gaps = draw(st.lists(st.integers(1, 1500), min_size=1, max_size=4))
    values = draw(st.lists(counts, min_size=len(gaps), max_size=len(gaps)))
    found, time = [], start
    for gap, value in zip(gaps, values, strict=True):
        time += gap * MINUTE
        more = {"temporality": "cumulative", "start": start}
        found += who.used(time, {"output": value}, model, **more)
    return found


@st.composite
def other_events(draw: st.DrawFn) -> list[Record]:
    who, time = draw(sessions.filter(lambda s: s.id)), draw(times)
    prompt = who.event("user_prompt", time, chars=draw(st.integers(1, 60)))
    verdict = draw(st.sampled_from(("accept", "reject")))
    said = {"tool": "Edit", "decision": verdict, "source": "user_temporary"}
    counted = who.point("edit_decisions", time + MINUTE, 1.0, language="Python", **said)
    commits = who.point("commits", time + MINUTE, float(draw(st.integers(0, 2))))
    return [prompt, who.event("tool_decision", time, **said), counted, commits]


histories = st.lists(
    st.one_of(calls(), points(), running_totals(), other_events()), min_size=1, max_size=8
).map(lambda parts: [record for part in parts for record in part])
quietly = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@quietly
@given(data=st.data(), history=histories)
def test_any_order_duplication_and_batching_gives_the_same_facts(
    shared_world: World, data: st.DataObject, history: list[Record]
) -> None:
    world = shared_world
    world.forget()
    at_once = world.tell(*history).facts()
    again = data.draw(st.lists(st.sampled_from(history), max_size=4))
    shuffled = data.draw(st.permutations(history + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    world.forget()
    for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        world.tell(*shuffled[start:end])
    assert world.facts() == at_once


@quietly
@given(history=histories)
def test_building_every_day_again_changes_nothing(
    shared_world: World, history: list[Record]
) -> None:
    world = shared_world
    world.forget()
    before = world.tell(*history).facts()
    days = world.rows("select day from events union select day from points")
    with world.warehouse.transaction() as cursor:
        cursor.executemany("insert into dirty_days values (?)", days)
    assert world.refresh() >= 1
    assert world.facts() == before


@quietly
@given(history=histories)
def test_the_parts_sum_to_the_whole(shared_world: World, history: list[Record]) -> None:
    world = shared_world
    world.forget()
    world.tell(*history)
    for by in ("day", "person", "model", "session", "token_type", "witness", "assistant"):
        assert sum(world.tokens(by).values()) == world.total()
    per_day = world.one("select coalesce(sum(tokens), 0) from session_days where person <> ''")
    named = world.one("select coalesce(sum(tokens), 0) from usage where person <> ''")
    unnamed = world.one(
        "select coalesce(sum(tokens), 0) from session_days where person = '' and session <> ''"
    )
    loose = world.one(
        "select coalesce(sum(tokens), 0) from usage where person = '' and session = ''"
    )
    assert per_day == named
    assert named + unnamed + loose == world.total()
    assert world.one("select coalesce(sum(tokens), 0) from sessions") == world.one(
        "select coalesce(sum(tokens), 0) from session_days where worked and session <> ''"
    )


@quietly
@given(history=histories)
def test_no_witness_alone_says_more_than_the_ledger(
    shared_world: World, history: list[Record]
) -> None:
    world = shared_world
    world.forget()
    total = world.tell(*history).one(
        "select coalesce(sum(tokens), 0) from usage where session <> ''"
    )
    for witness in ("metrics", "events"):
        alone = [r for r in history if r[1]["witness"] == witness and r[1]["session"]]
        world.forget()
        assert world.tell(*alone).total() <= total


def test_a_late_record_makes_only_its_day_new(world: World) -> None:
    quiet = [Session(f"q{n}").call(START + n * DAY + dt.timedelta(hours=9)) for n in range(30)]
    nights = [
        Session(f"n{n}").call(START + n * DAY + m * MINUTE) for n in range(30) for m in (1439, 1441)
    ]
    world.tell(*quiet, *nights)
    world.add(Session("new").call(START + 15 * DAY + dt.timedelta(hours=12)))
    # its day, and the two days that sessions across its midnights share with it
    assert world.refresh() == 3
