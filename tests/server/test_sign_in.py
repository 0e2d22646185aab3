"""Signing in to a real server, as through a proxy that ends TLS; and again after a restart."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from tests.server.running import Running, command, running

PROXIED = {"host": "steelyard.example", "x-forwarded-proto": "https", "accept": "text/html"}
PASSWORD = "correct horse battery staple"


def browser(server: Running) -> httpx.Client:
    """What the proxy hands on. Cookies are kept by hand: the browser speaks https, we do not."""
    return httpx.Client(base_url=server.web, headers=PROXIED, timeout=20)


def sent(client: httpx.Client, path: str, page: str, form: dict[str, str]) -> httpx.Response:
    token = re.search(r'name="csrf" value="(\w+)"', client.get(page).text)
    assert token is not None
    origin = {"origin": "https://steelyard.example"}
    return client.post(path, data=form | {"csrf": token[1]}, headers=origin)


def keep_session(client: httpx.Client, answer: httpx.Response) -> str:
    """Give the session back, as a browser on https would; the line that set it."""
    line = next(each for each in answer.headers.get_list("set-cookie") if "session" in each)
    client.headers["cookie"] = line.partition(";")[0]
    return line


def test_first_account_behind_a_proxy_and_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    address = ("--data", str(data))
    said = {"STEELYARD_HOSTS": "steelyard.example", "STEELYARD_FORWARDED_ALLOW": "127.0.0.1"}
    with running(data, **said) as server, browser(server) as client:
        link = re.search(r"Sign in once with (http://\S+/sign-in\?code=\S+)", server.said())
        assert link is not None, server.said()
        assert client.get("/spend").headers["location"] == "/sign-in?next=%2Fspend"
        assert client.get("/spend", headers={"host": "evil.example"}).status_code == 421
        signed = client.get(link[1])
        assert signed.headers["location"] == "/first-account"
        assert signed.headers["strict-transport-security"]
        line = keep_session(client, signed)
        assert line.startswith("__Host-steelyard_session=")
        assert "Secure" in line
        form = {"email": "ada@acme.example", "name": "Ada", "password": PASSWORD}
        made = sent(client, "/first-account", "/first-account", form)
        assert made.status_code == 303, made.text
        keep_session(client, made)
        assert "Sign out" in client.get("/definitions").text
        cookie = client.headers["cookie"]
        listed = command("account", "list", "--format", "json", *address).stdout
        assert '"email": "ada@acme.example"' in listed
    with running(data, **said) as server, browser(server) as client:
        assert "Sign in once" not in server.said()
        assert f"Sign in at {server.web}/sign-in" in server.said()
        client.headers["cookie"] = cookie
        assert "Sign out" in client.get("/definitions").text
        invited = command("account", "create", "bo@acme.example", *address, **said)
        assert invited.stdout.startswith("https://steelyard.example/invitation?code=")
        for scope, folder in (("read", ""), ("admin", str(data))):
            made = command("token", "create", scope, "--scope", scope, *address).stdout.strip()
            bearer = {"authorization": f"Bearer {made}", "accept": "application/json"}
            assert client.get("/api/v1/status", headers=bearer).json()["data"] == folder
        other = {"STEELYARD_PASSWORD": PASSWORD + "!"}
        command("account", "password", "ada@acme.example", *address, **other)
        assert client.get("/definitions").status_code == 303  # a running server knows at once
