"""Signing in and out: accounts, invitations, sessions, guesses, and who may open what."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tests.web.conftest import HTML, text_of
from tests.web.signing import (
    PASSWORD,
    QUICK,
    SITE,
    Clock,
    account,
    browser_of,
    form_token,
    guarded_doorman,
    opened,
    sign_in,
    submit,
)
from tests.web.world import World

from steelyard.errors import TimedOut
from steelyard.state.accounts import Accounts
from steelyard.state.passwords import Passwords
from steelyard.web.api import status_json
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman
from steelyard.web.viewer import LOCAL, NOBODY, Viewer, current

SESSION = "__Host-steelyard_session"


def test_a_password_signs_in_and_a_wrong_one_does_not(app: FastAPI, doorman: Doorman) -> None:
    account(doorman)
    client = browser_of(app)
    for email, password in (
        ("ada@acme.example", "wrong horse battery staple"),
        ("eve@acme.example", PASSWORD),
        ("ada@acme.example", PASSWORD * 20),
    ):
        answer = sign_in(client, email, password)
        assert answer.status_code == 403
        assert "The e-mail address or the password is wrong." in answer.text
        assert SESSION not in answer.cookies
    answer = sign_in(client, "  ADA@acme.example ", next="/spend?by=team")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/spend?by=team"
    page = client.get("/definitions", headers=HTML)
    assert "Ada admin Sign out" in text_of(page.text)


def test_who_is_asked_for_makes_no_difference(app: FastAPI, doorman: Doorman) -> None:
    account(doorman)
    disabled = account(doorman, "member", "bo@acme.example")
    doorman.accounts.disable(disabled.id)
    invited = doorman.accounts.create("cai@acme.example")
    client = browser_of(app)
    token = form_token(client, "/sign-in")

    def told(email: str) -> str:
        form = {"email": email, "password": "wrong horse battery", "csrf": token}
        answer = client.post("/sign-in", data=form)
        assert answer.status_code == 403
        return answer.text

    said = {told(e) for e in ("ada@acme.example", disabled.email, invited.email, "x@y.example")}
    assert len(said) == 1


def test_an_unknown_account_costs_as_much_as_a_known_one(doorman: Doorman) -> None:
    """Every check is one Argon2 verification: counted, not timed."""

    class Counting(PasswordHasher):
        counted = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            self.counted += 1
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    account(doorman)
    assert doorman.state is not None
    accounts = Accounts(doorman.state, passwords=Passwords(hasher))
    for email, counted in (("ada@acme.example", 1), ("nobody@acme.example", 2)):
        assert accounts.check(email, "wrong") is None
        assert hasher.counted == counted


def test_a_session_is_new_at_every_sign_in(signed: TestClient, doorman: Doorman) -> None:
    old = signed.cookies[SESSION]
    sign_in(signed, "ada@acme.example")
    new = signed.cookies[SESSION]
    assert new != old
    assert doorman.sessions.find(old) is None
    assert doorman.sessions.find(new) is not None


def test_a_session_somebody_else_chose_is_none(app: FastAPI, doorman: Doorman) -> None:
    account(doorman)
    client = browser_of(app)
    client.cookies.set(SESSION, "chosen-by-eve", domain="steelyard.example", path="/")
    assert client.get("/spend", headers=HTML).status_code == 303
    sign_in(client, "ada@acme.example")
    assert "chosen-by-eve" not in client.cookies.values()
    assert doorman.sessions.find("chosen-by-eve") is None


def test_only_hashes_are_kept(signed: TestClient, doorman: Doorman, tmp_path: Path) -> None:
    code = doorman.accounts.invite(doorman.accounts.create("bo@acme.example").id)
    secrets = (signed.cookies[SESSION], PASSWORD, code)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert kept
    assert b"$argon2id$" in kept
    assert not [secret for secret in secrets if secret.encode() in kept]


def test_sessions_survive_a_restart(acme: World, tmp_path: Path) -> None:
    first = guarded_doorman(tmp_path)
    account(first)
    client = browser_of(create_app(acme, first))
    sign_in(client, "ada@acme.example")
    again = browser_of(create_app(acme, guarded_doorman(tmp_path)))
    again.cookies = client.cookies
    assert again.get("/spend", headers=HTML).status_code == 200


def test_signing_out_here_and_everywhere(app: FastAPI, signed: TestClient) -> None:
    other, third = browser_of(app), browser_of(app)
    for client in (other, third):
        sign_in(client, "ada@acme.example")
    gone = submit(other, "/sign-out", {})
    assert gone.headers["location"] == "/sign-in"
    assert other.get("/spend", headers=HTML).status_code == 303
    assert third.get("/spend", headers=HTML).status_code == 200
    submit(third, "/sign-out/everywhere", {})
    for client in (signed, third):
        assert client.get("/spend", headers=HTML).status_code == 303


@pytest.mark.parametrize("change", ["role", "person", "disable", "password"])
def test_whatever_changes_rights_ends_the_sessions(
    app: FastAPI, doorman: Doorman, change: str
) -> None:
    account(doorman)
    bo = account(doorman, "manager", "bo@acme.example")
    client = browser_of(app)
    sign_in(client, bo.email)
    assert client.get("/spend", headers=HTML).status_code == 200
    match change:
        case "role":
            doorman.accounts.change(bo.id, role="member")
        case "person":
            doorman.accounts.change(bo.id, person="somebody@acme.example")
        case "disable":
            doorman.accounts.disable(bo.id)
        case _:
            doorman.accounts.set_password(bo.id, PASSWORD + "!")
    assert client.get("/spend", headers=HTML).status_code == 303


def test_one_changes_ones_own_password(app: FastAPI, signed: TestClient) -> None:
    other = browser_of(app)
    sign_in(other, "ada@acme.example")
    before, new = signed.cookies[SESSION], "another horse battery staple"
    wrong = submit(signed, "/account/password", {"old": "not it at all", "new": new})
    assert wrong.status_code == 403
    short = submit(signed, "/account/password", {"old": PASSWORD, "new": "short"})
    assert short.status_code == 400
    assert "12 to 256 characters" in text_of(short.text)
    done = submit(signed, "/account/password", {"old": PASSWORD, "new": new})
    assert done.headers["location"] == "/account"
    assert signed.cookies[SESSION] != before
    assert signed.get("/spend", headers=HTML).status_code == 200
    assert other.get("/spend", headers=HTML).status_code == 303
    assert sign_in(other, "ada@acme.example").status_code == 403
    assert sign_in(other, "ada@acme.example", new).status_code == 303


def test_guesses_at_an_account_are_few(acme: World, tmp_path: Path) -> None:
    clock = Clock()
    doorman = guarded_doorman(tmp_path, clock=clock)
    account(doorman)
    client = browser_of(create_app(acme, doorman))

    def guess(email: str, password: str = "wrong horse battery") -> int:
        return sign_in(client, email, password).status_code

    for email in ("ada@acme.example", "nobody@acme.example"):
        assert [guess(email) for _ in range(8)] == [403] * 8
        assert guess(email) == 429
    assert guess(" ADA@acme.example", PASSWORD) == 429  # the right one does not help any more
    clock.now += dt.timedelta(minutes=16)
    assert guess("ada@acme.example", PASSWORD) == 303


def test_guesses_from_an_address_are_few(app: FastAPI, doorman: Doorman) -> None:
    account(doorman)
    client = browser_of(app)
    token = form_token(client, "/sign-in")
    codes = [
        client.post(
            "/sign-in", data={"email": f"{n}@x.example", "password": "wrong", "csrf": token}
        ).status_code
        for n in range(61)
    ]
    assert codes == [403] * 60 + [429]
    assert client.get("/invitation?code=guess").status_code == 429


def test_the_first_account(app: FastAPI, doorman: Doorman) -> None:
    client = browser_of(app)
    client.get(doorman.sign_in_path())
    form = {"email": "ada@acme.example", "name": "Ada", "password": "short"}
    refused = submit(client, "/first-account", form, "/first-account")
    assert refused.status_code == 400
    assert not doorman.has_admin()
    made = submit(client, "/first-account", form | {"password": PASSWORD}, "/first-account")
    assert made.status_code == 303
    assert doorman.has_admin()
    assert "Ada admin Sign out" in text_of(client.get("/definitions", headers=HTML).text)
    again = submit(client, "/first-account", form | {"password": PASSWORD}, "/first-account")
    assert again.status_code == 400
    client.get(doorman.sign_in_path())
    assert client.get(doorman.sign_in_path()).headers["location"] == "/"


def test_an_invitation_is_used_once(app: FastAPI, signed: TestClient, doorman: Doorman) -> None:
    form = {"email": "bo@acme.example", "name": "Bo", "role": "finance"}
    made = submit(signed, "/settings/accounts", form)
    assert made.status_code == 303
    shown = submit(signed, made.headers["location"] + "/invite", {})
    assert shown.headers["cache-control"] == "no-store"
    link = re.search(rf"{SITE}/invitation\?code=([\w-]+)", shown.text)
    assert link is not None
    assert link[1] not in signed.get(made.headers["location"]).text
    bo = browser_of(app)
    page = bo.get(link[0])
    assert "bo@acme.example as finance" in text_of(page.text)
    for password, status in (("short", 400), (PASSWORD, 303), (PASSWORD, 403)):
        form = {"code": link[1], "password": password}
        assert submit(bo, "/invitation", form, "/sign-in").status_code == status
    assert "Bo finance" in text_of(bo.get("/definitions", headers=HTML).text)


def test_invitations_grow_old_and_are_replaced(acme: World, tmp_path: Path) -> None:
    clock = Clock()
    doorman = guarded_doorman(tmp_path, clock=clock)
    bo = doorman.accounts.create("bo@acme.example")
    first, second = doorman.accounts.invite(bo.id), doorman.accounts.invite(bo.id)
    assert doorman.accounts.invited(first) is None
    assert doorman.accounts.invited(second) is not None
    clock.now += dt.timedelta(days=8)
    assert doorman.accounts.accept(second, PASSWORD) is None


def test_somebody_stays_admin(signed: TestClient, doorman: Doorman) -> None:
    ada = doorman.accounts.find("ada@acme.example")
    address = f"/settings/accounts/{ada.id}"
    for path, form in ((address, {"role": "member"}), (f"{address}/disable", {})):
        refused = submit(signed, path, form)
        assert refused.status_code == 400
        assert "the last account that administers" in text_of(refused.text)
    account(doorman, "admin", "bo@acme.example")
    assert submit(signed, address, {"role": "member"}).status_code == 303
    assert signed.get("/settings/accounts", headers=HTML).status_code == 303  # signed out


def test_the_accounts_page_refuses_what_is_no_account(signed: TestClient) -> None:
    for form in (
        {"email": "nobody", "role": "member"},
        {"email": "bo@acme.example", "role": "king"},
        {"email": "ada@acme.example", "role": "member"},
        {"email": "bo@acme.example", "name": "x" * 300},
    ):
        assert submit(signed, "/settings/accounts", form).status_code == 400
    assert len(signed.get("/settings/accounts.json").json()["accounts"]) == 1
    assert "argon2" not in signed.get("/settings/accounts.json").text
    assert signed.get("/settings/accounts/acc_none", headers=HTML).status_code == 404


def test_tokens_are_made_shown_once_and_revoked(signed: TestClient, app: FastAPI) -> None:
    made = submit(signed, "/settings/tokens", {"name": "grafana", "scope": "read", "days": "90"})
    assert made.headers["cache-control"] == "no-store"
    secret = re.search(r"sty_[\w-]{40,}", made.text)
    assert secret is not None
    page = signed.get("/settings/tokens", headers=HTML).text
    assert secret[0] not in page
    program = TestClient(app, SITE, headers={"authorization": f"Bearer {secret[0]}"})
    assert program.get("/api/v1/metrics").status_code == 200
    (token,) = signed.get("/settings/tokens.json").json()["tokens"]
    lasts = dt.date.fromisoformat(token["expires"]) - dt.date.fromisoformat(token["created"][:10])
    assert (token["scopes"], lasts.days) == ("read", 90)
    assert submit(signed, f"/settings/tokens/{token['id']}/revoke", {}).status_code == 303
    assert program.get("/api/v1/metrics").status_code == 401
    for form in (
        {"name": " ", "scope": "read"},
        {"name": "x", "scope": "all"},
        {"name": "x", "scope": "read", "days": "0"},
        {"name": "x", "scope": "read", "days": "99999999999999"},
    ):
        assert submit(signed, "/settings/tokens", form).status_code == 400


def test_on_loopback_nobody_is_asked_but_forms_are_guarded(acme: World) -> None:
    client = TestClient(create_app(acme), "http://127.0.0.1:8480", follow_redirects=False)
    assert "This machine admin" in text_of(client.get("/definitions", headers=HTML).text)
    assert client.post("/theme", data={"theme": "dark"}).status_code == 403
    assert submit(client, "/theme", {"theme": "dark"}).status_code == 303


def test_on_loopback_one_may_sign_in_all_the_same(acme: World, tmp_path: Path) -> None:
    doorman = Doorman(opened(tmp_path), passwords=QUICK)
    account(doorman, "member")
    client = TestClient(create_app(acme, doorman), "http://127.0.0.1:8480", follow_redirects=False)
    assert client.get("/sources", headers=HTML).status_code == 200
    sign_in(client, "ada@acme.example")
    assert client.get("/sources", headers=HTML).status_code == 403
    assert "steelyard_session" in client.cookies


def test_who_asks_is_known_where_answers_are_made(acme: World, tmp_path: Path) -> None:
    doorman = guarded_doorman(tmp_path, person_of=lambda email: f"person of {email}")
    ada = account(doorman, "manager")
    app, seen = create_app(acme, doorman), []
    status = acme.status
    acme.status = lambda: seen.append(current.get()) or status()  # type: ignore
    client = browser_of(app)
    sign_in(client, ada.email)
    client.get("/spend", headers=HTML)
    viewer = Viewer("manager", "Ada", ada.id, "person of ada@acme.example", signed_in=True)
    assert set(seen) == {viewer}
    assert current.get() is NOBODY
    assert LOCAL.role == "admin"


def test_not_everybody_is_told_about_machines_and_sessions(acme: World) -> None:
    acme.receives()
    acme.refuses(401, "no_token")
    told = status_json(acme.status().for_everybody())
    assert (told["data"], told["warehouse"], told["refusals"][0]["peer"]) == ("", "", "")
    assert told["last_event"]["session"] == ""
    assert told["refusals"][0]["reason"] == "no_token"
    assert acme.status().for_everybody().has_data


def test_no_websocket_is_let_in(signed: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), signed.websocket_connect("/spend"):
        pass


def test_many_who_wait_are_sent_away() -> None:
    """Or the threads of the server would all wait for passwords."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), 0.05)
    with passwords._in_turn(), passwords._in_turn(), pytest.raises(TimedOut):
        passwords.matches(None, PASSWORD)


def test_one_account_cannot_reach_anothers(app: FastAPI, doorman: Doorman) -> None:
    root = account(doorman, "admin", "root@acme.example")
    account(doorman, "manager")
    client = browser_of(app)
    sign_in(client, "ada@acme.example")
    assert client.get(f"/settings/accounts/{root.id}").status_code == 403
    assert submit(client, f"/settings/accounts/{root.id}", {"role": "member"}).status_code == 403
    assert root.email not in client.get("/account", headers=HTML).text
