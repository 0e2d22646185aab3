from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.sources.passes import NOW, Pass, Waits, interrupted, read
from tests.standins.pagerduty import PagerDutyWorld, service, user
from tests.standins.server import Answer, StandIn, serving

from steelyard.errors import BadValue, SourceChanged, SourceDenied, SourceLimited
from steelyard.model import Account, Incident
from steelyard.sources.network import Network
from steelyard.sources.pagerduty.source import PagerDuty, PagerDutyOptions

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def world() -> PagerDutyWorld:
    """A year with 130 incidents, a few of them at the same second, two still open."""
    made = PagerDutyWorld(
        users=[user(f"PU{n}", f"Person {n}", f"p{n}@acme.example") for n in range(130)],
        services=[service("SCHECK", "Checkout"), service("SPAY", "Pay")],
    )
    for n in range(130):
        at = NOW - 360 * DAY + (n // 3) * 8 * DAY
        made.trigger(f"Q{n}", at, "Pay" if n % 2 else "Checkout")
        if n % 5:
            made.acknowledge(f"Q{n}", at + 5 * MINUTE, "PU7")
        if n not in (4, 110):
            made.resolve(f"Q{n}", at + 60 * MINUTE, "PU9" if n % 2 else "")
    return made


@pytest.fixture
def stand_in(world: PagerDutyWorld) -> Iterator[StandIn]:
    with serving(world) as running:
        yield running


def opened(stand_in: StandIn, network: Network | None = None, **options: object) -> PagerDuty:
    said = {"token": "key", "base_url": stand_in.url, **options}
    return PagerDuty(PagerDutyOptions.model_validate(said), network or Waits().network)


def test_a_year_of_incidents_comes_once_each(stand_in: StandIn) -> None:
    done = read(opened(stand_in), "incidents")
    assert len(done.pages) > 4
    assert len(done.of("incidents")) == 130
    assert {record.kind for record in done.records} == {Incident.kind}


def test_an_incident_has_its_times_people_and_repository(stand_in: StandIn) -> None:
    shop = {"repositories": "checkout = github.com/Acme/Shop, SPAY=gitlab.com/acme/pay"}
    found = read(opened(stand_in, **shop), "incidents").of("incidents")
    began = NOW - 360 * DAY
    assert found["Q1"] == Incident(
        key="Q1",
        service="Pay",
        repo="gitlab.com/acme/pay",
        severity="P2",
        status="resolved",
        created_at=began,
        acknowledged_at=began + 5 * MINUTE,
        resolved_at=began + 60 * MINUTE,
        responders=("pagerduty:pu7", "pagerduty:pu9"),
    )
    unseen, still = found["Q0"], found["Q4"]
    assert isinstance(unseen, Incident)
    assert isinstance(still, Incident)
    assert (unseen.repo, unseen.acknowledged_at, unseen.responders) == (
        "github.com/acme/shop",
        None,
        (),
    )
    assert (still.status, still.resolved_at) == ("acknowledged", None)


def test_no_title_leaves_the_source(stand_in: StandIn) -> None:
    assert "secret" not in repr(read(opened(stand_in), "incidents").records)


def test_users_are_accounts_with_addresses(stand_in: StandIn) -> None:
    done = read(opened(stand_in), "users")
    assert len(done.of("accounts")) == 130
    assert done.cursor == ""
    who = "pagerduty:pu7"
    ada = Account(key=who, account=who, email="p7@acme.example", name="Person 7")
    assert done.told["accounts", who] == ada


@pytest.mark.parametrize("stream", ["incidents", "users"])
def test_interrupted_after_any_page_nothing_is_lost(stand_in: StandIn, stream: str) -> None:
    whole = read(opened(stand_in), stream)
    passes = interrupted(lambda: opened(stand_in), stream)
    assert len(passes) == len(whole.pages) - 1 > 0
    for done in passes:
        assert done.told == whole.told


def test_the_next_pass_reads_what_is_new_and_what_was_open(
    stand_in: StandIn, world: PagerDutyWorld
) -> None:
    first = read(opened(stand_in), "incidents")
    world.resolve("Q4", NOW + 10 * MINUTE, "PU3")  # created almost a year ago
    world.trigger("QNEW", NOW + 20 * MINUTE)
    second = read(opened(stand_in), "incidents", first.cursor, NOW + 60 * MINUTE)
    assert set(second.of("incidents")) >= {"Q4", "QNEW"}
    assert len(second.of("incidents")) < 10
    assert resolved(second, "Q4") == NOW + 10 * MINUTE
    third = read(opened(stand_in), "incidents", second.cursor, NOW + 120 * MINUTE)
    assert set(third.of("incidents")) == {"QNEW"}


def test_an_open_incident_is_read_again_after_each_interruption(
    stand_in: StandIn, world: PagerDutyWorld
) -> None:
    first = read(opened(stand_in), "incidents")
    for n in range(120):
        world.trigger(f"QX{n}", NOW + MINUTE)
    second = read(opened(stand_in), "incidents", first.cursor, NOW + 5 * MINUTE)
    for n in range(120):
        world.resolve(f"QX{n}", NOW + 10 * MINUTE)
    later = NOW + 2 * DAY
    briefly = lambda: opened(stand_in, log=False)  # noqa: E731
    whole = read(briefly(), "incidents", second.cursor, later)
    passes = interrupted(briefly, "incidents", second.cursor, later)
    assert len(passes) >= 2
    for done in [whole, *passes]:
        assert all(resolved(done, f"QX{n}") == NOW + 10 * MINUTE for n in range(120))


def test_an_incident_resolved_while_the_backfill_runs_is_not_forgotten(
    stand_in: StandIn, world: PagerDutyWorld
) -> None:
    done = Pass()
    for page in opened(stand_in).incidents(None, NOW):
        done.take(page)
        if ("incidents", "Q4") in done.told and resolved(done, "Q4") is None:
            world.resolve("Q4", NOW)
    assert resolved(done, "Q4") is None
    after = read(opened(stand_in), "incidents", done.cursor, NOW + DAY)
    assert resolved(after, "Q4") == NOW


def test_an_open_incident_that_vanished_is_said_and_forgotten(
    stand_in: StandIn, world: PagerDutyWorld
) -> None:
    first = read(opened(stand_in), "incidents")
    world.remove("Q4")
    second = read(opened(stand_in), "incidents", first.cursor, NOW + DAY)
    assert second.notes == ["The open incident Q4 is not there any more."]
    assert not read(opened(stand_in), "incidents", second.cursor, NOW + 2 * DAY).notes


def test_more_than_ten_thousand_incidents_in_a_slice(
    stand_in: StandIn, world: PagerDutyWorld
) -> None:
    for n in range(10_250):
        world.trigger(f"QM{n}", NOW - DAY + (n // 50) * MINUTE)
    done = read(opened(stand_in, log=False, since=(NOW - 2 * DAY).date()), "incidents")
    assert len([key for key in done.of("incidents") if key.startswith("QM")]) == 10_250


def test_without_resolved_at_the_log_says_when(stand_in: StandIn, world: PagerDutyWorld) -> None:
    world.tells_resolved_at = False
    assert resolved(read(opened(stand_in), "incidents"), "Q1") == NOW - 360 * DAY + 60 * MINUTE
    bare = read(opened(stand_in, log=False), "incidents")
    assert resolved(bare, "Q1") == NOW - 360 * DAY + 60 * MINUTE


@pytest.mark.parametrize("hours", [-7, 7])
def test_a_clock_that_is_off_loses_nothing(
    stand_in: StandIn, world: PagerDutyWorld, hours: int
) -> None:
    off = dt.timedelta(hours=hours)
    first = read(opened(stand_in), "incidents", now=NOW)
    world.trigger("QA", NOW + off)
    second = read(opened(stand_in), "incidents", first.cursor, NOW + MINUTE)
    world.trigger("QB", NOW + off + 2 * MINUTE)
    third = read(opened(stand_in), "incidents", second.cursor, NOW + 3 * MINUTE)
    assert "QA" in second.of("incidents")
    assert "QB" in third.of("incidents")


@pytest.mark.parametrize("since", [None, (NOW - 89 * DAY).date()])
def test_an_account_without_incidents_yet_gets_its_first(
    stand_in: StandIn, world: PagerDutyWorld, since: dt.date | None
) -> None:
    """Also when the last slice began in the hours that are asked for ahead of time."""
    world.incidents.clear()
    first = read(opened(stand_in, since=since), "incidents")
    world.trigger("QA", NOW + MINUTE)
    second = read(opened(stand_in), "incidents", first.cursor, NOW + 5 * MINUTE)
    assert set(second.of("incidents")) == {"QA"}


def test_a_limit_is_waited_out_as_asked(stand_in: StandIn) -> None:
    waits = Waits()
    limit = {"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": "17"}
    stand_in.trouble += [
        Answer({"error": {"message": "Rate Limit Exceeded", "code": 2020}}, 429, limit),
        Answer({}, 429, {"retry-after": "3"}),
        Answer(status=502),
    ]
    assert len(read(opened(stand_in, waits.network), "users").of("accounts")) == 130
    assert waits.seconds[:2] == [18.0, 3.0]


def test_a_limit_that_does_not_end_is_said(stand_in: StandIn) -> None:
    stand_in.trouble += [Answer({}, 429, {"retry-after": "5"})] * 4
    with pytest.raises(SourceLimited, match="limits our requests"):
        read(opened(stand_in), "users")


def test_a_connection_cut_in_the_middle_is_tried_again(stand_in: StandIn) -> None:
    whole = read(opened(stand_in), "incidents")
    stand_in.trouble += [Answer({"incidents": [], "more": False}, cut=True)]
    assert read(opened(stand_in), "incidents").told == whole.told


def test_a_missing_field_is_named(stand_in: StandIn, world: PagerDutyWorld) -> None:
    del world._incident("Q3")["created_at"]  # type: ignore[union-attr]
    rows = [row for row in world.incidents if row["id"] == "Q3"]
    stand_in.trouble += [Answer({"incidents": rows, "more": False})]
    with pytest.raises(SourceChanged, match=r"PagerDuty's incident Q3 has no `created_at`"):
        read(opened(stand_in), "incidents")


def test_fields_nobody_knows_do_no_harm(stand_in: StandIn, world: PagerDutyWorld) -> None:
    whole = read(opened(stand_in), "incidents")
    for row in world.incidents:
        row["brand_new"] = {"a": [1]}
    assert read(opened(stand_in), "incidents").told == whole.told


def test_check_is_content_with_a_key(stand_in: StandIn) -> None:
    found = list(opened(stand_in, repositories="Checkout=github.com/a/b").check())
    assert [(check.what, check.ok) for check in found] == [
        ("incidents", True),
        ("users", True),
        ("repositories", True),
    ]


def test_check_names_what_is_wrong(stand_in: StandIn, world: PagerDutyWorld) -> None:
    world.tokens["pdus+x"] = {"users.read"}
    (token,) = opened(stand_in, token="old").check()
    assert (token.what, token.ok) == ("token", False)
    assert "expired" in token.hint
    first, second = opened(stand_in, token="pdus+x").check()
    assert (first.ok, first.hint) == (False, "A scoped OAuth token needs incidents.read.")
    assert second.ok
    *_, last = opened(stand_in, repositories="Chekout=github.com/a/b").check()
    assert (last.ok, last.detail) == (False, "There is no service called chekout.")


def test_a_revoked_key_stops_the_stream(stand_in: StandIn, world: PagerDutyWorld) -> None:
    world.keys.clear()
    with pytest.raises(SourceDenied, match="does not accept the token"):
        read(opened(stand_in), "incidents")


def test_a_service_without_a_repository_is_refused() -> None:
    with pytest.raises(BadValue, match="'Pay' has no repository"):
        PagerDuty(PagerDutyOptions.model_validate({"token": "x", "repositories": "Pay"}), Network())


def resolved(done: Pass, key: str) -> dt.datetime | None:
    found = done.told["incidents", key]
    assert isinstance(found, Incident)
    return found.resolved_at
