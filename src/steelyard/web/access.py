"""Who may look: loopback by Host header, everyone else by token or by a sign-in used once.

On loopback no token is asked, so the Host header is checked instead: a page of a stranger that
points its own name at 127.0.0.1 (DNS rebinding) must read nothing. Sessions live in memory.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import threading
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from steelyard import errors
from steelyard.web.problems import as_json, wants_page

COOKIE = "steelyard_session"
SCOPE = "read"
CODE_LIFE = dt.timedelta(hours=24)
SESSION_LIFE = dt.timedelta(days=14)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN = ("/healthz", "/readyz", "/sign-in")
Verify = Callable[[str, str], object | None]  # (secret, scope) -> the token, or None


class NotSignedIn(errors.SteelyardError):
    code = "unauthorized"


class WrongHost(errors.SteelyardError):
    code = "wrong_host"


class WrongOrigin(errors.SteelyardError):
    code = "wrong_origin"


def _hashed(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=16).digest()


class Doorman:
    """Knows the one-time codes and the open sessions; keeps only hashes of them."""

    def __init__(
        self,
        require_token: bool = False,
        verify: Verify = lambda secret, scope: None,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.require_token, self.verify, self.clock = require_token, verify, clock
        self._codes: dict[bytes, dt.datetime] = {}
        self._sessions: dict[bytes, dt.datetime] = {}
        self._lock = threading.Lock()

    def sign_in_path(self) -> str:
        """A fresh link that signs one browser in, once, within a day."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[_hashed(code)] = self.clock() + CODE_LIFE
        return f"/sign-in?code={code}"

    def redeem(self, code: str) -> str | None:
        """A new session for an unused code; None when it is unknown, used or too old."""
        with self._lock:
            until = self._codes.pop(_hashed(code), None)
        return self._open() if until and until > self.clock() else None

    def exchange(self, secret: str) -> str | None:
        """A new session for a token that may read; None when it may not."""
        return self._open() if secret and self.verify(secret, SCOPE) is not None else None

    def is_open(self, session: str) -> bool:
        with self._lock:
            until = self._sessions.get(_hashed(session))
        return until is not None and until > self.clock()

    def close(self, session: str) -> None:
        with self._lock:
            self._sessions.pop(_hashed(session), None)

    def _open(self) -> str:
        session, now = secrets.token_urlsafe(32), self.clock()
        with self._lock:
            self._sessions = {key: until for key, until in self._sessions.items() if until > now}
            self._sessions[_hashed(session)] = now + SESSION_LIFE
        return session

    def admits(self, request: Request) -> bool:
        """Whether the request carries a valid bearer token or an open session."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return bool(secret) and self.verify(secret.strip(), SCOPE) is not None
        session = request.cookies.get(COOKIE, "")
        return bool(session) and self.is_open(session)


class Gate:
    """ASGI middleware: turns away what the doorman does not admit."""

    def __init__(self, app: ASGIApp, doorman: Doorman, hosts: frozenset[str] = frozenset()) -> None:
        self.app, self.doorman, self.hosts = app, doorman, LOOPBACK | hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = await self._refusal(Request(scope))
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        if _is_foreign(request.headers, request.method):
            return as_json(403, WrongOrigin("This request comes from another site's page."))
        if path.startswith("/static/") or path in ("/healthz", "/readyz"):
            return None
        if not self.doorman.require_token:
            return None if hostname(request.headers) in self.hosts else _wrong_host(request)
        if path in OPEN or await anyio.to_thread.run_sync(self.doorman.admits, request):
            return None
        return _not_signed_in(request)


def hostname(headers: Headers) -> str:
    """The name in the Host header, without port and brackets, in lower case."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_foreign(headers: Headers, method: str) -> bool:
    """True for a form sent by another site. Reading is guarded by the same-origin policy."""
    origin = headers.get("origin")
    if method in ("GET", "HEAD") or origin is None:
        return False
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _wrong_host(request: Request) -> Response:
    return as_json(
        421,
        WrongHost(
            f"This server does not answer to the name {hostname(request.headers)!r}.",
            "Open it as http://localhost or http://127.0.0.1; to serve other names, set `web` to"
            " an address of the network, which then asks for a token.",
        ),
    )


def _not_signed_in(request: Request) -> Response:
    if wants_page(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", 303)
    return as_json(
        401,
        NotSignedIn(
            "A token is needed here.",
            "Send it as `Authorization: Bearer …`; make one with"
            " `steelyard token create NAME --scope read`.",
        ),
    )


def local_path(address: str) -> str:
    """Where to go after signing in: an address of this site only, else the first page."""
    parts = urlsplit(address)
    safe = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if safe and not parts.netloc and "\\" not in address else "/"
