"""Who gets in: loopback names, tokens, sign-in links used once; and the headers on everything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.signing import SITE, Clock, form_token, guarded_doorman, sign_in, submit
from tests.web.world import World

from steelyard.web.access import local_path
from steelyard.web.app import create_app
from steelyard.web.doorman import CODE_LIFE, Doorman

COOKIE = "__Host-steelyard_session"


def bearer(doorman: Doorman, *scopes: str) -> dict[str, str]:
    """The header of a new token."""
    return {"authorization": f"Bearer {doorman.tokens.create('test', scopes)[1]}"}


@pytest.mark.parametrize("host", ["127.0.0.1:8480", "localhost", "[::1]:8480", "LOCALHOST:1"])
def test_loopback_answers_to_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8480", "[", ""])
@pytest.mark.parametrize("path", ["/spend", "/api/v1/status", "/api/v1/openapi.json"])
def test_dns_rebinding_reads_nothing(client: TestClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "wrong_host"


def test_more_names_can_be_allowed(empty: World) -> None:
    client = TestClient(create_app(empty, hosts=["Proxy.example"]), "http://proxy.example")
    assert client.get("/api/v1/status").status_code == 200


def test_with_names_given_no_others_are_answered_to(acme: World, doorman: Doorman) -> None:
    app = create_app(acme, doorman, hosts=["steelyard.example"])
    assert TestClient(app, SITE).get("/sign-in").status_code == 200
    assert TestClient(app, "https://evil.example").get("/sign-in").status_code == 421
    assert TestClient(app, "https://evil.example").get("/healthz").status_code == 200


def test_beyond_loopback_the_api_needs_a_token_that_may_read(
    guarded: TestClient, doorman: Doorman
) -> None:
    refused = guarded.get("/api/v1/status")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "unauthorized"
    for wrong in ("Bearer bad", "Bearer ", "Basic good", "good"):
        header = {"authorization": wrong}
        assert guarded.get("/api/v1/status", headers=header).status_code == 401
    assert guarded.get("/api/v1/status", headers=bearer(doorman, "ingest")).status_code == 401
    assert guarded.get("/api/v1/status", headers=bearer(doorman, "read")).status_code == 200


def test_a_token_that_reads_is_a_member_and_one_that_administers_an_admin(
    guarded: TestClient, doorman: Doorman
) -> None:
    assert guarded.get("/sources.json", headers=bearer(doorman, "read")).status_code == 403
    assert guarded.get("/sources.json", headers=bearer(doorman, "admin")).status_code == 200


def test_probes_are_open(guarded: TestClient) -> None:
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/readyz").status_code == 200


def test_a_page_asks_to_sign_in_and_comes_back(guarded: TestClient, doorman: Doorman) -> None:
    sent = guarded.get("/spend?by=team", headers=HTML)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fspend%3Fby%3Dteam"
    _, secret = doorman.tokens.create("browser", ["read"])
    form = {"token": secret, "next": "/spend?by=team"}
    signed = submit(guarded, "/sign-in/token", form, "/sign-in")
    assert signed.headers["location"] == "/spend?by=team"
    assert guarded.get("/spend", headers=HTML).status_code == 200


def test_a_session_of_a_token_ends_with_the_token(guarded: TestClient, doorman: Doorman) -> None:
    token, secret = doorman.tokens.create("browser", ["read"])
    submit(guarded, "/sign-in/token", {"token": secret}, "/sign-in")
    assert guarded.get("/spend", headers=HTML).status_code == 200
    doorman.tokens.revoke(token)
    assert guarded.get("/spend", headers=HTML).status_code == 303


def test_a_wrong_token_stays_out(guarded: TestClient) -> None:
    answer = submit(guarded, "/sign-in/token", {"token": "bad"}, "/sign-in")
    assert answer.status_code == 403
    assert COOKIE not in answer.cookies


def test_a_link_signs_in_once_and_leads_to_the_first_account(acme: World, doorman: Doorman) -> None:
    app = create_app(acme, doorman)
    first = TestClient(app, SITE, follow_redirects=False)
    link = doorman.sign_in_path()
    signed = first.get(link)
    cookie = signed.headers["set-cookie"].lower()
    assert signed.status_code == 303
    assert signed.headers["location"] == "/first-account"
    assert cookie.startswith("__host-steelyard_session=")
    assert all(part in cookie for part in ("httponly", "samesite=lax", "secure", "path=/"))
    assert "domain" not in cookie
    assert first.get("/spend", headers=HTML).status_code == 200
    second = TestClient(app, SITE, follow_redirects=False)
    again = second.get(link)
    assert again.status_code == 403
    assert "used already" in again.text
    assert second.get("/spend", headers=HTML).status_code == 303


def test_links_and_sessions_grow_old(acme: World, tmp_path: Path) -> None:
    clock = Clock()
    doorman = guarded_doorman(tmp_path, clock=clock)
    client = TestClient(create_app(acme, doorman), SITE, follow_redirects=False)
    link = doorman.sign_in_path()
    clock.now += CODE_LIFE + dt.timedelta(seconds=1)
    assert client.get(link).status_code == 403
    client.get(doorman.sign_in_path())
    for _ in range(13):  # a session in use lives on, for a fortnight
        clock.now += dt.timedelta(days=1)
        assert client.get("/spend", headers=HTML).status_code == 200
    clock.now += dt.timedelta(days=1)
    assert client.get("/spend", headers=HTML).status_code == 303
    client.get(doorman.sign_in_path())
    clock.now += dt.timedelta(days=3)  # one that is not used ends sooner
    assert client.get("/spend", headers=HTML).status_code == 303


def test_forms_of_other_sites_are_declined(client: TestClient) -> None:
    form = {"theme": "dark", "csrf": form_token(client)}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9999"):
        answer = client.post("/theme", data=form, headers={"origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "wrong_origin"


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\\b"),
        *("/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "///evil.example"),
    ],
)
def test_signing_in_never_leads_elsewhere(
    guarded: TestClient, doorman: Doorman, address: str
) -> None:
    assert local_path(address) == "/"
    account = doorman.first_admin("ada@acme.example", "Ada", "correct horse battery staple")
    assert sign_in(guarded, account.email, next=address).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/spend", "/api/v1/status", "/nothing", "/healthz"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers=HTML).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "private" in headers["cache-control"]
    assert "strict-transport-security" not in headers


def test_under_https_browsers_stay_there(guarded: TestClient) -> None:
    for path in ("/sign-in", "/spend", "/healthz", "/nothing"):
        headers = guarded.get(path, headers=HTML).headers
        assert headers["strict-transport-security"] == "max-age=31536000"


def test_turned_away_requests_carry_the_headers_too(client: TestClient) -> None:
    answer = client.get("/spend", headers={"host": "evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_static_files_are_kept_for_good(client: TestClient) -> None:
    page = client.get("/spend", headers=HTML).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = client.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    plain = client.get(address, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
