"""Signing in by OpenID Connect: a real provider on loopback, and everything it could do wrong."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from tests.standins.oidc import _KEY, CLIENT, SECRET, Claims, OidcProvider, signed
from tests.standins.server import Answer, StandIn, serving
from tests.web.conftest import HTML, text_of
from tests.web.signing import SITE, Clock, form_token, guarded_doorman
from tests.web.world import World

from steelyard.web.admission import Admission, Oidc
from steelyard.web.app import create_app
from steelyard.web.doorman import Doorman
from steelyard.web.oidc import Provider, is_safe

ADA = {"sub": "00u1", "email": "Ada@Acme.example", "email_verified": True, "name": "Ada"}
ACME = Admission(frozenset({"acme.example"}))
SESSION = "__Host-steelyard_session"


class Site:
    """A server of ours beside a provider, and browsers that go between them."""

    def __init__(self, world: World, folder: Path, provider: OidcProvider, stand_in: StandIn):
        self.world, self.folder, self.provider, self.stand_in = world, folder, provider, stand_in
        self.clock = Clock()
        self.admit()

    def admit(self, admission: Admission = ACME, secret: str = SECRET) -> None:
        """Start anew, with other rules of who may come in."""
        found = Provider(self.provider.issuer, CLIENT, secret)
        self.doorman: Doorman = guarded_doorman(
            self.folder, clock=self.clock, oidc=Oidc(found, admission)
        )
        self.app = create_app(self.world, self.doorman)

    def browser(self) -> TestClient:
        return TestClient(self.app, SITE, follow_redirects=False, raise_server_exceptions=False)

    def go(self, browser: TestClient, next: str = "/spend") -> str:
        """To the provider; the address it sends the browser back to."""
        sent = browser.get("/sign-in/oidc", params={"next": next})
        assert sent.status_code == 303, text_of(sent.text)
        there = httpx.get(sent.headers["location"], follow_redirects=False)
        assert there.status_code == 302
        return str(there.headers["location"])

    def come(self, browser: TestClient, next: str = "/spend") -> httpx.Response:
        """There and back."""
        return browser.get(self.go(browser, next))  # type: ignore[return-value]


@pytest.fixture
def site(acme: World, tmp_path: Path) -> Iterator[Site]:
    provider = OidcProvider(dict(ADA))
    with serving(provider.answer) as stand_in:
        provider.url = stand_in.url
        yield Site(acme, tmp_path, provider, stand_in)


def refused(answer: httpx.Response, *words: str) -> None:
    """Back at the sign-in with a reason, and not signed in."""
    said = text_of(answer.text)
    assert answer.status_code == 403, said
    assert SESSION not in answer.headers.get("set-cookie", "")
    assert "Sign in to Steelyard" in said
    for word in words:
        assert word in said


def test_there_and_back(site: Site) -> None:
    browser = site.browser()
    assert "/sign-in/oidc?next=/spend" in browser.get("/sign-in?next=/spend").text
    back = site.come(browser, "/spend?by=team")
    assert back.status_code == 303
    assert back.headers["location"] == "/spend?by=team"
    assert "Ada member Sign out" in text_of(browser.get("/definitions", headers=HTML).text)
    (account,) = site.doorman.accounts.list()
    assert (account.email, account.role, account.state) == ("ada@acme.example", "member", "active")
    kept = b"".join(path.read_bytes() for path in site.folder.glob("state.db*"))
    assert SECRET.encode() not in kept


def test_a_provider_of_others_making(acme: World, tmp_path: Path) -> None:
    """oidc-provider-mock: its own code on the other side, found by discovery alone."""
    mock = pytest.importorskip("oidc_provider_mock")
    with mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        site = Site(acme, tmp_path, OidcProvider(url=issuer), StandIn(lambda _: Answer()))
        site.provider = OidcProvider(url=issuer)
        provider = Provider(issuer, CLIENT, SECRET)
        site.doorman = guarded_doorman(tmp_path, oidc=Oidc(provider, ACME))
        site.app = create_app(acme, site.doorman)
        httpx.put(f"{issuer}/users/ada@acme.example", json={"email": "ada@acme.example"})
        browser = site.browser()
        sent = browser.get("/sign-in/oidc?next=/spend").headers["location"]
        there = httpx.post(sent, data={"sub": "ada@acme.example"}, follow_redirects=False)
        back = browser.get(there.headers["location"])
    assert back.headers["location"] == "/spend"
    assert "member Sign out" in text_of(browser.get("/definitions", headers=HTML).text)


def test_the_second_time_it_is_the_same_account(site: Site) -> None:
    site.come(site.browser())
    site.provider.user |= {"email": "ada.lovelace@acme.example"}
    browser = site.browser()
    assert site.come(browser).status_code == 303
    assert [a.email for a in site.doorman.accounts.list()] == ["ada@acme.example"]


def test_an_account_made_before_is_found_by_its_address(site: Site) -> None:
    made = site.doorman.accounts.create("ada@acme.example", "Ada", "finance")
    site.admit(Admission())  # nobody new
    assert site.come(site.browser()).status_code == 303
    found = site.doorman.accounts.get(made.id)
    assert found is not None
    assert (found.role, found.by_oidc) == ("finance", True)
    site.provider.user |= {"sub": "00u2"}  # another person with the same address
    refused(site.come(site.browser()), "belongs to another sign-in")


def test_roles_come_from_a_claim(site: Site) -> None:
    roles = {"leads": "manager", "root": "admin", "money": "finance"}
    site.admit(Admission(ACME.domains, "groups", roles))  # type: ignore[arg-type]
    keeper = site.doorman.accounts.create("root@acme.example", role="admin")
    site.doorman.accounts.set_password(keeper.id, "correct horse battery staple")

    def role(groups: Any) -> str:
        site.provider.user["groups"] = groups
        assert site.come(site.browser()).status_code == 303
        return site.doorman.accounts.find("ada@acme.example").role

    said = [role(g) for g in (["leads"], "money", ["leads", "root", 7], [], None, {"a": "root"})]
    assert said == ["manager", "finance", "admin", "member", "member", "member"]


def test_claims_may_stand_in_userinfo_only(site: Site) -> None:
    site.provider.user = {"sub": "00u1"}
    site.provider.userinfo = {"email": "ada@acme.example", "email_verified": True, "name": "Ada"}
    assert site.come(site.browser()).status_code == 303


def test_a_new_key_of_the_provider_is_fetched(site: Site) -> None:
    assert site.come(site.browser()).status_code == 303
    other = RSAKey.generate_key(2048, {"kid": "second"}, private=True)
    site.provider.keys.append(other)
    site.provider.sign = lambda claims: signed(claims, other, {"kid": "second"})
    provider = site.doorman.oidc.provider  # type: ignore[union-attr]
    provider._kept = {k: (t - 120, v) for k, (t, v) in provider._kept.items()}  # two minutes on
    assert site.come(site.browser()).status_code == 303


def _packed(*parts: Claims) -> bytes:
    return b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
    )


def _none(claims: Claims) -> str:
    return _packed({"alg": "none", "kid": "first"}, claims).decode() + "."


def _shared(claims: Claims) -> str:
    """HS256 with the provider's public key as the secret."""
    said = _packed({"alg": "HS256", "kid": "first"}, claims)
    proof = hmac.digest(_KEY.as_pem(private=False), said, "sha256")
    return (said + b"." + base64.urlsafe_b64encode(proof).rstrip(b"=")).decode()


