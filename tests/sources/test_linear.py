from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, build_schema, parse, validate
from tests.sources.linear_schema import linear_schema
from tests.sources.passes import NOW, Pass, Waits, interrupted, read, stream_of
from tests.standins.linear import SCHEMA, LinearWorld, membership, refusal, states, user
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import SourceChanged, SourceDenied, SourceLimited
from steelyard.model import Account, Issue, Membership, Transition
from steelyard.sources.linear import queries
from steelyard.sources.linear.source import Linear, LinearOptions
from steelyard.sources.network import Network

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
STREAMS = ["users", "memberships", "issues"]


@pytest.fixture
def world() -> LinearWorld:
    """170 issues of two teams; many changed at the same moment, one of them often."""
    people = [user(f"U{n}", f"Person {n}", f"p{n}@acme.example") for n in range(110)]
    made = LinearWorld(states=states(), users=[*people, user("UB", "Bot", "b@x", app=True)])
    made.memberships = [
        membership(f"M{n}", "ENG" if n % 2 else "PAY", people[n], owner=not n) for n in range(105)
    ]
    for n in range(170):
        at = NOW - 300 * DAY + (n // 30) * 50 * DAY
        made.add(n, at, "ENG" if n % 2 else "PAY", assignee=people[n % 7], creator=people[0])
        if n % 3:
            made.move(n, "In Progress", at + DAY, "U3")
            made.move(n, "Done", at + 2 * DAY)
    for step in range(130):
        state = "In Review" if step % 2 else "In Progress"
        made.move(3, state, NOW - 100 * DAY + step * MINUTE, "U5")
    return made


@pytest.fixture
def stand_in(world: LinearWorld) -> Iterator[StandIn]:
    with serving(world) as running:
        yield running


def opened(stand_in: StandIn, network: Network | None = None, **options: object) -> Linear:
    said = {"token": "lin_api_key", "base_url": stand_in.url, **options}
    return Linear(LinearOptions.model_validate(said), network or Waits().network)


def test_queries_are_understood_by_linears_own_schema() -> None:
    schema = linear_schema()
    for query in queries.ALL:
        assert not validate(schema, parse(query))
    wrong = queries.VIEWER.replace("id", "identity")
    assert [error.message for error in validate(schema, parse(wrong))] == [
        "Cannot query field 'identity' on type 'User'."
    ]


def test_the_stand_in_serves_a_part_of_linears_own_schema() -> None:
    theirs, ours = linear_schema(), build_schema(SCHEMA)
    for name, kind in ours.type_map.items():
        if name.startswith("__") or not hasattr(kind, "fields"):
            continue
        there = theirs.type_map[name].fields  # type: ignore[attr-defined]
        for field, definition in kind.fields.items():
            assert str(there[field].type) == str(definition.type), (name, field)
            if isinstance(kind, GraphQLObjectType):
                arguments = {key: str(arg.type) for key, arg in there[field].args.items()}
                for key, argument in definition.args.items():
                    assert arguments[key] == str(argument.type), (name, field, key)


def test_every_query_stays_far_below_the_points_a_query_may_cost(
    stand_in: StandIn, world: LinearWorld
) -> None:
    for stream in STREAMS:
        read(opened(stand_in), stream)
    assert 1000 < max(world.points) < 2500


def test_issues_come_once_each_with_their_history(stand_in: StandIn) -> None:
    done = read(opened(stand_in), "issues")
    assert len(done.pages) == 5
    assert len(done.of("issues")) == 170
    assert len(done.of("transitions")) == 2 * (170 - 57) + 130
    assert len(done.records) == len(done.told)


def test_an_issue_has_its_times_people_and_estimate(stand_in: StandIn, world: LinearWorld) -> None:
    at = NOW - 300 * DAY
    world.row(1)["estimate"] = 3
    world.row(1).update({"parent": world.row(2), "labels": [{"id": "L1", "name": "Bug"}]})
    done = read(opened(stand_in), "issues")
    assert done.told["issues", "issue-0001"] == Issue(
        key="issue-0001",
        id="issue-0001",
        name="ENG-1",
        project="ENG",
        priority="High",
        status="Done",
        status_category="done",
        resolution="completed",
        reporter="linear:u0",
        assignee="linear:u1",
        created_at=at,
        started_at=at + DAY,
        resolved_at=at + 2 * DAY,
        updated_at=at + 2 * DAY,
        story_points=3.0,
        parent="issue-0002",
        team="Team ENG",
        labels=("Bug",),
    )
    assert done.told["transitions", "issue-0001-0"] == Transition(
        key="issue-0001-0",
        issue="issue-0001",
        from_status="Todo",
        to_status="In Progress",
        happened_at=at + DAY,
        actor="linear:u3",
    )


def test_cancelled_and_trashed_issues_are_not_completed(
    stand_in: StandIn, world: LinearWorld
) -> None:
    world.move(0, "Canceled", NOW - DAY)
    world.row(1).update({"trashed": True, "archivedAt": world.row(1)["updatedAt"]})
    world.move(6, "Backlog", NOW - DAY)
    found = read(opened(stand_in), "issues").of("issues")
    kept = {key: (i.status_category, i.resolution) for key, i in found.items() if _is(i)}
    assert kept["issue-0000"] == ("done", "canceled")
    assert kept["issue-0001"] == ("done", "trashed")
    assert kept["issue-0006"] == ("todo", "")


def test_no_title_leaves_the_source(stand_in: StandIn) -> None:
    assert "secret" not in repr(read(opened(stand_in), "issues").records).lower()


def test_users_and_teams(stand_in: StandIn) -> None:
    users = read(opened(stand_in), "users")
    assert len(users.of("accounts")) == 111
    ada = Account(key="linear:u1", account="linear:u1", email="p1@acme.example", name="Person 1")
    assert users.told["accounts", "linear:u1"] == ada
    bot = users.told["accounts", "linear:ub"]
    assert isinstance(bot, Account)
    assert bot.bot
    teams = read(opened(stand_in), "memberships")
    assert len(teams.of("memberships")) == 105
    first = Membership(key="M0", team="Team PAY", member="linear:u0", role="owner")
    assert teams.told["memberships", "M0"] == first
    assert (users.cursor, teams.cursor) == ("", "")
    assert stream_of(opened(stand_in), "memberships").snapshot


@pytest.mark.parametrize("stream", STREAMS)
def test_interrupted_after_any_page_nothing_is_lost(stand_in: StandIn, stream: str) -> None:
    whole = read(opened(stand_in), stream)
    passes = interrupted(lambda: opened(stand_in), stream)
    assert len(passes) == len(whole.pages) - 1 > 0
    for done in passes:
        assert done.told == whole.told


def test_the_next_pass_reads_what_changed(stand_in: StandIn, world: LinearWorld) -> None:
    first = read(opened(stand_in), "issues")
    world.move(9, "Done", NOW + MINUTE)
    world.add(500, NOW + MINUTE)
    second = read(opened(stand_in), "issues", first.cursor, NOW + DAY)
    assert {"issue-0009", "issue-0500"} <= set(second.of("issues"))
    assert len(second.pages) == 1
    third = read(opened(stand_in), "issues", second.cursor, NOW + 2 * DAY)
    assert set(third.of("issues")) == {"issue-0009", "issue-0500"}


def test_issues_that_change_while_they_are_read_are_not_lost(
    stand_in: StandIn, world: LinearWorld
) -> None:
    done = Pass()
    for count, page in enumerate(opened(stand_in).issues(None, NOW)):
        done.take(page)
        world.move(count, "Backlog", NOW + count * MINUTE)  # the oldest, not yet read
        world.move(160 + count, "Triage", NOW + count * MINUTE)  # read before
    later = read(opened(stand_in), "issues", done.cursor, NOW + DAY)
    told = {**done.told, **later.told}
    assert told == read(opened(stand_in), "issues").told


def test_an_issue_that_an_interrupted_pass_pointed_to_may_be_deleted(
    stand_in: StandIn, world: LinearWorld
) -> None:
    pages = opened(stand_in).issues(None, NOW)
    first = next(pages)
    last = [record.key for record in first.records if record.kind == "issues"][-1]
    world.remove(int(last.removeprefix("issue-")))
    done = read(opened(stand_in), "issues", first.cursor)
    assert len(done.of("issues")) == 169


def test_only_the_teams_asked_for(stand_in: StandIn) -> None:
    found = read(opened(stand_in, teams="pay"), "issues").of("issues")
    assert len(found) == 85
    assert {issue.project for issue in found.values() if _is(issue)} == {"PAY"}


def test_issues_from_a_day_on(stand_in: StandIn) -> None:
    day = (NOW - 120 * DAY).date()
    assert len(read(opened(stand_in, since=day), "issues").of("issues")) == 50 + 1


def test_the_cursor_goes_by_linears_clock(stand_in: StandIn, world: LinearWorld) -> None:
    for hours in (-5, 5):
        off = dt.timedelta(hours=hours)
        first = read(opened(stand_in), "issues")
        world.move(12, "Done", NOW + off)
        second = read(opened(stand_in), "issues", first.cursor, NOW + MINUTE)
        world.move(15, "Done", NOW + off + 2 * MINUTE)
        third = read(opened(stand_in), "issues", second.cursor, NOW + 3 * MINUTE)
        assert "issue-0012" in second.of("issues")
        assert "issue-0015" in third.of("issues")


def test_a_key_goes_bare_and_an_oauth_token_as_bearer(
    stand_in: StandIn, world: LinearWorld
) -> None:
    world.tokens["lin_oauth_x"] = set()
    assert read(opened(stand_in), "users").told
    assert read(opened(stand_in, token="lin_oauth_x"), "users").told
    said = {request.headers["authorization"] for request in stand_in.seen}
    assert said == {"lin_api_key", "Bearer lin_oauth_x"}


def test_limits_are_waited_out_as_asked(stand_in: StandIn) -> None:
    waits = Waits()
    soon = str(int((NOW.timestamp() + 30) * 1000))
    headers = {"x-ratelimit-complexity-remaining": "0", "x-ratelimit-complexity-reset": soon}
    said = "Rate limit exceeded"
    stand_in.trouble += [
        refusal("RATELIMITED", said, 400, headers),
        refusal("RATELIMITED", said, 400, {"retry-after": "7"}),
        Answer(status=503),
    ]
    assert len(read(opened(stand_in, waits.network), "users").of("accounts")) == 111
    assert waits.seconds[:2] == [31.0, 7.0]


def test_a_limit_that_does_not_end_is_said(stand_in: StandIn) -> None:
    stand_in.trouble += [refusal("RATELIMITED", "Rate limit exceeded")] * 4
    with pytest.raises(SourceLimited, match="limits our requests"):
        read(opened(stand_in), "users")


def test_a_connection_cut_in_the_middle_is_tried_again(stand_in: StandIn) -> None:
    whole = read(opened(stand_in), "issues")
    stand_in.trouble += [Answer({"data": {"workflowStates": {}}}, cut=True)]
    assert read(opened(stand_in), "issues").told == whole.told


def test_a_changed_shape_is_named(stand_in: StandIn) -> None:
    ends = {"hasNextPage": False, "endCursor": None}
    lost = {"issues": {"nodes": [{"id": "i1", "identifier": "ENG-1"}], "pageInfo": ends}}
    no_states = {"workflowStates": {"nodes": [], "pageInfo": ends}}
    stand_in.trouble += [Answer({"data": no_states}), Answer({"data": lost})]
    with pytest.raises(SourceChanged, match=r"Linear's issue ENG-1 has no `updatedAt`"):
        read(opened(stand_in), "issues")
    stand_in.trouble += [Answer({"data": {"users": {"nodes": []}}})]
    with pytest.raises(SourceChanged, match=r"answer about users has no `pageInfo`"):
        read(opened(stand_in), "users")


def test_fields_nobody_knows_do_no_harm(stand_in: StandIn) -> None:
    ends = {"hasNextPage": False, "endCursor": None, "new": 1}
    node = {"id": "U1", "name": "Ada", "email": "a@x", "app": False, "mood": {"good": True}}
    stand_in.trouble += [Answer({"data": {"users": {"nodes": [node], "pageInfo": ends}}})]
    assert list(read(opened(stand_in), "users").told) == [("accounts", "linear:u1")]


def test_a_query_that_linear_refuses_is_said(stand_in: StandIn) -> None:
    stand_in.trouble += [refusal("INPUT_ERROR", "Query too complex")]
    with pytest.raises(SourceChanged, match="does not understand our GraphQL: Query too complex"):
        read(opened(stand_in), "users")


def test_check(stand_in: StandIn, world: LinearWorld) -> None:
    assert all(check.ok for check in opened(stand_in).check())
    (token,) = opened(stand_in, token="lin_api_old").check()
    assert (token.ok, token.hint) == (
        False,
        "It is wrong, revoked or has expired: make a new one.",
    )
    world.tokens["lin_oauth_x"] = {"viewer", "issues", "users"}
    found = {check.what: check for check in opened(stand_in, token="lin_oauth_x").check()}
    assert [name for name, check in found.items() if not check.ok] == ["teamMemberships"]
    assert "`read`" in found["teamMemberships"].hint


def test_a_revoked_key_stops_the_stream(stand_in: StandIn, world: LinearWorld) -> None:
    world.keys.clear()
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(opened(stand_in), "issues")


def _is(issue: object) -> bool:
    assert isinstance(issue, Issue)
    return True
