"""An OpenID Connect provider: discovery, keys, authorisation code with PKCE, userinfo.

It is honest until a test spoils something: the claims, the key that signs, what it says of itself.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry

from tests.standins.server import Answer, Request

CLIENT, SECRET = "steelyard", "a secret/of the client"
Claims = dict[str, Any]
_KEY = RSAKey.generate_key(2048, {"kid": "first"}, private=True)
_PREFIX = "/realm"


def signed(claims: Claims, key: Any = _KEY, header: Claims | None = None) -> str:
    """A token as the provider signs it, or as a test wants it signed."""
    header = {"alg": "RS256", "kid": "first", "x5t": "extra", **(header or {})}
    registry = JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    return jwt.encode(header, claims, key, registry=registry)


@dataclass
class OidcProvider:
    """`user` is who is signed in there; `url` is set once it listens."""

    user: Claims = field(default_factory=dict)
    url: str = ""
    spoil: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] = signed
    metadata: Claims = field(default_factory=dict)
    userinfo: Claims = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [_KEY])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    @property
    def issuer(self) -> str:
        return self.url + _PREFIX

    def answer(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(_PREFIX):
            case "GET", "/.well-known/openid-configuration":
                return Answer(self._said() | self.metadata)
            case "GET", "/keys":
                return Answer(KeySet(list(self.keys)).as_dict(private=False))
            case "GET", "/authorize":
                return self._authorize(request)
            case "POST", "/token":
                return self._token(request)
            case "GET", "/userinfo":
                token = request.headers.get("authorization", "").removeprefix("Bearer ")
                if token not in self.tokens:
                    return Answer({"error": "invalid_token"}, 401)
                return Answer({**self.user, **self.userinfo})
        return Answer({"error": "not found"}, 404)

    def _said(self) -> Claims:
        ends = ("authorization", "authorize"), ("token", "token"), ("userinfo", "userinfo")
        return {
            "issuer": self.issuer,
            **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in ends},
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def _authorize(self, request: Request) -> Answer:
        asked = {name: values[0] for name, values in request.query.items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return Answer(status=302, headers={"location": f"{asked['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        client = unquote(base64.b64decode(basic or b"").decode())
        if client != f"{CLIENT}:{SECRET}":
            return Answer({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        proof = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        if not asked or asked["code_challenge"] != challenge:
            return Answer({"error": "invalid_grant"}, 400)
        if asked["redirect_uri"] != form["redirect_uri"]:
            return Answer({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self.tokens.add(access)
        token = self.sign(self.spoil(self._claims(asked["nonce"], access)))
        return Answer({"access_token": access, "token_type": "Bearer", "id_token": token})

    def _claims(self, nonce: str, access: str) -> Claims:
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        return {
            **self.user,
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