def _other(claims: Claims) -> str:
    return signed(claims, RSAKey.generate_key(2048, {"kid": "first"}, private=True))


SPOILED: dict[str, Callable[[Claims], Claims]] = {
    "nonce of another sign-in": lambda c: c | {"nonce": "other"},
    "no nonce": lambda c: {k: v for k, v in c.items() if k != "nonce"},
    "another issuer": lambda c: c | {"iss": "https://evil.example"},
    "no issuer": lambda c: {k: v for k, v in c.items() if k != "iss"},
    "for another client": lambda c: c | {"aud": "another"},
    "for nobody": lambda c: {k: v for k, v in c.items() if k != "aud"},
    "given to another party": lambda c: c | {"aud": [CLIENT, "another"], "azp": "another"},
    "for several, given to none": lambda c: c | {"aud": ["another", CLIENT]},
    "expired": lambda c: c | {"exp": int(time.time()) - 120},
    "without an end": lambda c: {k: v for k, v in c.items() if k != "exp"},
    "not valid yet": lambda c: c | {"nbf": int(time.time()) + 600},
    "from the future": lambda c: c | {"iat": int(time.time()) + 600},
    "of another access token": lambda c: c | {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "without a subject": lambda c: {k: v for k, v in c.items() if k != "sub"},
}
SIGNED: dict[str, Callable[[Claims], str]] = {
    "not signed": _none,
    "signed with a shared secret": _shared,
    "signed with another key": _other,
    "signed with a key nobody knows": lambda c: signed(c, header={"kid": "nobody's"}),
    "no token": lambda c: "not.a.token",
    "changed after signing": lambda c: signed(c)[:-8] + "AAAAAAAA",
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_token_with_wrong_claims_is_refused(site: Site, how: str) -> None:
    site.provider.spoil = SPOILED[how]
    refused(site.come(site.browser()), "The identity token is not believed")
    assert site.doorman.accounts.list() == []


@pytest.mark.parametrize("how", SIGNED)
def test_a_token_with_a_wrong_signature_is_refused(site: Site, how: str) -> None:
    site.provider.sign = SIGNED[how]
    refused(site.come(site.browser()), "The identity token is not believed")
    assert site.doorman.accounts.list() == []


def test_what_was_not_begun_here_is_refused(site: Site) -> None:
    victim, eve = site.browser(), site.browser()
    link = site.go(eve)
    refused(victim.get(link), "not begun here")  # Eve's answer in a victim's browser
    refused(eve.get("/sign-in/oidc/back?code=x&state=guessed"), "not begun here")
    refused(eve.get("/sign-in/oidc/back"), "not begun here")
    late = site.go(eve)
    site.clock.now += dt.timedelta(minutes=11)
    refused(eve.get(late), "took too long")


def test_an_answer_is_good_once(site: Site) -> None:
    browser = site.browser()
    link = site.go(browser)
    assert browser.get(link).status_code == 303
    refused(browser.get(link), "not begun here")


def test_another_node_ends_what_one_began(site: Site) -> None:
    browser = site.browser()
    link = site.go(browser)
    site.admit()  # a node that knows nothing of it
    other = site.browser()
    other.cookies.update(browser.cookies)
    assert other.get(link).headers["location"] == "/spend"


@pytest.mark.parametrize("kept", ["", "x", "e30=", "bnVsbA==", "4pyT"])
def test_a_cookie_that_is_none_of_ours_is_refused(site: Site, kept: str) -> None:
    browser = site.browser()
    link = site.go(browser)
    browser.cookies.clear()
    browser.cookies.set("__Host-steelyard_flow", kept)
    refused(browser.get(link), "not begun here")


def test_an_address_too_long_for_a_cookie_leads_to_the_first_page(site: Site) -> None:
    assert site.come(site.browser(), "/spend?q=" + "x" * 5000).headers["location"] == "/"


def test_an_answer_of_another_provider_is_refused(site: Site) -> None:
    browser = site.browser()
    link = site.go(browser).replace("iss=http", "iss=https")
    refused(browser.get(link), "another provider")


def test_a_refusal_of_the_provider_is_said(site: Site) -> None:
    browser = site.browser()
    state = httpx.URL(site.go(browser)).params["state"]
    answer = browser.get(f"/sign-in/oidc/back?error=access_denied&state={state}")
    refused(answer, "access_denied")


def test_userinfo_of_somebody_else_is_refused(site: Site) -> None:
    site.provider.userinfo = {"sub": "00u9", "email": "root@acme.example"}
    refused(site.come(site.browser()), "somebody else")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"email_verified": False}, "vouches for no e-mail"),
        ({"email": ""}, "vouches for no e-mail"),
        ({"email": "eve@evil.example"}, "has no account here"),
        ({"email": "eve@evil.example@acme.example.evil.example"}, "has no account here"),
        ({"email": "no address @ acme.example"}, "has no account here"),
    ],
)
def test_who_is_not_of_the_house_stays_out(site: Site, claims: Claims, why: str) -> None:
    site.provider.user |= claims
    refused(site.come(site.browser()), why)
    assert site.doorman.accounts.list() == []


