"""Signing in where a system wants a token of its own for every hour: OAuth 2.0 client credentials.

Tokens live in memory only. A refused sign-in is its own error, so that a permission that is missing
is never taken for a secret that has expired.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Mapping
from typing import Any

import httpx

from steelyard.errors import SourceDenied

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, 2.2
_LIFE_USED = 0.9  # of a token's life, after which a new one is fetched


class SignInRefused(SourceDenied):
    """The secret, the key or the token itself is not accepted."""


class ClientCredentials(httpx.Auth):
    """Bearer tokens by RFC 6749, 4.4: fetched when needed, renewed in time and after a 401.

    `form` is what to send to `token_url` each time, `refused` turns its error answer into ours.
    """

    def __init__(
        self,
        token_url: str,
        form: Callable[[], Mapping[str, str]],
        refused: Callable[[Mapping[str, Any]], SignInRefused],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._url, self._form, self._refused, self._clock = token_url, form, refused, clock
        self._token, self._until = "", dt.datetime.min.replace(tzinfo=dt.UTC)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if self._clock() >= self._until:
            self._keep((yield self._ask()))
        response = yield self._signed(request)
        if response.status_code == 401:  # revoked early, or our clock is wrong
            self._keep((yield self._ask()))
            yield self._signed(request)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["authorization"] = f"Bearer {self._token}"
        return request

    def _ask(self) -> httpx.Request:
        headers = {"accept": "application/json"}
        return httpx.Request("POST", self._url, data=dict(self._form()), headers=headers)

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        if response.status_code == 429 or response.status_code >= 500:
            # Like any trouble of the network: the caller tries again, with pauses.
            host = httpx.URL(self._url).host
            raise httpx.TransportError(f"the sign-in at {host} answers {response.status_code}")
        said = _said(response)
        if response.is_error or not said.get("access_token"):
            raise self._refused(said)
        self._token = str(said["access_token"])
        life = dt.timedelta(seconds=float(said.get("expires_in") or 0))
        self._until = self._clock() + life * _LIFE_USED


class FixedToken(httpx.Auth):
    """A token that somebody made once; `refused` is raised when it is not accepted any more."""

    def __init__(self, authorization: str, refused: Callable[[], SignInRefused]) -> None:
        self._authorization, self._refused = authorization, refused

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = self._authorization
        response = yield request
        if response.status_code == 401:
            raise self._refused()


def _said(response: httpx.Response) -> Mapping[str, Any]:
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
