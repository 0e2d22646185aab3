"""OpenID Connect: authorisation code with PKCE and nonce, against one provider.

Nothing is believed but an identity token that the provider signed, for us, for this very sign-in.
"""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from authlib.common.security import generate_token
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from steelyard.web.problems import WebError

# Of signatures only those with a public key: never `none`, never a shared secret.
ALGORITHMS = [f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)]
ALGORITHMS += ["EdDSA", "Ed25519"]
LEEWAY_S = 60
FLOW_LIFE = timedelta(minutes=10)
_LONGEST_NEXT = 1500  # characters, so that a cookie holds it
_TIMEOUT_S = 10.0
_REMEMBERED_S = 3600.0
_KEYS_AGAIN_S = 60.0  # how soon keys are fetched anew for a key that is not known
_MOST_BYTES = 1 << 20


class SignInRefused(WebError):
    """What the provider sent is not believed. The message is for the log as well: no secrets."""

    code, status = "sign_in_refused", 403


@dataclass(frozen=True)
class Identity:
    """Who the provider says somebody is. `claims` are those of the token and of its userinfo."""

    issuer: str
    subject: str
    email: str
    verified: bool
    name: str
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """A sign-in that is away at the provider: what must come back with it, and where to go then.

    The browser keeps it, in a cookie that scripts cannot read, so any node can end what another
    began. Who changes it there can only fail to sign in.
    """

    state: str
    nonce: str
    verifier: str
    next: str
    began: int  # seconds since 1970

    def is_late(self, now: datetime) -> bool:
        return not 0 <= now.timestamp() - self.began < FLOW_LIFE.total_seconds()

    def packed(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).decode()


def new_flow(next: str, now: datetime) -> Flow:
    where = next if len(next) <= _LONGEST_NEXT else "/"
    state, nonce, verifier = map(generate_token, (32, 32, 64))
    return Flow(state, nonce, verifier, where, int(now.timestamp()))


def unpacked(text: str) -> Flow | None:
    """None for what is none."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(text), type=Flow)
    except (ValueError, msgspec.DecodeError):
        return None


class Provider:
    """One provider, found by its issuer. Safe to share between threads."""

    def __init__(self, issuer: str, client_id: str, secret: str = "", scope: str = "") -> None:
        self.issuer, self.client_id, self._secret = issuer, client_id, secret
        self.scope = scope or "openid email profile"
        self._http = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def address(self, flow: Flow, back: str) -> str:
        """Where the browser goes to sign in. `back` is where it returns to."""
        client = OAuth2Client(None, self.client_id, code_challenge_method="S256")
        url, _ = client.create_authorization_url(
            self._endpoint("authorization_endpoint"),
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
            redirect_uri=back,
            scope=self.scope,
        )
        return str(url)

    def identity(self, flow: Flow, code: str, back: str) -> Identity:
        """Who came back with this code. Raises SignInRefused."""
        tokens = self._exchange(flow, code, back)
        claims = self._claims(tokens, flow.nonce)
        access = tokens.get("access_token")
        if access and "userinfo_endpoint" in self._metadata():
            more = self._userinfo(str(access))
            if more.get("sub") != claims["sub"]:
                raise SignInRefused("The provider's userinfo is of somebody else.")
            claims = {**more, **claims}
        email = str(claims.get("email") or claims.get("preferred_username") or "")
        return Identity(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            email=email.strip().lower(),
            verified=claims.get("email_verified", True) in (True, "true"),
            name=str(claims.get("name") or ""),
            claims=claims,
        )

    def check_answer(self, issuer: str) -> None:
        """The issuer named in the answer (RFC 9207), where one is: not another provider's."""
        if issuer and issuer != self.issuer:
            raise SignInRefused("The answer comes from another provider.")

    def _exchange(self, flow: Flow, code: str, back: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": flow.verifier,
            "client_id": self.client_id,
        }
        methods = self._metadata().get("token_endpoint_auth_methods_supported")
        basic = bool(self._secret) and "client_secret_basic" in (methods or ["client_secret_basic"])
        if self._secret and not basic:
            form["client_secret"] = self._secret
        auth = httpx.BasicAuth(self.client_id, self._secret) if basic else None
        return self._json("POST", self._endpoint("token_endpoint"), data=form, auth=auth)

    def _claims(self, tokens: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("The provider sent no identity token.")
        try:
            signed = self._verified(token)
            options = {
                "iss": {"essential": True, "values": [self.issuer]},
                "aud": {"essential": True, "values": [self.client_id]},
            }
            params = {"nonce": nonce, "client_id": self.client_id}
            params |= {"access_token": tokens["access_token"]} if "access_token" in tokens else {}
            claims = CodeIDToken(signed.claims, signed.header, options, params)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefused(
                f"The identity token is not believed: {type(error).__name__}."
            ) from error
        return dict(claims)

    def _verified(self, token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            return jwt.decode(token, self._keys(_REMEMBERED_S), registry=registry)
        except InvalidKeyIdError:  # the provider may have changed its keys
            return jwt.decode(token, self._keys(_KEYS_AGAIN_S), registry=registry)

    def _keys(self, within: float) -> KeySet:
        found: Any = self._remembered(self._endpoint("jwks_uri"), within)
        return KeySet.import_key_set(found)

    def _userinfo(self, access: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {access}"}
        return self._json("GET", self._endpoint("userinfo_endpoint"), headers=headers)

    def _metadata(self) -> dict[str, Any]:
        """What the provider says of itself; it must be the one that was asked for."""
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._remembered(address, _REMEMBERED_S)
        if found.get("issuer") != self.issuer:
            raise SignInRefused(
                f"The provider calls itself {found.get('issuer')!r}, not {self.issuer!r}.",
                "Correct the setting `oidc_issuer`: it must be the same, to the last slash.",
            )
        return found

    def _endpoint(self, name: str) -> str:
        address = str(self._metadata().get(name, ""))
        if not is_safe(address):
            raise SignInRefused(f"The provider's {name} is not an https address.")
        return address

    def _remembered(self, address: str, within: float) -> dict[str, Any]:
        with self._lock:
            since, found = self._kept.get(address, (0.0, {}))
        if found and time.monotonic() - since < within:
            return found
        found = self._json("GET", address)
        with self._lock:
            self._kept[address] = (time.monotonic(), found)
        return found

    def _json(self, method: str, address: str, **options: Any) -> dict[str, Any]:
        try:
            with self._http.stream(method, address, **options) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        raise SignInRefused("The provider's answer is larger than 1 MiB.")
            found = httpx.Response(answer.status_code, content=bytes(body)).json()
        except (httpx.HTTPError, ValueError) as error:
            raise SignInRefused(
                f"The provider does not answer as it should: {type(error).__name__}.",
                "Try again; if it stays so, check `oidc_issuer` and the provider.",
            ) from error
        if answer.status_code != 200 or not isinstance(found, dict):
            said = str(found.get("error", ""))[:60] if isinstance(found, dict) else ""
            raise SignInRefused(f"The provider refused: {answer.status_code} {said}".rstrip() + ".")
        return found


def is_safe(address: str) -> bool:
    """https; http only on this very machine."""
    url = httpx.URL(address)
    local = url.host in ("localhost", "127.0.0.1", "::1")
    return bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and local))
