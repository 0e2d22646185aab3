"""`steelyard account`: made, listed, changed, shut out; passwords by stdin, environment or link."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.signing import QUICK

from steelyard.state import accounts as state_accounts
from steelyard.state.accounts import Accounts
from steelyard.state.database import open_state

from .conftest import Run

PASSWORD = "correct horse battery staple"


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    """What the commands left in the data folder."""
    monkeypatch.setattr(state_accounts, "Passwords", lambda: QUICK)
    (tmp_path / "data").mkdir()
    state = open_state(tmp_path / "data" / "state.db")
    yield Accounts(state, passwords=QUICK)
    state.close()


def test_an_invitation_is_printed_and_works(run: Run, accounts: Accounts) -> None:
    done = run("account", "create", "Ada@acme.example", "--role", "admin", "--name", "Ada")
    assert done.code == 0
    link = re.fullmatch(r"http://127\.0\.0\.1:8480/invitation\?code=([\w-]+)\n", done.out)
    assert link is not None
    account = accounts.accept(link[1], PASSWORD)
    assert account is not None
    assert (account.email, account.role, account.state) == ("ada@acme.example", "admin", "active")


def test_a_password_by_stdin(run: Run, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    done = run("account", "create", "ada@acme.example", "--password-stdin", "--format", "json")
    assert json.loads(done.out)["invitation"] is None
    assert PASSWORD not in done.out + done.err
    assert accounts.check("ada@acme.example", PASSWORD) is not None
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run("account", "password", "ada@acme.example", "--password-stdin").code == 2


def test_a_password_by_environment(
    run: Run, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.create("ada@acme.example")
    monkeypatch.setenv("STEELYARD_PASSWORD", "short")
    refused = run("account", "password", "ada@acme.example")
    assert refused.code == 2
    assert "12 to 256 characters" in refused.err
    monkeypatch.setenv("STEELYARD_PASSWORD", PASSWORD)
    assert run("account", "password", "ada@acme.example").code == 0
    assert accounts.check("ada@acme.example", PASSWORD) is not None
    assert "STEELYARD_PASSWORD" not in run("config", "validate").err


def test_no_password_is_a_flag(run: Run) -> None:
    assert run("account", "create", "ada@acme.example", "--password", PASSWORD).code == 2


def test_too_short_a_password_makes_no_account(
    run: Run, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_PASSWORD", "short")
    assert run("account", "create", "ada@acme.example").code == 2
    assert accounts.list() == []


def test_roles_are_changed_and_somebody_stays_admin(run: Run, accounts: Accounts) -> None:
    made = accounts.create("ada@acme.example", role="admin")
    accounts.set_password(made.id, PASSWORD)
    refused = run("account", "role", "ada@acme.example", "member")
    assert refused.code == 2
    assert "last account that administers" in refused.err
    assert run("account", "disable", "ada@acme.example").code == 2
    accounts.create("bo@acme.example")
    done = run("account", "role", "bo@acme.example", "manager", "--person", "bo")
    assert done.code == 0
    assert (accounts.find("bo@acme.example").role, accounts.find("bo@acme.example").person) == (
        "manager",
        "bo",
    )
    wrong = run("account", "role", "bo@acme.example", "managr")
    assert "Did you mean manager?" in wrong.err
    unknown = run("account", "role", "boo@acme.example", "member")
    assert "Did you mean bo@acme.example" in unknown.err


def test_shut_out_and_let_in_again(run: Run, accounts: Accounts) -> None:
    made = accounts.create("bo@acme.example")
    accounts.set_password(made.id, PASSWORD)
    run("account", "disable", "bo@acme.example")
    assert accounts.check("bo@acme.example", PASSWORD) is None
    listed = json.loads(run("account", "list", "--format", "json").out)
    assert listed[0]["disabled"] is not None
    assert "disabled" in run("account", "list").out
    run("account", "disable", "bo@acme.example", "--undo")
    assert accounts.check("bo@acme.example", PASSWORD) is not None
