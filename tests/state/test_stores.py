"""Everything that is kept, on both databases: what goes in comes out, also from many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Postgres
from tests.web.signing import PASSWORD, QUICK

from steelyard.errors import BadValue, SteelyardError
from steelyard.state.accounts import Accounts
from steelyard.state.database import State, open_state
from steelyard.state.forgotten import Copies, ForgottenPeople
from steelyard.state.identities import Identities
from steelyard.state.looks import Look, Looks
from steelyard.state.plans import Plans
from steelyard.state.sessions import Sessions
from steelyard.state.sources import Problem, Sources, StreamState
from steelyard.state.views import Views

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MOST_AT_ONCE = 8


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def at_once(work: Callable[[int], Any], times: int = MOST_AT_ONCE) -> list[Any]:
    """What each call gives, or the error of ours that it raises."""
    found: list[Any] = [None] * times
    ready = threading.Barrier(times)

    def one(n: int) -> None:
        ready.wait(10)
        try:
            found[n] = work(n)
        except SteelyardError as error:
            found[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_an_account_lives_from_invitation_to_the_end(state: State, clock: Clock) -> None:
    accounts = Accounts(state, clock, QUICK)
    made = accounts.create("Ada@Acme.example", "Ada Größe", "admin")
    assert accounts.get(made.id) == made and made.state == "invited"
    secret = accounts.invite(made.id)
    invited = accounts.invited(secret)
    assert invited is not None and invited.id == made.id
    assert (
        accounts.accept(secret, PASSWORD) is not None and accounts.accept(secret, "x" * 20) is None
    )
    found = accounts.check("ada@acme.example", PASSWORD)
    assert found is not None and found.state == "active"
    accounts.seen(found)
    accounts.link(made.id, "https://id.example", "ada-1")
    of_subject = accounts.of_subject("https://id.example", "ada-1")
    assert of_subject is not None and of_subject.last_seen == NOON.date() and of_subject.by_oidc
    with pytest.raises(BadValue, match="last account"):
        accounts.disable(made.id)
    with pytest.raises(BadValue, match="already"):
        accounts.create("ada@acme.example")
    other = accounts.create("bo@acme.example", role="admin")
    accounts.set_password(other.id, PASSWORD)
    accounts.disable(made.id)
    assert [a.state for a in accounts.list()] == ["disabled", "active"]
    clock.now += timedelta(days=8)
    assert accounts.invited(accounts.invite(other.id)) is not None


def test_of_two_admins_who_step_down_at_once_one_stays(state: State) -> None:
    accounts = Accounts(state, passwords=QUICK)
    both = [accounts.create(f"{name}@acme.example", role="admin") for name in ("ada", "bo")]
    for account in both:
        accounts.set_password(account.id, PASSWORD)
    found = at_once(lambda n: accounts.change(both[n].id, role="member"), 2)
    assert sorted(isinstance(each, BadValue) for each in found) == [False, True]
    assert accounts.any_admin()


def test_an_address_gets_one_account_however_many_ask_at_once(state: State) -> None:
    accounts = Accounts(state)
    found = at_once(lambda n: accounts.create("ada@acme.example", str(n)))
    assert sum(isinstance(each, BadValue) for each in found) == MOST_AT_ONCE - 1
    assert len(accounts.list()) == 1


def test_a_session_is_valid_on_every_node_and_ends_on_all(state_url: str, clock: Clock) -> None:
    here, there = (Sessions(open_state(state_url), clock) for _ in range(2))
    secret, other = here.open("acc_ada"), there.open("acc_ada")
    session = there.find(secret)
    assert session is not None and (session.account, session.opened) == ("acc_ada", NOON)
    clock.now += timedelta(days=2)
    assert here.find(secret) is not None
    clock.now += timedelta(days=2)
    assert there.find(secret) is not None, "seen on the other node two days ago"
    assert here.find(other) is None, "idle for four"
    assert there.close_all("acc_ada") == 2 and here.find(secret) is None
    here.close(here.open("acc_ada"))
    assert here.purge() == 0


def test_decisions_keep_their_order_and_proposals_their_numbers(state: State, clock: Clock) -> None:
    identities = Identities(state, clock)
    identities.decide("git:ada", "ada", True, "grace")
    clock.now += timedelta(minutes=1)
    identities.decide("git:ada", "bo", False, "grace")
    identities.decide("git:ada", "ada2", True, "grace")
    assert [(d.person, d.same) for d in identities.decisions()] == [("ada2", True), ("bo", False)]
    pairs = [(f"git:{n}", "ada") for n in range(MOST_AT_ONCE)]
    found = at_once(lambda n: identities.number(pairs[n:]))
    assert all(isinstance(each, dict) for each in found)
    numbers = identities.number(pairs)
    assert sorted(numbers.values()) == list(range(1, MOST_AT_ONCE + 1))
    assert all(each[pair] == numbers[pair] for each in found for pair in each)
    assert identities.proposal(numbers[pairs[0]]) == pairs[0]


def test_versions_of_a_plan_saved_at_once_all_stay(state: State) -> None:
    plans = Plans(state)
    at_once(lambda n: plans.save("pilot", f'{{"n":{n}}}', date(2026, 11, 9), str(n)))
    assert sorted(each.by for each in plans.versions("pilot")) == list(
        map(str, range(MOST_AT_ONCE))
    )
    plans.drop("pilot", "3")
    assert len(plans.versions("pilot")) == MOST_AT_ONCE - 1


def test_a_stream_comes_back_whole(state: State, clock: Clock) -> None:
    sources = Sources(state, clock)
    sources.add("git", "git", {"path": "/é"}, timedelta(hours=1))
    problem = Problem("denied", "No.", "Ask.", NOON)
    said = StreamState("commits", "c", NOON, NOON, NOON, 2**40, NOON, problem, ("a", "ü"))
    sources.save("git", said)
    known = sources.get("git")
    assert known.streams == (said,) and known.options == {"path": "/é"}
    sources.drop_stream("git", "commits")
    assert sources.get("git").streams == ()
    sources.remove("git")
    assert sources.list() == []


def test_reading_that_was_cut_off_goes_on_after_a_minute(state: State, clock: Clock) -> None:
    sources = Sources(state, clock)
    sources.add("git", "git", {}, timedelta(hours=1))
    assert sources.get("git").is_due(NOON)
    sources.save("git", StreamState("commits", started=NOON, pass_began=NOON))
    assert not sources.get("git").is_due(NOON + timedelta(seconds=59))
    assert sources.get("git").is_due(NOON + timedelta(seconds=60))
    for ended in (
        StreamState("commits", started=NOON, succeeded=NOON),
        StreamState("commits", started=NOON, pass_began=NOON, problem=Problem("a", "", "", NOON)),
    ):
        sources.save("git", ended)
        assert not sources.get("git").is_due(NOON + timedelta(minutes=59))
        assert sources.get("git").is_due(NOON + timedelta(hours=1))


def test_forgotten_people_copies_looks_and_views(state: State, clock: Clock) -> None:
    forgotten = ForgottenPeople(state, clock)
    forgotten.add(["d1", "d2"], True)
    forgotten.add(["d2"], False)
    assert forgotten.digests() == {"d1": True, "d2": False}
    copies = Copies(state, clock)
    copies.add("/b.tar", "backup")
    copies.add("/b.tar", "backup")
    assert [c.path for c in copies.since("2026-11-02")] == ["/b.tar"]
    assert copies.since("2026-11-03") == ()
    looks = Looks(state)
    for n in range(3):
        looks.add([Look(NOON + timedelta(days=n), "a", "Ada", "admin", f"p{n % 2}", "x", 1)])
    assert [look.person for look in looks.latest()] == ["p0", "p1", "p0"]
    assert len(looks.latest("p0")) == 2
    looks.drop_before(NOON + timedelta(days=1))
    assert len(looks.latest()) == 2
    views = Views(state, clock)
    views.save("acc", "Ärger", "/spend?team=core")
    views.save("acc", "Ärger", "/spend?person=ada")
    assert [view.address for view in views.list("acc")] == ["/spend?person=ada"]
    views.drop_about(["ADA"])
    assert views.list("acc") == ()
    state.checkpoint()


def test_text_that_a_database_refuses_is_a_bad_value_and_nothing_worse(state: State) -> None:
    accounts = Accounts(state, passwords=QUICK)
    try:
        assert accounts.check("ada\0@acme.example", PASSWORD) is None
    except BadValue as error:
        assert "NUL" in error.message


def test_what_was_deleted_leaves_the_tables_of_postgresql(postgres: Postgres) -> None:
    state, name = open_state(postgres.database()), "somebody@acme.example"
    looks = Looks(state)
    looks.add([Look(NOON, "a", "Ada", "admin", name, "x", 1)] * 50)
    postgres.sql("CHECKPOINT")
    assert _holds(postgres.folder / "data" / "base", name)
    looks.drop_before(NOON + timedelta(days=1))
    state.checkpoint()
    postgres.sql("CHECKPOINT")
    assert not _holds(postgres.folder / "data" / "base", name)


def _holds(folder: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())
