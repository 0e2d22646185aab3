"""Who looked at whom is noted, once, without what people see of themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from tests.app.bodies import week

from steelyard.app.house import House
from steelyard.app.looking import Looking
from steelyard.metrics import Question
from steelyard.state.looks import Looks
from steelyard.web.viewer import Viewer, current

ADA = Viewer("manager", "Ada", "acc_1", "p0@acme.example")


@contextmanager
def seen_by(viewer: Viewer) -> Iterator[None]:
    token = current.set(viewer)
    try:
        yield
    finally:
        current.reset(token)


def test_looks_at_others_are_written_once(house: House) -> None:
    house.inbox.put(week())
    house.settle()
    looking = Looking(lambda: house.state)
    by_person = house.ask(Question(("tokens", "spend_usd"), by=("person",)))
    with seen_by(ADA):
        looking.answered(by_person)
        looking.answered(by_person)
        looking.answered(house.ask(Question(("tokens",))))
        looking.answered(house.ask(Question(("tokens",), where={"person": ("p0@acme.example",)})))
    looking.write()
    (look,) = Looks(house.state).latest()
    assert (look.viewer, look.role, look.account) == ("Ada", "manager", "acc_1")
    assert (look.person, look.what, look.people) == ("p1@acme.example", "tokens, spend_usd", 1)
    assert Looks(house.state).latest("p0@acme.example") == ()


def test_old_looks_go(house: House) -> None:
    looking = Looking(lambda: house.state)
    with seen_by(ADA):
        looking.note(["p1@acme.example"], "tokens")
    looking.write()
    looks = Looks(house.state)
    looks.drop_before(dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
    assert len(looks.latest()) == 1
    looks.drop_before(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert looks.latest() == ()
