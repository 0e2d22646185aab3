"""Signs in as a GitHub App: a signed word buys a token of one hour, renewed in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from steelyard.errors import ConfigError, SourceDenied
from steelyard.sources.replies import message_of

_SIGNED_FOR = dt.timedelta(minutes=9)  # GitHub takes ten at most
_SKEW = dt.timedelta(minutes=1)  # GitHub's advice: issued a minute ago
_EARLY = dt.timedelta(minutes=5)  # renew before a long page outlives the token


class AppToken(httpx.Auth):
    """Puts an installation's token on every request and renews it five minutes before its end."""

    requires_response_body = True

    def __init__(
        self,
        base_url: str,
        app_id: str,
        installation: str,
        private_key: str,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self.url = f"{base_url.rstrip('/')}/app/installations/{installation}/access_tokens"
        self.app_id, self.clock = app_id, clock
        self.key = _key(private_key)
        self.token, self.renewal = "", clock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self.clock() >= self.renewal:
            yield from self._renew()
        request.headers["authorization"] = f"Bearer {self.token}"
        response = yield request
        if response.status_code == 401:  # revoked early, or the clocks disagree
            yield from self._renew()
            request.headers["authorization"] = f"Bearer {self.token}"
            yield request

    def _renew(self) -> Generator[httpx.Request, httpx.Response, None]:
        headers = {
            "authorization": f"Bearer {self._signed()}",
            "accept": "application/vnd.github+json",
        }
        response = yield httpx.Request("POST", self.url, headers=headers)
        data = _data(response)
        if response.status_code != 201 or "token" not in data or "expires_at" not in data:
            raise SourceDenied(
                f"GitHub gives the App {self.app_id} no token: {message_of(data) or response}.",
                "Check app_id, installation_id and private_key, and that this machine's clock"
                " is right.",
            )
        self.token = str(data["token"])
        self.renewal = dt.datetime.fromisoformat(str(data["expires_at"])) - _EARLY

    def _signed(self) -> str:
        now = self.clock()
        claims = {
            "iss": self.app_id,
            "iat": int((now - _SKEW).timestamp()),
            "exp": int((now + _SIGNED_FOR).timestamp()),
        }
        return jwt.encode({"alg": "RS256"}, claims, self.key)


def _key(private_key: str) -> RSAKey:
    try:
        return RSAKey.import_key(private_key)
    except ValueError:
        raise ConfigError(
            "private_key is not a private key in PEM form.",
            "Download it from the App's page and give its place: private_key=file:/path/key.pem.",
        ) from None


def _data(response: httpx.Response) -> dict[str, object]:
    try:
        data = response.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
