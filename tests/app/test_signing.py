"""Who signs in, over a real house: whom each role reaches, and when anybody is asked at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.signing import SITE

from steelyard.app.house import House
from steelyard.app.services import ServerServices
from steelyard.app.signing import asks_to_sign_in, first_words, make_doorman, make_oidc, without_tls
from steelyard.config import Settings
from steelyard.errors import ConfigError
from steelyard.web.app import create_app

PEOPLE = """email,name,team,manager,rollup
ada@acme.example,Ada,payments,root@acme.example,root@acme.example
bo@acme.example,Bo,payments,ada@acme.example,root@acme.example
cai@acme.example,Cai,payments,bo@acme.example,root@acme.example
dee@acme.example,Dee,search,eli@acme.example,root@acme.example
eli@acme.example,Eli,search,root@acme.example,root@acme.example
root@acme.example,Root,board,,root@acme.example
"""
ROLES = {"ada": "manager", "bo": "member", "eli": "finance", "root": "admin"}
ALL = frozenset({"ada", "bo", "cai", "dee", "eli", "root"})


@pytest.fixture(scope="module", params=["names", "groups"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("signing")
    file = folder / "people.csv"
    file.write_text(PEOPLE)
    with House(Settings(data=folder / "data", people_shown=request.param)) as opened:
        opened.import_people(file)
        yield opened


def reached(house: House, name: str) -> frozenset[str]:
    """Whose figures somebody gets by asking for each person by name."""
    doorman = make_doorman(house, True)
    email = f"{name}@acme.example"
    known = {account.email: account for account in doorman.accounts.list()}
    account = known.get(email) or doorman.accounts.create(email, name, ROLES[name])
    services: Any = ServerServices(house, (), SimpleNamespace(trouble=""))  # type: ignore[arg-type]
    client = TestClient(create_app(services, doorman), SITE)
    client.cookies.set("__Host-steelyard_session", doorman.open(account))
    found = set()
    for person in ALL | {"nobody"}:
        where = {"metrics": "tokens", "period": "7d", "where.person": f"{person}@acme.example"}
        answer = client.get("/api/v1/ask", params=where)
        assert answer.status_code in (200, 403), answer.text
        if answer.status_code == 200:
            found.add(person)
        else:
            assert answer.json()["error"]["code"] == "not_shown"
    return frozenset(found)


def test_whom_each_role_reaches(house: House) -> None:
    shown = {name: reached(house, name) for name in ROLES}
    assert shown["bo"] == {"bo"}
    assert shown["eli"] == {"eli"}
    if house.settings.people_shown == "names":
        assert shown["ada"] == {"ada", "bo", "cai"}
        assert shown["root"] >= ALL
    else:
        assert shown["ada"] == {"ada"}
        assert shown["root"] == {"root"}


def test_an_account_is_the_person_with_its_address(house: House) -> None:
    doorman = make_doorman(house, True)
    account = doorman.accounts.create("cai@acme.example", "Cai", "member")
    assert doorman.viewer(account).person == "cai@acme.example"
    changed = doorman.accounts.change(account.id, person="dee@acme.example")
    assert doorman.viewer(changed).person == "dee@acme.example"
    stranger = doorman.accounts.create("guest@other.example", "Guest", "member")
    assert doorman.viewer(stranger).person == "guest@other.example"


@pytest.mark.parametrize(
    ("said", "host", "asked"),
    [
        ({}, "127.0.0.1", False),
        ({}, "::1", False),
        ({}, "0.0.0.0", True),
        ({}, "192.0.2.7", True),
        ({"require_token": True}, "127.0.0.1", True),
        ({"hosts": "steelyard.example"}, "127.0.0.1", True),
        ({"forwarded_allow": "127.0.0.1"}, "127.0.0.1", True),
    ],
)
def test_when_signing_in_is_asked_for(
    tmp_path: Path, said: dict[str, Any], host: str, asked: bool
) -> None:
    assert asks_to_sign_in(Settings(data=tmp_path, **said), host) is asked


def test_the_link_is_printed_only_while_nobody_administers(house: House) -> None:
    doorman = make_doorman(house, True)
    for account in doorman.accounts.list():
        doorman.accounts.change(account.id, role="member")
    assert first_words(make_doorman(house, False), "http://x") == "Open http://x"
    assert "/sign-in?code=" in first_words(doorman, "http://x")
    made = doorman.accounts.create("new@acme.example", role="admin")
    assert "code=" in first_words(doorman, "http://x")  # nobody can sign in yet
    doorman.accounts.set_password(made.id, "correct horse battery staple")
    assert first_words(doorman, "http://x") == "Sign in at http://x/sign-in"


def test_a_word_about_tls(tmp_path: Path) -> None:
    plain = Settings(data=tmp_path)
    assert without_tls(plain, "127.0.0.1") == ""
    assert "without TLS" in without_tls(plain, "0.0.0.0")
    assert without_tls(Settings(data=tmp_path, forwarded_allow="10.0.0.1"), "0.0.0.0") == ""


def test_settings_of_openid_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    said: dict[str, Any] = {
        "data": tmp_path,
        "oidc_issuer": "https://login.example",
        "oidc_client_id": "steelyard",
        "oidc_domains": "Acme.example, other.example",
        "oidc_roles": "root=admin, leads=manager",
    }
    monkeypatch.setenv("STEELYARD_OIDC_CLIENT_SECRET", "from the environment")
    found = make_oidc(Settings(**said))
    assert found.provider._secret == "from the environment"
    assert found.admission.domains == {"acme.example", "other.example"}
    assert found.admission.roles == {"root": "admin", "leads": "manager"}
    assert make_oidc(Settings(**said, oidc_client_secret_file=secret)).provider._secret == (
        "from the file"
    )
    for wrong in (
        {"oidc_issuer": "http://login.example"},
        {"oidc_client_id": ""},
        {"oidc_client_secret_file": tmp_path / "missing"},
        {"oidc_roles": "root=king"},
    ):
        with pytest.raises(ConfigError) as refused:
            make_oidc(Settings(**(said | wrong)))
        assert "from the" not in str(refused.value)