def test_without_domains_nobody_new_comes_in(site: Site) -> None:
    site.admit(Admission())
    refused(site.come(site.browser()), "has no account here")


def test_a_disabled_account_stays_out(site: Site) -> None:
    site.come(site.browser())
    site.doorman.accounts.disable(site.doorman.accounts.find("ada@acme.example").id)
    refused(site.come(site.browser()), "disabled")


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": ""},
    ],
)
def test_a_provider_that_says_strange_things_of_itself(site: Site, said: Claims) -> None:
    site.provider.metadata = said
    refused(site.browser().get("/sign-in/oidc"))


@pytest.mark.parametrize("end", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_no_secret_goes_where_it_can_be_read(site: Site, end: str) -> None:
    site.provider.metadata = {end: "http://evil.example/x"}
    refused(site.come(site.browser()), "not an https address")


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(raw=b"x" * (2 << 20)),
        Answer(raw=b"<html>"),
        Answer({"error": "server_error"}, 500),
        Answer([], 200),
        Answer(status=302, headers={"location": "https://evil.example"}),
    ],
)
def test_a_provider_in_trouble(site: Site, trouble: Answer) -> None:
    site.stand_in.trouble.append(trouble)
    refused(site.browser().get("/sign-in/oidc"))


def test_a_provider_that_is_away(site: Site) -> None:
    provider = Provider("http://127.0.0.1:9", CLIENT)
    site.doorman = guarded_doorman(site.folder, oidc=Oidc(provider, ACME))
    site.app = create_app(site.world, site.doorman)
    refused(site.browser().get("/sign-in/oidc"), "does not answer as it should")


def test_the_wrong_secret_of_the_client(site: Site) -> None:
    site.admit(secret="wrong")
    refused(site.come(site.browser()), "invalid_client")


@pytest.mark.parametrize("next", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_way_back_leads_nowhere_else(site: Site, next: str) -> None:
    assert site.come(site.browser(), next).headers["location"] == "/"


def test_a_session_before_is_not_the_session_after(site: Site) -> None:
    browser = site.browser()
    site.come(browser)
    first = browser.cookies[SESSION]
    token = form_token(browser)
    site.come(browser)
    assert browser.cookies[SESSION] != first
    assert site.doorman.sessions.find(first) is None
    assert browser.post("/theme", data={"csrf": token, "theme": "dark"}).status_code == 403


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://login.example/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://login.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("ftp://login.example", False),
        ("", False),
    ],
)
def test_only_https_is_spoken(address: str, safe: bool) -> None:
    assert is_safe(address) is safe
