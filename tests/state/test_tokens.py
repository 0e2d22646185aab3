from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steelyard.errors import BadValue, ConfigError, NewerData, StoreError, UnknownName
from steelyard.state.database import State, open_state
from steelyard.state.tokens import Tokens, hash_secret

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(state: State, clock: Clock) -> Tokens:
    return Tokens(state, clock)


def test_a_secret_opens_what_its_scopes_say(tokens: Tokens) -> None:
    identifier, secret = tokens.create("laptops", ["ingest"])
    assert secret.startswith("sty_") and len(secret) >= 47, "256 random bits"
    token = tokens.verify(secret, "ingest")
    assert token is not None and (token.id, token.name) == (identifier, "laptops")
    assert tokens.verify(secret, "read") is None
    assert tokens.verify(secret + "x", "ingest") is None
    assert tokens.verify("", "ingest") is None


def test_admin_may_do_everything(tokens: Tokens) -> None:
    _, secret = tokens.create("root", ["admin"])
    assert all(tokens.verify(secret, scope) for scope in ("ingest", "read", "admin"))


def test_the_secret_is_stored_nowhere(tmp_path: Path) -> None:
    tokens = Tokens(open_state(tmp_path / "state.db"))
    _, secret = tokens.create("laptops")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert secret.encode() not in stored and hash_secret(secret).encode() in stored
    assert secret not in repr(tokens.list())
    assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}


def test_tokens_expire(tokens: Tokens, clock: Clock) -> None:
    _, secret = tokens.create("brief", expires=NOON + timedelta(hours=1))
    assert tokens.verify(secret, "ingest") and tokens.any_valid("ingest")
    clock.now = NOON + timedelta(hours=1)
    assert tokens.verify(secret, "ingest") is None
    assert not tokens.any_valid("ingest")


def test_revoked_tokens_stay_listed_with_the_first_time(tokens: Tokens, clock: Clock) -> None:
    identifier, secret = tokens.create("lost laptop")
    assert tokens.revoke(identifier)
    clock.now = NOON + timedelta(days=1)
    assert tokens.revoke(identifier)
    assert tokens.verify(secret, "ingest") is None
    assert [token.revoked for token in tokens.list()] == [NOON]
    assert not tokens.revoke("tok_unknown")


def test_the_day_of_use_is_noted(tokens: Tokens, clock: Clock) -> None:
    _, secret = tokens.create("laptops")
    assert tokens.list()[0].last_used is None
    tokens.verify(secret, "ingest")
    assert tokens.list()[0].last_used == NOON.date()
    clock.now = NOON + timedelta(days=3)
    tokens.verify(secret, "ingest")
    assert tokens.list()[0].last_used == (NOON + timedelta(days=3)).date()


def test_what_makes_no_token(tokens: Tokens) -> None:
    with pytest.raises(UnknownName, match="injest"):
        tokens.create("x", ["injest"])
    with pytest.raises(BadValue, match="name"):
        tokens.create("  ")
    with pytest.raises(BadValue, match="scope"):
        tokens.create("x", [])
    with pytest.raises(BadValue, match="past"):
        tokens.create("x", expires=NOON)


def test_tokens_survive_reopening(state_url: str) -> None:
    state = open_state(state_url)
    _, secret = Tokens(state).create("laptops")
    state.close()
    assert Tokens(open_state(state_url)).verify(secret, "ingest")


def test_processes_that_start_at_once_migrate_once(state_url: str) -> None:
    script = (
        "import sys; from steelyard.state.database import State, open_state;"
        "from steelyard.state.tokens import Tokens;"
        "Tokens(open_state(sys.argv[1])).create('x')"
    )
    runs = [subprocess.Popen([sys.executable, "-c", script, state_url]) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0] * 4
    assert len(Tokens(open_state(state_url)).list()) == 4


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    open_state(tmp_path / "state.db").close()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(NewerData, match="9999"):
        open_state(tmp_path / "state.db")


def test_what_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"state\.db"):
        open_state(tmp_path / "no" / "folder" / "state.db")
    with pytest.raises(ConfigError, match="URL"):
        open_state("://")
    with pytest.raises((ConfigError, StoreError)) as failed:
        open_state("postgresql://steelyard:hunter2@127.0.0.1:1/steelyard")
    assert "hunter2" not in str(failed.value) + failed.value.hint


def test_a_secret_made_elsewhere_is_taken_once_and_must_not_be_guessed(tokens: Tokens) -> None:
    secret = "sty_0123456789abcdef0123456789abcdef"
    first = tokens.create("collector", secret=secret)
    assert tokens.create("collector", secret=secret) == first
    assert len(tokens.list()) == 1 and tokens.verify(secret, "ingest")
    tokens.revoke(first[0])
    assert tokens.create("collector", secret=secret) == first
    assert tokens.verify(secret, "ingest") is None, "who was shut out stays so"
    for weak in ("sty_short", "0123456789abcdef" * 4, "sty_" + "a" * 64):
        with pytest.raises(BadValue, match="random"):
            tokens.create("collector", secret=weak)
