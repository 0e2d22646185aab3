"""Signing in to an application in tests, and sending its forms as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient
from tests.web.world import NOW

from steelyard.state.account import Account
from steelyard.state.database import State, open_state
from steelyard.state.passwords import Passwords
from steelyard.web import rights
from steelyard.web.doorman import Doorman

SITE = "https://steelyard.example"
PASSWORD = "correct horse battery staple"
# One pass over 8 KiB: what is tested here is who gets in, not what guessing costs.
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


@contextmanager
def extra_page(path: str) -> Iterator[None]:
    """A page that only a test knows is in the table of rights for a while."""
    rights.PAGES[path] = rights.EVERYBODY
    rights.compiled.cache_clear()
    yield
    del rights.PAGES[path]
    rights.compiled.cache_clear()


def guarded_doorman(folder: Path, **options: Any) -> Doorman:
    """One who asks everybody to sign in, over a state database of the folder."""
    return Doorman(opened(folder), True, **{"passwords": QUICK, **options})


def opened(folder: Path) -> State:
    return open_state(folder / "state.db")


def submit(
    client: TestClient, path: str, data: Mapping[str, str], page: str = "/definitions"
) -> Response:
    """Send a form with the token that a page of ours carries."""
    return client.post(path, data={**data, "csrf": form_token(client, page)})


def form_token(client: TestClient, page: str = "/definitions") -> str:
    html = client.get(page, headers={"accept": "text/html"}, follow_redirects=True).text
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', html)
    assert found, f"no form on {page}"
    return found[1]


def sign_in(client: TestClient, email: str, password: str = PASSWORD, next: str = "/") -> Response:
    form = {"email": email, "password": password, "next": next}
    return submit(client, "/sign-in", form, "/sign-in")


def account(doorman: Doorman, role: str = "admin", email: str = "ada@acme.example") -> Account:
    """An account with a password."""
    made = doorman.accounts.create(email, email.partition("@")[0].title(), role)
    doorman.accounts.set_password(made.id, PASSWORD)
    found = doorman.accounts.get(made.id)
    assert found is not None
    return found


def browser_of(app: FastAPI) -> TestClient:
    return TestClient(app, SITE, follow_redirects=False, raise_server_exceptions=False)
