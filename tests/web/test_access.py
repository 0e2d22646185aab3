"""Who gets in: loopback names, tokens, sign-in links used once; and the headers on everything."""

from __future__ import annotations

import datetime as dt

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import HTML
from tests.web.world import NOW, World

from steelyard.web.access import CODE_LIFE, COOKIE, Doorman, local_path
from steelyard.web.app import create_app

BEARER = {"authorization": "Bearer good"}


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


def test_beyond_loopback_the_api_needs_a_token_that_may_read(guarded: TestClient) -> None:
    refused = guarded.get("/api/v1/status")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "unauthorized"
    for wrong in ("Bearer bad", "Bearer ", "Basic good", "good"):
        header = {"authorization": wrong}
        assert guarded.get("/api/v1/status", headers=header).status_code == 401
    assert guarded.get("/api/v1/status", headers=BEARER).status_code == 200


def test_probes_and_static_files_are_open(guarded: TestClient) -> None:
    assert guarded.get("/healthz").status_code == 200
    assert guarded.get("/readyz").status_code == 200


def test_a_page_asks_to_sign_in_and_comes_back(guarded: TestClient) -> None:
    sent = guarded.get("/spend?by=team", headers=HTML)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/sign-in?next=%2Fspend%3Fby%3Dteam"
    form = {"token": "good", "next": "/spend?by=team"}
    signed = guarded.post("/sign-in", data=form)
    assert signed.headers["location"] == "/spend?by=team"
    assert guarded.get("/spend", headers=HTML).status_code == 200


def test_a_wrong_token_stays_out(guarded: TestClient) -> None:
    answer = guarded.post("/sign-in", data={"token": "bad"})
    assert answer.status_code == 403
    assert COOKIE not in answer.cookies


def test_a_link_signs_in_once(acme: World) -> None:
    doorman = Doorman(True)
    app = create_app(acme, doorman)
    first = TestClient(app, "https://steelyard.example", follow_redirects=False)
    link = doorman.sign_in_path()
    signed = first.get(link)
    cookie = signed.headers["set-cookie"].lower()
    assert signed.status_code == 303
    assert all(part in cookie for part in ("httponly", "samesite=lax", "secure", "path=/"))
    assert first.get("/spend", headers=HTML).status_code == 200
    second = TestClient(app, "https://steelyard.example", follow_redirects=False)
    again = second.get(link)
    assert again.status_code == 403
    assert "used already" in again.text
    assert second.get("/spend", headers=HTML).status_code == 303


def test_links_and_sessions_grow_old() -> None:
    now = [NOW]
    doorman = Doorman(True, clock=lambda: now[0])
    link = doorman.sign_in_path().partition("code=")[2]
    now[0] += CODE_LIFE + dt.timedelta(seconds=1)
    assert doorman.redeem(link) is None
    session = doorman.redeem(doorman.sign_in_path().partition("code=")[2])
    assert session is not None
    assert doorman.is_open(session)
    now[0] += dt.timedelta(days=15)
    assert not doorman.is_open(session)


def test_forms_of_other_sites_are_declined(client: TestClient) -> None:
    answer = client.post(
        "/theme", data={"theme": "dark"}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "wrong_origin"


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", ""]
)
def test_signing_in_never_leads_elsewhere(address: str) -> None:
    assert local_path(address) == "/"


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
