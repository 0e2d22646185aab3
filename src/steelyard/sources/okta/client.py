"""Calls to Okta: signing in with a service app's key or an API token, and what a refusal means."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from steelyard.errors import ConfigError, SourceDenied
from steelyard.sources.network import Http, Network
from steelyard.sources.oauth import ASSERTION, ClientCredentials, FixedToken, SignInRefused
from steelyard.sources.shapes import read

USERS = "okta.users.read"
GROUPS = "okta.groups.read"
_ASSERTION_SECONDS = 300  # Okta takes up to an hour


class Org:
    """One org's API. `lists` says which scope a 403 asks for."""

    def __init__(self, network: Network, url: str, auth: httpx.Auth) -> None:
        self._http: Http = network.client(url, auth=auth)

    def lists(
        self, path: str, scope: str, params: Mapping[str, str] | None = None
    ) -> Iterator[list[Any]]:
        """Each page of a list. Raises SourceDenied naming the scope, and what Http.send raises."""
        try:
            for reply in self._http.by_link(path, params):
                yield read("Okta", f"list {path}", list, reply.data)
        except SignInRefused:
            raise
        except SourceDenied as denied:
            raise SourceDenied(
                denied.message,
                f"Grant {scope} under Okta API Scopes of the service app, and give the app, or"
                " the owner of the API token, the role Read-only Administrator.",
                scope,
            ) from None


def service_app(
    network: Network, url: str, client: str, key: str, key_id: str, scopes: str
) -> httpx.Auth:
    """OAuth for a service app: each token is asked for with an assertion signed by its key.

    Raises ConfigError for a key that cannot be read.
    """
    private = _private(key)
    token_url = f"{url}/oauth2/v1/token"
    header = {"alg": "ES256" if private.key_type == "EC" else "RS256"}
    if kid := key_id or private.kid:
        header["kid"] = kid

    def form() -> Mapping[str, str]:
        claims = _claims(client, token_url, network.clock())
        return {
            "grant_type": "client_credentials",
            "scope": scopes,
            "client_assertion_type": ASSERTION,
            "client_assertion": jwt.encode(header, claims, private),
        }

    return ClientCredentials(token_url, form, lambda said: _refused(said, scopes), network.clock)


def _claims(client: str, token_url: str, now: dt.datetime) -> dict[str, Any]:
    """Who we are, for whom and until when (RFC 7523, 3); each assertion is used once."""
    issued = int(now.timestamp())
    return {
        "iss": client,
        "sub": client,
        "aud": token_url,
        "iat": issued,
        "exp": issued + _ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }


def api_token(token: str) -> httpx.Auth:
    """A token made by an administrator, with all the rights of that administrator."""
    return FixedToken(
        f"SSWS {token}",
        lambda: SignInRefused(
            "Okta does not accept the API token.",
            "It was revoked, its owner was deactivated, or it was not used for 30 days:"
            " make a new one under Security, API, Tokens.",
        ),
    )


def _private(text: str) -> Key:
    """A key as Okta gives it (JWK) or as PEM."""
    try:
        key = import_key(_jwk(text)) if text.lstrip().startswith("{") else _from_pem(text)
        if key.is_private:
            return key
    except (JoseError, ValueError, TypeError):
        pass
    raise ConfigError(
        "private_key is not a private key.", "Give the private key as JWK, or as PEM (RSA, EC)."
    )


def _jwk(text: str) -> dict[str, Any]:
    said = json.loads(text)
    return said if isinstance(said, dict) else {}


def _from_pem(text: str) -> Key:
    for kind in ("RSA", "EC"):
        try:
            return import_key(text, kind)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("neither RSA nor EC")


def _refused(said: Mapping[str, Any], scopes: str) -> SignInRefused:
    error = str(said.get("error") or "")
    description = str(said.get("error_description") or error or "it gives no reason").rstrip(".")
    message = f"Okta does not let the service app sign in: {description}."
    if error == "invalid_scope":
        return SignInRefused(message, f"Grant {scopes} under Okta API Scopes of the app.", scopes)
    if error == "invalid_dpop_proof":
        return SignInRefused(
            message, "Clear 'Require Demonstrating Proof of Possession (DPoP)' of the app."
        )
    return SignInRefused(
        message, "Check client_id and key_id, and that the app has this key's public half."
    )
