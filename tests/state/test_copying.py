"""A state moved from one database to the other and back is the same state, and goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from steelyard.errors import StoreError
from steelyard.state.accounts import Accounts
from steelyard.state.copying import copy_state
from steelyard.state.database import State, open_state
from steelyard.state.forgotten import ForgottenPeople
from steelyard.state.identities import Identities
from steelyard.state.leases import Lease, Leases
from steelyard.state.looks import Look, Looks
from steelyard.state.plans import Plans
from steelyard.state.sources import Sources, StreamState

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LOOK = Look(NOON, "a", "Ada", "admin", "p", "x", 1)


def fill(state: State) -> None:
    Accounts(state).create("ada@acme.example", "Ada Größe", "admin")
    Plans(state).save("pilot", "{}", date(2026, 11, 9), "ada")
    Identities(state).decide("git:a", "ada", False, "grace")
    ForgottenPeople(state).add([f"d{n}" for n in range(2500)], True)
    Looks(state).add([LOOK] * 3)
    Sources(state).add("git", "git", {"path": "/x"}, timedelta(hours=1))
    Sources(state).save("git", StreamState("commits", "c", records=2**40))
    Leases(state).take("job")


def content(state: State) -> dict[str, list[tuple[object, ...]]]:
    tables = ("accounts", "plans", "identity_decisions", "forgotten", "looks", "sources", "streams")
    with state.transaction() as connection:
        return {
            name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr)
            for name in tables
        }


def test_a_state_is_the_same_in_either_database(state: State, tmp_path: Path) -> None:
    fill(state)
    middle = open_state(tmp_path / "middle.db")
    rows = copy_state(state, middle)
    assert (rows["forgotten"], rows["looks"], rows["sign_ins"]) == (2500, 3, 0)
    plain = {
        name: [tuple(map(_number, row)) for row in found] for name, found in content(state).items()
    }
    assert content(middle) == plain
    with pytest.raises(StoreError, match="already"):
        copy_state(middle, state)
    assert len(content(state)["forgotten"]) == 2500
    Identities(state).decide("git:b", "bo", True, "grace")
    copy_state(middle, state, replace=True)
    assert [d.reference for d in Identities(state).decisions()] == ["git:a"]
    Looks(state).add([LOOK])
    assert len(Looks(state).latest()) == 4, "numbers of new rows follow those that were copied"
    assert Leases(state).take("job") is None and Leases(middle).take("job") == Lease("job", 1)


def _number(value: object) -> object:
    """SQLite keeps truth as a number."""
    return int(value) if isinstance(value, bool) else value
